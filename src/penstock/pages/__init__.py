"""Pages beside the data plane: health, metrics."""
