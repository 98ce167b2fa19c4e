"""The nouns of the data plane: what a call is, on which gateway, and where it goes. No I/O, no policies.

`Gateway` carries the hooks of its policies, compiled when the configuration was read; `Route` is where a path
leads; `Call` is one request's way through the pipeline, with everything that its record needs at the end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from penstock.errors import GatewayError
from penstock.journal.record import COMPLETE, Event
from penstock.metadata import MetadataValue
from penstock.providers.base import HeaderLookup, Provider
from penstock.providers.operation import Operation
from penstock.providers.operation_table import UNKNOWN_OPERATION, ByMethod
from penstock.proxy.body_filter import FilterMaker
from penstock.proxy.capture import Capture, Listener
from penstock.proxy.downstream.body_writer import BodyWriter
from penstock.proxy.downstream.filtered_writer import FilteredWriter
from penstock.proxy.policies.key_pool import KeyPool
from penstock.proxy.policies.retry import NO_RETRY, RetryRules
from penstock.proxy.policies.stored_keys import StoredKey, StoredKeys
from penstock.proxy.request_body import RequestBody
from penstock.proxy.upstream.exchange import Exchange
from penstock.runs.stream_place import StreamPlace
from penstock.settings.parallel_rules import ParallelRules
from penstock.stores.control_store import Token
from penstock.stores.counters import Reservation
from penstock.wire.controls import Controls
from penstock.wire.headers import RequestHead
from penstock.wire.result_lines import ResultLines
from penstock.wire.surface import Surface
from penstock.wire.universal import NO_CONFIG, StepConfig
from penstock.wire.usage import Answer

Rewritten = bytes | None
Identify = Callable[["Call"], None]
Admit = Callable[["Call"], Awaitable[None] | None]
"""None: it is admitted. An awaitable is waited for, and may raise as the hook itself: its store is not at hand."""


class OwnAnswer(Exception):
    """The gateway has the answer by itself: no call follows. `lines` are header lines; a body is JSON."""

    def __init__(self, status: int, lines: bytes, body: bytes = b"") -> None:
        super().__init__(status)
        self.status = status
        self.lines = lines
        self.body = body


class RequestHook(Protocol):
    """A policy that looks at a request's body when it is whole."""

    name: str
    always: bool  # it may want any call's; else only calls that ask for it by a header

    def wants(self, call: Call, route: Route) -> bool:
        """Whether it wants the body of this call, which is then read whole."""

    def rewrite(self, call: Call, route: Route, body: bytes | None) -> Rewritten | Awaitable[Rewritten]:
        """What goes to the provider in place of `body`; None: nothing else. `body` is None where it is too large to
        be read whole. May put makers of filters on the call. Raises `GatewayError` to refuse the call.
        """


class Ticket(Protocol):
    """What somebody wants of one call whose answer tells of what lives on."""

    @property
    def wants_receipt(self) -> bool:
        """Whether what limits have counted for it may be corrected later."""

    @property
    def is_patient(self) -> bool:
        """Whether it is asked again where the provider fails, though nobody has said so."""

    def place(self) -> StreamPlace | None:
        """How far its answer was passed on; None where no other can go on from there."""

    def listener(self) -> Listener:
        """Who hears its answer, where that comes in pieces."""

    def closing(self, call: Call, then: Callable[[], None]) -> Callable[[], None]:
        """What is done in place of `then` once the call's record is written; it does `then` itself, in the end."""


class Spending(Protocol):
    """What a spend limit does to a call, before it and after it."""

    def reserve(self, call: Call) -> Awaitable[None] | None:
        """Sets aside what the call may cost, on `call.reservation`. Raises `GatewayError` 429/2045.

        None: that is done. An awaitable is waited for. Where it is cancelled meanwhile it takes back by itself what
        is not on the call yet.
        """

    def settle(self, call: Call) -> None:
        """Counts what it did cost, or one attempt of it. A call without a reservation is left alone.

        Never waits, since a call is settled without a single `await`: a store that is not at hand is handed the
        settlement to its queue.
        """


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway, compiled for serving: a policy that is off has left no trace in it.

    `steers` tells that some calls may need more than one attempt at one address: a cache, retries, stored
    keys, spending limits, hooks that look at the body.
    """

    account: str
    id: str
    collect_logs: bool = True
    identify: tuple[Identify, ...] = ()
    admit: tuple[Admit, ...] = ()
    cache_ttl: int = 0  # seconds
    cache_mark: str = ""  # of the settings answers were kept under, where a change makes them void
    retry: RetryRules = NO_RETRY
    keys: StoredKeys | None = None
    byok_only: bool = False
    spending: Spending | None = None
    traces: bool = False  # its calls are exported as traces, joined to their callers'
    request_hooks: tuple[RequestHook, ...] = ()
    forward_cookies: bool = False  # callers' cookies go to providers
    parallel: ParallelRules | None = None  # what holds for Parallel's runs, where anything is said of it
    rewrites: bool = field(init=False)  # some hook may want any call's body
    steers: bool = field(init=False)

    def __post_init__(self) -> None:
        wanted = self.cache_ttl or self.keys or self.byok_only or self.spending or self.retry.attempts > 1
        object.__setattr__(self, "rewrites", any(hook.always for hook in self.request_hooks))
        object.__setattr__(self, "steers", bool(wanted or self.rewrites))


@dataclass(frozen=True, slots=True)
class Route:
    """Where a path of the data plane leads. `path` is the upstream's, percent-encoding untouched, no query."""

    gateway: Gateway
    provider: Provider
    tail: str
    origin: str
    path: bytes
    query: bytes | None = None  # replaces the caller's, where the provider's rules say so
    overridden: bool = False  # the operator said where it leads
    operations: ByMethod = field(default_factory=dict)  # what may be done there

    def operation(self, method: bytes) -> Operation:
        """What a request of this method is there."""
        return self.operations.get(method, UNKNOWN_OPERATION)


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
    method: bytes
    body: RequestBody
    lookup: HeaderLookup  # request headers by lower-case name
    metadata: dict[str, MetadataValue]
    steers: bool  # more than one attempt at one address may be needed
    operation: Operation = UNKNOWN_OPERATION
    may_show: bool = True  # a token of the gateway somewhere in its head; false where that was ruled out
    rest: bool = (
        False  # of the REST API: credentials are the gateway's own, and errors as its others have them
    )
    authenticated: bool = False
    token: Token | None = None
    withheld: frozenset[str] = (
        frozenset()
    )  # headers that held the gateway's token; the provider never sees them
    step: int = 0
    is_step: bool = False
    config: StepConfig = NO_CONFIG
    surface: Surface | None = (
        None  # what was asked on the unified endpoint, where the provider gets that question
    )
    flags_read: bool = False  # the operation is what the body makes of it
    model: str = ""
    refusal: GatewayError | None = None  # known already when the call was taken up
    exchange: Exchange | None = None
    first_byte: float = 0.0  # monotonic seconds
    attempts: int = 0
    rewritten: str = ""  # by what the provider gets another body than came, other than by its model's name
    stored_key: str = ""  # the alias of the stored key that was used
    secrets: tuple[bytes, ...] = ()  # stored keys that went out, to be kept out of the record
    keys: KeyPool[StoredKey] | None = None  # that may be used in place of a credential of the caller's
    client: HeaderLookup | None = None  # headers of the request it is a step of
    whole: bool = False  # the provider's answer is, whatever the client got of it
    unframed: bool = False  # of a call that was joined: only its bytes can tell that the answer is whole
    reservation: Reservation | None = None
    key_reservation: Reservation | None = None  # of its token's own limit, where that goes by another price
    estimate: int = 0  # nano-dollars, of what is set aside; more than that where there was no room for it
    key_estimate: int = 0
    cost: int | None = None  # nano-dollars, as far as it is known here
    cached: bool = False
    own_headers: bytes = b""  # lines the gateway adds to the answer
    speaks_for_pages: bool = False  # in place of the provider it says which pages may read the answer
    status: int = 0
    response_type: bytes = b""
    response_encoding: bytes = b""
    filters: tuple[FilterMaker, ...] = ()  # for each answer to its client
    writer: BodyWriter | FilteredWriter | None = None  # of an answer that comes in pieces
    received: int = 0  # bytes of the answer's body
    answer: bytes = b""  # the body of an answer that came in one go
    answer_cut: bool = False
    answer_end: bytes = b""  # the last bytes of one that was cut
    answer_gap: bool = True  # there is something between both
    told: Answer | None = None  # by the answer, once it was read
    capture: Capture | None = None  # of the body of an answer that comes in pieces
    results: ResultLines | None = None  # of an answer that is a file of results
    ticket: Ticket | None = None  # of one that is about runs
    receipts: tuple[bytes, ...] = ()  # of what limits have counted for it
    settled: bool = False
    outcome: int = COMPLETE
    provider_error: str = ""  # the type that an answer tells which says itself that it is an error
    error: GatewayError | None = None
    trail: tuple[Event, ...] = ()  # what policies did, and what was tried; empty for one plain attempt

    def note(self, what: str, now: float, detail: str = "") -> None:
        """Remembers for whoever asks why. `now` is in monotonic seconds."""
        self.trail += (Event(what, int((now - self.started) * 1e6), detail),)

    def header(self, name: str) -> str | None:
        """A request header that may go upstream, by its lower-case name."""
        return None if name in self.withheld else self.lookup(name)
