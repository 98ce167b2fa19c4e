"""The tables of the SQLite directory, and how its nouns become rows.

Columns are called as the nouns' fields; what is more than one value is JSON. How steps are taken is in
`sqlite_migrations.py`, the verbs are in `sqlite_directory.py`.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from penstock.stores.directory import CustomProvider, DirectoryUnavailable, ProviderKey, Token, Unstorable
from penstock.stores.sqlite_migrations import Migration

Noun = TypeVar("Noun", Token, ProviderKey, CustomProvider)
Value = str | int | bytes | None

# What `sqlite3` gives for a row: its own typing has Any here, and `Table.noun` is where that ends.
Row = tuple[Any, ...]

_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder().decode

# `seq` is the order of creation, in which everything is listed.
_TOKENS = """
CREATE TABLE tokens (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    permissions TEXT NOT NULL,
    accounts TEXT NOT NULL,
    gateways TEXT NOT NULL,
    secrets TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    expires_us INTEGER,
    user TEXT NOT NULL,
    team TEXT NOT NULL,
    rate_limit TEXT NOT NULL,
    spend_limit TEXT NOT NULL,
    providers TEXT NOT NULL,
    models TEXT NOT NULL,
    metadata TEXT NOT NULL
)"""

_PROVIDER_KEYS = """
CREATE TABLE provider_keys (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    gateway TEXT NOT NULL,
    provider TEXT NOT NULL,
    alias TEXT NOT NULL,
    sealed BLOB NOT NULL,
    preview TEXT NOT NULL,
    hosts TEXT NOT NULL,
    created_us INTEGER NOT NULL
)"""

_CUSTOM_PROVIDERS = """
CREATE TABLE custom_providers (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    base_url TEXT NOT NULL,
    enable INTEGER NOT NULL,
    allow_private INTEGER NOT NULL,
    sealed_headers BLOB,
    created_us INTEGER NOT NULL,
    modified_us INTEGER NOT NULL,
    UNIQUE (account, slug)
)"""


def _first(db: sqlite3.Connection) -> None:
    for table in (_TOKENS, _PROVIDER_KEYS, _CUSTOM_PROVIDERS):
        db.execute(table)
    db.execute("CREATE TABLE version (number INTEGER NOT NULL)")
    db.execute("INSERT INTO version VALUES (0)")


MIGRATIONS: tuple[Migration, ...] = (_first,)


@dataclass(frozen=True, slots=True)
class Table(Generic[Noun]):
    """One noun's table. `what` is what people call a row of it."""

    name: str
    what: str
    type: type[Noun]
    json: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()

    @property
    def columns(self) -> tuple[str, ...]:
        return self.type.__struct_fields__

    def values(self, noun: Noun) -> list[Value]:
        """The row of a noun, in the order of `columns`. Raises `Unstorable` for one that could not be read back."""
        values = [self._stored(column, getattr(noun, column)) for column in self.columns]
        try:
            same = self._noun(tuple(values)) == noun
        except msgspec.MsgspecError:
            same = False
        if not same:
            raise Unstorable(f"this {self.what} cannot be stored: a value of it is not what its type says")
        return values

    def noun(self, row: Row) -> Noun:
        """The noun of a row. Raises `DirectoryUnavailable` when it is none."""
        try:
            return self._noun(row)
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise DirectoryUnavailable(
                f"the directory holds a damaged {self.what} ({row[0]!r}): restore a copy of its file"
            ) from error

    def _noun(self, row: Row) -> Noun:
        fields = {name: self._read(name, value) for name, value in zip(self.columns, row, strict=True)}
        return msgspec.convert(fields, self.type)

    def _stored(self, column: str, value: Value) -> Value:
        return _to_json(value).decode() if column in self.json else value

    def _read(self, column: str, value: Value) -> object:
        if column in self.json and isinstance(value, str):
            return _from_json(value)
        return bool(value) if column in self.flags else value


TOKENS = Table(
    "tokens",
    "token",
    Token,
    json=frozenset(
        (
            "permissions",
            "accounts",
            "gateways",
            "secrets",
            "rate_limit",
            "spend_limit",
            "providers",
            "models",
            "metadata",
        )
    ),
)
PROVIDER_KEYS = Table("provider_keys", "provider key", ProviderKey, json=frozenset(("hosts",)))
CUSTOM_PROVIDERS = Table(
    "custom_providers", "custom provider", CustomProvider, flags=frozenset(("enable", "allow_private"))
)
