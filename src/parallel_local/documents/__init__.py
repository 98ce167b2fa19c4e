"""Reading documents of any served format into one shape."""
