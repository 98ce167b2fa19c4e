"""How many logs a gateway keeps: what the dataset of sizes tells (Cloudflare 3.23)."""

from __future__ import annotations

from typing import NamedTuple


class GatewaySize(NamedTuple):
    """`rows` are stored now, `log_management` is how many are kept at most."""

    gateway: str
    rows: int
    log_management: int
