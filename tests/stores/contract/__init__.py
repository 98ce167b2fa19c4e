"""What every engine of a store must do, asked of each."""
