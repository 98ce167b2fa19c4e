"""What a provider is: a frozen row of facts and pure functions (Cloudflare 1.3).

`Provider` is everything the gateway knows of one upstream vendor; `Location` is where one call to it goes.
Nothing here does I/O, knows a particular vendor, or reads a configuration: vendors have files of their own,
and overrides are the registry's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote

import msgspec

from penstock.errors import GatewayError
from penstock.pieces import Pieces
from penstock.providers.operation import Operation
from penstock.providers.operation_table import ByMethod, OperationTable
from penstock.providers.signing import Signing
from penstock.providers.spoken import SILENT, Speech

_SLASH = re.compile("%2f", re.IGNORECASE)

HeaderLookup = Callable[[str], str | None]
"""Looks up one request header by its lower-case name."""

ExtraHeaders = tuple[tuple[str, str], ...]
"""Headers to add to what goes upstream: lower-case names and values."""


class Location(msgspec.Struct, frozen=True, gc=False):
    """Where one call goes. `query`, when it is not None, replaces the caller's."""

    origin: str  # "https://api.openai.com": scheme://host[:port], lower-case, no path
    path: str  # begins with "/"; percent-encoding exactly as it came; no query
    query: str | None = None


Locate = Callable[[str, HeaderLookup], Location]
"""From a tail (all that follows `/{provider}/`, without leading slash and query) to where the call goes."""

KeyHeader = tuple[str, str]
"""The header a key goes in, and what stands before it: `Bearer ` with its blank, or nothing."""

Unfit = Callable[[bytes], str]
"""Why a credential must not go to a provider, from its header's value; empty where it may."""

Redactor = Callable[[bytes], Pieces[bytes]]
"""Takes secrets out of a body."""


NOTHING_KNOWN = OperationTable("")
"""For who has no rows."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One vendor. Fields are plain attributes: they are read for every call."""

    slug: str
    locate: Locate
    domains: tuple[str, ...]  # hosts `locate` may name; one beginning with "." or "-" is an ending of hosts
    aliases: tuple[str, ...] = ()
    compat: tuple[str, ...] = ()  # prefixes of `model` on the unified endpoint (Cloudflare 1.4)
    speech: Speech = SILENT  # what it speaks on the unified endpoint, and where (Cloudflare 1.4)
    reads_either: bool = False  # a key in any of its credential headers
    bearers: re.Pattern[str] | None = (
        None  # credentials that go as `Authorization: Bearer`, though keys do not
    )
    stream_usage: bool = False  # tells the usage of a stream when asked, by `stream_options.include_usage`
    credential_headers: tuple[str, ...] = ("authorization",)  # Cloudflare 1.3.3, last table
    static: bool = True  # `locate` depends on the tail alone, so its result may be kept
    consumed_headers: tuple[str, ...] = ()  # directives to the gateway; they never go upstream
    key_header: KeyHeader = ("authorization", "Bearer ")  # where a stored key goes
    key_header_at: Callable[[str], KeyHeader] | None = None  # by the tail, where that differs
    token_header: KeyHeader | None = (
        None  # where a stored key goes that is a token of an identity service (JWT)
    )
    query_credentials: tuple[str, ...] = ()  # parameters of a query that are credentials
    unfit: Unfit | None = None
    signing: Signing | None = None  # how it uses credentials of several parts; none: not at all
    tenant_hosts: tuple[str, ...] = ()  # of `domains`, those that belong to the vendor's customers
    operations: OperationTable = NOTHING_KNOWN
    root: str = "/"  # what all paths of its operations begin with
    operation_path: Callable[[Location], str] | None = None  # of an operation, where more than the path tells
    extra_headers: ExtraHeaders = ()  # the operator's, sent with every call instead of the caller's
    fingerprint: str = ""  # of where it leads and what goes with it; another one is another provider
    guarded: bool = False  # may lead to public addresses only
    is_local: bool = False  # leads to this machine's own engine
    keeps_runs: bool = False  # calls make runs there, which the run ledger follows
    credentials: Callable[[str, HeaderLookup], ExtraHeaders] | None = (
        None  # from the headers that go upstream
    )
    base_url_needed: str = ""  # not empty: there is no default upstream, and this says what to configure
    secret_fields: tuple[str, ...] = ()  # members of JSON bodies with secrets in them
    redact: Redactor | None = None  # a body without the secrets of `secret_fields`
    model_address: re.Pattern[str] | None = (
        None  # addresses that name it: there it goes by them, whatever else is said
    )
    model_is_own: bool = (
        False  # what they name is the customer's name for it, or of a tool: no price goes by that
    )
    adds_credentials: bool = field(init=False, compare=False, repr=False)
    """Whether something of the operator's goes with calls, beside stored keys."""
    adds_lines: bool = field(init=False, compare=False, repr=False)
    """Whether header lines may go out other than those that came."""

    def __post_init__(self) -> None:
        adds = self.credentials is not None or self.extra_headers or self.unfit is not None
        object.__setattr__(self, "adds_lines", bool(adds))
        given = None if self.signing is None else self.signing.environment
        object.__setattr__(self, "adds_credentials", bool(self.extra_headers) or given is not None)


def operations_at(provider: Provider, location: Location) -> ByMethod:
    """What may be done at a place of a provider's, by method; `location` is the provider's own, whatever base URL it
    is called at.
    """
    return provider.operations.at(_operation_path(provider, location))


def model_of_row(provider: Provider, operation: Operation, tail: str, header: HeaderLookup) -> str | None:
    """The model that stands in the path of an operation's own row; None where that cannot be told."""
    try:
        location = provider.locate(tail.lstrip("/"), header)
    except GatewayError:
        return None
    return provider.operations.model_in(operation, _operation_path(provider, location))


def _operation_path(provider: Provider, location: Location) -> str:
    if provider.operation_path is not None:
        return provider.operation_path(location)
    return location.path.removeprefix(provider.root)


def model_at(provider: Provider, tail: str, header: HeaderLookup) -> str | None:
    """The model that the address of a call names; None where it names none, or nobody goes by it.

    Only `/` stays percent-encoded while it is looked at: what else may be encoded is read as the provider reads it.
    """
    if provider.model_address is None:
        return None
    try:
        location = provider.locate(tail, header)
    except GatewayError:
        return None
    address = unquote(_SLASH.sub("%252F", location.origin + location.path))
    match = provider.model_address.search(address)
    return unquote(match[match.lastindex or 0]) if match else None


REGION = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
"""A cloud region, strict enough to stand inside a host name."""


def bearer_as_api_key(header: HeaderLookup) -> ExtraHeaders:
    """`x-api-key` from `Authorization: Bearer`, for upstreams that want the former. An own one wins."""
    if header("x-api-key") is not None:
        return ()
    scheme, _, token = (header("authorization") or "").partition(" ")
    token = token.strip()
    return (("x-api-key", token),) if token and scheme.lower() == "bearer" else ()
