"""The shipper: takes journal segments into the ledger, every record exactly once.

It remembers nothing: how far a segment has come stands in the ledger, in the same transaction as the calls,
so it may be killed at any point. A segment goes when its writer is gone and the ledger has all of it on disk.
Nothing sound is lost to damage beside it, nor to a record that the process dies of (`trial.py`). The process around
it is in `process.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from penstock.calls.costing import Prices
from penstock.calls.derive import NO_PRICES, new_call
from penstock.durable import sync_folder
from penstock.journal.reading import claimed_end, find_gap, read_bare, read_batch, read_one
from penstock.journal.record import UNKEPT, Entry, Event
from penstock.journal.segments import is_abandoned, list_segments
from penstock.shipper.skipped import Say, Skipped
from penstock.shipper.trial import FILE_NAME, Care, Trial, gone_back, last_place
from penstock.stores.ledger import (
    LedgerDamaged,
    LedgerReplaced,
    LedgerUnavailable,
    LedgerWriter,
    Move,
    NewCall,
    PositionMoved,
    Unstorable,
)

_MAX_PAUSE = 5.0
_UNWRITABLE = "the ledger cannot be written, calls wait in the journal"
_UNSHIPPED = "calls cannot be brought into the ledger, they wait in the journal"

Beat = Callable[[str, str], None]
"""A sign of life, after each round: what cannot be done now, and why; both empty when all is well."""


Freed = Callable[[int], None]
"""Told after each step how many bytes of the journal it has let go."""


def kept(freed: int) -> None:
    """What was let go stays with this process."""


def unheard(trouble: str, detail: str) -> None:
    """Nobody listens for it."""


class Stop(Protocol):
    """Tells when to end."""

    def wait(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the sign to end; whether it has come."""


@dataclass(slots=True)
class Shipped:
    """What one step has done."""

    calls: int = 0
    bytes: int = 0
    duplicates: int = 0
    torn: int = 0
    damaged: int = 0
    removed: int = 0
    more: bool = False  # there is more to ship right away


class NoMemory(Exception):
    """There is none for what comes next in a segment. It would come again at each try, in a process that has grown."""


class _Segment(NamedTuple):
    name: str
    fd: int
    size: int
    finished: bool


class Shipper:
    """Moves the segments in `directory` into `ledger`; `say` gets a line for what an operator should know."""

    def __init__(
        self,
        folder: Path,
        ledger: LedgerWriter,
        say: Say,
        prices: Prices = NO_PRICES,
        beat: Beat = unheard,
        freed: Freed = kept,
    ) -> None:
        self._prices = prices
        self._freed = freed
        self._beat = beat
        self._folder = folder
        self._ledger = ledger
        self._say = say
        self._said: dict[str, str] = {}
        self._is_doubtful = False  # the last step has met damage
        self._skipped = Skipped(folder, say)
        self._trial = Trial(folder / FILE_NAME)
        self._has_looked_back = False

    def run(self, stop: Stop, interval: float = 0.05) -> None:
        """Ship until told to stop, then what is there, and return. Raises `NoMemory`: then this process must end."""
        pause = interval
        while not stop.wait(pause):
            shipped = self._try_once()
            if shipped is None:
                pause = min(pause * 2 or interval, _MAX_PAUSE)
            else:
                pause = 0.0 if shipped.more else interval
        while (shipped := self._try_once()) and shipped.more:
            pass

    def ship_once(self) -> Shipped:
        """One batch of every segment. Raises `LedgerUnavailable`: then what is not shipped yet stays.

        Raises `NoMemory` where another process had better go on.
        """
        shipped = Shipped()
        positions = self._ledger.positions()
        names = list_segments(self._folder)
        self._look_back(positions, names)
        forget = sorted(positions.keys() - set(names))
        for name in self._said.keys() - {"", *names}:
            del self._said[name]
        for name in names:
            try:
                self._ship(name, positions.get(name, 0), forget, shipped)
            except PositionMoved:
                continue
            except (LedgerUnavailable, NoMemory):
                raise
            except Exception as error:  # whatever it is, it is not to hold up the other segments
                self._say_once(name, f"cannot ship {name}, will try again: {_named(error)}")
        return shipped

    def _look_back(self, positions: Mapping[str, int], names: Sequence[str]) -> None:
        """Once: whether the ledger still has what the shipper before this one has brought into it."""
        if not self._has_looked_back:
            self._has_looked_back = True
            if text := gone_back(last_place(self._folder / FILE_NAME), positions, names):
                self._say(text)

    def _try_once(self) -> Shipped | None:
        """None when nothing can be shipped now, whatever the reason: it may pass, and the journal has it all."""
        try:
            shipped = self._ship_or_mend()
        except NoMemory:
            raise
        except Exception as error:
            is_known = isinstance(error, LedgerUnavailable)
            trouble = _UNWRITABLE if is_known else _UNSHIPPED
            why = str(error) if is_known else _named(error)
            self._say_once("", f"{trouble}: {why}")
            self._beat(trouble, why)
            return None
        if shipped is None:
            return Shipped(more=True)
        if self._said.pop("", None):
            self._say("the ledger can be written again, nothing is lost")
        stuck = next(iter(self._said.values()), "")
        self._beat("a part of the journal cannot be shipped now, and waits" if stuck else "", stuck)
        self._freed(shipped.bytes)
        return shipped

    def _ship_or_mend(self) -> Shipped | None:
        """None where it has to be tried again at once, perhaps with another ledger."""
        try:
            shipped = self.ship_once()
        except LedgerReplaced as error:
            self._say(f"the ledger is another one from now on: {error}")
            return None
        except LedgerDamaged as error:
            self._mend(error)
            return None
        self._is_doubtful = False
        return shipped

    def _mend(self, error: LedgerDamaged) -> None:
        """What a longer look, or a second try, finds damaged, too, is set aside; the next step makes a new one.

        Raises `LedgerUnavailable`.
        """
        if not self._is_doubtful and not self._ledger.fault():
            self._is_doubtful = True
            return
        self._is_doubtful = False
        try:
            self._say(self._ledger.begin_anew(f"it is damaged ({error})"))
        except OSError as failure:
            raise LedgerUnavailable(
                f"it is damaged ({error}), and cannot be set aside: {failure}"
            ) from failure

    def _ship(self, name: str, start: int, forget: list[str], shipped: Shipped) -> None:
        try:
            fd = os.open(self._folder / name, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            # The order counts: what the file holds after its writer was seen gone is all it will ever hold.
            finished = is_abandoned(fd)
            segment = _Segment(name, fd, os.fstat(fd).st_size, finished)
            end = self._advance(segment, start, forget, shipped) if start < segment.size else start
        finally:
            os.close(fd)
        if finished and end >= segment.size:
            self._remove(name, shipped)
        elif start < end < segment.size:
            shipped.more = True

    def _advance(self, segment: _Segment, start: int, forget: list[str], shipped: Shipped) -> int:
        """Ship one batch, or skip what cannot be shipped; the new position."""
        end, care = start, self._trial.begin(segment.name, start)
        try:
            end = self._carefully(segment, start, care, forget, shipped)
        except MemoryError as error:
            raise NoMemory(f"{segment.name}, byte {start}") from error  # as good as a death, for the trial
        except BaseException:
            self._trial.over(moved=False)
            raise
        self._trial.over(moved=end > start)
        return end

    def _carefully(
        self, segment: _Segment, start: int, care: Care, forget: list[str], shipped: Shipped
    ) -> int:
        if care >= Care.BARE:
            end = claimed_end(segment.fd, start)
            if end is not None and end <= segment.size:
                self._get_past(segment, Move(segment.name, start, end), care, shipped)
                return end
        read = read_one if care else read_batch
        batch = read(segment.fd, start, segment.size)
        if batch.entries:
            self._deliver(segment, batch.entries, Move(segment.name, start, batch.end), forget, shipped)
            return batch.end
        if segment.finished:
            return self._skip(segment, start, shipped)
        if batch.flaw is not None and batch.flaw.wanted == 0:
            text = f"{segment.name} is damaged at byte {start}; waiting for its writer to finish with it"
            self._say_once(segment.name, text)
        return start

    def _deliver(
        self, segment: _Segment, entries: Sequence[Entry], move: Move, forget: list[str], shipped: Shipped
    ) -> None:
        try:
            appended = self._ledger.append([self._call(entry) for entry in entries], move, forget)
        except Unstorable as error:
            self._deliver_singly(segment, entries, move, error, shipped)
            return
        forget.clear()
        self._said.pop(segment.name, None)
        shipped.calls += appended.calls
        shipped.bytes += move.end - move.start
        if appended.duplicates:
            shipped.duplicates += appended.duplicates
            self._say(f"{appended.duplicates} calls of {segment.name} were in the ledger already")

    def _call(self, entry: Entry) -> NewCall:
        """Raises `Unstorable` for one that nothing can be made of: it would be so again."""
        record, request, response = entry[0], entry[1], entry[2]
        try:
            return new_call(record, request, response, self._prices)
        except MemoryError:
            raise
        except Exception as error:
            raise Unstorable(_named(error)) from error

    def _deliver_singly(
        self, segment: _Segment, entries: Sequence[Entry], move: Move, error: Unstorable, shipped: Shipped
    ) -> None:
        """One call that cannot be stored must not hold up the others."""
        if len(entries) == 1:
            if found := self._ledger.fault():
                raise LedgerDamaged(found) from error
            self._set_aside(segment.fd, move, f"it cannot be stored ({error})", shipped)
            return
        begin = move.start
        for entry in entries:
            end = move.start + entry.end
            self._deliver(segment, [entry], Move(segment.name, begin, end), [], shipped)
            begin = end

    def _get_past(self, segment: _Segment, move: Move, care: Care, shipped: Shipped) -> None:
        """A record that process after process has died of: without its bodies, or not at all."""
        entry = None if care == Care.ASIDE else read_bare(segment.fd, move.start, move.end)
        if entry is None:
            self._set_aside(segment.fd, move, "the shipper died of it, again and again", shipped)
            return
        copy = self._skipped.copy(segment.fd, move)
        self._deliver(segment, [_bare(entry)], move, [], shipped)
        self._skipped.tell("LEFT OUT THE BODIES of", move, "the shipper died of them, again and again", copy)

    def _skip(self, segment: _Segment, start: int, shipped: Shipped) -> int:
        """Get past what is no sound frame in a finished segment."""
        gap = find_gap(segment.fd, start, segment.size)
        if gap.torn:
            shipped.torn += 1
            self._say(f"{segment.name} ends in a call whose writer died before its answer was finished")
        else:
            self._set_aside(segment.fd, Move(segment.name, start, gap.end), "it is damaged", shipped)
        return gap.end

    def _set_aside(self, fd: int, move: Move, why: str, shipped: Shipped) -> None:
        """Keep a copy of a range that cannot be shipped, then go past it."""
        copy = self._skipped.copy(fd, move)
        self._ledger.append((), move)
        shipped.damaged += 1
        self._skipped.tell("SKIPPED", move, why, copy)

    def _remove(self, name: str, shipped: Shipped) -> None:
        if not self._ledger.retire(name):
            return  # it is looked at again in the next step
        (self._folder / name).unlink(missing_ok=True)
        sync_folder(self._folder)  # or a deleted segment could come back after its position was forgotten
        shipped.removed += 1

    def _say_once(self, about: str, text: str) -> None:
        if self._said.get(about) != text:
            self._said[about] = text
            self._say(text)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _bare(entry: Entry) -> Entry:
    """A record without its bodies, which says so."""
    record = entry.record
    why = Event(UNKEPT, record.duration_us, "not kept: the shipper died of them, again and again")
    record = msgspec.structs.replace(record, bodies=False, trail=(*record.trail, why))
    return Entry(record, b"", b"", entry.end)
