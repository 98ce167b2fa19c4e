"""What is remembered of each call: the record, the journal it is appended to, the shipper to the ledger."""
