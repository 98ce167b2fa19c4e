"""From the journal into the ledger, each call once."""
