"""One file per policy: what may be decided about a call."""
