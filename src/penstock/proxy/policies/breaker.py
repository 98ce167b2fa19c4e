"""Circuit breakers: an origin that keeps failing is left alone for a while, and then tried with one call.

So is one thing that is asked there and keeps failing: a model, a deployment, a key. It has a breaker of its own, a part
of its origin's, from its first failure until it has gone well for a window.

State of one worker; nothing is shared or stored. Every time is monotonic seconds and comes in as an argument.
What counts as a failure, and what a refused caller is told, the pipeline decides.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

State = Literal["closed", "open", "half-open"]

CLOSED: Final = "closed"
_OPEN: Final = "open"
_HALF_OPEN: Final = "half-open"
_MAX_BREAKERS = 4096
_EVICTION_CANDIDATES = 64


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """When a breaker opens, and for how long. All times in seconds."""

    connect_failures: int = 5  # in a row; 0: not looked at
    window: float = 10.0
    min_calls: int = 20  # that ended in the window
    error_share: float = 0.5  # of them that failed; 0: not looked at
    open_seconds: float = 5.0  # doubled each time a probe fails
    max_open_seconds: float = 60.0
    probe_seconds: float = 30.0  # after which a probe that has not reported holds up the next no longer


class Breaker:
    """The breaker of one origin.

    A caller asks `admit`, remembers `generation`, and reports once how the call ended: `succeeded`, `failed` or
    `abandoned`. Reports of an earlier generation are of calls let through before the state last changed; they
    say nothing about the origin as it is now and are ignored. The first report of a probe decides; one that
    does not report holds up the next for `probe_seconds` only, and still counts when it is late.
    """

    __slots__ = (
        "_calls",
        "_failures",
        "_pause",
        "_retry_at",
        "_rules",
        "_unconnected",
        "_window_end",
        "account",
        "asked",
        "calm",
        "generation",
        "key",
        "origin",
        "parts",
        "since",
        "state",
        "tidy_at",
    )

    def __init__(
        self, rules: BreakerRules, origin: str, account: str = "", *, key: str = "", asked: str = ""
    ) -> None:
        self.origin = origin
        self.account = account  # who asked for it first
        self.key = key or origin  # no two have the same
        self.asked = asked  # what is asked there, for reports; empty: anything
        self.parts: dict[str, Breaker] = {}  # of what fails there, or did lately, by id
        self.tidy_at = 0.0  # when to look which of them are of no use any more
        self.calm = True  # it is closed, and has no parts: a call need not look any further
        self.state: State = CLOSED
        self.since = 0.0  # when it opened, half-opened, or let the probe through that closed it; 0: never
        self.generation = 0
        self._rules = rules
        self._pause = rules.open_seconds
        self._retry_at = 0.0  # open: when a probe may go; half-open: when the next one may
        self._unconnected = 0
        self._window_end = 0.0
        self._calls = 0
        self._failures = 0

    @property
    def retry_at(self) -> float:
        """When the next probe may go; means nothing while it is closed."""
        return self._retry_at

    def admit(self, now: float) -> float:
        """0.0: go ahead. Otherwise refused, and the seconds after which it makes sense to ask again.

        While open that is exact. While a probe is under way nobody knows: it is the time until the probe is
        given up, or the pause between probes, whichever is shorter.
        """
        if self.state == CLOSED:
            return 0.0
        if now < self._retry_at:
            left = self._retry_at - now
            return left if self.state == _OPEN else min(left, self._rules.open_seconds)
        if self.state == _OPEN:
            self._become(_HALF_OPEN, now)
        self._retry_at = now + self._rules.probe_seconds
        return 0.0

    def succeeded(self, generation: int) -> None:
        """A call of this generation was answered."""
        if generation != self.generation:
            return
        self._calls += 1
        self._unconnected = 0
        if self.state == _HALF_OPEN:
            self._become(CLOSED, self.since)
            self._pause = self._rules.open_seconds

    def failed(self, now: float, generation: int, *, connect: bool) -> None:
        """A call of this generation failed; `connect`: no connection came about."""
        if generation != self.generation:
            return
        if self.state == _HALF_OPEN:
            self._pause = min(self._pause * 2, self._rules.max_open_seconds)
            self._open(now)
            return
        if now >= self._window_end:
            self._window_end = now + self._rules.window
            self._calls = self._failures = 0
        self._calls += 1
        self._failures += 1
        self._unconnected = self._unconnected + 1 if connect else 0
        if self._is_too_much():
            self._open(now)

    def abandoned(self, generation: int) -> None:
        """A call of this generation ended without telling anything; if it was a probe, another may go at once."""
        if generation == self.generation and self.state == _HALF_OPEN:
            self._retry_at = self.since

    def is_past(self, now: float) -> bool:
        """Whether nothing that it remembers matters any more: nobody has asked for long, or all has gone well."""
        if self.state == CLOSED:
            return now >= self._window_end
        return now >= self._retry_at + self._rules.max_open_seconds

    def look(self) -> None:
        """Its parts have changed."""
        self.calm = self.state == CLOSED and not self.parts

    def _is_too_much(self) -> bool:
        rules = self._rules
        if rules.connect_failures and self._unconnected >= rules.connect_failures:
            return True
        enough = rules.error_share and self._calls >= rules.min_calls
        return bool(enough) and self._failures >= rules.error_share * self._calls

    def _open(self, now: float) -> None:
        self._become(_OPEN, now)
        self._retry_at = now + self._pause

    def _become(self, state: State, since: float) -> None:
        self.state = state
        self.since = since
        self.generation += 1
        self._unconnected = 0
        self._window_end = 0.0
        self.look()


class Breakers:
    """The breakers of a worker, of origins and their parts; at most 4096.

    A path may name an origin, and a body anything, so each belongs to the account that asked for it first. A new one
    takes the place of one of the account with the most: of its oldest 64 the first that is calm, or else the very
    oldest that has no parts, for what nobody has asked for since so many others matters least.
    """

    __slots__ = ("_all", "_latest", "_of_account", "_rules")

    def __init__(self, rules: BreakerRules) -> None:
        self._rules = rules
        self._all: dict[str, Breaker] = {}
        self._of_account: dict[str, OrderedDict[str, Breaker]] = {}
        self._latest: Breaker | None = None  # that was asked for; most calls go where the last one went

    def of(self, origin: str, account: str = "") -> Breaker:
        """The breaker of an origin, for one attempt of an account; not to be kept longer."""
        latest = self._latest
        if latest is not None and latest.origin == origin:
            return latest
        breaker = self._all.get(origin)
        if breaker is not None:
            self._of_account[breaker.account].move_to_end(origin)
        else:
            breaker = self._add(Breaker(self._rules, origin, account))
        self._latest = breaker
        return breaker

    def part(self, origin: Breaker, asked: str, now: float) -> Breaker | None:
        """The breaker of what is asked at an origin, by its id; None: it has not failed lately."""
        if now >= origin.tidy_at:
            origin.tidy_at = now + self._rules.window
            for old in [one for one in origin.parts.values() if one.is_past(now)]:
                self._remove(old)
        part = origin.parts.get(asked)
        if part is not None:
            self._of_account[part.account].move_to_end(part.key)
        return part

    def failing_part(self, origin: Breaker, asked: str, name: str, account: str, now: float) -> Breaker:
        """The same, made where there is none, because it has just failed. `name` is for reports."""
        part = self.part(origin, asked, now)
        if part is None:
            key = f"{origin.origin} {asked}"
            part = self._all.get(key) or self._add(
                Breaker(self._rules, origin.origin, account, key=key, asked=name)
            )
            origin.parts[asked] = part
            origin.look()
        return part

    def not_closed(self) -> list[Breaker]:
        """Those that hold calls back, or look whether they still must; those of accounts with few first."""
        accounts = sorted(self._of_account.values(), key=len)
        return [breaker for one in accounts for breaker in one.values() if breaker.state != CLOSED]

    def _add(self, breaker: Breaker) -> Breaker:
        if len(self._all) >= _MAX_BREAKERS:
            self._make_room()
        self._all[breaker.key] = breaker
        self._of_account.setdefault(breaker.account, OrderedDict())[breaker.key] = breaker
        return breaker

    def _make_room(self) -> None:
        most = max(self._of_account.values(), key=len)
        oldest = list(islice(most.values(), _EVICTION_CANDIDATES))
        calm = (breaker for breaker in oldest if breaker.calm)
        single = (breaker for breaker in oldest if not breaker.parts)
        self._remove(next(calm, None) or next(single, oldest[0]))

    def _remove(self, leaving: Breaker) -> None:
        for part in tuple(leaving.parts.values()):
            self._remove(part)
        whole = self._all.get(leaving.origin)
        if whole is not None and whole is not leaving:
            whole.parts.pop(leaving.key.removeprefix(f"{leaving.origin} "), None)
            whole.look()
        if leaving is self._latest:
            self._latest = None
        if self._all.get(leaving.key) is not leaving:
            return
        del self._all[leaving.key]
        theirs = self._of_account[leaving.account]
        del theirs[leaving.key]
        if not theirs:
            del self._of_account[leaving.account]
