"""Answers with their evidence: a value, the quotations it rests on, and the basis entries for it. Pure."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from parallel_local.wire.common import Citation, Confidence, FieldBasis, Notice

NOT_FOUND = "not found in the documents"
_PLACEHOLDER = "Not found in the documents. The schema allows no null here: the value stands for nothing."


class Answer(msgspec.Struct, frozen=True):
    """A value and why. `elements` are the parts of an array, for per-element basis.

    `missing` are the fields in it, by path, that were not found and cannot be null.
    """

    value: object
    citations: tuple[Citation, ...] = ()
    confidence: Confidence = "low"
    reasoning: str = "Not found in the documents."
    elements: tuple["Answer", ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether any document says so."""
        return bool(self.citations)


def absent(value: object, path: str = "") -> Answer:
    """The answer when the documents are silent; `value` is what the schema allows for that.

    Where that is not null, it stands for nothing: `path` says which field it is, and the reason that it is no finding.
    """
    if value is None or not path:
        return Answer(value=value)
    return Answer(value=value, reasoning=_PLACEHOLDER, missing=(path,))


def joined(value: object, parts: Sequence[Answer]) -> Answer:
    """An object or array made of parts: as sure as its least sure found part."""
    found = [part for part in parts if part.found]
    missing = tuple(path for part in parts for path in part.missing)
    if not found:
        return Answer(
            value=value, reasoning=_PLACEHOLDER if missing else "Not found in the documents.", missing=missing
        )
    order: tuple[Confidence, ...] = ("low", "medium", "high")
    return Answer(
        value=value,
        citations=merge(citation for part in found for citation in part.citations),
        confidence=min((part.confidence for part in found), key=order.index),
        reasoning=" ".join(dict.fromkeys(part.reasoning for part in found))[:1000],
        missing=missing,
    )


def merge(citations: Iterable[Citation]) -> tuple[Citation, ...]:
    """Citations of one document become one, excerpts in order without repeats."""
    merged: dict[str, Citation] = {}
    for citation in citations:
        known = merged.get(citation.url)
        excerpts = dict.fromkeys((*(known.excerpts or () if known else ()), *(citation.excerpts or ())))
        merged[citation.url] = Citation(url=citation.url, title=citation.title, excerpts=list(excerpts))
    return tuple(merged.values())


def unfound(answer: Answer) -> tuple[Notice, ...]:
    """A warning for each field that was not found and cannot be null (Parallel 1.9)."""
    return tuple(
        Notice("warning", f"field '{path}' was not found; its value is a placeholder", {"field": path})
        for path in answer.missing
    )


def basis(answers: Mapping[str, Answer], *, per_element: bool) -> list[FieldBasis]:
    """One entry per field; with `per_element` also one per element of top-level arrays (Parallel 2.9.3)."""
    entries: list[FieldBasis] = []
    for name, answer in answers.items():
        entries.append(_entry(name, answer))
        if per_element:
            entries.extend(_entry(f"{name}.{place}", part) for place, part in enumerate(answer.elements))
    return entries


def _entry(name: str, answer: Answer) -> FieldBasis:
    return FieldBasis(
        field=name,
        reasoning=answer.reasoning,
        citations=list(answer.citations),
        confidence=answer.confidence,
    )
