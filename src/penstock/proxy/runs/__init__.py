"""Runs as the proxy meets them: whose they are, what makes them, what answers tell of them."""
