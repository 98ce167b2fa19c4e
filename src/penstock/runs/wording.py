"""Runs in words of people, on a terminal and on pages alike: how they stand, how far they are, who has made them.

Pure. Of text of others, whatever stands in it: it is escaped where it is put out.
"""

from __future__ import annotations

from typing import Final, Literal

from penstock.runs.run import Money, Run, RunKind, SeenBy

NONE: Final = "-"
"""What is not known, or not there."""

HOPELESS: Final = frozenset({"stale", "gone", "unreachable", "unsettled"})
"""Flags that say why nothing may come of a run any more."""

Tone = Literal["good", "going", "stopped", "failed", ""]
"""What a state means to people: it came well to its end, goes on, was stopped, or failed."""

_TONES: Final[dict[str, Tone]] = {
    "completed": "good",
    "failed": "failed",
    "error": "failed",
    "cancelled": "stopped",
    "canceled": "stopped",
    "cancelling": "stopped",
    "action_required": "stopped",
}
_PAID_ELSEWHERE: Final = {RunKind.GROUP: "its runs are paid", RunKind.RESPONSE: "what it costs is its call's"}
_MONEY: Final = {
    Money.ESTIMATED: "its end is still to come",
    Money.SETTLED: "settled",
    Money.VOID: "nothing is paid: it has not completed",
    Money.UNPRICED: "nobody knows its price",
}
_THROUGH: Final = {
    SeenBy.CREATE: "the call that made it",
    SeenBy.READ: "a caller's reading",
    SeenBy.STREAM: "a stream",
    SeenBy.POLL: "the gateway's own look",
    SeenBy.WEBHOOK: "a webhook",
}


def state(run: Run) -> str:
    """Its state, and why nothing may come of it."""
    told = [flag for flag in run.flags if flag in HOPELESS]
    return f"{run.state} ({', '.join(told)})" if told else run.state


def tone_of(state: str) -> Tone:
    """What a state means; empty for one that goes on, and for what nobody knows."""
    return _TONES.get(state, "")


def tone(run: Run) -> Tone:
    """What the state of a run means, and its flags."""
    if not HOPELESS.isdisjoint(run.flags):
        return "failed"
    return tone_of(run.state) or ("going" if run.is_active else "")


def money(run: Run) -> str:
    """How certain its cost is."""
    if run.money is Money.NONE:
        return _PAID_ELSEWHERE.get(run.kind, "nothing is paid for it")
    if run.money is Money.ESTIMATED and not run.is_active:
        return "it has ended, and is still to be settled"
    return _MONEY[run.money]


def progress(run: Run) -> str:
    """How far it has come, as its kind tells it."""
    match run.kind:
        case RunKind.FINDALL if run.matched is not None:
            return f"{run.matched}/{NONE if run.generated is None else run.generated}"
        case RunKind.GROUP if run.counts:
            return f"{run.counts.get('completed', 0)}/{sum(run.counts.values())}"
        case RunKind.MONITOR if run.executions:
            return f"{run.executions}x"
        case _:
            return NONE if run.progress is None else f"{run.progress:.0f}%"


def owner(run: Run) -> str:
    """Who has made it: the user, the token, or a key of the provider's."""
    made_by = run.owner
    if made_by is None:
        return NONE
    key = f"key {made_by.credential[:8]}" if made_by.credential else NONE
    return made_by.user or made_by.token or key


def through(by: SeenBy) -> str:
    """Through what something was seen."""
    return _THROUGH[by]
