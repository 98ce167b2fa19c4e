"""Texts that come again and again, as numbers: the tables `names` and `places`.

A writer remembers the numbers it has seen, for as long as its transactions succeed; a reader asks for those
that a page needs. Which fields are kept so is in `fields.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from penstock.stores.sqlite.ledger.fields import FIELDS, TEXTS

MOST_REMEMBERED: Final = 200_000
_NOTHING: Final = {None: None, "": None}


class Names:
    """The writer's side: the number of a text, made when it is new. Only within a transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._known: dict[str, dict[str | None, int | None]] = {field: dict(_NOTHING) for field in TEXTS}
        self._places: dict[tuple[str, str], int] = {}
        self._count = 0

    @property
    def known(self) -> Mapping[str, Mapping[str | None, int | None]]:
        """By field, the numbers of the texts that are remembered; no text, and the empty one, are None."""
        return self._known

    def numbers(self, field: str, texts: Sequence[str | None]) -> list[int | None]:
        """The numbers of many texts of a field."""
        known = self._known[field]
        try:
            return [known[text] for text in texts]
        except KeyError:
            return [self.number(field, text) for text in texts]

    def number(self, field: str, text: str | None) -> int | None:
        """The number of a text of a field; None for the empty text."""
        known = self._known[field]
        if text is not None and text not in known:
            if self._count > MOST_REMEMBERED:
                self._forget()
            known[text] = _stored_name(self._db, FIELDS[field], text)
            self._count += 1
        return known[text]

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
            place = self._places[account, gateway] = _stored_place(self._db, account, gateway)
        return place

    def _forget(self) -> None:
        for known in self._known.values():
            known.clear()
            known.update(_NOTHING)
        self._count = 0


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
