"""What came of a run, and what that rests on, as text for people and as JSON.

Pure. A result is of the provider and holds texts of strangers: it is bounded here, and escaped in `output.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from penstock.calls.pretty import pretty
from penstock.cli.output import Cell
from penstock.runs.output import content_text
from penstock.runs.shown_evidence import EvidenceRecord, FieldRecord
from penstock.stores.runs import Result
from penstock.wire.tolerant_json import UNREADABLE

MOST_CHARS: Final = 4000
"""Of an output, unless all of it is wanted."""

_MOST_FIELDS: Final = 20
_MOST_CITATIONS: Final = 3  # of a field
_MOST_EXCERPTS: Final = 2  # of a citation
_EXCERPT_CHARS: Final = 200
_STYLES: Final = {"high": "green", "medium": "yellow", "low": "red"}

Line = tuple[Cell, ...]


class OutputText(NamedTuple):
    """As it is shown, and how many characters more there are."""

    text: str
    left: int


def output_text(result: Result, *, full: bool) -> OutputText:
    """The content of a task's output, of other runs the whole result: for reading, and not endless unless `full`."""
    text = pretty(content_text(result.body), result.content_type)
    shown = text if full else text[:MOST_CHARS]
    return OutputText(shown, len(text) - len(shown))


def result_value(body: bytes) -> msgspec.Raw | str:
    """A result as a value within a line of JSON; as a text where it is no JSON."""
    try:
        return msgspec.Raw(msgspec.json.format(body.decode(), indent=-1).encode())
    except UNREADABLE:
        return body.decode(errors="replace")


def evidence_lines(found: EvidenceRecord, *, full: bool) -> Iterator[Line]:
    """What each field rests on: confidence, and citations with excerpts. Not all of it, unless `full`."""
    shown = found.fields if full else found.fields[:_MOST_FIELDS]
    for field in shown:
        yield (
            Cell(field.name or "(no name)", "bold"),
            Cell("  "),
            Cell(f"confidence {field.confidence}", _STYLES.get(field.confidence, "dim")),
            Cell(f", {len(field.citations)} cited", "dim"),
        )
        yield from _citations(field, full=full)
    if len(shown) < found.counted:
        how = "" if full else ": --full shows more"
        yield (Cell(f"{found.counted - len(shown)} more fields{how}", "dim"),)


def _citations(field: FieldRecord, *, full: bool) -> Iterator[Line]:
    shown = field.citations if full else field.citations[:_MOST_CITATIONS]
    for citation in shown:
        yield Cell(f"    - {citation.url}", "cyan"), Cell(f"  {citation.title}" if citation.title else "")
        for excerpt in citation.excerpts if full else citation.excerpts[:_MOST_EXCERPTS]:
            yield (Cell(f'        "{_short(excerpt, full=full)}"', "dim"),)
    if len(shown) < len(field.citations):
        yield (Cell(f"    - {len(field.citations) - len(shown)} more", "dim"),)


def _short(text: str, *, full: bool) -> str:
    """On one line, and not endless."""
    line = " ".join(text.split())
    return line if full or len(line) <= _EXCERPT_CHARS else line[: _EXCERPT_CHARS - 1] + "…"
