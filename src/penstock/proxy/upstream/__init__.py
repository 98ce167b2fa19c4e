"""The provider's side: pools, connections, what comes back on them."""
