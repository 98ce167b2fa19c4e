"""What a gateway's settings mean for the way its calls take: only what is on may cost anything."""

from __future__ import annotations

import pytest

from penstock.proxy.call import Gateway
from penstock.proxy.policies.retry import NO_RETRY, RetryRules, gateway_rules
from penstock.proxy.policies.stored_keys import StoredKey, StoredKeys


@pytest.mark.parametrize(
    "retry", [NO_RETRY, gateway_rules(1, None, None), gateway_rules(None, 100, "linear")]
)
def test_a_gateway_with_everything_off_takes_the_plain_way(retry: RetryRules) -> None:
    assert not Gateway("acct", "gw", retry=retry).steers


@pytest.mark.parametrize(
    "gateway",
    [
        Gateway("acct", "gw", cache_ttl=60),
        Gateway("acct", "gw", byok_only=True),
        Gateway("acct", "gw", retry=gateway_rules(2, None, None)),
        Gateway("acct", "gw", keys=StoredKeys([StoredKey("k", "openai", "default", b"sk")])),
    ],
    ids=["cache", "byok", "attempts", "keys"],
)
def test_what_is_on_steers(gateway: Gateway) -> None:
    assert gateway.steers
