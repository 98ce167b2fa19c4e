"""The run ledger: every run that was made through here, known to all processes at once, and the verbs on it.

Nouns and protocols; no engine, no SQL. What a sighting makes of a run is decided by `runs/becoming.py`, and every
engine asks it within the transaction that stores what comes of it: whatever is settled is settled once, however many
see the end at the same moment. Times are wall-clock microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from penstock.runs.run import Charge, Create, Outcome, Run, RunKind, SeenBy, Sighting
from penstock.stores.hooks import HookLedger, HookReader


class RunsUnavailable(Exception):
    """The run ledger cannot be used now (locked, full, damaged). Nothing was written."""


class Made(NamedTuple):
    """How a `Create` was answered: its outcome, and the runs that it made, or one it has ordered more of.

    `charges` are of that one, by its id; those of runs are in `runs`. What they come to is what its maker tells of it.
    """

    call_id: str
    outcome: Outcome
    answered_us: int
    status: int = 0
    content_type: str = ""
    answer: bytes = b""
    receipts: tuple[bytes, ...] = ()
    custom: bool = False
    runs: Sequence[Run] = ()
    charges: Sequence[tuple[str, Charge]] = ()


class Seen(NamedTuple):
    """What was seen, when and through what. `result`: the plain body of a finished run's result, as it came."""

    sighting: Sighting
    by: SeenBy
    now_us: int
    result: bytes = b""
    result_type: str = ""


class Moment(NamedTuple):
    """A step of a run's time line: a state, since when, and through what that was learned."""

    at_us: int
    state: str
    by: SeenBy


class Result(NamedTuple):
    """A finished run's result, plain, as the provider gave it."""

    body: bytes
    content_type: str
    seen_us: int


class Kept(NamedTuple):
    """A run with its result, and its place in the order in which all results are read."""

    place: int
    run: Run
    result: Result


class RestsOn(NamedTuple):
    """A run with the sums of what its result rests on: fields by their confidence, citations by their domains."""

    run: Run
    confidences: dict[str, int]
    domains: dict[str, int]


class Due(NamedTuple):
    """A run that is to be looked at, and how often that has failed in a row."""

    run: Run
    failures: int


class Stale(NamedTuple):
    """A call of which some cost has changed since the log and the limits were told: what they are to be told now.

    `create` is without its answer. `nano` None: unknown. `is_final`: no part of it is an estimate any more. `was` is
    what limits were told last, at first what the call was expected to cost when it was answered; None: none was known.
    """

    create: Create
    nano: int | None
    is_final: bool
    version: int  # to say which change was told
    was: int | None


class RunQuery(msgspec.Struct, frozen=True):
    """Which runs. Everything given must hold; empty means any. `owner`: a token's id or its user.

    `confidences`: some field of the result that is kept has one of these; `domains`: it cites one of these.
    """

    account: str | None = None
    gateways: tuple[str, ...] = ()
    kinds: tuple[RunKind, ...] = ()
    states: tuple[str, ...] = ()
    active: bool | None = None
    products: tuple[str, ...] = ()
    owner: str = ""
    parent: str | None = None
    since_us: int | None = None
    until_us: int | None = None  # not included
    confidences: tuple[str, ...] = ()  # words of `runs/evidence.py`
    domains: tuple[str, ...] = ()  # as it gives them
    token: str = ""  # made with this one, by its id


ANY_RUN = RunQuery()


class RunReader(Protocol):
    """What shows and lists. All raise `RunsUnavailable`."""

    def runs(self, where: RunQuery, limit: int, offset: int = 0) -> list[Run]:
        """Some of them, the newest first."""

    def count(self, where: RunQuery) -> int:
        """How many there are."""

    def states(self, where: RunQuery) -> dict[str, int]:
        """How many there are in each state, the most first."""

    def reach(self, until_us: int | None, effort: int) -> int | None:
        """Since when the newest `effort` runs were made, of all that were made before then: how far a question may look
        that has to be answered at once. None, where there are no more than these.
        """

    def get(self, run_id: str) -> Run | None:
        """One run."""

    def find(self, part: str, limit: int) -> list[str]:
        """Ids that begin with `part`; if none does, ids that end with it."""

    def moments(self, run_id: str) -> list[Moment]:
        """A run's time line, from its beginning."""

    def result(self, run_id: str) -> Result | None:
        """A finished run's result, where it was seen."""

    def results(self, where: RunQuery, limit: int, after: int = 0) -> list[Kept]:
        """Results that are kept, with their runs, from after a place on, in the order in which the runs came to be
        known; none, where none follow. Each may have megabytes: take few at a time.
        """

    def rests(self, where: RunQuery, limit: int) -> list[RestsOn]:
        """What the results of some rest on, the newest first, without reading a result."""


class RunLedger(RunReader, HookLedger, Protocol):
    """What makes, sees and settles. Each verb is one transaction, and raises `RunsUnavailable`."""

    def intend(self, create: Create) -> Create | None:
        """Writes down what is about to be sent; or nothing, and gives the earlier request that it repeats.

        It repeats one of the same owner, path and body that is not known to have been refused: where both have the same
        `key`, whenever; or where neither has one, this one's `attempt` is above 0, and the earlier one began no longer
        than `REPEATED_US` ago. Of several it is the latest that was repeated one time less. A call that is written down
        already is no repeat.
        """

    def done_like(self, create: Create, since_us: int) -> Create | None:
        """The latest request of the same owner, path and body that had no key, was sent since then, and whose run has
        completed; with its answer.
        """

    def made(self, made: Made) -> None:
        """Writes down how that was answered. Runs that were seen before they were made get their owner.

        May be told again. An id that is there keeps its first owner, one that was only adopted gets its maker. `MADE`
        is the last word of outcomes. Of a run that was made elsewhere more may be ordered: it is known from then on.
        """

    def saw(self, seen: Sequence[Seen]) -> list[Run]:
        """Takes up what was seen; the runs that came to their end by it, settled in the same step, each once.

        A FindAll run has come to its end when it is settled. What nobody has made is remembered until somebody has, as
        far as there is room, and without a result; what belongs to a known group is its owner's.
        """

    def lost(self, before_us: int) -> int:
        """Requests under way since before then, whose worker is gone, have an unknown outcome; how many."""

    def due(self, now_us: int, holder: str, lease_us: int, limit: int) -> list[Due]:
        """Active runs that are to be looked at now, for this holder alone until its lease ends, `lease_us` later.

        FindAll runs also until they are settled. Only those with a `stored_key`; those first that wait longest.
        """

    def looked(self, run_id: str, next_us: int, failures: int, flag: str = "") -> None:
        """When to look again, unless it has ended; gives the lease back. `flag` is put on the run."""

    def stale(self, limit: int, offset: int = 0) -> list[Stale]:
        """Calls whose cost has changed and was not told on, the longest waiting first, after `offset` of them.

        What was given once is given again until it was told, whatever has changed since: who dies while telling it
        can go on where he was.
        """

    def told(self, call_id: str, version: int, counted: int | None = None) -> None:
        """What was given as that version was told on; a later change is still to be. `counted`: what limits were told,
        where it is another amount.
        """

    def forget(self, before_us: int, limit: int) -> int:
        """Deletes the oldest runs that have ended before then, with all that belongs to them; how many.

        Not one of which a cost was not told on, nor a group before its runs. What calls have come to stays as it is.
        """


REPEATED_US = 660 * 1_000_000
"""A library gives up on a request after ten minutes, and repeats it within one."""


class OpenRunReader(RunReader, HookReader, Protocol):
    """One that can be let go of."""

    def close(self) -> None:
        """Let go of it."""


class OpenRunLedger(RunLedger, Protocol):
    """One that can be let go of."""

    def close(self) -> None:
        """Let go of it."""
