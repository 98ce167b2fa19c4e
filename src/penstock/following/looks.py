"""Looking at a run at its provider: which requests, with which key, and what their answers come to. Free ones only.

Nothing is written down here, and nothing decided: what was seen is handed over, and what went wrong is raised. When a
run is looked at is in `follower.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple, Protocol
from urllib.parse import quote

import msgspec

from penstock.clock import Clock
from penstock.exits.sender import Answer, TryAgain
from penstock.following.plan import FollowKey, FollowPlan
from penstock.runs.places import Act, Ask
from penstock.runs.reading import sightings
from penstock.runs.run import Run, RunKind, Sighting
from penstock.runs.streams import RunStream
from penstock.wire.json_values import ABSENT, struct_of, text

MOST_RESULT: Final = 16 * 1024 * 1024
"""Bytes of a result, or of what is told of a group's runs."""

_MOST_DOCUMENT: Final = 1024 * 1024
_PAGE: Final = 100  # executions of a monitor, as many as the provider lists at once (Parallel 2.13.2)
_PAUSE: Final = 60.0  # seconds that a key rests whose provider does not say how long
_LONGEST_PAUSE: Final = 3600.0

_TAILS: Final = {
    RunKind.TASK: "v1/tasks/runs/",
    RunKind.GROUP: "v1/tasks/groups/",
    RunKind.FINDALL: "v1beta/findall/runs/",
    RunKind.MONITOR: "v1/monitors/",
}


class Why(StrEnum):
    """Why a run could not be looked at."""

    GONE = "gone"  # the provider does not know it
    UNREACHABLE = "unreachable"  # there is no key that is let in
    BUSY = "busy"  # the key is to rest
    FAILED = "failed"


class Unseen(Exception):
    """A run could not be looked at. `after`: seconds that the provider asks to wait, 0 where it says nothing."""

    def __init__(self, why: Why, after: float = 0.0, reason: str = "") -> None:
        super().__init__(reason or why.value)
        self.why = why
        self.after = after


class Fetch(Protocol):
    """Sends one request, and gives so much of its answer, whatever it is. Raises `TryAgain`."""

    async def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, most: int, /
    ) -> Answer: ...


class Found(NamedTuple):
    """What a result's document tells, and the document."""

    sighting: Sighting
    body: bytes
    content_type: str


class Page(NamedTuple):
    """Executions of a monitor, the latest first; and where there are more, how to go on."""

    seen: list[Sighting]
    cursor: str


class _Paged(msgspec.Struct, gc=False):
    next_cursor: msgspec.Raw = ABSENT


class _Scheduled(msgspec.Struct, gc=False):
    frequency: msgspec.Raw = ABSENT
    cadence: msgspec.Raw = ABSENT  # of alpha


class Looks:
    """The requests of one follower. Which keys rest is remembered here."""

    def __init__(self, send: Fetch, clock: Clock) -> None:
        self._send = send
        self._clock = clock
        self._resting: dict[str, float] = {}  # keys that are to rest, and until when

    def rest(self, plan: FollowPlan, run: Run) -> float:
        """Seconds until this run may be looked at, because all of its keys are to rest."""
        return min(map(self._rest, plan.keys_of(run)), default=0.0)

    async def state(self, plan: FollowPlan, run: Run) -> tuple[list[Sighting], str]:
        """What its own document tells; and of a monitor, how often it is executed. Raises `Unseen`."""
        answer = await self._get(plan, run, _tail(run), _MOST_DOCUMENT)
        ask = Ask(Act.READ, run.kind, run.id, run.id if run.kind is RunKind.GROUP else run.parent)
        seen = [one for one in _sightings(ask, answer) if one.id == run.id]
        if not seen:
            raise Unseen(Why.FAILED, reason="its answer tells nothing of the run")
        said = struct_of(_Scheduled, answer.body) if run.kind is RunKind.MONITOR else None
        return seen, "" if said is None else text(said.frequency) or text(said.cadence)

    async def result(self, plan: FollowPlan, run: Run) -> Found | None:
        """The result of a task run that is completed; None where it is no whole one. Raises `Unseen`."""
        answer = await self._get(plan, run, f"{_tail(run)}/result", MOST_RESULT)
        seen = [one for one in _sightings(Ask(Act.RESULT, run.kind, run.id), answer) if one.id == run.id]
        if not seen or not seen[0].has_output or len(answer.body) >= MOST_RESULT:
            return None
        return Found(seen[0], answer.body, answer.headers.get("content-type", ""))

    async def group_runs(self, plan: FollowPlan, group: Run) -> list[Sighting]:
        """What all runs of a group are at, in one answer that does not wait (Parallel 2.9.6). Raises `Unseen`."""
        answer = await self._get(plan, group, f"{_tail(group)}/runs", MOST_RESULT)
        stream = RunStream(Ask(Act.GROUP_RUNS, RunKind.GROUP, group.id, group.id))
        return [one for one in stream.feed(answer.body) if one.kind is RunKind.TASK]

    async def executions(self, plan: FollowPlan, monitor: Run, cursor: str) -> Page:
        """A page of what a monitor was executed for; the first with an empty cursor. Raises `Unseen`."""
        more = f"&cursor={quote(cursor, safe='')}" if cursor else ""
        tail = f"{_tail(monitor)}/events?include_completions=true&limit={_PAGE}{more}"
        answer = await self._get(plan, monitor, tail, MOST_RESULT)
        seen = _sightings(Ask(Act.MONITOR_EVENTS, RunKind.MONITOR, monitor.id), answer)
        said = struct_of(_Paged, answer.body)
        return Page(seen, "" if said is None else text(said.next_cursor))

    async def _get(self, plan: FollowPlan, run: Run, tail: str, most: int) -> Answer:
        """A good answer, with one of its keys. Raises `Unseen`."""
        url, why = plan.url(run, tail), Why.UNREACHABLE
        keys = plan.keys_of(run) if url else ()
        awake = [key for key in keys if self._is_awake(key)]
        for key in awake:
            try:
                answer = await self._send("GET", url, plan.headers(key), b"", most)
            except TryAgain as error:
                raise Unseen(Why.FAILED, error.after or 0.0, str(error)) from None
            match answer.status:
                case 401 | 403:
                    continue
                case 404:  # another key may be of the organisation that it was made in
                    why = Why.GONE
                    continue
                case 429:
                    raise Unseen(Why.BUSY, self._let_rest(key, answer.retry_after))
            if not answer.is_good:
                reason = f"the provider answers with status {answer.status}"
                raise Unseen(Why.FAILED, answer.retry_after or 0.0, reason)
            return answer
        if len(awake) < len(keys):  # the one that rests may be the one that is let in
            raise Unseen(Why.BUSY, min(self._rest(key) for key in keys if key not in awake))
        raise Unseen(why)

    def _is_awake(self, key: FollowKey) -> bool:
        if self._rest(key):
            return False
        self._resting.pop(key.id, None)
        return True

    def _rest(self, key: FollowKey) -> float:
        """Seconds that it is still to rest."""
        return max(self._resting.get(key.id, 0.0) - self._clock.monotonic(), 0.0)

    def _let_rest(self, key: FollowKey, asked: float | None) -> float:
        seconds = min(_PAUSE if asked is None else max(asked, 1.0), _LONGEST_PAUSE)
        self._resting[key.id] = self._clock.monotonic() + seconds
        return seconds


def _tail(run: Run) -> str:
    return _TAILS[run.kind] + quote(run.id, safe="")


def _sightings(ask: Ask, answer: Answer) -> list[Sighting]:
    return sightings(ask, answer.status, answer.headers.get("content-type", ""), answer.body)
