"""The log of calls in one SQLite file: time keys, zones, blocks."""
