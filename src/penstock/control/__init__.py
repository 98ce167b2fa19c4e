"""Which gateways there are, the one way to change them, and compiling them for the proxy."""
