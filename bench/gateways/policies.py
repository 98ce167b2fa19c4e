"""The policies Penstock is set up with for a work: tables of its configuration, its token, what calls carry.

No limit here is ever reached; what is measured is the asking.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TOKEN = "bench-0123456789"
CARRIED = {"cf-aig-authorization": f"Bearer {TOKEN}", "cf-aig-metadata": '{"team":"bench"}'}
TTL = 3600


@dataclass(frozen=True, slots=True)
class Policies:
    tables: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """What each call carries beside the common headers."""


def every_policy(on: bool) -> str:
    """The tables of every policy, all switched on or all off."""
    switch = "true" if on else "false"
    return f"""\
[accounts.local.gateways.default]
authentication = {switch}
cache_ttl = {TTL if on else 0}
rate_limiting_interval = 3600
rate_limiting_limit = {100_000_000 if on else 0}
rate_limiting_technique = "sliding"
retry_max_attempts = {3 if on else 1}

[accounts.local.gateways.default.spend_limits]
enabled = {switch}

[[accounts.local.gateways.default.spend_limits.rules]]
limit = 1_000_000
limitType = "cost"
window = 3600
technique = "sliding"
metadata = {{ team = {{ mode = "partition" }} }}
"""


NONE = Policies()
CONFIGURED = Policies(every_policy(on=False))
LIMITED = Policies("""\
[accounts.local.gateways.default]
rate_limiting_interval = 3600
rate_limiting_limit = 100_000_000
rate_limiting_technique = "sliding"
""")
CACHING = Policies(f"[accounts.local.gateways.default]\ncache_ttl = {TTL}\n")
ENFORCED = Policies(every_policy(on=True), {"PENSTOCK_ADMIN_TOKEN": TOKEN}, CARRIED)

CHOICES = {"none": NONE, "configured": CONFIGURED}
"""What the works about the plain path of a call can be run with."""
