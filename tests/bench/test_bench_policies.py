"""The policies the benchmark sets up are configuration Penstock accepts, and mean what the report says they mean.

Loaded by Penstock's own settings.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from bench.gateways.penstock import CONFIG
from bench.gateways.policies import CACHING, CHOICES, CONFIGURED, ENFORCED, NONE, Policies

from penstock import settings
from penstock.settings.gateways import GatewaySettings


def gateway(tmp_path: Path, policies: Policies) -> GatewaySettings:
    path = tmp_path / "penstock.toml"
    path.write_text(CONFIG.format(chat=9100, polls=9101, policies=policies.tables))
    loaded = settings.load(path, environ=policies.env, overrides={})
    settings.check_bind(loaded)
    assert settings.unused(loaded) == []
    return loaded.accounts["local"].gateways["default"]


def changed(found: GatewaySettings) -> set[str]:
    defaults = GatewaySettings()
    return {name for name in found.__struct_fields__ if getattr(found, name) != getattr(defaults, name)}


def test_no_policies_are_the_defaults(tmp_path: Path) -> None:
    assert gateway(tmp_path, NONE) == GatewaySettings()


def test_configured_policies_are_all_there_and_off(tmp_path: Path) -> None:
    found = gateway(tmp_path, CONFIGURED)
    assert (found.authentication, found.cache_ttl, found.rate_limiting_limit) == (False, 0, 0)
    assert found.rate_limiting_interval == 3600
    assert found.retry_max_attempts == 1
    assert found.spend_limits is not None
    assert not found.spend_limits.enabled
    assert len(found.spend_limits.rules) == 1


def test_enforced_policies_are_the_same_ones_and_on(tmp_path: Path) -> None:
    found = gateway(tmp_path, ENFORCED)
    assert changed(found) >= changed(gateway(tmp_path, CONFIGURED))
    assert (found.authentication, found.cache_ttl, found.rate_limiting_limit) == (True, 3600, 100_000_000)
    assert (found.rate_limiting_technique, found.retry_max_attempts) == ("sliding", 3)
    assert found.collect_logs
    assert found.spend_limits is not None
    assert found.spend_limits.enabled


def test_calls_carry_the_token_and_the_key_the_spend_rule_asks_for(tmp_path: Path) -> None:
    found = gateway(tmp_path, ENFORCED)
    assert found.spend_limits is not None
    (rule,) = found.spend_limits.rules
    assert rule.metadata is not None
    assert set(msgspec.json.decode(ENFORCED.headers["cf-aig-metadata"])) == set(rule.metadata)
    assert ENFORCED.headers["cf-aig-authorization"] == f"Bearer {ENFORCED.env['PENSTOCK_ADMIN_TOKEN']}"


def test_the_cache_alone(tmp_path: Path) -> None:
    assert changed(gateway(tmp_path, CACHING)) == {"cache_ttl"}


def test_the_plain_works_can_choose_policies_that_relay_every_call(tmp_path: Path) -> None:
    assert all(not gateway(tmp_path, policies).cache_ttl for policies in CHOICES.values())
