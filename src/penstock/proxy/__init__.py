"""The one path of a call, from the client to the provider and back."""
