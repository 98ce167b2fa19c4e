"""What end-to-end tests share.

A scripted provider, gateways in and out of process, a client of exact bytes, and waits that cannot hang.
"""
