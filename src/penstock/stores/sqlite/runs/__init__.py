"""The run ledger in one SQLite file, which all workers and the keeper write in short transactions."""
