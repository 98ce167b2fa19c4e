"""The management REST API (Cloudflare 4): a file for each resource, and what they share."""
