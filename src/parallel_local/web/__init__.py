"""HTTP endpoints: decode, call a service, encode."""
