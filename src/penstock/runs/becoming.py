"""What becomes of a run when something is seen of it: which state counts, what is an end, when its money settles.

Pure; engines ask within the transaction that stores the answer, so that the end that comes first settles. What it
comes to is reckoned in `money.py`. `is_active` decides, the word explains; words that nobody knows are kept as they
are (Parallel 2.9.1, 2.12.2, 2.13.5, 8.3).
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from penstock.runs.money import COMPLETED, estimated, first_money, run_charge, settled, voided, with_finals
from penstock.runs.run import Charge, Money, Run, RunKind, SeenBy, Sighting

AGAIN_US: Final = 60 * 1_000_000
"""A FindAll run settles when its counts are the same so long after they were first seen: work under way at its end
is charged too.
"""
_MOST_COUNTED: Final = 1_000_000  # of anything; more would make sums that no store can hold
_CANCELLED = frozenset({"cancelled", "canceled"})
_ENDS: Final = {
    RunKind.TASK: _CANCELLED | {COMPLETED, "failed"},
    RunKind.GROUP: frozenset[str](),
    RunKind.FINDALL: _CANCELLED | {COMPLETED, "failed"},
    RunKind.MONITOR: _CANCELLED,
    RunKind.RESPONSE: _CANCELLED | {COMPLETED, "failed", "incomplete"},
}
_FRESH = frozenset({SeenBy.READ, SeenBy.POLL})  # what tells how it is now, and not how it once was
_UNSETTLED = "unsettled"
_UNSEEN = frozenset({"gone", "unreachable", _UNSETTLED})  # flags of a run that cannot be seen
_UNENDED = _UNSEEN | {"stale"}  # and of one that has no end


def become(run: Run, sighting: Sighting, by: SeenBy, now_us: int) -> Run:
    """What a sighting makes of a run; the run itself where it tells nothing new.

    An end wins over all else, and no later one changes it or its cost, but that a FindAll run may come back, or
    turn out to have found more, and a monitor to have been executed more often. Otherwise the newer one wins, by the
    provider's clock. All `executions` are taken for new: which names were counted before is the store's to know.
    """
    if sighting.id != run.id or sighting.kind is not run.kind:
        return run
    if _is_news(run, sighting, by, now_us):
        run = _judged(run, _taken(run, sighting, by, now_us), sighting, by, now_us)
    else:
        run = _filled(run, sighting)
    return _executed(run, sighting, by, now_us) if sighting.executions else run


def foreign(sighting: Sighting, by: SeenBy, now_us: int) -> Run:
    """A run of which nobody knows who has made it: nothing is paid for it, until it is `claimed`."""
    run = Run(
        id=sighting.id, kind=sighting.kind, created_us=now_us, since_us=now_us, seen_by=by, money=Money.NONE
    )
    return become(run, sighting, by, now_us)


def adopted(sighting: Sighting, parent: Run, by: SeenBy, now_us: int) -> Run:
    """A task run that is seen in a group, and that no known call has made: it is whose the group is.

    The call that made the group bears its price; of a group that is nobody's, nothing is paid.
    """
    is_ours = parent.owner is not None and sighting.kind is RunKind.TASK
    charges = (run_charge(RunKind.TASK, parent.call_id, sighting.product),) if is_ours else ()
    run = Run(
        id=sighting.id,
        kind=sighting.kind,
        owner=parent.owner,
        call_id=parent.call_id,
        parent=parent.id,
        created_us=now_us,
        since_us=now_us,
        seen_by=by,
        money=first_money(sighting.kind, charges) if is_ours else Money.NONE,
        charges=charges,
        stored_key=parent.stored_key,
        origin=parent.origin,
        flags=("adopted",),
    )
    return become(run, sighting, by, now_us)


def claimed(run: Run, made: Run, now_us: int) -> Run:
    """A run that was seen before it was known who has made it, and what the call that has says of it.

    It keeps its state. One that has an owner keeps that, too, unless it was only adopted.
    """
    is_adopted = "adopted" in run.flags
    if run.kind is not made.kind or (run.owner is not None and not is_adopted):
        return run
    own = tuple(replace(charge, call_id=made.call_id) for charge in run.charges if charge.what == "run")
    more = tuple(charge for charge in run.charges if charge.what != "run")  # was ordered meanwhile
    found = replace(
        run,
        owner=made.owner,
        call_id=made.call_id,
        parent=run.parent or made.parent,
        product=run.product or made.product,
        metadata=run.metadata or made.metadata,
        created_us=min(run.created_us, made.created_us),
        money=made.money if run.money is Money.NONE else run.money,
        charges=(*(own or made.charges), *more),
        stored_key=made.stored_key,
        origin=made.origin,
        flags=tuple(flag for flag in run.flags if flag != "adopted"),
    )
    if found.settled_us is not None:
        return settled(found, found.settled_us)
    found = estimated(found)
    if _settles(found):
        return settled(found, now_us)
    return with_finals(found) if found.executions else found


def reopened(run: Run, charge: Charge, now_us: int) -> Run:
    """A run of which more was ordered and the provider has taken it: of FindAll, which may have ended, or a monitor.

    A call orders once, however often it is told.
    """
    is_told = any((other.call_id, other.what) == (charge.call_id, charge.what) for other in run.charges)
    if is_told or run.kind not in (RunKind.FINDALL, RunKind.MONITOR):
        return run
    run = replace(run, charges=(*run.charges, charge), money=Money.ESTIMATED)
    if not has_ended(run):
        return estimated(run)
    if run.kind is RunKind.MONITOR:
        return settled(run, now_us)
    return estimated(
        replace(
            run,
            state="queued",
            is_active=True,
            since_us=now_us,
            revision=run.revision + 1,
            error="",
            progress=None,
        )
    )


def given_up(run: Run, now_us: int) -> Run:
    """A run that has been open for so long that nobody waits for its end any more: what it might have cost is given
    back, and marked `unsettled`. Its word stays, and an end that is seen after all is paid.

    A FindAll run that has ended, and that nobody has looked at again, costs what its counts say.
    """
    if run.settled_us is not None or run.kind in (RunKind.GROUP, RunKind.MONITOR):
        return run
    if has_ended(run):
        return run if run.money is Money.NONE else settled(run, now_us)
    idle = replace(run, is_active=False, since_us=now_us)
    return idle if run.money is Money.NONE else voided(replace(idle, flags=(*run.flags, _UNSETTLED)), now_us)


def has_ended(run: Run) -> bool:
    """Whether it has come to an end; what it costs may still be unknown. A FindAll run may come back from it."""
    return _is_end(run.kind, run.state, run.is_active)


def is_active(sighting: Sighting) -> bool:
    """Whether something goes on, as far as one document tells: where it only has a word, each but those for ends."""
    if sighting.is_active is not None:
        return sighting.is_active
    return sighting.state not in _ENDS[sighting.kind]


# -- what is believed


def _is_end(kind: RunKind, state: str, is_active: bool) -> bool:
    """Whether nothing follows. Inactive under a word that is no end, only FindAll has ended: it goes by its counts."""
    return not is_active and (kind is RunKind.FINDALL or state in _ENDS[kind])


def _told(run: Run, sighting: Sighting) -> tuple[str, bool]:
    """State and activity with this sighting."""
    state = sighting.state
    if not state and sighting.has_output and run.kind in (RunKind.TASK, RunKind.RESPONSE):
        state = COMPLETED  # an output comes with no other
    if sighting.is_active is not None:
        return state or run.state, sighting.is_active
    return (state, state not in _ENDS[run.kind]) if state else (run.state, run.is_active)


def _is_newer(run: Run, sighting: Sighting) -> bool:
    then = sighting.modified_us
    return then is not None and (run.modified_us is None or then > run.modified_us)


def _is_older(run: Run, sighting: Sighting) -> bool:
    then = sighting.modified_us
    return then is not None and run.modified_us is not None and then < run.modified_us


def _is_news(run: Run, sighting: Sighting, by: SeenBy, now_us: int) -> bool:
    state, is_active = _told(run, sighting)
    is_end, is_newer = _is_end(run.kind, state, is_active), _is_newer(run, sighting)
    if run.kind is RunKind.FINDALL:
        return is_newer or _is_findall_news(run, sighting, is_end, by, now_us)
    if has_ended(run):
        return False
    if is_end or is_newer:
        return True
    goes_back = run.kind is RunKind.TASK and state == "queued" != run.state
    return not goes_back and not _is_older(run, sighting)


def _is_findall_news(run: Run, sighting: Sighting, is_end: bool, by: SeenBy, now_us: int) -> bool:
    """What is not newer. An end after it has come back may be the one that it had before: that was asked for
    earlier, unless it is told by somebody who has looked a while later.
    """
    if _is_older(run, sighting):
        return False
    if has_ended(run):
        return is_end
    is_late = by in _FRESH and now_us - run.since_us >= AGAIN_US
    return not is_end or run.revision == 0 or is_late


# -- what it makes of it


def _taken(run: Run, sighting: Sighting, by: SeenBy, now_us: int) -> Run:
    state, is_active = _told(run, sighting)
    comes_back = has_ended(run) and not _is_end(run.kind, state, is_active)
    is_newer = _is_newer(run, sighting)
    generated = _merged(run, run.generated, sighting.generated, is_newer)
    matched = _merged(run, run.matched, sighting.matched, is_newer)
    now_so = (state, is_active) if is_active else (state, is_active, generated, matched)
    so = (run.state, run.is_active) if is_active else (run.state, run.is_active, run.generated, run.matched)
    return replace(
        run,
        parent=run.parent or sighting.parent,
        product=sighting.product or run.product,
        metadata=run.metadata if sighting.metadata is None else sighting.metadata,
        seen_us=max(run.seen_us, now_us),
        seen_by=by,
        since_us=run.since_us if now_so == so else now_us,
        state=state,
        is_active=is_active,
        modified_us=sighting.modified_us if is_newer else run.modified_us,
        error=sighting.error or ("" if comes_back else run.error),
        progress=_progress(None if comes_back else run.progress, sighting.progress),
        generated=generated,
        matched=matched,
        counts=run.counts if sighting.counts is None else _bounded(sighting.counts),
        flags=tuple(flag for flag in run.flags if flag not in (_UNSEEN if is_active else _UNENDED)),
    )


def _filled(run: Run, sighting: Sighting) -> Run:
    """What an ignored sighting still knows: what does not change, where it was missing."""
    filled = replace(
        run,
        parent=run.parent or sighting.parent,
        product=run.product or sighting.product,
        metadata=run.metadata or sighting.metadata or {},
    )
    if filled == run:
        return run
    if run.money is not Money.UNPRICED:
        return filled
    return estimated(filled) if run.settled_us is None else settled(filled, run.settled_us)


def _judged(before: Run, run: Run, sighting: Sighting, by: SeenBy, now_us: int) -> Run:
    """Its money, by what it has become."""
    if not has_ended(run):
        if has_ended(before):
            return estimated(replace(run, revision=run.revision + 1))
        is_open = run.settled_us is None and run.money is not Money.UNPRICED
        return run if is_open else estimated(run)
    if run.kind is not RunKind.FINDALL:
        return settled(run, now_us) if _settles(run) else run
    if run.money is Money.NONE:
        return run
    if run.settled_us is not None:  # work that was under way at its end
        more = run.matched != before.matched or _UNSETTLED in before.flags
        return settled(replace(run, revision=run.revision + 1), now_us) if more else run
    is_again = has_ended(before) and run.since_us == before.since_us and now_us - run.since_us >= AGAIN_US
    is_a_look = by is not SeenBy.WEBHOOK and bool(sighting.state or sighting.is_active is not None)
    return settled(run, now_us) if is_again and is_a_look else run


def _settles(run: Run) -> bool:
    """Whether it is paid, and has an end that says at once what."""
    return run.money is not Money.NONE and run.kind is not RunKind.FINDALL and has_ended(run)


def _executed(run: Run, sighting: Sighting, by: SeenBy, now_us: int) -> Run:
    """More executions of a monitor, each paid (Parallel 2.13.4), also after it was cancelled."""
    if run.kind is not RunKind.MONITOR:
        return run
    executions = min(run.executions + len(set(sighting.executions)), _MOST_COUNTED)
    run = replace(run, executions=executions, seen_us=max(run.seen_us, now_us), seen_by=by)
    return with_finals(run) if run.settled_us is None else settled(run, now_us)


def _merged(run: Run, known: int | None, told: int | None, is_newer: bool) -> int | None:
    """A count. What was paid for was there, and of two at the same time the larger is the later."""
    if told is None:
        return known
    told = min(max(told, 0), _MOST_COUNTED)
    return told if known is None or (is_newer and run.settled_us is None) else max(known, told)


def _progress(known: float | None, told: float | None) -> float | None:
    """A stream that is begun anew tells all from the beginning, so it only grows."""
    if told is None or told != told:  # not a number
        return known
    return max(known or 0.0, min(max(told, 0.0), 100.0))


def _bounded(counts: dict[str, int]) -> dict[str, int]:
    return {state: min(max(count, 0), _MOST_COUNTED) for state, count in counts.items()}
