"""The audit of the SQLite directory: what an entry says of a change, and how entries are kept and listed.

What is secret is told apart by a mark: another one after the secret has changed, and nothing else is learnt
from it. The verbs that make entries are in `store.py`.
"""

from __future__ import annotations

import sqlite3
from hashlib import sha256

import msgspec

from penstock.stores.audit_entry import Action, AuditEntry, Json
from penstock.stores.control_store import (
    Noun,
    SecretHash,
    StoredGateway,
    Token,
)
from penstock.stores.sqlite.control_store.tables import Row, table_of

Document = dict[str, Json]

_MARK_DIGITS = 6
_COLUMNS = 'number, at_us, actor, action, kind, account, subject, "before", "after"'
_GROWING = ("versions", "deployments")  # of a route; nothing in them ever changes
_MARKED = ("secrets", "sealed", "sealed_headers")
_MASTER_KEY = "master_key"

_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder(Document).decode


class Stamp(msgspec.Struct, frozen=True):
    """Who did something, and when."""

    at_us: int
    actor: str


def mark(secret: bytes) -> str:
    """What stands in the audit in place of something secret."""
    return f"sealed:{sha256(secret).hexdigest()[:_MARK_DIGITS]}"


def record(db: sqlite3.Connection, stamp: Stamp, old: Noun | None, new: Noun | None) -> None:
    """Enters a change of one noun: None before it was made, and after it was removed."""
    noun = new or old
    assert noun is not None
    action: Action = "create" if old is None else "delete" if new is None else "update"
    before = None if old is None else _document(old)
    after = None if new is None else _document(new)
    if before is not None and after is not None:
        before, after = _difference(before, after)
    _insert(
        db,
        stamp,
        action,
        table_of(type(noun)).kind,
        "" if isinstance(noun, Token) else noun.account,
        noun.gateway if isinstance(noun, StoredGateway) else noun.id,
        before,
        after,
    )


def record_reseal(db: sqlite3.Connection, stamp: Stamp, old_label: bytes, new_label: bytes) -> None:
    """Enters that all secrets were sealed anew."""
    before: Document = {"label": mark(old_label)}
    after: Document = {"label": mark(new_label)}
    _insert(db, stamp, "update", _MASTER_KEY, "", "", before, after)


def entries(db: sqlite3.Connection, account: str | None, limit: int, before: int | None) -> list[AuditEntry]:
    """The newest entries first; damaged ones raise `msgspec.MsgspecError`."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM audit"
        " WHERE (:account IS NULL OR account = :account) AND (:before IS NULL OR number < :before)"
        " ORDER BY number DESC LIMIT :limit",
        {"account": account, "before": before, "limit": limit},
    )
    return [_entry(row) for row in rows]


def _insert(
    db: sqlite3.Connection,
    stamp: Stamp,
    action: Action,
    kind: str,
    account: str,
    subject: str,
    before: Document | None,
    after: Document | None,
) -> None:
    texts = [None if one is None else _to_json(one).decode() for one in (before, after)]
    db.execute(
        f"INSERT INTO audit ({_COLUMNS}) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
        [stamp.at_us, stamp.actor, action, kind, account, subject, *texts],
    )


def _entry(row: Row) -> AuditEntry:
    fields = dict(zip(AuditEntry.__struct_fields__, row, strict=True))
    for name in ("before", "after"):
        fields[name] = None if fields[name] is None else _from_json(fields[name])
    return msgspec.convert(fields, AuditEntry)


def _document(noun: Noun) -> Document:
    """All fields of a noun, secrets as marks."""
    values = {name: getattr(noun, name) for name in noun.__struct_fields__}
    for name in _MARKED:
        if values.get(name) is not None:
            values[name] = _marked(values[name])
    return _from_json(_to_json(values))


def _marked(secret: bytes | tuple[SecretHash, ...]) -> Json:
    if isinstance(secret, bytes):
        return mark(secret)
    return [{"secret": mark(one.salt + one.digest), "expires_us": one.expires_us} for one in secret]


def _difference(before: Document, after: Document) -> tuple[Document, Document]:
    """The fields that changed."""
    names = [name for name, value in after.items() if before[name] != value]
    old, new = ({name: one[name] for name in names} for one in (before, after))
    for name in _GROWING:
        if name in new:
            old[name], new[name] = _apart(old[name], new[name])
    return old, new


def _apart(old: Json, new: Json) -> tuple[Json, Json]:
    assert isinstance(old, list)
    assert isinstance(new, list)
    return [one for one in old if one not in new], [one for one in new if one not in old]
