"""A Parallel-compatible web API over a folder of your own documents."""
