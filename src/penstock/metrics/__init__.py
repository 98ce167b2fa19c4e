"""What calls add up to, and how a worker is doing, for Prometheus and OTLP."""
