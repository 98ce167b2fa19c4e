"""The gateway object: its fields and defaults are Cloudflare's, its rules between fields hold."""

from __future__ import annotations

import msgspec
import pytest

from penstock.settings.gateways import (
    EFFECTIVE_FIELDS,
    AccountSettings,
    Dlp,
    DlpPolicy,
    GatewaySettings,
    OtelExporter,
    SpendKey,
    Stripe,
)
from penstock_common.check import FieldError

POLICY = DlpPolicy(id="p", action="FLAG", check=("REQUEST",), enabled=True, profiles=("x",))


def test_defaults() -> None:
    assert msgspec.to_builtins(GatewaySettings()) == {
        "authentication": False,
        "byok_only": False,
        "cache_invalidate_on_update": False,
        "cache_ttl": 0,
        "collect_logs": True,
        "cors_origins": (),
        "dlp": None,
        "forward_cookies": False,
        "guardrails": None,
        "log_classification": False,
        "log_management": None,
        "log_management_strategy": None,
        "logpush": False,
        "logpush_public_key": None,
        "otel": None,
        "parallel": None,
        "rate_limiting_interval": 0,
        "rate_limiting_limit": 0,
        "rate_limiting_technique": "fixed",
        "retry_backoff": None,
        "retry_delay": None,
        "retry_max_attempts": None,
        "spend_limits": None,
        "store_id": None,
        "stream_usage": "off",
        "stripe": None,
        "unpriced": None,
        "workers_ai_billing_mode": "postpaid",
        "zdr": False,
    }


def test_effective_fields_exist() -> None:
    assert set(EFFECTIVE_FIELDS) <= set(GatewaySettings.__struct_fields__)


def test_an_account_has_the_gateway_default() -> None:
    assert AccountSettings().gateways == {"default": GatewaySettings()}


def test_settings_cannot_be_changed() -> None:
    gateway = GatewaySettings()
    with pytest.raises(AttributeError):
        gateway.collect_logs = False  # type: ignore[misc]


def test_dlp_has_one_of_two_shapes() -> None:
    Dlp(enabled=True, policies=())
    Dlp(enabled=True, policies=(POLICY,))
    Dlp(enabled=True, action="BLOCK", profiles=("x",))


@pytest.mark.parametrize(
    "text",
    [
        '{"enabled": true}',
        '{"enabled": true, "action": "FLAG"}',
        '{"enabled": true, "profiles": []}',
        '{"enabled": true, "policies": [], "action": "FLAG"}',
        '{"enabled": true, "policies": [], "profiles": []}',
    ],
)
def test_dlp_has_no_third_shape(text: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="policies"):
        msgspec.json.decode(text, type=Dlp)


def test_spend_values_go_with_filter() -> None:
    SpendKey(mode="partition")
    SpendKey(mode="filter", values=("a",))
    with pytest.raises(FieldError):
        SpendKey(mode="partition", values=("a",))
    with pytest.raises(FieldError):
        SpendKey(mode="filter")


@pytest.mark.parametrize(
    "table",
    [
        OtelExporter(url="http://x", headers={"authorization": "hidden"}, authorization="hidden"),
        Stripe(authorization="hidden", usage_events=()),
    ],
)
def test_secrets_are_not_shown(table: msgspec.Struct) -> None:
    shown = repr(table) + str(table) + repr(table.__rich_repr__())
    assert "hidden" not in shown
    assert "'***'" in shown
