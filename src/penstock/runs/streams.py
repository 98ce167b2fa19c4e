"""What event streams of Parallel tell of runs, as they come: of one run, of a group, of FindAll (Parallel 2.9.5, 2.9.6,
2.12.3).

A stream only tells what it says: that it has ended says nothing of any run, and its errors are those of the stream.
What it is cut into does not matter. Documents are in `reading.py`. Pure; nothing is raised, and what is kept of a frame
is bounded.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import msgspec

from penstock.runs.places import Act, Ask
from penstock.runs.reading import findall_run, task_group, task_run, within
from penstock.runs.run import RunKind, Sighting
from penstock.wire.json_values import ABSENT, LONGEST_ID, is_object, number, struct_of, text

MOST_FRAME_BYTES: Final = 1024 * 1024
"""Of a frame; of a longer one the beginning is read."""

LEAST_PART_BYTES: Final = 16
"""Of lines and events on average, those that say nothing aside: a stream of smaller ones costs more to read than it can
tell, and is read no further.
"""

SPARE_BYTES: Final = 65_536
"""How far a stream may fall short of that."""

# The end of a line, with all that follow it that are empty or say nothing that counts, such as comments.
_LINE_END = re.compile(rb"(?:\r\n|\r|\n)((?:[\r\n]++|(?!data|event|id)[^\r\n]++[\r\n])*+)")
_EMPTY_LINE = re.compile(rb"(?:\A|\n|\r(?!\n))[\r\n]")
_BOM = b"\xef\xbb\xbf"
_HEARTBEAT: Final = "findall.status"


class _Frame(msgspec.Struct, gc=False):
    """The members of all events."""

    type: msgspec.Raw = ABSENT
    event_id: msgspec.Raw = ABSENT
    run: msgspec.Raw = ABSENT  # of a state
    output: msgspec.Raw = ABSENT  # likewise
    status: msgspec.Raw = ABSENT  # of a group
    progress_meter: msgspec.Raw = ABSENT
    data: msgspec.Raw = ABSENT  # of FindAll


class StreamEvent(NamedTuple):
    """One event: its type, and its id, empty where it has none."""

    kind: str
    id: str

    @property
    def is_heartbeat(self) -> bool:
        """Whether its id is no place to go on from (search-and-runs C7 34)."""
        return self.kind == _HEARTBEAT


class RunStream:
    """One stream that is passed on, read on its way.

    `last_event_id` is where to go on from: empty as long as the stream has said none, and that of a single run says
    none ever. `latest` is what the last event was; None before the first, and for what is none of Parallel's.
    """

    __slots__ = ("_after_cr", "_ask", "_data", "_id", "_line", "_name", "_spare", "last_event_id", "latest")

    def __init__(self, ask: Ask) -> None:
        self.last_event_id = ""
        self.latest: StreamEvent | None = None
        self._ask = ask
        self._after_cr = False
        self._line = bytearray()  # one that has not ended
        self._data: bytearray | None = None
        self._name = self._id = ""
        self._spare = SPARE_BYTES

    def feed(self, piece: bytes) -> list[Sighting]:
        """What the events tell that end in this piece."""
        found: list[Sighting] = []
        if self._spare < 0:
            return found
        self._spare = min(self._spare, SPARE_BYTES) + len(piece)
        start = 0
        if self._after_cr and piece:
            self._after_cr = False
            start = int(piece.startswith(b"\n"))
        for end in _LINE_END.finditer(piece, start):
            self._spare -= LEAST_PART_BYTES
            if self._spare < 0:
                self._line.clear()
                self._data = None
                return found
            self._keep(piece[start : end.start()])
            found += self._end_line()
            if _EMPTY_LINE.search(end[1]):
                found += self._end_line()  # several empty ones end no more than one does
            start = end.end()
        self._after_cr = self._after_cr or (start == len(piece) and piece.endswith(b"\r"))
        self._keep(piece[start:])
        return found

    def _keep(self, part: bytes) -> None:
        # Some room is left always: a line is longer than what of it becomes data, and only empty ones become empty.
        room = MOST_FRAME_BYTES - len(self._line) - len(self._data or b"")
        self._line += part[:room]

    def _end_line(self) -> list[Sighting]:
        if not self._line:
            return self._end_frame()
        name, _, value = bytes(self._line).removeprefix(_BOM).partition(b":")
        self._line.clear()
        value = value.removeprefix(b" ")
        if name == b"data":
            if self._data is None:
                self._data = bytearray()
            else:
                self._data += b"\n"
            self._data += value
        elif name == b"event":
            self._name = value.decode(errors="replace")
        elif name == b"id" and len(value) <= LONGEST_ID:
            self._id = value.decode(errors="replace")
        return []

    def _end_frame(self) -> list[Sighting]:
        data, name, place = self._data, self._name, self._id
        self._data, self._name, self._id = None, "", ""
        if data is None:
            return []
        said = struct_of(_Frame, bytes(data)) if is_object(bytes(data)) else None
        self.latest = None
        if said is None:
            return []
        kind, place = text(said.type) or name, text(said.event_id) or place
        self.latest = StreamEvent(kind, place)
        if not self.latest.is_heartbeat:
            self.last_event_id = place or self.last_event_id
        return _told(self._ask, kind, said, bytes(data))


def _told(ask: Ask, kind: str, said: _Frame, data: bytes) -> list[Sighting]:
    is_run, is_findall = ask.act is Act.RUN_EVENTS, ask.act is Act.FINDALL_EVENTS
    if is_findall:
        return within(findall_run(said.data, ask.id), ask) if kind == "findall.status" else []
    if kind == "task_run.state":
        run = task_run(said.run, ask.id if is_run else "")
        if run is not None and is_object(said.output):
            run = msgspec.structs.replace(run, has_output=True)
        return within(run, ask)
    if kind == "task_run.progress_stats" and is_run:
        progress = number(said.progress_meter)
        return [] if progress is None else [Sighting(id=ask.id, kind=RunKind.TASK, progress=progress)]
    if kind == "task_group_status" and not is_run:
        return within(task_group(data, ask.id), ask)
    return []
