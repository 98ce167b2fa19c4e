"""What a result rests on as people and programs are shown it: each field with its confidence and what is cited for it.

The texts are of the provider and of strangers. How a result is read is in `evidence.py`. Pure, and bounded as that is.
"""

from __future__ import annotations

from itertools import chain, repeat
from typing import Final

import msgspec

from penstock.runs.evidence import MOST_FIELDS, FieldTexts, evidence, field_texts

_NOTHING: Final = FieldTexts("", ())


class CitationRecord(msgspec.Struct, frozen=True):
    """A source that is cited."""

    url: str
    """Where it is."""
    title: str
    """What it is called; empty where nobody says."""
    excerpts: tuple[str, ...]
    """What stands there."""


class FieldRecord(msgspec.Struct, frozen=True):
    """What one field rests on."""

    name: str
    """The field; with a dot it is an element of a list: `people.0`."""
    confidence: str
    """The provider's: high, medium, low; none, where it says nothing."""
    citations: tuple[CitationRecord, ...]
    """What is cited for it."""
    reasoning: str
    """Why the provider takes it to be so; empty where it says nothing."""


class EvidenceRecord(msgspec.Struct, frozen=True):
    """What a result rests on. The numbers are of all fields, also where not all are told."""

    counted: int
    """Fields."""
    confidences: dict[str, int]
    """Fields by their confidence."""
    cited: int
    """Citations."""
    uncited: int
    """Fields for which nothing is cited."""
    domains: dict[str, int]
    """Citations by their domains, the most cited first."""
    fields: tuple[FieldRecord, ...]
    """Field by field."""


def evidence_record(result: bytes, most_fields: int = MOST_FIELDS) -> EvidenceRecord | None:
    """What a result rests on, the first `most_fields` field by field; None where it tells nothing of that."""
    found = evidence(result)
    if not found.counted:
        return None
    texts = chain(field_texts(result), repeat(_NOTHING))  # those without a basis come last
    fields = tuple(
        FieldRecord(
            field.name,
            field.confidence,
            tuple(CitationRecord(one.url, one.title, one.excerpts) for one in said.citations),
            said.reasoning,
        )
        for field, said in zip(found.fields[:most_fields], texts, strict=False)
    )
    return EvidenceRecord(
        found.counted, found.confidences, found.citations, found.uncited, found.domains, fields
    )
