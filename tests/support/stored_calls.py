"""Calls for the tests of the stores."""

from __future__ import annotations

import msgspec

from penstock.journal.record import CallRecord
from penstock.stores.ledger import Derived, Move, NewCall

BASE = CallRecord(
    "id", "event", 1_760_000_000_000_000, "acc", "main", "openai", "POST", "chat/completions", 200, 0, 12_345,
    9_000, 100, 200, False, False, True, "application/json", "application/json", "", "", "tests", 0, False,
    True, None, "", {}, {}, "",
)  # fmt: skip
NOTHING = Derived(None, None, None, None, None, None)


def uuid(number: int, created_us: int | None = None) -> str:
    """The id of the call with this number; it differs at both ends from those of others."""
    moment = BASE.created_us + number * 1_000_000 if created_us is None else created_us
    digits = f"{moment // 1000:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8{moment % 1000:03x}-{number * 7919:012x}"


def call(
    number: int, derived: Derived = NOTHING, bodies: tuple[bytes, bytes] = (b"q", b"a"), **changes: object
) -> NewCall:
    """A call that began `number` seconds after the others."""
    created_us = changes.get("created_us", BASE.created_us + number * 1_000_000)
    assert isinstance(created_us, int)
    call_id = uuid(number, created_us)
    own = {"id": call_id, "event_id": call_id, "created_us": created_us}
    return NewCall(msgspec.structs.replace(BASE, **{**own, **changes}), derived, *bodies)


def step(number: int, segment: str = "s") -> Move:
    """The `number`-th move of ten bytes."""
    return Move(segment, number * 10, number * 10 + 10)


def _model(name: str) -> Derived:
    return Derived(name, None, None, None, None, None)


VARIOUS: list[NewCall] = [
    call(0, _model("openai/gpt-4o")),
    call(1, _model("openai/gpt-4o-mini"), status=404),
    call(2, _model("anthropic/claude"), provider="anthropic", gateway="other"),
    call(3, provider="parallel", status=502, outcome=2, metadata={"user": "Ann", "n": 12, "ok": True}),
    call(
        4, Derived("openrouter/gpt-4o", None, None, 7, 8, None, 1_500_000), provider="openrouter", outcome=1
    ),
    call(5, provider="parallel", status=429, account="second", event_id="An event"),
]
