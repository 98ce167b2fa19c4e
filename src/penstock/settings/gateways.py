"""The tables `[accounts.*]` and `[accounts.*.gateways.*]`.

Names, types and ranges are those of Cloudflare's gateway object (Cloudflare 4.2, 3.8, 3.10, 3.11, 3.22):
every writable field but `id`, which is the name of the table. Only shapes, ranges and defaults live here, and
the list of fields that take effect; what they do belongs to the policies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from penstock.settings.parallel_rules import ParallelRules
from penstock.settings.value_types import Count, Dollars, HttpUrl, Names, Secret, Table
from penstock_common.check import FieldError

# What this version acts on. The other fields are checked and kept; `settings.unused` names those in use.
EFFECTIVE_FIELDS = (
    "authentication",
    "byok_only",
    "cache_invalidate_on_update",
    "cache_ttl",
    "collect_logs",
    "cors_origins",
    "forward_cookies",
    "log_management",
    "log_management_strategy",
    "logpush",
    "logpush_public_key",
    "otel",
    "parallel",
    "rate_limiting_interval",
    "rate_limiting_limit",
    "rate_limiting_technique",
    "retry_backoff",
    "retry_delay",
    "retry_max_attempts",
    "spend_limits",
    "stream_usage",
    "unpriced",
)

PATH_WORDS: Final = ("chat", "embeddings", "messages", "models", "responses", "run", "search", "v1")
"""What accounts and gateways cannot be called: paths of unified calls begin so (`/v1/chat/completions`)."""

_NO_WORD = f"(?!(?:{'|'.join(PATH_WORDS)})$)"
_NOT_SO = (
    f", but not {', '.join(PATH_WORDS[:-1])} or {PATH_WORDS[-1]}, with which paths of unified calls begin"
)

GatewayId = Annotated[
    str,
    Meta(
        pattern=rf"^{_NO_WORD}[a-z0-9_]+(?:-[a-z0-9_]+)*\Z",
        max_length=64,
        description=f"up to 64 lower-case letters, digits, _ and single inner -{_NOT_SO}",
    ),
]
AccountId = Annotated[
    str,
    Meta(
        pattern=rf"^{_NO_WORD}[A-Za-z0-9_-]{{1,64}}\Z",
        description=f"up to 64 letters, digits, _ and -{_NOT_SO}",
    ),
]
AnyAccountId = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z", description="up to 64 letters, digits, _ and -")
]
"""As older directories may have them."""

Unpriced = Literal["allow", "refuse"] | None

DEFAULT_GATEWAY: Final = "default"
"""The gateway of calls that name none, and one that need not be set up (Cloudflare 1.2)."""

LONGEST_WINDOW = 10 * 366 * 24 * 3600
"""Seconds: ten years."""

Origin = Annotated[
    str,
    Meta(
        pattern=r"^(\*|[a-zA-Z][a-zA-Z0-9+.-]*://[^\s\x00-\x20\x7f-\uffff/?#@*]+)\Z",
        max_length=300,
        description="an origin such as https://app.example, without a path, or *",
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
Technique = Literal["fixed", "sliding"]
Hazard = Literal["S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11", "S12", "S13", "P1"]
Verdict = Literal["FLAG", "BLOCK"]


class Guardrails(Table, frozen=True, kw_only=True):
    """What to do about each hazard in prompts and in responses; one not named is ignored."""

    prompt: Mapping[Hazard, Verdict]
    """What to do about each hazard in prompts."""
    response: Mapping[Hazard, Verdict]
    """What to do about each hazard in answers."""


class DlpPolicy(Table, frozen=True, kw_only=True):
    """One rule of data loss prevention."""

    id: str
    """Names the rule."""
    action: Verdict
    """What happens to a call that it finds something in."""
    check: Annotated[tuple[Literal["REQUEST", "RESPONSE"], ...], Meta(max_length=2)]
    """Where it looks."""
    enabled: bool
    """Is it in force?"""
    profiles: Names
    """What it looks for, by ids of profiles."""


class Dlp(Table, frozen=True, kw_only=True):
    """Data loss prevention, in the current shape (`policies`) or the older one (`action` and `profiles`)."""

    enabled: bool
    """Is it in force?"""
    policies: Annotated[tuple[DlpPolicy, ...], Meta(max_length=100)] | None = None
    """The rules."""
    action: Verdict | None = None
    """What happens, in the older shape."""
    profiles: Names | None = None
    """What is looked for, in the older shape."""

    def __post_init__(self) -> None:
        older = (self.action is not None, self.profiles is not None)
        if any(older) if self.policies is not None else not all(older):
            raise FieldError("", 'allowed: either "policies", or "action" with "profiles"')


class OtelExporter(Table, frozen=True, kw_only=True):
    """One receiver of traces."""

    secrets: ClassVar[tuple[str, ...]] = ("headers", "authorization")

    url: HttpUrl
    """Where OTLP/HTTP traces go."""
    headers: Annotated[Mapping[HeaderName, SecretLine], Meta(max_length=100)]
    """Sent along; never shown."""
    authorization: SecretLine | None = None
    """The value of the header `authorization`; never shown."""
    content_type: Literal["json", "protobuf"] = "json"
    """How traces are encoded."""


class SpendFilter(Table, frozen=True, kw_only=True):
    """Narrows a spend rule to some models or providers."""

    mode: Literal["filter"]
    """Always `filter`."""
    values: Names
    """The names it is for."""


class SpendKey(Table, frozen=True, kw_only=True):
    """What a metadata key does to a spend rule: a counter per value, or only the values listed."""

    mode: Literal["partition", "filter"]
    """`partition` counts each value alone, `filter` only looks at `values`."""
    values: Names | None = None
    """The values it is for, with `filter` only."""

    def __post_init__(self) -> None:
        if (self.mode == "filter") != (self.values is not None):
            raise FieldError("", '"values" goes with mode "filter", and only with it')


class SpendRule(Table, frozen=True, kw_only=True):
    """One spending limit in US dollars over a window of seconds."""

    id: str | None = None
    """Names the counter, which stays when the rule changes."""
    enabled: bool = True
    """Is it in force?"""
    limit: Dollars
    """US dollars."""
    limit_type: Literal["cost"] = msgspec.field(name="limitType")
    """Always `cost`."""
    window: Annotated[int, Meta(ge=1, le=LONGEST_WINDOW)]
    """Seconds."""
    technique: Technique = "sliding"
    """How the window moves."""
    metadata: Mapping[str, SpendKey] | None = None
    """What metadata keys do to it."""
    model: SpendFilter | None = None
    """Only for these models."""
    provider: SpendFilter | None = None
    """Only for these providers."""


class SpendLimits(Table, frozen=True, kw_only=True):
    """All spending limits of a gateway."""

    enabled: bool = False
    """Are they in force?"""
    rules: Annotated[tuple[SpendRule, ...], Meta(max_length=20)] = ()
    """The limits; a call must keep all of them."""

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
    """What to send."""


class Stripe(Table, frozen=True, kw_only=True):
    """Usage events for Stripe metering."""

    secrets: ClassVar[tuple[str, ...]] = ("authorization",)

    authorization: Secret
    """The key of the Stripe account; never shown."""
    usage_events: Annotated[tuple[StripeEvent, ...], Meta(max_length=100)]
    """What to send for each call."""


class GatewaySettings(Table, frozen=True, kw_only=True):
    """One gateway. The defaults are those of Cloudflare's own `default` gateway, except `authentication`."""

    authentication: bool = False
    """Must callers show a token?"""
    byok_only: bool = False
    """Does a call need a credential, its own or a stored key?"""
    cache_invalidate_on_update: bool = False
    """Are answers kept under other settings no longer given?"""
    cache_ttl: Count | None = 0
    """Seconds that an answer is kept; 0 is off."""
    collect_logs: bool = True
    """Are calls recorded?"""
    cors_origins: Annotated[tuple[Origin, ...], Meta(max_length=100)] = ()
    """Origins whose pages may call and read the answers; `*` lets all read. Our own."""
    dlp: Dlp | None = None
    """Data loss prevention."""
    forward_cookies: bool = False
    """Do the cookies of callers go to providers? Our own."""
    guardrails: Guardrails | None = None
    """What to do about hazards."""
    log_classification: bool = False
    """Are recorded calls classified?"""
    log_management: Annotated[int, Meta(ge=10_000, le=10_000_000)] | None = None
    """How many calls are kept."""
    log_management_strategy: Literal["STOP_INSERTING", "DELETE_OLDEST"] | None = None
    """What happens when that many are there; null is `STOP_INSERTING`."""
    logpush: bool = False
    """Do log push jobs that name no gateways send its calls?"""
    logpush_public_key: Annotated[str, Meta(min_length=16, max_length=1024)] | None = None
    """A public key of RSA in PEM, to encrypt them with."""
    otel: Annotated[tuple[OtelExporter, ...], Meta(max_length=20)] | None = None
    """Receivers of traces."""
    parallel: ParallelRules | None = None
    """What holds for Parallel's runs; null: each is seen by who made it. Our own."""
    rate_limiting_interval: Annotated[int, Meta(ge=0, le=LONGEST_WINDOW)] | None = 0
    """Seconds of a rate window; 0 is off."""
    rate_limiting_limit: Count | None = 0
    """Calls in a window; 0 is off."""
    rate_limiting_technique: Technique = "fixed"
    """How the window moves."""
    retry_backoff: Literal["constant", "linear", "exponential"] | None = None
    """How the wait between attempts grows; null is `exponential`."""
    retry_delay: Annotated[int, Meta(ge=0, le=60_000)] | None = None
    """Milliseconds before the second attempt; null is 500."""
    retry_max_attempts: Annotated[int, Meta(ge=1, le=5)] | None = None
    """Attempts in all; null is one."""
    spend_limits: SpendLimits | None = None
    """What calls may cost."""
    store_id: str | None = None
    """The id of a secrets store."""
    stream_usage: Literal["ask", "off"] = "off"
    """Are streams asked for their usage where the caller does not? Our own."""
    stripe: Stripe | None = None
    """Usage events for Stripe metering."""
    unpriced: Unpriced = None
    """May calls without a known price pass spend limits? null: those of language models. Our own."""
    workers_ai_billing_mode: Literal["postpaid", "unified"] = "postpaid"
    """How Workers AI is billed."""
    zdr: bool = False
    """Only providers that retain no data?"""


def half_said(gateway: GatewaySettings) -> Iterator[tuple[str, str]]:
    """Fields that do nothing for want of another one: both names."""
    limit, interval = gateway.rate_limiting_limit, gateway.rate_limiting_interval
    if bool(limit) != bool(interval):
        names = ("rate_limiting_limit", "rate_limiting_interval")
        yield names if limit else names[::-1]
    elif not limit and gateway.rate_limiting_technique != "fixed":
        yield "rate_limiting_technique", "rate_limiting_limit and rate_limiting_interval"
    if gateway.log_management_strategy is not None and gateway.log_management is None:
        yield "log_management_strategy", "log_management"
    limits = gateway.spend_limits
    if limits is not None and limits.enabled != bool(limits.rules):
        yield "spend_limits", "rules" if limits.enabled else "enabled = true"


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
                raise FieldError("gateways", twice, name, "spend_limits", "rules")
