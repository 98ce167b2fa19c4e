"""Calls for the tests of the stores."""

from __future__ import annotations

import msgspec

from penstock.stores.ledger import Derived, Move, NewCall
from penstock.telemetry.record import CallRecord

BASE = CallRecord(
    "id", "event", 1_760_000_000_000_000, "acc", "main", "openai", "POST", "chat/completions", 200, 0, 12_345,
    9_000, 100, 200, False, False, True, "application/json", "application/json", "", "", "tests", 0, False,
    True, None, "", {}, {}, "",
)  # fmt: skip
NOTHING = Derived(None, None, None, None, None, None)


def uuid(number: int) -> str:
    """An id that sorts by its number and differs at both ends."""
    return f"{number:08x}-0000-7000-8000-{number * 7919:012x}"


def call(
    number: int, derived: Derived = NOTHING, bodies: tuple[bytes, bytes] = (b"q", b"a"), **changes: object
) -> NewCall:
    """A call that began `number` seconds after the others."""
    own = {"id": uuid(number), "event_id": uuid(number), "created_us": BASE.created_us + number * 1_000_000}
    return NewCall(msgspec.structs.replace(BASE, **{**own, **changes}), derived, *bodies)


def step(number: int, segment: str = "s") -> Move:
    """The `number`-th move of ten bytes."""
    return Move(segment, number * 10, number * 10 + 10)
