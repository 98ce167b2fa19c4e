"""What listens: the data plane and the plain pages beside it."""
