"""The nouns of the data plane: a gateway as a worker serves it, a route, a call. Slotted, no I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from penstock.capture import Capture
from penstock.errors import GatewayError
from penstock.exchange import Exchange
from penstock.providers.base import Provider
from penstock.telemetry.record import Outcome
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


class Call:
    """One call on its way through the pipeline: what was asked, and what became of it so far."""

    __slots__ = (
        "authenticated",
        "capture",
        "compat",
        "controls",
        "created_us",
        "error",
        "event_id",
        "exchange",
        "first_byte",
        "gateway",
        "head",
        "id",
        "logged",
        "model",
        "outcome",
        "path",
        "provider",
        "query",
        "received",
        "refusal",
        "response_encoding",
        "response_type",
        "started",
        "status",
    )

    def __init__(
        self,
        id: str,
        created_us: int,
        started: float,
        gateway: Gateway,
        head: RequestHead,
        controls: Controls,
        provider: Provider | None,
        path: str,
    ) -> None:
        self.id = id
        self.created_us = created_us
        self.started = started  # monotonic seconds
        self.gateway = gateway
        self.head = head
        self.controls = controls
        self.provider = provider
        self.path = path  # as logged: the tail with its query, credentials taken out
        self.event_id = controls.event_id or id
        self.query = b""  # as it came, without its ?
        self.compat = False
        self.model = ""
        self.authenticated = False
        collect = controls.collect_log
        self.logged = gateway.collect_logs if collect is None else collect
        self.refusal: GatewayError | None = None  # known already when the call was taken up
        self.exchange: Exchange | None = None
        self.capture: Capture | None = None  # of the answer's body
        self.first_byte: float | None = None
        self.received = 0  # bytes of the answer's body
        self.status = 0
        self.response_type = b""
        self.response_encoding = b""
        self.outcome = Outcome.COMPLETE
        self.error: GatewayError | None = None
