"""What is known of a finished call: its model, usage and cost, how it is shown, why it went as it did."""
