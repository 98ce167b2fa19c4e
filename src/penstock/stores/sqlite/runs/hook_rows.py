"""Events of webhooks as rows of the SQLite run ledger, and back; listing and finding them.

A row that cannot be read is none: one that is damaged must not hide all others. What becomes of events is in
`hooks.py`.
"""

from __future__ import annotations

import sqlite3
from typing import Final
from urllib.parse import urlsplit

import msgspec

from penstock.runs.hooks import HookEvent
from penstock.stores.hooks import HookQuery
from penstock.stores.sqlite.runs.rows import whole

EVENT_COLUMNS: Final = (
    "id", "account", "gateway", "place", "host", "state", "came_us", "next_us", "is_done", "size", "event",
)  # fmt: skip

_LAST: Final = "\U0010ffff"
_BEGINNING: Final = "SELECT event FROM hook_events WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
_ENDING: Final = "SELECT event FROM hook_events WHERE substr(id, ?) = ? ORDER BY number DESC LIMIT ?"

Value = str | int | None

_to_json = msgspec.json.Encoder().encode
_event = msgspec.json.Decoder(HookEvent).decode


def event_row(event: HookEvent) -> dict[str, Value]:
    """The values of `EVENT_COLUMNS`."""
    return {
        "id": whole(event.id),
        "account": event.account,
        "gateway": event.gateway,
        "place": place_of(event.account, event.gateway),
        "host": host_of(event.url),
        "state": event.state.value,
        "came_us": event.came_us,
        "next_us": event.next_us if event.done_us is None else None,
        "is_done": int(event.done_us is not None),
        "size": event.size,
        "event": whole(_to_json(event).decode()),
    }


def event_of(packed: str) -> HookEvent | None:
    """None where it is damaged."""
    try:
        return _event(packed)
    except (msgspec.MsgspecError, UnicodeError, TypeError):
        return None


def place_of(account: str, gateway: str) -> str:
    """A gateway, as people write it."""
    return f"{account}/{gateway}"


def host_of(url: str) -> str:
    """Who is to take it: host and port."""
    return urlsplit(url).netloc.lower()


def events(db: sqlite3.Connection, where: HookQuery, limit: int) -> list[HookEvent]:
    """Those that came last first."""
    parts, values = ["1"], list[Value]()
    if where.account is not None:
        parts.append("account = ?")
        values.append(whole(where.account))
    for name, wanted in (("gateway", where.gateways), ("state", tuple(one.value for one in where.states))):
        if wanted:
            parts.append(f"{name} IN ({', '.join('?' * len(wanted))})")
            values += map(whole, wanted)
    if where.since_us is not None:
        parts.append("came_us >= ?")
        values.append(where.since_us)
    if where.before is not None:
        parts.append("number < ?")
        values.append(where.before)
    if where.run:  # as `event_row` writes it: within a text the quotes would be escaped
        parts.append("instr(event, ?)")
        values.append(f'"run_id":{_to_json(whole(where.run)).decode()}')
    rows = db.execute(
        f"SELECT event FROM hook_events WHERE {' AND '.join(parts)} ORDER BY number DESC LIMIT ?",
        (*values, limit),
    )
    return _readable(rows.fetchall())


def one(db: sqlite3.Connection, number: int) -> HookEvent | None:
    """None also where it is damaged."""
    found = _readable(db.execute("SELECT event FROM hook_events WHERE number = ?", (number,)).fetchall())
    return found[0] if found else None


def find(db: sqlite3.Connection, part: str, limit: int) -> list[HookEvent]:
    """By the beginning of their ids, else by the end."""
    part = whole(part)
    rows = db.execute(_BEGINNING, (part, part + _LAST, limit)).fetchall()
    if not rows and part:
        rows = db.execute(_ENDING, (-len(part), part, limit)).fetchall()
    return _readable(rows)


def body(db: sqlite3.Connection, number: int) -> bytes:
    """As it came."""
    row = db.execute("SELECT body FROM hook_events WHERE number = ?", (number,)).fetchone()
    return b"" if row is None else bytes(row[0])


def _readable(rows: list[tuple[str]]) -> list[HookEvent]:
    return [event for (packed,) in rows if (event := event_of(packed)) is not None]
