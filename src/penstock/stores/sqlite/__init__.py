"""Control store, ledger and roll-ups in SQLite files."""
