"""Credentials of several parts at work: calls are signed with them, or go out with tokens that are got for them."""
