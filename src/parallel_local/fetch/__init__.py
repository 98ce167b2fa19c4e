"""Fetching public web pages, guarded against private addresses."""
