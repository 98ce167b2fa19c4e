"""Dense vectors of passages and queries: models that make them, and the file that keeps them. Off unless asked for."""
