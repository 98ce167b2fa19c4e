"""What came of a run, for its page: a task's output and its fields with what they rest on, FindAll's candidates.

All of it is of the provider and of strangers: it is cut here, so that a page stays small whatever a result holds, and
escaped where it is shown. All of it is one link away.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode

import msgspec

from penstock.pages.dashboard.cutting import laid_out
from penstock.pages.dashboard.lists import address
from penstock.pages.dashboard.page import Visit
from penstock.runs.candidates import CandidateRecord, candidates, evidence_of
from penstock.runs.output import content_text, field_values
from penstock.runs.run import Run, RunKind
from penstock.runs.shown_evidence import CitationRecord, EvidenceRecord, FieldRecord, evidence_record
from penstock.stores.runs import Result

_MOST_OUTPUT: Final = 24_000  # bytes that it takes of its page
_MOST_FIELDS: Final = 100
_MOST_CITATIONS: Final = 4  # of a field
_MOST_EXCERPTS: Final = 2  # of a citation
_MOST_TEXT: Final = 24_000  # characters of all that fields rest on
_VALUE: Final = 400
_REASONING: Final = 600
_EXCERPT: Final = 300
_LONGEST_URL: Final = 1000
_CANDIDATES: Final = 25  # on a page
_COLUMNS: Final = 10
_FROM, _MATCH, _CANDIDATE = "from", "match", "candidate"


class FieldView(msgspec.Struct, frozen=True):
    """A field, and what it rests on; `more` citations are not shown."""

    name: str
    value: str
    confidence: str
    reasoning: str
    citations: tuple[CitationRecord, ...]
    more: int


class MatchCount(msgspec.Struct, frozen=True):
    """How many candidates match so; `address` is the page with only these."""

    match: str
    count: int
    address: str


class CandidateView(msgspec.Struct, frozen=True):
    """A candidate, and where its evidence is."""

    record: CandidateRecord
    address: str


class CandidateList(msgspec.Struct, frozen=True):
    """Some candidates. `columns` are the names of conditions and enrichments; addresses are empty where nothing is."""

    counts: tuple[MatchCount, ...]
    match: str
    columns: tuple[str, ...]
    rows: tuple[CandidateView, ...]
    first: int
    number: int
    before: str
    behind: str


class RunResult(msgspec.Struct, frozen=True):
    """`output` is the beginning of the output, laid out. `about`: the candidate whose evidence is shown."""

    content_type: str
    size: int
    seen_us: int
    output: str
    is_whole: bool
    about: str
    counted: int
    confidences: dict[str, int]
    cited: int
    uncited: int
    fields: tuple[FieldView, ...]
    candidates: CandidateList | None


def run_result(visit: Visit, run: Run, result: Result) -> RunResult:
    """What came of it, as far as it goes on a page."""
    is_findall = run.kind is RunKind.FINDALL
    about = visit.given(_CANDIDATE) if is_findall else ""
    output, is_whole = ("", True) if is_findall else _output(result)
    if is_findall:
        rests_on = evidence_of(result.body, about, _MOST_FIELDS) if about else None
    else:
        rests_on = evidence_record(result.body, _MOST_FIELDS)
    names = () if rests_on is None or is_findall else tuple(one.name for one in rests_on.fields)
    values = field_values(result.body, names, _VALUE) if names else {}
    return RunResult(
        content_type=result.content_type,
        size=len(result.body),
        seen_us=result.seen_us,
        output=output,
        is_whole=is_whole,
        about=about if rests_on is not None else "",
        counted=0 if rests_on is None else rests_on.counted,
        confidences={} if rests_on is None else rests_on.confidences,
        cited=0 if rests_on is None else rests_on.cited,
        uncited=0 if rests_on is None else rests_on.uncited,
        fields=() if rests_on is None else tuple(_fields(rests_on, values)),
        candidates=_candidates(visit, result.body) if is_findall else None,
    )


def _output(result: Result) -> tuple[str, bool]:
    found = laid_out(content_text(result.body), result.content_type, _MOST_OUTPUT)
    return found.text, found.is_whole


def _fields(rests_on: EvidenceRecord, values: dict[str, str]) -> Iterator[FieldView]:
    """Until the page is full."""
    left = _MOST_TEXT
    for field in rests_on.fields:
        view = _field(field, values.get(field.name, ""))
        left -= _size(view)
        if left < 0:
            return
        yield view


def _field(field: FieldRecord, value: str) -> FieldView:
    shown = tuple(map(_citation, field.citations[:_MOST_CITATIONS]))
    more = len(field.citations) - len(shown)
    return FieldView(field.name, value, field.confidence, _cut(field.reasoning, _REASONING), shown, more)


def _citation(one: CitationRecord) -> CitationRecord:
    """An address that is cut leads nowhere: it is not there then."""
    url = one.url if len(one.url) <= _LONGEST_URL else ""
    excerpts = tuple(_cut(" ".join(text.split()), _EXCERPT) for text in one.excerpts[:_MOST_EXCERPTS])
    return CitationRecord(url, _cut(one.title, _EXCERPT), excerpts)


def _size(view: FieldView) -> int:
    cited = sum(2 * len(one.url) + len(one.title) + sum(map(len, one.excerpts)) for one in view.citations)
    return len(view.name) + len(view.value) + len(view.reasoning) + cited


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


# -- candidates


def _candidates(visit: Visit, body: bytes) -> CandidateList:
    match, first = visit.given(_MATCH), _number(visit.given(_FROM))
    found = candidates(body, match, first, _CANDIDATES)
    kept = [(_MATCH, match)] if match else []
    columns = dict.fromkeys(name for one in found.shown for name in one.output)
    counts = (MatchCount(name, count, address([(_MATCH, name)])) for name, count in found.counts.items())
    behind = first + _CANDIDATES
    at = [(_FROM, str(first))] if first else []
    return CandidateList(
        counts=tuple(counts),
        match=match,
        columns=tuple(columns)[:_COLUMNS],
        rows=tuple(
            CandidateView(one, f"?{urlencode([*kept, *at, (_CANDIDATE, one.id)])}#evidence")
            for one in found.shown
        ),
        first=first,
        number=found.number,
        before=address([*kept, (_FROM, str(max(first - _CANDIDATES, 0)))]) if first else "",
        behind=address([*kept, (_FROM, str(behind))]) if behind < found.number else "",
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
