"""Writes the compact table of prices out of the package `genai-prices`: `python -m … DEST`.

The package is large, and slow to load, for what one call needs. So it is read here alone, in a process of its
own, once for each of its versions. Units that nobody can tell are left out.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path

import genai_prices
import msgspec
from genai_prices import types
from genai_prices.data import providers

from penstock.pricing.price_table import FORMAT, Clause, ModelRow, ProviderRow, Table
from penstock.pricing.rates import Prices, Rate, When
from penstock.pricing.units import to_rate

UNITS = {
    "input_mtok": "input_tokens",
    "output_mtok": "output_tokens",
    "cache_read_mtok": "input_cached_tokens",
    "cache_write_mtok": "input_cache_write_tokens",
    "cache_write_1h_mtok": "input_cache_write_1h_tokens",
    "input_audio_mtok": "input_audio_tokens",
    "input_image_mtok": "input_image_tokens",
    "input_video_mtok": "input_video_tokens",
    "cache_audio_read_mtok": "input_cached_audio_tokens",
    "cache_image_read_mtok": "input_cached_image_tokens",
    "output_audio_mtok": "output_audio_tokens",
    "output_image_mtok": "output_image_tokens",
    "output_video_mtok": "output_video_tokens",
    "output_reasoning_mtok": "output_reasoning_tokens",
    "output_citation_mtok": "output_citation_tokens",
    "input_audio_hours": "input_audio_seconds",
    "input_mchars": "input_characters",
    "web_searches_kcount": "web_searches",
    "storage_searches_kcount": "file_searches",
    "requests_kcount": "requests",
    "input_document_kpages": "input_pages",
    "input_annotated_document_kpages": "input_annotated_pages",
}
_PER = {"_mtok": 1_000_000, "_mchars": 1_000_000, "_kcount": 1000, "_kpages": 1000, "_hours": 3600}
_LEAST = {"groq": {"input_audio_hours": 10}}  # what one of such a call is charged as, if it is less
# Of a variant: what an answer tells, and whether a batch was told.
_TIER_KEYS = frozenset({"service_tier", "speed", "processing"})
_encode = msgspec.msgpack.Encoder().encode


def compiled() -> bytes:
    """The table of the installed version."""
    rows = {provider.id: msgspec.Raw(_encode(_provider(provider))) for provider in providers}
    return _encode(Table(FORMAT, f"genai-prices {genai_prices.__version__}", rows))


def write(destination: Path) -> None:
    """The table as a file that is there as a whole or not at all. Raises OSError."""
    with tempfile.NamedTemporaryFile(dir=destination.parent, prefix=destination.name, delete=False) as file:
        try:
            file.write(compiled())
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, destination)
        except BaseException:
            os.unlink(file.name)
            raise


def _provider(provider: types.Provider) -> ProviderRow:
    least = _LEAST.get(provider.id, {})
    return ProviderRow(
        tuple(provider.fallback_model_providers or ()),
        tuple(_model(model, least) for model in provider.models),
    )


def _model(model: types.ModelInfo, least: Mapping[str, int]) -> ModelRow:
    """Also of a model without a price that can be used: its name must not fit another one."""
    clauses = tuple(_alternatives(model.match))
    return ModelRow(
        tuple(clause.text for clause in clauses if clause.kind == "equals"),
        tuple(clause for clause in clauses if clause.kind != "equals"),
        msgspec.Raw(_encode([*_standard(model, least), *_variants(model, least)])),
        _shown(model),
        model.context_window or 0,
    )


def _shown(model: types.ModelInfo) -> str:
    """What callers call it; empty for one that is no longer there, and for a rule that stands for several."""
    if model.deprecated:
        return ""
    names = [part.equals for part in _parts(model.match) if isinstance(part, types.ClauseEquals)]
    if names and model.id not in names:
        return names[0]
    return model.id if model.match.is_match(model.id) else ""


def _standard(model: types.ModelInfo, least: Mapping[str, int]) -> Iterator[Prices]:
    if isinstance(model.prices, types.ModelPrice):
        yield Prices(_rates(model.prices, least))
        return
    for conditional in model.prices:
        yield Prices(_rates(conditional.prices, least), _when(conditional.constraint))


def _variants(model: types.ModelInfo, least: Mapping[str, int]) -> Iterator[Prices]:
    for variant in model.price_variants or ():
        if len(variant.when) == 1 and variant.when.keys() <= _TIER_KEYS:
            (tier,) = variant.when.values()
            yield Prices(_rates(variant.prices, least), _when(variant.constraint), tier)


def _rates(prices: types.ModelPrice, least: Mapping[str, int]) -> tuple[Rate, ...]:
    return tuple(
        _rate(key, price, least.get(key, 0))
        for key, price in vars(prices).items()
        if key in UNITS and price is not None
    )


def _rate(key: str, price: Decimal | types.TieredPrices, least: int) -> Rate:
    per = next(count for ending, count in _PER.items() if key.endswith(ending))
    if isinstance(price, Decimal):
        return Rate(UNITS[key], to_rate(price, per), (), least)
    steps = tuple((tier.start, to_rate(tier.price, per)) for tier in price.tiers)
    return Rate(UNITS[key], to_rate(price.base, per), steps, least)


def _when(constraint: types.StartDateConstraint | types.TimeOfDateConstraint | None) -> When | None:
    match constraint:
        case types.StartDateConstraint(start_date=date):
            return When(int(datetime.combine(date, time(), UTC).timestamp()) * 1_000_000)
        case types.TimeOfDateConstraint(start_time=start, end_time=end):
            return When(0, _second(start), _second(end))
        case _:
            return None


def _second(moment: time) -> int:
    """Seconds since midnight, UTC; a time without a zone is UTC."""
    if moment.utcoffset():
        raise ValueError(f"a daily price with another zone than UTC: {moment}")
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _alternatives(clause: object) -> Iterable[Clause]:
    return map(_clause, _parts(clause))


def _parts(clause: object) -> Iterable[object]:
    return clause.or_ if isinstance(clause, types.ClauseOr) else (clause,)


def _clause(clause: object) -> Clause:
    match clause:
        case types.ClauseEquals(equals=text):
            return Clause("equals", text.lower())
        case types.ClauseStartsWith(starts_with=text):
            return Clause("starts_with", text.lower())
        case types.ClauseEndsWith(ends_with=text):
            return Clause("ends_with", text.lower())
        case types.ClauseContains(contains=text):
            return Clause("contains", text.lower())
        case types.ClauseRegex(regex=text):
            return Clause("regex", text)
        case types.ClauseOr(or_=parts):
            return Clause("or", parts=tuple(map(_clause, parts)))
        case types.ClauseAnd(and_=parts):
            return Clause("and", parts=tuple(map(_clause, parts)))
        case _:
            raise TypeError(f"a rule of an unknown kind: {clause!r}")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
