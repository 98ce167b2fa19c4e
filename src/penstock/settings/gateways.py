"""The tables `[accounts.*]` and `[accounts.*.gateways.*]`.

Names, types and ranges are those of Cloudflare's gateway object (Cloudflare 4.2, 3.8, 3.10, 3.11, 3.22):
every writable field but `id`, which is the name of the table. Only shapes, ranges and defaults live here, and
the list of fields that take effect; what they do belongs to the policies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from penstock.settings.value_types import Count, Secret, Table
from penstock_common.check import FieldError

# What this version acts on. The other fields are checked and kept; `settings.unused` names those in use.
EFFECTIVE_FIELDS = (
    "authentication",
    "byok_only",
    "cache_invalidate_on_update",
    "cache_ttl",
    "collect_logs",
    "log_management",
    "log_management_strategy",
    "logpush",
    "logpush_public_key",
    "otel",
    "rate_limiting_interval",
    "rate_limiting_limit",
    "rate_limiting_technique",
    "retry_backoff",
    "retry_delay",
    "retry_max_attempts",
    "spend_limits",
)

GatewayId = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9_]+(?:-[a-z0-9_]+)*\Z",
        max_length=64,
        description="up to 64 lower-case letters, digits, _ and single inner -",
    ),
]
AccountId = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z", description="up to 64 letters, digits, _ and -")
]

LONGEST_WINDOW = 10 * 366 * 24 * 3600
"""Seconds: ten years."""

Dollars = Annotated[float, Meta(gt=0, le=1_000_000_000_000)]
HttpUrl = Annotated[
    str,
    Meta(
        # What stands before an @ would be shown wherever the URL is.
        pattern=r"^https?://[^\s\x00-\x1f/?#@]+([/?#][^\s\x00-\x1f]*)?\Z",
        description="an http(s) URL without user and password",
    ),
]
HeaderName = Annotated[
    str, Meta(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z", max_length=256, description="a header's name")
]
SecretLine = Annotated[
    str,
    Meta(
        pattern=r"^[\t\x20-\x7e]*\Z",
        max_length=8192,
        description="one line of up to 8192 ASCII characters",
        extra={"secret": True},
    ),
]
Names = Annotated[tuple[str, ...], Meta(max_length=1000)]
Technique = Literal["fixed", "sliding"]
Hazard = Literal["S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11", "S12", "S13", "P1"]
Verdict = Literal["FLAG", "BLOCK"]


class Guardrails(Table, frozen=True, kw_only=True):
    """What to do about each hazard in prompts and in responses; one not named is ignored."""

    prompt: Mapping[Hazard, Verdict]
    response: Mapping[Hazard, Verdict]


class DlpPolicy(Table, frozen=True, kw_only=True):
    """One rule of data loss prevention."""

    id: str
    action: Verdict
    check: Annotated[tuple[Literal["REQUEST", "RESPONSE"], ...], Meta(max_length=2)]
    enabled: bool
    profiles: Names


class Dlp(Table, frozen=True, kw_only=True):
    """Data loss prevention, in the current shape (`policies`) or the older one (`action` and `profiles`)."""

    enabled: bool
    policies: Annotated[tuple[DlpPolicy, ...], Meta(max_length=100)] | None = None
    action: Verdict | None = None
    profiles: Names | None = None

    def __post_init__(self) -> None:
        older = (self.action is not None, self.profiles is not None)
        if any(older) if self.policies is not None else not all(older):
            raise FieldError("", 'allowed: either "policies", or "action" with "profiles"')


class OtelExporter(Table, frozen=True, kw_only=True):
    """One receiver of traces."""

    secrets: ClassVar[tuple[str, ...]] = ("headers", "authorization")

    url: HttpUrl
    headers: Annotated[Mapping[HeaderName, SecretLine], Meta(max_length=100)]
    authorization: SecretLine | None = None
    content_type: Literal["json", "protobuf"] = "json"


class SpendFilter(Table, frozen=True, kw_only=True):
    """Narrows a spend rule to some models or providers."""

    mode: Literal["filter"]
    values: Names


class SpendKey(Table, frozen=True, kw_only=True):
    """What a metadata key does to a spend rule: a counter per value, or only the values listed."""

    mode: Literal["partition", "filter"]
    values: Names | None = None

    def __post_init__(self) -> None:
        if (self.mode == "filter") != (self.values is not None):
            raise FieldError("", '"values" goes with mode "filter", and only with it')


class SpendRule(Table, frozen=True, kw_only=True):
    """One spending limit in US dollars over a window of seconds."""

    id: str | None = None
    enabled: bool = True
    limit: Dollars
    limit_type: Literal["cost"] = msgspec.field(name="limitType")
    window: Annotated[int, Meta(ge=1, le=LONGEST_WINDOW)]
    technique: Technique = "sliding"
    metadata: Mapping[str, SpendKey] | None = None
    model: SpendFilter | None = None
    provider: SpendFilter | None = None


class SpendLimits(Table, frozen=True, kw_only=True):
    """All spending limits of a gateway."""

    enabled: bool = False
    rules: Annotated[tuple[SpendRule, ...], Meta(max_length=20)] = ()

    def __post_init__(self) -> None:
        twice = _twice(rule.id for rule in self.rules if rule.id)
        if twice is not None:
            raise FieldError("rules", twice)


def rule_id(rule: SpendRule, index: int) -> str:
    """The id of a rule; one without, as only the configuration file has them, is known by its place, from 1."""
    return rule.id or f"rule-{index + 1}"


def _twice(ids: Iterable[str]) -> str | None:
    """What is wrong with ids of which there is one twice."""
    found = ((name, count) for name, count in Counter(ids).items() if count > 1)
    return next(
        (f"{count} rules have the id {name!r}; each needs its own counter" for name, count in found), None
    )


class StripeEvent(Table, frozen=True, kw_only=True):
    """One usage event to send."""

    payload: str


class Stripe(Table, frozen=True, kw_only=True):
    """Usage events for Stripe metering."""

    secrets: ClassVar[tuple[str, ...]] = ("authorization",)

    authorization: Secret
    usage_events: Annotated[tuple[StripeEvent, ...], Meta(max_length=100)]


class GatewaySettings(Table, frozen=True, kw_only=True):
    """One gateway. The defaults are those of Cloudflare's own `default` gateway, except `authentication`."""

    authentication: bool = False
    byok_only: bool = False
    cache_invalidate_on_update: bool = False
    cache_ttl: Count | None = 0
    collect_logs: bool = True
    dlp: Dlp | None = None
    guardrails: Guardrails | None = None
    log_classification: bool = False
    log_management: Annotated[int, Meta(ge=10_000, le=10_000_000)] | None = None
    log_management_strategy: Literal["STOP_INSERTING", "DELETE_OLDEST"] | None = None
    logpush: bool = False
    logpush_public_key: Annotated[str, Meta(min_length=16, max_length=1024)] | None = None
    otel: Annotated[tuple[OtelExporter, ...], Meta(max_length=20)] | None = None
    rate_limiting_interval: Annotated[int, Meta(ge=0, le=LONGEST_WINDOW)] | None = 0
    rate_limiting_limit: Count | None = 0
    rate_limiting_technique: Technique = "fixed"
    retry_backoff: Literal["constant", "linear", "exponential"] | None = None
    retry_delay: Annotated[int, Meta(ge=0, le=60_000)] | None = None
    retry_max_attempts: Annotated[int, Meta(ge=1, le=5)] | None = None
    spend_limits: SpendLimits | None = None
    store_id: str | None = None
    stripe: Stripe | None = None
    workers_ai_billing_mode: Literal["postpaid", "unified"] = "postpaid"
    zdr: bool = False


def _default_gateways() -> dict[GatewayId, GatewaySettings]:
    return {"default": GatewaySettings()}


class AccountSettings(Table, frozen=True, kw_only=True):
    """One account: its gateways by id."""

    gateways: Mapping[GatewayId, GatewaySettings] = msgspec.field(default_factory=_default_gateways)

    def __post_init__(self) -> None:
        for name, gateway in self.gateways.items():
            rules = gateway.spend_limits.rules if gateway.spend_limits is not None else ()
            twice = _twice(rule_id(rule, index) for index, rule in enumerate(rules))
            if twice is not None:
                raise FieldError("gateways", f"{name}: {twice}")
