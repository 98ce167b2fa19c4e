"""What calls cost, in whole nano-dollars. Unknown is None, never zero."""
