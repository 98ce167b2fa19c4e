"""The nouns of the data plane: a gateway as a worker serves it, a route, a call. Slotted, no I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from penstock.capture import Capture
from penstock.errors import GatewayError
from penstock.exchange import Exchange
from penstock.providers.base import Provider
from penstock.relay import Relay
from penstock.telemetry.record import COMPLETE
from penstock.wire.controls import Controls
from penstock.wire.headers import RequestHead

IdentifyHook = Callable[["Call"], None]


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway, compiled for serving: a policy that is off has left no trace in the tuples of hooks."""

    account: str
    id: str
    collect_logs: bool = True
    identify: tuple[IdentifyHook, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """Where a path of the data plane leads. `path` is the upstream's, percent-encoding untouched, no query."""

    gateway: Gateway
    provider: Provider
    tail: str
    origin: str
    path: bytes
    query: bytes | None = None  # replaces the caller's, where the provider's rules say so


class Call(msgspec.Struct, eq=False):
    """One call on its way through the pipeline: what was asked, and what became of it so far.

    A struct, because one is made for every call.
    """

    id: str
    event_id: str  # the client's own, or the same as `id` (Cloudflare 2.5)
    created_us: int
    started: float  # monotonic seconds
    gateway: Gateway
    head: RequestHead
    controls: Controls
    provider: Provider | None
    path: str  # as logged: the tail with its query, credentials taken out
    query: bytes  # as it came, with its ?
    logged: bool
    compat: bool
    authenticated: bool = False
    model: str = ""
    refusal: GatewayError | None = None  # known already when the call was taken up
    exchange: Exchange | None = None
    first_byte: float = 0.0  # monotonic seconds
    status: int = 0
    response_type: bytes = b""
    response_encoding: bytes = b""
    relay: Relay | None = None  # of an answer that comes in pieces
    received: int = 0  # bytes of the answer's body
    answer: bytes = b""  # the body of an answer that came in one go
    capture: Capture | None = None  # of the body of an answer that comes in pieces
    outcome: int = COMPLETE
    error: GatewayError | None = None
