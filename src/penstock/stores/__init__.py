"""Small store protocols and their engines."""
