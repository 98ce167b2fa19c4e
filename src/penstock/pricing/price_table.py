"""The compact table of language models' prices: its form on disk, and finding a model in it.

It is msgpack, made by `compile_llm_prices.py`. A provider's part is decoded when its first model is looked
for, a model's prices when they are. Pure: bytes in, prices out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from penstock.pricing.rates import Prices

FORMAT = 6
"""Goes up with every change of what is below, so that no process reads another's table wrongly."""

_COMPACT_DATE = re.compile(r"-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")


class Clause(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True, gc=False):
    """A rule for names of models, in lower case: `kind` is the package's word for it."""

    kind: str
    text: str = ""
    parts: tuple[Clause, ...] = ()

    def matches(self, name: str) -> bool:
        match self.kind:
            case "equals":
                return name == self.text
            case "starts_with":
                return name.startswith(self.text)
            case "ends_with":
                return name.endswith(self.text)
            case "contains":
                return self.text in name
            case "regex":
                return re.search(self.text, name) is not None
            case "or":
                return any(part.matches(name) for part in self.parts)
            case "and":
                return all(part.matches(name) for part in self.parts)
            case _:
                return False


class ModelRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One model: whole names, other rules, its `tuple[Prices, ...]` still encoded, its name in lists, and its context
    window in tokens.

    One that is not to be listed has no name there; 0 is a window that is not known.
    """

    names: tuple[str, ...]
    clauses: tuple[Clause, ...]
    prices: msgspec.Raw
    listed: str = ""
    context: int = 0


class ProviderRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One provider: in which others to look for a model it does not list, and its models in order."""

    fallbacks: tuple[str, ...]
    models: tuple[ModelRow, ...]


class Table(msgspec.Struct, frozen=True, gc=False):
    """The file. `source` is the package with its version; rows are encoded `ProviderRow`s."""

    format: int
    source: str
    providers: dict[str, msgspec.Raw]


_to_table = msgspec.msgpack.Decoder(Table).decode
_to_row = msgspec.msgpack.Decoder(ProviderRow).decode
_to_prices = msgspec.msgpack.Decoder(tuple[Prices, ...]).decode


class _Models:
    """One provider's models. The first that fits a name is the one."""

    __slots__ = ("_models", "_named", "_ruled", "fallbacks")

    def __init__(self, row: ProviderRow) -> None:
        self.fallbacks = row.fallbacks
        self._models = row.models
        self._ruled = [(place, model.clauses) for place, model in enumerate(row.models) if model.clauses]
        self._named: dict[str, int] = {}
        for place, model in enumerate(row.models):
            for name in model.names:
                self._named.setdefault(name, place)

    def find(self, name: str) -> ModelRow | None:
        named = self._named.get(name, len(self._models))
        for place, clauses in self._ruled:
            if place >= named:
                break
            if any(clause.matches(name) for clause in clauses):
                return self._models[place]
        return self._models[named] if named < len(self._models) else None


class PriceTable:
    """Finds the prices of a model."""

    __slots__ = ("_models", "_rows", "source")

    def __init__(self, data: bytes) -> None:
        """Raises ValueError for what is no such table, or one of another format."""
        try:
            table = _to_table(data)
        except msgspec.MsgspecError as error:
            raise ValueError(f"not a table of prices: {error}") from error
        if table.format != FORMAT:
            raise ValueError(f"a table of prices of format {table.format}, not {FORMAT}")
        self.source = table.source
        self._rows = table.providers
        self._models: dict[str, _Models] = {}

    def find(self, provider: str, model: str) -> Sequence[Prices] | None:
        """By the package's id of a provider, and a model as a caller or an answer names it."""
        found, is_own = self._row(provider, model)
        if found is None:
            return None
        prices = _to_prices(found.prices)
        return prices if is_own else [one for one in prices if not one.tier]  # tiers are the seller's own

    def context(self, provider: str, model: str) -> int | None:
        """The context window of a model in tokens; None where it is not known."""
        found, _ = self._row(provider, model)
        return (found.context or None) if found is not None else None

    def listed(self, provider: str) -> list[str]:
        """The names of all models of a provider, in the table's order."""
        row = self._rows.get(provider)
        names = () if row is None else (model.listed for model in _to_row(row).models)
        return [name for name in names if name]

    def _row(self, provider: str, model: str) -> tuple[ModelRow | None, bool]:
        """A model's row, and whether it is the provider's own."""
        name = model.lower()
        found = self._find(provider, name)
        dashed = _COMPACT_DATE.sub(r"-\1-\2-\3", name)
        return self._find(provider, dashed) if found[0] is None and dashed != name else found

    def _find(self, provider: str, name: str) -> tuple[ModelRow | None, bool]:
        models = self._of(provider)
        if models is None:
            return None, False
        if (found := models.find(name)) is not None:
            return found, True
        for fallback in models.fallbacks:
            others = self._of(fallback)
            if others is not None and (found := others.find(name)) is not None:
                return found, False
        return None, False

    def _of(self, provider: str) -> _Models | None:
        models = self._models.get(provider)
        if models is None and (row := self._rows.get(provider)) is not None:
            models = self._models[provider] = _Models(_to_row(row))
        return models
