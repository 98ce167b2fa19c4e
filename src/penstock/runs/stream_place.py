"""How far a stream of Parallel's was passed on, and whether another answer may go on there (Parallel 2.9.6, 2.12.3).

Only whole events are passed on, so that what follows may come from elsewhere; `StreamPlace` knows the last one that is
a place to go on from, and keeps out what comes a second time. Of a single run there is no such place (2.9.5): its
streams are not resumed. Who asks the provider again, and how often, is decided elsewhere. Pure; nothing is raised.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Final
from urllib.parse import quote, unquote_plus

import msgspec

from penstock.runs.becoming import is_active
from penstock.runs.places import Act, Ask
from penstock.runs.run import RunKind, Sighting
from penstock.runs.streams import LEAST_PART_BYTES, SPARE_BYTES, RunStream, StreamEvent
from penstock.wire.sse import Event, EventSplitter
from penstock.wire.tolerant_json import UNREADABLE

GROUP_SECONDS: Final = 3600.0
"""For so long Parallel keeps a stream of a group open."""

_MOST_REMEMBERED: Final = 256  # events that are known again
_ENDED = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r)\Z")
_BOM: Final = b"\xef\xbb\xbf"
_SOME_DATA = re.compile(rb"(?:\A(?:\xef\xbb\xbf)?|[\r\n])data: ?[^\r\n]")
_SHOWN: Final = frozenset({RunKind.GROUP, RunKind.FINDALL})  # whose activity is the stream's
_END: Final = b"\n\n"
_LONGEST: Final = 86_400.0  # seconds that a caller may ask for, as far as anybody waits


class StreamPlace:
    """One stream, which may come in several answers. `last_event_id` is empty until an event was passed on with one;
    `steps` counts those.
    """

    __slots__ = (
        "_ask",
        "_begins",
        "_first",
        "_is_active",
        "_is_anew",
        "_is_lost",
        "_is_torn",
        "_last",
        "_passed",
        "_skips",
        "_spare",
        "_splitter",
        "_was_error",
        "act",
        "last_event_id",
        "steps",
    )

    def __init__(self, ask: Ask) -> None:
        self.last_event_id = ""
        self.steps = 0
        self.act = ask.act
        self._ask = ask
        self._splitter = EventSplitter()
        self._passed: deque[int] = deque(maxlen=_MOST_REMEMBERED)
        self._first: int | None = None  # of those with an id
        self._last: int | None = None
        self._begins = False  # another answer, whose mark of the first byte is none within the stream
        self._is_active = False
        self._is_anew = False  # another answer goes on, and has told nothing new yet
        self._skips = False  # it has begun from the start
        self._is_torn = False  # a part of an event is out
        self._is_lost = False  # something is out that has no id
        self._was_error = False
        self._spare = SPARE_BYTES

    @property
    def held(self) -> int:
        """Bytes of an event that has not ended."""
        return self._splitter.waiting

    def feed(self, data: bytes) -> bytes:
        """What may go on, now that these bytes have come: whole events that have not gone on before. Of
        those that are too small to be any of Parallel's, all.
        """
        if self._spare < 0:
            return data
        events = self._splitter.feed(data)
        self._spare = min(self._spare, SPARE_BYTES) + len(data) - LEAST_PART_BYTES * len(events)
        if self._spare < 0:
            return b"".join(events) + self._splitter.finish()
        if self._begins and events:
            self._begins, events[0] = False, events[0].removeprefix(_BOM)
        return b"".join(event for event in events if self._goes_out(event))

    def finish(self) -> bytes:
        """What is held, where nothing follows."""
        return self._splitter.finish()

    def anew(self) -> None:
        """Another answer goes on from `last_event_id`; the event that had not ended comes again."""
        self._splitter = EventSplitter()
        self._begins, self._is_anew, self._skips = True, True, False

    def goes_on(self, *, is_sound: bool) -> bool:
        """Whether there is more to come after an answer that has ended, and a place from where.

        A sound end is one for a snapshot, and where the last status says that nothing is active; in the middle of an
        event it is none. After an event without a place nobody can go on, and an error was the provider's last word.
        """
        if self._spare < 0 or self._is_torn or self._is_lost or self._was_error:
            return False
        if not is_sound:
            return True
        rest = self._splitter.rest
        if (rest.count(b"\n") + rest.count(b"\r")) * LEAST_PART_BYTES > len(rest) + SPARE_BYTES:
            return False
        if Event(rest).data and not _is_json(Event(rest).data):
            return True
        if self.act is Act.GROUP_RUNS:
            return False
        self._note_activity(RunStream(self._ask).feed(rest + _END))
        return self._is_active

    def _goes_out(self, event: bytes) -> bool:
        if self._is_torn or not (_ENDED.search(event) or event == b"\n"):
            self._is_torn, self._is_lost = _ENDED.search(event) is None, True
            return True
        reader = RunStream(self._ask)
        found, told = reader.feed(event), reader.latest
        mark = hash(event)
        if told is None:
            self._is_lost = self._is_lost or _SOME_DATA.search(event) is not None
            return True
        if self._is_anew and self._is_known(mark, told):
            return False
        self._passed.append(mark)
        self._note(told, mark)
        self._note_activity(found)
        return True

    def _is_known(self, mark: int, told: StreamEvent) -> bool:
        """Whether an event of another answer has gone out before: the last one again, or all from the start."""
        if mark == self._last:
            self._skips = False
            return True
        if mark == self._first:
            self._skips = True
        if self._skips or mark in self._passed:
            return True
        self._is_anew = told.is_heartbeat or not told.id
        return False

    def _note(self, told: StreamEvent, mark: int) -> None:
        self._was_error = told.kind == "error"
        if told.is_heartbeat:
            return
        if not told.id:
            self._is_lost = True
            return
        self.last_event_id, self._last, self._is_lost = told.id, mark, False
        self.steps += 1
        if self._first is None:
            self._first = mark

    def _note_activity(self, found: list[Sighting]) -> None:
        for sighting in found:
            if sighting.kind in _SHOWN:
                self._is_active = is_active(sighting)


def query_from(query: bytes, last_event_id: str, seconds: float | None) -> bytes:
    """The query (with its `?`) that asks for what follows an event; empty: for what `query` asks for.

    `seconds`: what is left of the time that its caller has set.
    """
    instead: dict[str, bytes] = {}
    if last_event_id:
        instead["last_event_id"] = quote(last_event_id, safe="").encode("ascii")
    if seconds is not None:
        instead["timeout"] = b"%d" % max(1, round(seconds))
    kept = [part for part in query.removeprefix(b"?").split(b"&") if part and _name(part) not in instead]
    kept += [name.encode("ascii") + b"=" + value for name, value in instead.items()]
    return b"?" + b"&".join(kept) if kept else b""


def seconds_asked(query: bytes) -> float | None:
    """How long a caller wants a stream to be; None where it does not say."""
    for part in query.removeprefix(b"?").split(b"&"):
        if _name(part) == "timeout":
            try:
                return min(max(0.0, float(unquote_plus(part.partition(b"=")[2].decode("latin-1")))), _LONGEST)
            except ValueError:
                return 0.0
    return None


def _name(part: bytes) -> str:
    return unquote_plus(part.partition(b"=")[0].decode("latin-1"))


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except UNREADABLE:
        return False
    return True
