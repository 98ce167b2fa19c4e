"""Texts that come again and again, as numbers: the tables `names` and `places`.

A writer remembers the numbers it has seen lately, for as long as its transactions succeed; a reader asks for those
that a page needs. Which fields are kept so is in `fields.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from penstock.stores.sqlite.ledger.fields import FIELDS, TEXTS
from penstock.stores.sqlite.recent import Recent

_NOTHING: Final[dict[str | None, int | None]] = {None: None, "": None}
_MOST_PLACES: Final = 10_000


class Names:
    """The writer's side: the number of a text, made when it is new. Only within a transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._recent: dict[str, Recent[str | None, int | None]] = {field: Recent(_NOTHING) for field in TEXTS}
        self._places: dict[tuple[str, str], int] = {}

    def numbers(self, field: str, texts: Sequence[str | None]) -> list[int | None]:
        """The numbers of many texts of a field."""
        known = self._recent[field].newer
        try:
            return [known[text] for text in texts]
        except KeyError:
            found = {text: self.number(field, text) for text in set(texts)}
            return [found[text] for text in texts]

    def number(self, field: str, text: str | None) -> int | None:
        """The number of a text of a field; None for the empty text."""
        if not text:
            return None
        recent = self._recent[field]
        number = recent.newer.get(text) or recent.get(text)
        if number is None:
            number = _stored_name(self._db, FIELDS[field], text)
            recent.put(text, number)
        return number

    def known(self, field: str) -> Mapping[str | None, int | None]:
        """The numbers of some texts of a field, those that came lately; no text, and the empty one, are None."""
        return self._recent[field].newer

    def places(self, accounts: Sequence[str], gateways: Sequence[str]) -> list[int]:
        """The numbers of gateways of accounts."""
        places = list(zip(accounts, gateways, strict=True))
        try:
            return [self._places[place] for place in places]
        except KeyError:
            return [self.place(*place) for place in places]

    def place(self, account: str, gateway: str) -> int:
        """The number of a gateway of an account."""
        place = self._places.get((account, gateway))
        if place is None:
            if len(self._places) >= _MOST_PLACES:
                self._places.clear()
            place = self._places[account, gateway] = _stored_place(self._db, account, gateway)
        return place


def _stored_name(db: sqlite3.Connection, field: int, text: str) -> int:
    row = db.execute("SELECT id FROM names WHERE field = ? AND text = ?", (field, text)).fetchone()
    row = (
        row
        or db.execute("INSERT INTO names (field, text) VALUES (?, ?) RETURNING id", (field, text)).fetchone()
    )
    return int(row[0])


def _stored_place(db: sqlite3.Connection, account: str, gateway: str) -> int:
    row = db.execute("SELECT id FROM places WHERE account = ? AND gateway = ?", (account, gateway)).fetchone()
    sql = "INSERT INTO places (account, gateway, calls) VALUES (?, ?, 0) RETURNING id"
    row = row or db.execute(sql, (account, gateway)).fetchone()
    return int(row[0])


def texts(db: sqlite3.Connection, numbers: Iterable[int | None]) -> dict[int | None, str]:
    """What the numbers stand for; None is the empty text."""
    wanted = ", ".join(str(number) for number in numbers if number is not None)
    rows: Iterable[tuple[int | None, str]] = db.execute(f"SELECT id, text FROM names WHERE id IN ({wanted})")
    return {None: "", **dict(rows)}


def place_names(db: sqlite3.Connection) -> dict[int, tuple[str, str]]:
    """All places: account and gateway by number."""
    return {number: (account, gateway) for number, account, gateway in
            db.execute("SELECT id, account, gateway FROM places")}  # fmt: skip
