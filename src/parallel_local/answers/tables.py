"""Readings out of tables: the subject's row and the field's column, the other way round, or a table of keys. Pure.

Arrays of objects out of whole tables stand in `lists.py`.
"""

import re
from collections.abc import Iterator

from parallel_local.answers.about import LOOSE, About
from parallel_local.answers.field_ask import FieldAsk
from parallel_local.answers.field_kinds import Kind
from parallel_local.answers.keys import in_cell, key_fit
from parallel_local.answers.readings import Reading
from parallel_local.answers.sources import Grid
from parallel_local.text.tokens import words
from parallel_local.text.values.money import FIELD as CURRENCY
from parallel_local.text.values.units import unit_of

_SCALE = re.compile(r"\b(?:millions?|thousands?|billions?|Mio|Mrd|bn|m(?=\))|k(?=\)))", re.IGNORECASE)
_IN = re.compile(r"(?:\(|\[|\bin\s|,\s)(?P<unit>[\w°²³/$€£% ]+?)(?:\)|\]|$)")
_BARE = re.compile(r"^[-−]?[\d.,'’ \u00a0]+$")
_YEARS = re.compile(r"\b(?:19|20)\d\d\b")


def from_grid(ask: FieldAsk, grid: Grid, about: About) -> Iterator[Reading]:
    """What a table says of the subject's field."""
    above = about.place(grid.card, grid.heading)
    subject_column = next((at for at, cell in enumerate(grid.header) if at and about.mentions(cell)), None)
    for row, row_cells in grid.rows:
        if not row_cells:
            continue
        if subject_column is not None and subject_column < len(row_cells):
            yield from _cell(ask, grid, row, row_cells[0], row_cells[subject_column], 1.0)
        elif any(about.mentions(cell) for cell in row_cells[:2]) or (
            above > 0 and row_cells[0] in ask.strict
        ):
            yield from _by_column(ask, grid, row, row_cells)
        elif len(row_cells) == 2 and above > 0:
            yield from _cell(ask, grid, row, row_cells[0], row_cells[1], above)
        elif above > 0 and key_fit(ask, row_cells[0], grid.card.language) == "whole":
            yield from _by_row(ask, grid, row, row_cells, above)
    if len(grid.header) == 2 and above > 0:
        line = "| " + " | ".join(grid.header) + " |"
        yield from _cell(ask, grid, line, grid.header[0], grid.header[1], above)
    if len(grid.rows) == 1 and above > 0 and not any(about.mentions(cell) for cell in grid.rows[0][1][:2]):
        yield from _by_column(ask, grid, *grid.rows[0])


def _by_column(ask: FieldAsk, grid: Grid, row: str, row_cells: tuple[str, ...]) -> Iterator[Reading]:
    same = [at for at, heading in enumerate(grid.header) if words(heading) == words(ask.label)]
    for at, heading in enumerate(grid.header):
        if at < len(row_cells) and (not same or at in same):
            yield from _cell(ask, grid, row, heading, row_cells[at], 1.0)


def _by_row(
    ask: FieldAsk, grid: Grid, row: str, row_cells: tuple[str, ...], above: float
) -> Iterator[Reading]:
    """A row that is called as the field is: its first value, or that of the year asked for, else of the last year."""
    held = [
        (heading, cell)
        for heading, cell in zip(grid.header[1:], row_cells[1:], strict=False)
        if in_cell(ask, cell, grid.language)
    ]
    dated = sorted(
        (item for item in held if _YEARS.search(item[0])), key=lambda item: _YEARS.findall(item[0])[-1]
    )
    wanted = [item for item in dated if any(name in item[0] for name in ask.strict)]
    heading, cell = (wanted or dated[-1:] or held or [("", "")])[0]
    year = " ".join(_YEARS.findall(heading))
    yield from _cell(ask, grid, row, f"{row_cells[0]} {year}".strip(), cell, above)


def _cell(ask: FieldAsk, grid: Grid, row: str, key: str, text: str, strength: float) -> Iterator[Reading]:
    fit = key_fit(ask, key, grid.card.language)
    if not fit or not text:
        return
    wanted = [name for name in ask.strict if _YEARS.fullmatch(name)]
    around = f"{key} {row} {grid.heading} {grid.card.title}"
    stated = _YEARS.findall(key)
    if any(year not in (stated or _YEARS.findall(around)) for year in wanted):
        return
    if any(name not in around for name in ask.strict):
        return
    for candidate in in_cell(ask, with_unit(key, text) if ask.kind is not Kind.TEXT else text, grid.language):
        value = (
            text if ask.node.type == "string" and ask.kind in _AS_WRITTEN and not ask.iso else candidate.value
        )
        doubts = {
            *(set(candidate.doubts) - {"bound"}),
            *(["more"] if fit == "more" else []),
            *(["loose"] if strength <= LOOSE else []),
        }
        year = int(stated[-1]) if stated else int(grid.card.date[:4]) if grid.card.date else 0
        yield Reading(value, candidate.key, strength, frozenset(doubts), row, grid.card, year)


_AS_WRITTEN = frozenset(
    [Kind.TEXT, Kind.MONEY, Kind.PERCENT, Kind.COUNT, Kind.MEASURE, Kind.NUMBER, Kind.DATE]
)


def with_unit(heading: str, text: str) -> str:
    """A bare number with the unit, currency and scale that its column's heading names: "Height (m)"."""
    if not _BARE.match(text):
        return text
    currency = CURRENCY.search(heading)
    scale = _SCALE.search(heading)
    if currency:
        code = currency.group() if len(currency.group()) < 4 else ""
        return (
            f"{code} {text} {scale.group() if scale else ''}{'' if code else ' ' + currency.group()}".strip()
        )
    if scale:
        return f"{text} {scale.group()}"
    for match in _IN.finditer(heading):
        unit = match.group("unit").strip()
        if unit == "%" or unit.casefold() == "percent":
            return f"{text} %"
        if unit_of(unit) is not None:
            return f"{text} {unit}"
    return f"{text} %" if "%" in heading else text
