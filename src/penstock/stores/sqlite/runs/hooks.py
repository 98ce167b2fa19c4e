"""Webhooks in the SQLite run ledger: what is remembered of requests, and events that are taken up and sent on.

Within a transaction of somebody else's. What an event tells of a run is taken up as any other sighting, in `seeing.py`;
when one is sent again is decided in `runs/hooks.py`. Rows are made and read in `hook_rows.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from typing import Final

from msgspec.structs import replace

from penstock.runs.created import Maker
from penstock.runs.created import made as made_by
from penstock.runs.hooks import TRIED_US, Hook, HookEvent, HookState, again, failed
from penstock.runs.places import Act, what
from penstock.runs.run import Outcome, SeenBy, Sighting
from penstock.stores.hooks import (
    KEPT_US,
    MOST_CHANGES,
    MOST_HOOKS_OF_RUN,
    MOST_MARKS,
    MOST_WAITING,
    MOST_WAITING_BYTES,
    Arrived,
    HookDue,
    Places,
    Taken,
)
from penstock.stores.runs import Made, Seen
from penstock.stores.sqlite.runs import creates, hook_rows
from penstock.stores.sqlite.runs.hook_rows import EVENT_COLUMNS, event_of, event_row, place_of
from penstock.stores.sqlite.runs.rows import MOST_ANSWER, compressed, create_of, digest, storable
from penstock.stores.sqlite.runs.seeing import Packed
from penstock.stores.sqlite.runs.seeing import saw as run_saw
from penstock.stores.sqlite.runs.shelf import Shelf
from penstock.stores.sqlite.runs.sums import Sums

_MOST_DOCUMENT: Final = 64 * 1024  # bytes of one that waits for its request's answer
_LOOKED_AT: Final = (
    500  # events that are due, in one step: behind those of a host that has its share, more follow
)
_TRIMMED_EVERY: Final = 256  # marks
_AT_ONCE: Final = 1000
_NO_ROOM: Final = "too many events of its gateway waited"
_UNANSWERED: Final = (Outcome.INTENT, Outcome.UNKNOWN)
_ONE_RUN: Final = (Act.MAKE_TASK, Act.MAKE_FINDALL)  # an event has the whole of what these make

_ADD_HOOK: Final = (
    "INSERT OR IGNORE INTO hooks (id, account, gateway, url, call_id, made_us, run)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_CUT_HOOKS: Final = (
    "DELETE FROM hooks WHERE run = ? AND run <> '' AND key <="
    " (SELECT key FROM hooks WHERE run = ? AND run <> '' ORDER BY key DESC LIMIT 1 OFFSET ?)"
)
_CUT_CHANGES: Final = (
    "DELETE FROM hooks WHERE account = ? AND gateway = ? AND run <> '' AND key <="
    " (SELECT key FROM hooks WHERE account = ? AND gateway = ? AND run <> ''"
    " ORDER BY key DESC LIMIT 1 OFFSET ?)"
)
_HOOK: Final = "SELECT key, url, call_id FROM hooks WHERE id = ? AND account = ? AND gateway = ?"
_KEEP_DOCUMENT: Final = "UPDATE hooks SET document = ? WHERE key = ?"
_UNTOLD: Final = "SELECT key, call_id, document FROM hooks WHERE document <> x'' LIMIT ?"
_CREATE: Final = "SELECT sent, outcome FROM creates WHERE call_id = ?"
_MARK: Final = "INSERT OR IGNORE INTO hook_marks (place, mark, seen_us) VALUES (?, ?, ?)"
_CUT_MARKS: Final = (
    "DELETE FROM hook_marks WHERE place = ? AND number <="
    " (SELECT number FROM hook_marks WHERE place = ? ORDER BY number DESC LIMIT 1 OFFSET ?)"
)
_ADD: Final = (
    f"INSERT INTO hook_events ({', '.join(EVENT_COLUMNS)}, body)"
    f" VALUES ({', '.join(f':{name}' for name in EVENT_COLUMNS)}, :body)"
)
_CHANGED: Final = ", ".join(f"{name} = :{name}" for name in EVENT_COLUMNS)
_SET: Final = f"UPDATE hook_events SET {_CHANGED} WHERE number = :number"
_LOAD: Final = "SELECT count(*), coalesce(sum(size), 0) FROM hook_events WHERE place = ? AND is_done = ?"
_OLDEST: Final = (
    "SELECT number, size, event FROM hook_events WHERE place = ? AND is_done = ? ORDER BY number LIMIT ?"
)
_DROP: Final = "DELETE FROM hook_events WHERE number = ?"
_ANY_DUE: Final = "SELECT 1 FROM hook_events WHERE next_us IS NOT NULL AND next_us <= ? LIMIT 1"
_LEASE: Final = "UPDATE hook_events SET next_us = ?, holder = ? WHERE number = ?"
_GET: Final = "SELECT event, body FROM hook_events WHERE number = ?"
_OLD_MARKS: Final = (
    "DELETE FROM hook_marks WHERE number IN (SELECT number FROM hook_marks WHERE seen_us < ? LIMIT ?)"
)
_OLD_EVENTS: Final = (
    "DELETE FROM hook_events WHERE number IN"
    " (SELECT number FROM hook_events WHERE came_us < ? AND next_us IS NULL LIMIT ?)"
)


def hooked(db: sqlite3.Connection, hooks: Sequence[Hook]) -> None:
    """Of runs that are changed, the latest few of each count: events of others may still be on their way. Anybody may
    ask to have one changed that there is not, so they are bounded in all.
    """
    for hook in hooks:
        db.execute(
            _ADD_HOOK,
            (hook.id, hook.account, hook.gateway, hook.url, hook.call_id, hook.made_us, hook.run),
        )
        if hook.run:
            place = hook.account, hook.gateway
            db.execute(_CUT_HOOKS, (hook.run, hook.run, MOST_HOOKS_OF_RUN))
            db.execute(_CUT_CHANGES, (*place, *place, MOST_CHANGES))


def urls(db: sqlite3.Connection, account: str, gateway: str, ids: Collection[str]) -> dict[str, str]:
    """Those that are known."""
    found = {name: db.execute(_HOOK, (name, account, gateway)).fetchone() for name in ids}
    return {name: row[1] for name, row in found.items() if row is not None}


def received(db: sqlite3.Connection, sums: Sums, arrived: Arrived) -> Taken:
    """In one step with what it tells of runs; nothing where it has come before."""
    shelf, place = Shelf(db, sums), place_of(arrived.account, arrived.gateway)
    marked = db.execute(_MARK, (place, digest(arrived.event_id), arrived.now_us))
    if marked.rowcount != 1:
        return Taken(is_new=False)
    if (marked.lastrowid or 0) % _TRIMMED_EVERY == 0:
        db.execute(_CUT_MARKS, (place, place, MOST_MARKS))
    for sighting in map(storable, arrived.told.sightings):
        if _may_tell(shelf, sighting, arrived):
            run_saw(shelf, Packed(Seen(sighting, SeenBy.WEBHOOK, arrived.now_us), b""))
    if not arrived.hook:
        return Taken()
    row = db.execute(_HOOK, (arrived.hook, arrived.account, arrived.gateway)).fetchone()
    if row is None:
        return Taken(is_lost=True)
    key, url, call_id = row
    if arrived.told.document:
        _keep_document(db, sums, key, call_id, arrived)
    if not url:
        return Taken()
    event = HookEvent(
        number=0,
        id=arrived.event_id,
        account=arrived.account,
        gateway=arrived.gateway,
        type=arrived.told.type,
        run_id=arrived.told.run_id,
        url=url,
        content_type=arrived.content_type,
        size=len(arrived.body),
        came_us=arrived.now_us,
        next_us=arrived.now_us,
        until_us=arrived.now_us + TRIED_US,
    )
    added = db.execute(_ADD, {**event_row(event), "body": arrived.body}).lastrowid or 0
    _store(db, replace(event, number=added))
    return Taken(given_up=_trim(db, place, arrived.now_us))


def is_any_due(db: sqlite3.Connection, now_us: int) -> bool:
    """Where there is none, nobody has to wait for the lock."""
    return db.execute(_ANY_DUE, (now_us,)).fetchone() is not None


def due(db: sqlite3.Connection, now_us: int, holder: str, lease_us: int, places: Places) -> list[HookDue]:
    """As many as there are places for, and of one host and one gateway no more than these may have at once."""
    hosts, gateways = places.hosts.copy(), places.gateways.copy()
    full_hosts = [host for host, count in hosts.items() if count >= places.of_host]
    full_gateways = [name for name, count in gateways.items() if count >= places.of_gateway]
    rows = db.execute(
        "SELECT number, host, place FROM hook_events WHERE next_us IS NOT NULL AND next_us <= ?"
        f" AND host NOT IN ({', '.join('?' * len(full_hosts))})"
        f" AND place NOT IN ({', '.join('?' * len(full_gateways))}) ORDER BY next_us, number LIMIT ?",
        (now_us, *full_hosts, *full_gateways, _LOOKED_AT),
    )
    numbers = list[int]()
    for number, host, place in rows:
        if len(numbers) >= places.limit:
            break
        if hosts[host] < places.of_host and gateways[place] < places.of_gateway:
            hosts[host] += 1
            gateways[place] += 1
            numbers.append(number)
    found = []
    for number in numbers:
        packed, body = db.execute(_GET, (number,)).fetchone()
        event = event_of(packed)
        if event is None:
            db.execute(_DROP, (number,))
        else:
            db.execute(_LEASE, (now_us + lease_us, holder, number))
            found.append(HookDue(event, body))
    return found


def sent(db: sqlite3.Connection, number: int, now_us: int) -> None:
    """Whatever has become of it meanwhile."""
    event = hook_rows.one(db, number)
    if event is not None:
        done = replace(event, state=HookState.SENT, tries=event.tries + 1, done_us=now_us, error="")
        _store(db, done)


def not_sent(
    db: sqlite3.Connection, number: int, now_us: int, error: str, after: float | None
) -> HookEvent | None:
    """One that was given up meanwhile stays so."""
    event = hook_rows.one(db, number)
    if event is None or event.state is not HookState.WAITING:
        return event
    event = failed(event, now_us, error, after)
    _store(db, event)
    return event


def replay(db: sqlite3.Connection, numbers: Sequence[int], now_us: int) -> int:
    """Those whose bodies are kept."""
    found = [event for number in numbers if (event := hook_rows.one(db, number)) is not None]
    for event in found:
        _store(db, again(event, now_us))
    return len(found)


def tidy(db: sqlite3.Connection, sums: Sums, now_us: int) -> int:
    """Forgets, and gives runs of requests whose answers were lost to who has sent them; how many."""
    before_us, claimed = now_us - KEPT_US, 0
    for key, call_id, document in db.execute(_UNTOLD, (_AT_ONCE,)).fetchall():
        outcome = _outcome(db, call_id)
        if outcome is Outcome.UNKNOWN:
            claimed += _claim(db, sums, call_id, bytes(document), now_us)
        if outcome is not Outcome.INTENT:
            db.execute(_KEEP_DOCUMENT, (b"", key))
    for statement in (_OLD_MARKS, _OLD_EVENTS):
        db.execute(statement, (before_us, _AT_ONCE))
    return claimed


# -- whose a run is


def _may_tell(shelf: Shelf, sighting: Sighting, arrived: Arrived) -> bool:
    """Whether the run is of the gateway whose account has signed, or nobody's: others' secrets are others' to guess
    with.
    """
    for name in (sighting.id, sighting.parent):
        known = shelf.find(name) if name else None
        owner = None if known is None else known[1].owner
        if owner is not None and (owner.account, owner.gateway) != (arrived.account, arrived.gateway):
            return False
    return True


def _keep_document(db: sqlite3.Connection, sums: Sums, key: int, call_id: str, arrived: Arrived) -> None:
    """An event came to the address that was made for one request: what it is about is what that request has made,
    though its answer is still to come, or was lost (search-and-runs C7 5, 6).
    """
    document, outcome = arrived.told.document, _outcome(db, call_id)
    if outcome is Outcome.UNKNOWN:
        _claim(db, sums, call_id, document, arrived.now_us)
    elif outcome is Outcome.INTENT and len(document) <= _MOST_DOCUMENT:
        db.execute(_KEEP_DOCUMENT, (document, key))


def _outcome(db: sqlite3.Connection, call_id: str) -> Outcome | None:
    row = db.execute(_CREATE, (call_id,)).fetchone()
    create = None if row is None else create_of(*row)
    return None if create is None else create.outcome


def _claim(db: sqlite3.Connection, sums: Sums, call_id: str, document: bytes, now_us: int) -> bool:
    """Whether the document says what that request has made; it is then how it was answered, for who repeats it."""
    row = db.execute(_CREATE, (call_id,)).fetchone()
    create = None if row is None else create_of(*row)
    ask = None if create is None else what(b"POST", create.path)
    if create is None or ask is None or ask.act not in _ONE_RUN:
        return False
    status = 202 if ask.act is Act.MAKE_TASK else 200
    by = Maker(call_id, create.owner, now_us)
    runs, _ = made_by(ask, b"{}", status, document, by)
    shelf = Shelf(db, sums)
    if not runs or any(shelf.find(run.id) is not None for run in runs):
        return False
    told = Made(call_id, Outcome.MADE, now_us, status, "application/json", document, create.receipts)
    told = told._replace(runs=[storable(run) for run in runs], custom=create.custom)
    creates.made(db, shelf, sums, told, compressed(document, MOST_ANSWER))
    return True


# -- events


def _store(db: sqlite3.Connection, event: HookEvent) -> None:
    db.execute(_SET, {**event_row(event), "number": event.number})


def _trim(db: sqlite3.Connection, place: str, now_us: int) -> int:
    """Gives up those that have waited longest where too many wait, and forgets the oldest of the others; how many were
    given up.
    """
    given_up = 0
    for number, packed in _too_many(db, place, is_done=False):
        event = event_of(packed)
        if event is None:
            db.execute(_DROP, (number,))
        else:
            _store(db, replace(event, state=HookState.GIVEN_UP, done_us=now_us, error=_NO_ROOM))
            given_up += 1
    for number, _ in _too_many(db, place, is_done=True):
        db.execute(_DROP, (number,))
    return given_up


def _too_many(db: sqlite3.Connection, place: str, *, is_done: bool) -> list[tuple[int, str]]:
    count, size = db.execute(_LOAD, (place, is_done)).fetchone()
    found = []
    for number, of_one, packed in db.execute(_OLDEST, (place, is_done, _AT_ONCE)):
        if count <= MOST_WAITING and size <= MOST_WAITING_BYTES:
            break
        found.append((number, packed))
        count, size = count - 1, size - of_one
    return found
