"""Providers of true shape, on real sockets: strict about what they are asked, and predictable in what they answer.

A file a family of dialects; `mind.py` decides what is said, `serving.py` has the sockets. Nothing here knows the
gateway.
"""
