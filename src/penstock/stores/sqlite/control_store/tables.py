"""The tables of the SQLite directory: how its nouns become rows, and what is unique.

Columns are called as the nouns' fields; what is more than one value is JSON. How tables are made is in
`directory_migrations/`, the verbs are in `store.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, cast

import msgspec

from penstock.stores.control_store import (
    AnyNoun,
    ControlStoreDamaged,
    CustomProvider,
    Dataset,
    DynamicRoute,
    Evaluation,
    Noun,
    ProviderKey,
    StoredGateway,
    Token,
    Unstorable,
)
from penstock.stores.model_alias import ModelAlias

Value = str | int | bytes | None

# What `sqlite3` gives for a row: its own typing has Any here, and `Table.noun` is where that ends.
Row = tuple[Any, ...]

_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Table(Generic[AnyNoun]):
    """One noun's table. `what` is what people call a row of it, `taken` what they read if a name is not free."""

    name: str
    what: str
    type: type[AnyNoun]
    json: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    taken: str = ""
    sealed: str = ""  # the column of sealed bytes

    @property
    def columns(self) -> tuple[str, ...]:
        return self.type.__struct_fields__

    @property
    def kind(self) -> str:
        """What the audit calls it."""
        return self.what.replace(" ", "_")

    def values(self, noun: AnyNoun) -> list[Value]:
        """The row of a noun, in the order of `columns`. Raises `Unstorable` for one that could not be read back."""
        try:
            values = [self._stored(column, getattr(noun, column)) for column in self.columns]
            same = self._noun(tuple(values)) == noun
        except (msgspec.MsgspecError, TypeError, RecursionError):
            same = False
        if not same:
            raise Unstorable(f"this {self.what} cannot be stored: a value of it is not what its type says")
        return values

    def noun(self, row: Row) -> AnyNoun:
        """The noun of a row. Raises `ControlStoreDamaged` when it is none."""
        try:
            return self._noun(row)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise ControlStoreDamaged(
                f"the directory holds a damaged {self.what} ({row[0]!r}): restore a copy of its file"
            ) from error

    def _noun(self, row: Row) -> AnyNoun:
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
            "operations",
            "metadata",
        )
    ),
    flags=frozenset(("blocked",)),
)
PROVIDER_KEYS = Table(
    "provider_keys",
    "provider key",
    ProviderKey,
    json=frozenset(("hosts",)),
    flags=frozenset(("is_default",)),
    sealed="sealed",
)
CUSTOM_PROVIDERS = Table(
    "custom_providers",
    "custom provider",
    CustomProvider,
    json=frozenset(("about",)),
    flags=frozenset(("enable", "allow_private")),
    taken="account {0.account} has a custom provider {0.slug!r} already: change or remove that one",
    sealed="sealed_headers",
)
GATEWAYS = Table(
    "gateways",
    "gateway",
    StoredGateway,
    json=frozenset(("fields",)),
    taken="account {0.account} has a gateway {0.gateway!r} already: change or remove that one",
    sealed="sealed",
)
_IN_A_GATEWAY = (
    "gateway {0.account}/{0.gateway} has {1} {0.name!r} already: take another name, or change that one"
)
ROUTES = Table(
    "routes",
    "route",
    DynamicRoute,
    json=frozenset(("versions", "deployments")),
    taken=_IN_A_GATEWAY.replace("{1}", "a dynamic route"),
)
DATASETS = Table(
    "datasets",
    "dataset",
    Dataset,
    json=frozenset(("filters",)),
    flags=frozenset(("enable",)),
    taken=_IN_A_GATEWAY.replace("{1}", "a dataset"),
)
EVALUATIONS = Table(
    "evaluations",
    "evaluation",
    Evaluation,
    json=frozenset(("dataset_ids", "evaluation_type_ids", "results")),
    flags=frozenset(("processed",)),
    taken=_IN_A_GATEWAY.replace("{1}", "an evaluation"),
)
MODEL_ALIASES = Table(
    "model_aliases",
    "model alias",
    ModelAlias,
    json=frozenset(("models",)),
    taken="account {0.account} has a name {0.name!r} for models already: change or remove that one",
)

SEALED: Final = (PROVIDER_KEYS, CUSTOM_PROVIDERS, GATEWAYS)
"""The tables with sealed bytes in them."""

_TABLES: Final[Mapping[type, object]] = {
    Token: TOKENS,
    ProviderKey: PROVIDER_KEYS,
    CustomProvider: CUSTOM_PROVIDERS,
    StoredGateway: GATEWAYS,
    DynamicRoute: ROUTES,
    Dataset: DATASETS,
    Evaluation: EVALUATIONS,
    ModelAlias: MODEL_ALIASES,
}


KINDS: Final[tuple[type[Noun], ...]] = (
    Token,
    ProviderKey,
    CustomProvider,
    StoredGateway,
    DynamicRoute,
    Dataset,
    Evaluation,
    ModelAlias,
)
"""All kinds of nouns."""


def table_of(kind: type[AnyNoun]) -> Table[AnyNoun]:
    """The table of a kind of noun."""
    return cast(Table[AnyNoun], _TABLES[kind])
