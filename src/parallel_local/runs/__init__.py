"""Runs that outlive a request: storage, signals and the services that carry them out."""
