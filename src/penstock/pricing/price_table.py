"""The compact table of language models' prices: its form on disk, and finding a model in it.

It is msgpack, made by `compile_llm_prices.py`. A provider's part is decoded when its first model is looked
for, a model's prices when they are. Pure: bytes in, prices out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from penstock.pricing.rates import Prices

FORMAT = 3
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
    """One model: whole names, other rules, and its `tuple[Prices, ...]` still encoded."""

    names: tuple[str, ...]
    clauses: tuple[Clause, ...]
    prices: msgspec.Raw


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

    __slots__ = ("_named", "_prices", "_ruled", "fallbacks")

    def __init__(self, row: ProviderRow) -> None:
        self.fallbacks = row.fallbacks
        self._prices = [model.prices for model in row.models]
        self._ruled = [(place, model.clauses) for place, model in enumerate(row.models) if model.clauses]
        self._named: dict[str, int] = {}
        for place, model in enumerate(row.models):
            for name in model.names:
                self._named.setdefault(name, place)

    def find(self, name: str) -> msgspec.Raw | None:
        named = self._named.get(name, len(self._prices))
        for place, clauses in self._ruled:
            if place >= named:
                break
            if any(clause.matches(name) for clause in clauses):
                return self._prices[place]
        return self._prices[named] if named < len(self._prices) else None


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
        name = model.lower()
        dashed = _COMPACT_DATE.sub(r"-\1-\2-\3", name)
        found = self._find(provider, name)
        return self._find(provider, dashed) if found is None and dashed != name else found

    def _find(self, provider: str, name: str) -> Sequence[Prices] | None:
        models = self._of(provider)
        if models is None:
            return None
        if (found := models.find(name)) is not None:
            return _to_prices(found)
        for fallback in models.fallbacks:
            others = self._of(fallback)
            if others is not None and (found := others.find(name)) is not None:
                return [
                    prices for prices in _to_prices(found) if not prices.tier
                ]  # tiers are the seller's own
        return None

    def _of(self, provider: str) -> _Models | None:
        models = self._models.get(provider)
        if models is None and (row := self._rows.get(provider)) is not None:
            models = self._models[provider] = _Models(_to_row(row))
        return models
