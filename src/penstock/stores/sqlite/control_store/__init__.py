"""Gateways, keys, tokens, routes and the audit in one SQLite file."""
