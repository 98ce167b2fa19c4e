"""The nouns of runs: what a call has made at a provider and what lives on there after the call has ended.

A task run, a group of them, a FindAll run, a monitor, a response in the background. What was sent to make one is a
`Create`, what it costs are its `Charge`s, what somebody's answer tells of it is a `Sighting`. Values only; how a
sighting changes a run is in `becoming.py`, where runs are kept in `stores/runs.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from penstock.metadata import MetadataValue


class RunKind(StrEnum):
    """What lives on. Words of the log and of commands."""

    TASK = "task"
    GROUP = "group"  # of task runs; has no end of its own
    FINDALL = "findall"
    MONITOR = "monitor"
    RESPONSE = "response"


class SeenBy(StrEnum):
    """Through what something was learned of a run."""

    CREATE = "create"
    READ = "read"  # a caller's
    STREAM = "stream"
    POLL = "poll"  # our own
    WEBHOOK = "webhook"


class Money(StrEnum):
    """How certain the cost of a run is."""

    ESTIMATED = "estimated"  # its end is still to come
    SETTLED = "settled"
    VOID = "void"  # it has ended, and nothing is paid
    NONE = "none"  # nothing is ever paid for it by itself: a group
    UNPRICED = "unpriced"  # nobody knows its price


class Owner(msgspec.Struct, frozen=True, gc=False):
    """Who has made something: where, and with what. Empty texts stand for none.

    `credential` is a fingerprint of what went to the provider, `token` the id of the gateway's own token.
    """

    account: str
    gateway: str
    credential: str = ""
    token: str = ""
    user: str = ""


class Charge(msgspec.Struct, frozen=True, gc=False):
    """What one call has ordered of a run's work. Money in nano-dollars, None where nobody knows.

    `what` is `run`, or for FindAll also `extend` and `enrich`, for a monitor also `trigger`; `product` the processor
    or generator that the price goes by; `count` the most matches that it may come to, 1 where it is about none.
    """

    call_id: str
    what: str
    product: str
    count: int = 1
    estimate: int | None = None
    final: int | None = None  # once it is known, and again where more is


class Run(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One run as the ledger knows it. Times in microseconds since 1970 by our clock, unless said otherwise."""

    id: str  # the provider's own
    kind: RunKind
    owner: Owner | None = None  # None: it was made elsewhere, or nobody knows by whom
    call_id: str = ""  # the call that made it, the id of its row in the log
    parent: str = ""  # the group that a task run belongs to
    product: str = ""  # processor, generator: what its price goes by
    metadata: dict[str, MetadataValue] = {}
    created_us: int = 0
    seen_us: int = 0
    seen_by: SeenBy = SeenBy.CREATE
    since_us: int = (
        0  # when what it says of its state was new, and after its end its counts; 0: as it was made
    )
    state: str = "queued"  # the provider's word, whatever it is
    is_active: bool = True
    modified_us: int | None = None  # by the provider's clock, which orders what is seen
    error: str = ""
    progress: float | None = None  # 0 … 100
    generated: int | None = None  # candidates of a FindAll run
    matched: int | None = None
    executions: int = 0  # of a monitor, as far as they were seen
    counts: dict[str, int] = {}  # runs of a group by their states
    revision: int = 0  # how often it has come back after its end
    money: Money = Money.ESTIMATED
    charges: tuple[Charge, ...] = ()
    settled_us: int | None = None
    stored_key: str = ""  # the alias of the stored key that it was made with
    origin: str = ""  # where it was made: `https://api.parallel.ai`
    # `adopted`, `duplicate_suspect`, `stale`, `gone`, `unreachable`; of its cost: `unconfirmed`, no document says that
    # it is so, and `unsettled`, it was given up without an end
    flags: tuple[str, ...] = ()

    @property
    def estimate(self) -> int | None:
        """What it was expected to cost, all told; None where that is unknown."""
        return total(charge.estimate for charge in self.charges)

    @property
    def cost(self) -> int | None:
        """What it has cost; None as long as that is not certain."""
        if self.money in (Money.ESTIMATED, Money.UNPRICED):
            return None
        return total(charge.final for charge in self.charges)


class Sighting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one document tells of one run. None and empty: it does not say."""

    id: str
    kind: RunKind
    state: str = ""
    is_active: bool | None = None
    product: str = ""
    parent: str = ""
    metadata: dict[str, MetadataValue] | None = None
    modified_us: int | None = None  # the provider's clock
    error: str = ""
    progress: float | None = None
    generated: int | None = None
    matched: int | None = None
    executions: tuple[str, ...] = ()  # names of a monitor's, each counted once
    counts: dict[str, int] | None = None
    has_output: bool = False  # it came with its result


class Outcome(StrEnum):
    """What has become of a request that makes something."""

    INTENT = "intent"  # it is about to be sent, or under way
    MADE = "made"
    REFUSED = "refused"  # it made nothing: the provider said so, or it was never sent
    UNKNOWN = "unknown"  # it was sent, and nobody knows


class Create(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A request that makes runs, or orders more of one. Written down before it leaves.

    `body_hash`: of its plain body; `key`: of the caller's `Idempotency-Key`, empty without one; `attempt`: how often
    the caller's library says that it has sent it before, None where it says nothing.
    """

    call_id: str
    owner: Owner
    path: str  # the tail, without query
    body_hash: bytes
    key: bytes = b""
    attempt: int | None = None
    sent_us: int = 0
    outcome: Outcome = Outcome.INTENT
    answered_us: int | None = None
    status: int = 0
    content_type: str = ""
    answer: bytes = b""  # plain; what a repeated request is answered with
    receipts: tuple[bytes, ...] = ()  # of what spend limits have counted for it
    custom: bool = False  # its price is its caller's


def total(amounts: Iterable[int | None]) -> int | None:
    """The sum; None where one of them is unknown, and of none 0."""
    found = list(amounts)
    known = [amount for amount in found if amount is not None]
    return sum(known) if len(known) == len(found) else None
