"""The tables of this machine: `[server]`, `[journal]`, `[cache]`, `[idempotency]`, `[breaker]`, `[providers.*]`.

How the process listens, writes, remembers and connects. Only shapes, ranges and defaults live here. What may
be set per gateway is in `gateways.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv6Address
from typing import Annotated, ClassVar, Literal
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec import Meta

from penstock.config_place import DEFAULT_DATA
from penstock.settings.value_types import (
    Bytes,
    BytesOrNone,
    Count,
    Seconds,
    SecondsOrNone,
    Secret,
    Table,
)
from penstock_common.check import FieldError

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t -~]*")
_SIGNED_OVER = frozenset({"authorization", "x-api-key"})
_VISIBLE = re.compile(r"[!-~]+")
_HOST_NAME = re.compile(r"[A-Za-z0-9._-]+")
_SOCKET_PATH = re.compile(r"%2F(?:[A-Za-z0-9._~-]|%(?!00)[0-9A-F]{2})+", re.IGNORECASE)

Host = Annotated[str, Meta(pattern=r"^[^\s\x00-\x1f\x7f]*\Z", description="an address or a host name")]
Port = Annotated[int, Meta(ge=0, le=65535)]
HostName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9.:\[\]_-]+\Z",
        description="a host in lower case, with its port if that is not the usual one",
    ),
]
Workers = Annotated[int, Meta(ge=1, le=256)]
FilePath = Annotated[str, Meta(pattern=r"^[^\x00]+\Z", description="the path of a folder")]

Region = Annotated[str, Meta(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)+\Z", description="such as eu-central-1")]
ProviderSlug = Annotated[
    str, Meta(pattern=r"^[a-z0-9][a-z0-9-]*\Z", description="lower-case letters, digits and -")
]


class Limits(Table, frozen=True, kw_only=True):
    """How much the server takes in, keeps in memory and records."""

    max_header_bytes: Bytes = 65_536
    max_body_bytes: BytesOrNone = 0
    max_buffered_body_bytes: Bytes = 33_554_432
    max_logged_body_bytes: BytesOrNone = 10_485_760
    max_memory_bytes: Bytes = 100_663_296
    max_capture_bytes: BytesOrNone = 67_108_864
    max_connections: Count = 0


class Timeouts(Table, frozen=True, kw_only=True):
    """How long the server waits, in seconds; `body_rate` is in bytes per second."""

    header: Seconds = 30.0
    body_rate: Annotated[float, Meta(ge=0, le=2**30)] = 500.0
    body_grace: SecondsOrNone = 30.0
    keep_alive: SecondsOrNone = 75.0
    connect: Seconds = 10.0
    first_byte: Seconds = 900.0
    idle: Seconds = 600.0
    upstream_keep_alive: SecondsOrNone = 30.0
    drain: SecondsOrNone = 30.0
    restart: Seconds = 60.0
    spin: Annotated[float, Meta(ge=0, le=0.01)] = 0.0003


class ServerSettings(Table, frozen=True, kw_only=True):
    """Where to listen, with how many processes, and where the data goes."""

    host: Host = "127.0.0.1"
    port: Port = 8787
    workers: Workers = 1
    data: FilePath = DEFAULT_DATA
    own_hosts: tuple[HostName, ...] = ()
    allow_private_providers: bool = False
    watchdog: Annotated[float, Meta(ge=0, le=60)] = 0.0
    limits: Limits = msgspec.field(default_factory=Limits)
    timeouts: Timeouts = msgspec.field(default_factory=Timeouts)


class JournalSettings(Table, frozen=True, kw_only=True):
    """How finished calls are written down."""

    fsync_interval: SecondsOrNone = 1.0
    segment_bytes: Bytes = 67_108_864
    on_full: Literal["count", "refuse"] = "count"
    backlog_bytes: Bytes = 67_108_864


class CacheSettings(Table, frozen=True, kw_only=True):
    """How much room cached answers have, on all gateways together."""

    max_bytes: Bytes = 1_073_741_824


class IdempotencySettings(Table, frozen=True, kw_only=True):
    """How long the first answer to an `Idempotency-Key` is kept, in seconds, and in how much room."""

    ttl: Annotated[int, Meta(ge=60, le=30 * 24 * 3600)] = 24 * 3600
    max_bytes: Bytes = 268_435_456


class BreakerSettings(Table, frozen=True, kw_only=True):
    """When an address counts as down: `connect_failures` in a row, or `error_share` of `min_calls` in `window`."""

    connect_failures: Count = 5
    error_share: Annotated[float, Meta(ge=0, le=1)] = 0.5
    min_calls: Annotated[int, Meta(ge=1, le=1_000_000)] = 20
    window: Seconds = 10.0
    open: Seconds = 5.0


class PricingSettings(Table, frozen=True, kw_only=True):
    """Where the operator's own prices stand; they go before all others."""

    file: FilePath | None = None


class ProviderSettings(Table, frozen=True, kw_only=True):
    """Where a provider is reached instead of at its public address, and headers that go to it with every call.

    `token_url` is where access tokens are made of service accounts, for the one provider that has any. `credentials`
    says that calls are signed with what the machine's environment gives, for the one provider that takes that.
    """

    secrets: ClassVar[tuple[str, ...]] = ("headers",)

    base_url: str | None = None
    headers: Mapping[str, Secret] = msgspec.field(default_factory=dict)
    token_url: str | None = None
    credentials: Literal["environment"] | None = None
    profile: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    region: Region | None = None

    def __post_init__(self) -> None:
        self._check_credentials()
        fault = "" if self.base_url is None else _base_url_fault(self.base_url)
        if fault:
            raise FieldError("base_url", fault)
        fault = "" if self.token_url is None else _base_url_fault(self.token_url)
        if fault:
            raise FieldError("token_url", fault)
        for name, value in self.headers.items():
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
                raise FieldError("headers", "must be header names with values of one line")

    def _check_credentials(self) -> None:
        if self.credentials is None:
            for name in ("profile", "region"):
                if getattr(self, name) is not None:
                    raise FieldError(name, 'is for credentials = "environment"')
            if self.base_url is None:
                raise FieldError("base_url", "is required")
        elif self.base_url is None and (self.headers or self.token_url is not None):
            raise FieldError("base_url", "is required for headers and token_url")
        elif any(name.lower() in _SIGNED_OVER for name in self.headers):
            raise FieldError("headers", 'must not have a credential beside credentials = "environment"')


def _base_url_fault(url: str) -> str:
    """What is wrong with `url`, or "". The text never quotes it: a wrong URL may hold a password."""
    if not _VISIBLE.fullmatch(url):
        return "must be a URL of visible ASCII characters"
    if "?" in url or "#" in url:
        return "must not have a query or a fragment"
    try:
        return _parts_fault(urlsplit(url))
    except ValueError:
        return "must be a URL with a valid host and port"


def _parts_fault(parts: SplitResult) -> str:
    if "@" in parts.netloc:
        return "must not have a user name or password; keys belong in request headers"
    if parts.scheme == "http+unix":
        fits = _SOCKET_PATH.fullmatch(parts.netloc)
        return "" if fits else "must name the socket by its whole path, as in http+unix://%2Frun%2Fapp.sock"
    if parts.scheme not in ("http", "https"):
        return "must begin with http://, https:// or http+unix://"
    if parts.port == 0 or not _is_host(parts.hostname or ""):
        return "must be a URL with a valid host and port"
    return ""


def _is_host(host: str) -> bool:
    if _HOST_NAME.fullmatch(host):
        return True
    try:
        IPv6Address(host)
    except AddressValueError:
        return False
    return "%" not in host
