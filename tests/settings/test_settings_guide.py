"""The guide names every option, with its default, and no option that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from penstock.config_place import CONFIG_VARIABLE
from penstock.settings import SERVER_VARIABLES, TOKEN_VARIABLE, FileSettings
from penstock.settings.gateways import (
    EFFECTIVE_FIELDS,
    AccountSettings,
    Dlp,
    DlpPolicy,
    GatewaySettings,
    Guardrails,
    OtelExporter,
    SpendFilter,
    SpendKey,
    SpendLimits,
    SpendRule,
    Stripe,
    StripeEvent,
)
from penstock.settings.parallel_rules import ParallelRules, ParallelWebhook
from penstock.settings.server import (
    BreakerSettings,
    CacheSettings,
    IdempotencySettings,
    JournalSettings,
    Limits,
    PricingSettings,
    ProviderSettings,
    ServerSettings,
    Timeouts,
)
from penstock.settings.telemetry import (
    FolderDestination,
    HttpDestination,
    LogPushSettings,
    MetricsSettings,
    OtlpMetricsSettings,
    RetentionSettings,
    S3Destination,
    TelemetrySettings,
)
from penstock.settings.value_types import Table

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "configuration.md").read_text(encoding="utf-8")

SECTIONS: dict[str, type[Table]] = {
    "[server]": ServerSettings,
    "[server.limits]": Limits,
    "[server.timeouts]": Timeouts,
    "[journal]": JournalSettings,
    "[cache]": CacheSettings,
    "[idempotency]": IdempotencySettings,
    "[breaker]": BreakerSettings,
    "[pricing]": PricingSettings,
    "[log_push.<job>]": LogPushSettings,
    "….folder": FolderDestination,
    "….http": HttpDestination,
    "….s3": S3Destination,
    "[retention]": RetentionSettings,
    "[metrics]": MetricsSettings,
    "[telemetry]": TelemetrySettings,
    "[telemetry.otlp_metrics]": OtlpMetricsSettings,
    "[providers.<slug>]": ProviderSettings,
    "[accounts.<account>]": AccountSettings,
    "[accounts.<account>.gateways.<gateway>]": GatewaySettings,
    "….dlp": Dlp,
    "….dlp.policies": DlpPolicy,
    "….guardrails": Guardrails,
    "….otel": OtelExporter,
    "….parallel": ParallelRules,
    "….parallel.webhook": ParallelWebhook,
    "….spend_limits": SpendLimits,
    "….spend_limits.rules": SpendRule,
    "….spend_limits.rules.metadata": SpendKey,
    "….spend_limits.rules.model": SpendFilter,
    "….stripe": Stripe,
    "….stripe.usage_events": StripeEvent,
}


def section(title: str) -> str:
    found = re.search(rf"^##+ `{re.escape(title)}`\n(.*?)(?=^##|\Z)", GUIDE, re.DOTALL | re.MULTILINE)
    assert found, f"no section {title}"
    return found[1]


def rows(title: str) -> dict[str, str]:
    """Option → default, as the guide has them."""
    return dict(re.findall(r"^\| `(\w+)` \| (.*?) ?\| ", section(title), re.MULTILINE))


@pytest.mark.parametrize(("title", "kind"), SECTIONS.items())
def test_every_option_is_there_and_none_besides(title: str, kind: type[Table]) -> None:
    assert list(rows(title)) == [field.encode_name for field in msgspec.structs.fields(kind)]


@pytest.mark.parametrize(("title", "kind"), SECTIONS.items())
def test_every_default_is_the_true_one(title: str, kind: type[Table]) -> None:
    told = rows(title)
    for field in msgspec.structs.fields(kind):
        if field.required:
            assert told[field.encode_name] == "required"
        elif isinstance(field.default, str | int | float):
            assert told[field.encode_name] == f"`{msgspec.json.encode(field.default).decode()}`"


def test_every_table_has_a_section() -> None:
    used = re.findall(
        r"StructType\(cls=<class '[\w.]+\.(\w+)'>", repr(msgspec.inspect.type_info(FileSettings))
    )
    assert set(used) == {kind.__name__ for kind in SECTIONS.values()} | {FileSettings.__name__}


def test_every_variable_is_there() -> None:
    names = {variable.name for variable in SERVER_VARIABLES} | {CONFIG_VARIABLE, TOKEN_VARIABLE}
    assert set(re.findall(r"^\| `(PENSTOCK_\w+)` \|", GUIDE, re.MULTILINE)) == names


def test_the_fields_that_take_effect_are_named() -> None:
    told = re.search(r"these take effect: (.*?)\.", GUIDE, re.DOTALL)
    assert told
    assert tuple(re.findall(r"`(\w+)`", told[1])) == EFFECTIVE_FIELDS
