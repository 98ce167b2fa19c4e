"""The dashboard: pages made on the server, over the same functions as the management API."""
