"""The client's side: its connection, its requests, the way answers go back."""
