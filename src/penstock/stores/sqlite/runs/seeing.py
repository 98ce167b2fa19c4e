"""Taking up what was seen and what was made, within a transaction: whichever comes first, the same comes of both.

What a sighting makes of a run is asked of `runs/becoming.py`; how runs are stored is in `shelf.py`. A run that nobody
has made is a stranger, remembered until somebody has.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec.structs import replace

from penstock.runs import becoming
from penstock.runs.evidence import Evidence
from penstock.runs.money import COMPLETED
from penstock.runs.run import Charge, Run, RunKind, SeenBy, Sighting
from penstock.stores.runs import Moment, Seen
from penstock.stores.sqlite.runs.rows import is_over, told_by
from penstock.stores.sqlite.runs.shelf import Shelf

_ADOPTED: Final = "adopted"
_OF_MONITORS: Final = "trigger"


class Packed(NamedTuple):
    """What was seen, and the result that came with it, compressed, with what it rests on; empty where none is kept."""

    seen: Seen
    result: bytes = b""
    rests_on: Evidence = Evidence()


def saw(shelf: Shelf, packed: Packed) -> Run | None:
    """The run, where it has come to its end by that."""
    sighting, by, now_us, _, content_type = packed.seen
    known = shelf.find(sighting.id)
    if known is None:
        parent = shelf.find(sighting.parent) if sighting.parent else None
        if parent is None or parent[1].owner is None:
            _saw_stranger(shelf, sighting, by, now_us)
            return None
        key, run = _adopt(shelf, becoming.adopted(sighting, parent[1], by, now_us))
        was_over = False
    else:
        key, was = known
        run = becoming.become(was, shelf.news(key, sighting), by, now_us)
        shelf.store(key, was, run, now_us, by)
        was_over = is_over(was)
    if packed.result and run.state == COMPLETED:
        shelf.keep_result(key, packed.result, content_type, now_us, packed.rests_on)
    return run if is_over(run) and not was_over else None


def made(shelf: Shelf, run: Run, now_us: int) -> None:
    """A run that was made. It may be known: as a stranger, by its group, or because that was told before."""
    known = shelf.find(run.id)
    if known is None:
        _made_anew(shelf, run, now_us)
        return
    key, was = known
    if was.owner is None or (_ADOPTED in was.flags and was.origin == run.origin):
        shelf.store(key, was, becoming.claimed(was, run, now_us), now_us, SeenBy.CREATE)


def ordered(shelf: Shelf, run_id: str, charge: Charge, now_us: int) -> Charge | None:
    """More was ordered of a run: the charge as it bears it; None where it is none of which more can be ordered.

    One that was made elsewhere is known from then on, and nobody's.
    """
    known = shelf.find(run_id)
    if known is None:
        kind = RunKind.MONITOR if charge.what == _OF_MONITORS else RunKind.FINDALL
        run = _stranger(shelf, run_id, kind)
        run = run or becoming.foreign(Sighting(id=run_id, kind=kind), SeenBy.CREATE, now_us)
        known = _take_in(shelf, run, now_us), run
    key, was = known
    run = becoming.reopened(was, charge, now_us)
    shelf.store(key, was, run, now_us, SeenBy.CREATE)
    return next(
        (one for one in run.charges if (one.call_id, one.what) == (charge.call_id, charge.what)), None
    )


def _made_anew(shelf: Shelf, run: Run, now_us: int) -> None:
    stranger = _stranger(shelf, run.id, run.kind)
    found = run if stranger is None else becoming.claimed(stranger, run, now_us)
    key = shelf.add(found, now_us)
    shelf.add_moment(key, Moment(run.created_us, run.state, run.seen_by))
    if found.state != run.state:
        shelf.add_moment(key, Moment(found.since_us, found.state, found.seen_by))
    shelf.drop_stranger(run.id)
    if run.kind is RunKind.GROUP:
        for child in shelf.strangers_of(run.id):
            _adopt(shelf, becoming.adopted(told_by(child), found, child.seen_by, child.seen_us))


def _adopt(shelf: Shelf, run: Run) -> tuple[int, Run]:
    stranger = _stranger(shelf, run.id, run.kind)
    if stranger is not None:
        run = becoming.become(run, told_by(stranger), stranger.seen_by, stranger.seen_us)
    return _take_in(shelf, run, run.seen_us), run


def _take_in(shelf: Shelf, run: Run, now_us: int) -> int:
    """A run that was only seen, until now."""
    key = shelf.add(run, now_us)
    shelf.add_moment(key, Moment(now_us, run.state, run.seen_by))
    shelf.drop_stranger(run.id)
    return key


def _stranger(shelf: Shelf, run_id: str, kind: RunKind) -> Run | None:
    """What was seen of it before; an id that was seen as something else says nothing of it."""
    run = shelf.stranger(run_id)
    return run if run is not None and run.kind is kind else None


def _saw_stranger(shelf: Shelf, sighting: Sighting, by: SeenBy, now_us: int) -> None:
    """Executions are not counted: whoever makes it will see them again."""
    known = shelf.stranger(sighting.id)
    told = replace(sighting, executions=())
    if known is None:
        shelf.keep_stranger(becoming.foreign(told, by, now_us), now_us)
    elif (run := becoming.become(known, told, by, now_us)) != known:
        shelf.keep_stranger(run, now_us)
