"""Counters and kept answers in LMDB, shared by all workers of a machine."""
