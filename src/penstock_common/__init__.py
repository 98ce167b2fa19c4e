"""What the gateway and the local engine both use. It knows neither."""
