"""What a call's metadata may hold (Cloudflare 3.18)."""

from __future__ import annotations

MetadataValue = str | int | float | bool
