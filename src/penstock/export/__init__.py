"""What leaves the installation: traces, metrics and logs, delivered at least once from the ledger on."""
