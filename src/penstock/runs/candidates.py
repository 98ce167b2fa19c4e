"""Candidates of a FindAll run, out of its result: what each is, how it matches, what is known of it (Parallel 2.12).

What it rests on is read by `shown_evidence.py`, of one candidate at a time. Pure; nothing is raised, texts are cut, and
what makes no sense is left out.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import msgspec

from penstock.runs.output import value_text
from penstock.runs.shown_evidence import EvidenceRecord, evidence_record
from penstock.wire.json_values import ABSENT, cut_text, flag, members, struct_of, text
from penstock.wire.tolerant_json import UNREADABLE, read

_MOST_CANDIDATES: Final = 10_000
_MOST_FIELDS: Final = 50
_MOST_BYTES: Final = 1024 * 1024  # of one candidate's output
_LONGEST: Final = 500  # characters of a text
_LONGEST_URL: Final = 2048
_UNKNOWN: Final = "unknown"


class FindingRecord(msgspec.Struct, frozen=True):
    """What was found out of a candidate in one field."""

    value: str
    """As a text."""
    is_matched: bool | None
    """Of a condition: does it hold? Null for an enrichment, and where it is not said."""


class CandidateRecord(msgspec.Struct, frozen=True):
    """One candidate."""

    id: str
    """The provider's own id."""
    name: str
    """What it is called."""
    url: str
    """Where it is."""
    description: str
    """What it is."""
    match_status: str
    """How it matches, in the provider's word: generated, matched, unmatched, discarded."""
    output: dict[str, FindingRecord]
    """Its conditions and enrichments, by their names."""


class Candidates(msgspec.Struct, frozen=True):
    """Some of them. `counts` are of all, by how they match; `number` tells of those that were asked for."""

    counts: dict[str, int]
    number: int
    shown: tuple[CandidateRecord, ...]


class _Candidate(msgspec.Struct, gc=False):
    candidate_id: msgspec.Raw = ABSENT
    name: msgspec.Raw = ABSENT
    url: msgspec.Raw = ABSENT
    description: msgspec.Raw = ABSENT
    match_status: msgspec.Raw = ABSENT
    output: msgspec.Raw = ABSENT
    basis: msgspec.Raw = ABSENT


class _Answer(msgspec.Struct, gc=False):
    candidates: list[_Candidate] | None = None


class _Finding(msgspec.Struct, gc=False):
    value: msgspec.Raw = ABSENT
    is_matched: msgspec.Raw = ABSENT


def candidates(result: bytes, match: str, first: int, most: int) -> Candidates:
    """So many of those that match so (empty: any), from one of them on, in the order of the result."""
    found = _read(result)
    counts = Counter(_match(one) for one in found)
    chosen = [one for one in found if match in ("", _match(one))]
    shown_ones = tuple(map(_record, chosen[first : first + most]))
    return Candidates(dict(counts.most_common()), len(chosen), shown_ones)


def evidence_of(result: bytes, candidate_id: str, most_fields: int) -> EvidenceRecord | None:
    """What one candidate rests on."""
    for one in _read(result):
        if text(one.candidate_id) == candidate_id:
            return evidence_record(b'{"basis":%b}' % (bytes(one.basis) or b"null"), most_fields)
    return None


def _read(result: bytes) -> list[_Candidate]:
    try:
        answer, _ = read(_Answer, result)
    except UNREADABLE:
        return []
    return (answer.candidates or [])[:_MOST_CANDIDATES]


def _match(candidate: _Candidate) -> str:
    return text(candidate.match_status) or _UNKNOWN


def _record(candidate: _Candidate) -> CandidateRecord:
    output = members(candidate.output, _MOST_FIELDS, _MOST_BYTES)
    return CandidateRecord(
        id=text(candidate.candidate_id),
        name=cut_text(candidate.name, _LONGEST),
        url=text(candidate.url, _LONGEST_URL),
        description=cut_text(candidate.description, _LONGEST),
        match_status=_match(candidate),
        output={name[:_LONGEST]: _finding(value) for name, value in output.items()},
    )


def _finding(value: msgspec.Raw) -> FindingRecord:
    """Older documents have the bare value there."""
    found = struct_of(_Finding, value)
    if found is None:
        return FindingRecord(value_text(value, _LONGEST), None)
    return FindingRecord(value_text(found.value, _LONGEST), flag(found.is_matched))
