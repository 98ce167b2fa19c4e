"""The JSON shapes of the API as typed structures. No behaviour."""
