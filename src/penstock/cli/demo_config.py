"""The configuration file of `penstock demo`: its gateways, where their providers are, and prices of its own.

Text only; who is served by it is in `demo_gateway.py`. The secrets in it open nothing: they stand in this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

ENGINE_SECRET: Final = (
    "whsec_bWFkZS11cC1zZWNyZXQtb2YtdGhlLWxvY2FsLWVuZ2luZQ=="  # in the open, as all of this is
)
"""What the local engine signs webhooks with."""
_GATEWAY_SECRET: Final = "whsec_bWFkZS11cC1zZWNyZXQtb2YtdGhlLWdhdGV3YXktLS0t"

_PRICES_FILE: Final = "demo-prices.toml"
_PRICES: Final = """# Made-up prices, in USD for a million tokens, and for a request.
["mistral/mistral-small-latest"]
input = 0.2
output = 0.6

["custom-house/*"]
request = 0.002
"""
_GATEWAYS: Final = """
[pricing]
file = "{prices}"

[accounts.local.gateways.default]

[accounts.local.gateways.support]
cache_ttl = 3600
retry_max_attempts = 3
retry_delay = 40

[accounts.local.gateways.support.spend_limits]
enabled = true
rules = [
  {{ id = "each-month", limit = {support}, limitType = "cost", window = 2592000 }},
]

[accounts.local.gateways.batch]
rate_limiting_limit = 5
rate_limiting_interval = 3600

[accounts.local.gateways.batch.spend_limits]
enabled = true
rules = [{{ id = "each-day", limit = 0.02, limitType = "cost", window = 86400 }}]

[accounts.local.gateways.research.parallel.webhook]
url = "http://127.0.0.1:{port}"
secrets = ["{engine}"]
signing_secret = "{gateway}"
"""
_SUPPORT_USD: Final = 0.025  # a little more than its made-up calls cost


def write_config(file: Path, port: int, providers: Mapping[str, str]) -> None:
    """The gateways of the demonstration at a port; the providers that are played are at these addresses."""
    (file.parent / _PRICES_FILE).write_text(_PRICES)
    head = (
        "[server]\nallow_private_providers = true  # the demonstration plays providers and receivers here\n"
    )
    lines = [f'\n[providers.{slug}]\nbase_url = "{url}"\n' for slug, url in providers.items()]
    told = _GATEWAYS.format(
        prices=_PRICES_FILE,
        support=_SUPPORT_USD,
        port=port,
        engine=ENGINE_SECRET,
        gateway=_GATEWAY_SECRET,
    )
    file.write_text("".join((head, *lines, told)))
