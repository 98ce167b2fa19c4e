"""Sums of calls by minute, hour and day, in the file of the ledger."""
