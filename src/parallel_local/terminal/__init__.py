"""Asking from a terminal: one question or search, over a folder or a running engine."""
