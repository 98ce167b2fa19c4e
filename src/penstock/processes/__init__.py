"""The processes of an installation: supervisor, workers, shipper, keeper."""
