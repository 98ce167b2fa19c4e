"""The unified endpoint: one question in a caller's dialect, to any provider that can be asked it (Cloudflare 1.4)."""
