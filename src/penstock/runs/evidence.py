"""What an answer of Parallel rests on: its fields, their confidence, citations and domains (Parallel 2.9.3).

Read from the result of a task, the candidates of FindAll, or a chat's answer, which all have a `basis`. What is kept
are names and numbers; the texts stay in the result, from where they can be shown. Pure; nothing is raised, and the work
is bounded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from penstock.wire.json_values import ABSENT, Value, names, text
from penstock.wire.tolerant_json import UNREADABLE, read

CONFIDENCES: Final = ("high", "medium", "low", "none")
"""From the best on; the last stands for no word, or one that nobody knows."""

MOST_FIELDS: Final = 1000
"""That are told one by one; sums have all that are looked at."""

_MOST_LOOKED_AT: Final = 20_000
_MOST_OBJECTS: Final = 250_000
_MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_DOMAINS: Final = 1000  # of all fields
_MOST_OF_ONE: Final = 50  # domains of a field
_LONGEST_NAME: Final = 256
_LONGEST_HOST: Final = 253  # DNS has no longer ones
_LONGEST_URL: Final = 8192
_LONGEST_TITLE: Final = 500
_LONGEST_EXCERPT: Final = 10_000
_LONGEST_REASONING: Final = 10_000
_MOST_EXCERPTS: Final = 20  # of a citation that are shown
_WHOLE_TEXT: Final = "output"  # what a text is called as a field


class FieldEvidence(msgspec.Struct, frozen=True, gc=False):
    """What one field rests on. With a dot in its name it is an element of a list: `key_executives.0`."""

    name: str
    confidence: str = "none"
    citations: int = 0
    domains: tuple[str, ...] = ()  # cited, each once
    excerpts: int = 0
    has_reasoning: bool = False


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """What all fields of an answer rest on. Numbers are those of all, also where there are too many to be told."""

    fields: tuple[FieldEvidence, ...] = ()
    counted: int = 0  # fields
    confidences: dict[str, int] = {}  # fields by theirs, without those that none has
    citations: int = 0
    excerpts: int = 0
    uncited: int = 0  # fields without citation
    domains: dict[str, int] = {}  # citations by them, the most cited first


class Cited(NamedTuple):
    """One citation, with its texts."""

    url: str
    title: str
    excerpts: tuple[str, ...]


class FieldTexts(NamedTuple):
    """The texts that one field rests on."""

    reasoning: str
    citations: tuple[Cited, ...]


class _Citation(msgspec.Struct, gc=False):
    url: str | None = None
    title: str | None = None
    excerpts: list[str] | None = None


class _Basis(msgspec.Struct, gc=False):
    field: str | None = None
    citations: list[_Citation] | None = None
    reasoning: str | None = None
    confidence: str | None = None


class _Output(msgspec.Struct, gc=False):
    type: str | None = None
    content: msgspec.Raw = ABSENT
    basis: list[_Basis] | None = None


class _Candidate(msgspec.Struct, gc=False):
    basis: list[_Basis] | None = None


class _Answer(msgspec.Struct, gc=False):
    output: _Output | None = None  # of a task
    candidates: list[_Candidate] | None = None  # of FindAll
    basis: list[_Basis] | None = None  # of a chat


def evidence(result: bytes) -> Evidence:
    """What a result rests on; nothing, where it cannot be read or is too large.

    A field of the output for which no basis is given is one without confidence. Of FindAll all candidates count.
    """
    return _summed(islice(_found(_read(result)), _MOST_LOOKED_AT))


def field_texts(result: bytes, most: int = 1000) -> list[FieldTexts]:
    """What is said for each field that has a basis, in their order, with `most` citations in all; long ones are cut."""
    found, left = list[FieldTexts](), most
    for basis in islice(_bases(_read(result)), MOST_FIELDS):
        told = tuple(map(_cited, (basis.citations or [])[:left]))
        found.append(FieldTexts((basis.reasoning or "")[:_LONGEST_REASONING], told))
        left -= len(told)
    return found


def _cited(citation: _Citation) -> Cited:
    return Cited(
        url=(citation.url or "")[:_LONGEST_URL],
        title=(citation.title or "")[:_LONGEST_TITLE],
        excerpts=tuple(text[:_LONGEST_EXCERPT] for text in (citation.excerpts or [])[:_MOST_EXCERPTS]),
    )


def domain(url: str) -> str:
    """The host of a URL, in lower case and without `www.`; empty where it has none."""
    if len(url) > _LONGEST_URL:
        return ""
    try:
        host = urlsplit(url if "//" in url else f"//{url}").hostname or ""
    except ValueError:
        return ""
    host = host.rstrip(".").removeprefix("www.")
    return host if len(host) <= _LONGEST_HOST and host.isprintable() and " " not in host else ""


def _read(result: bytes) -> _Answer:
    if len(result) > _MOST_BYTES or result.count(b"{") > _MOST_OBJECTS:
        return _Answer()
    try:
        answer, _ = read(_Answer, result)
    except UNREADABLE:
        return _Answer()
    return answer


def _bases(answer: _Answer) -> Iterator[_Basis]:
    if answer.output is not None:
        yield from answer.output.basis or []
    yield from answer.basis or []
    for candidate in answer.candidates or []:
        yield from candidate.basis or []


def _found(answer: _Answer) -> Iterator[tuple[FieldEvidence, Counter[str]]]:
    """All fields, and how often each domain is cited for them; at the end those of the output that have no basis."""
    yield from map(_field, _bases(answer))
    if answer.output is not None:
        told = {one.field or "" for one in answer.output.basis or []}
        told |= {name.partition(".")[0] for name in told}
        yield from (
            (FieldEvidence(name), Counter()) for name in _fields_of(answer.output) if name not in told
        )


def _name(basis: _Basis) -> str:
    return (basis.field or "")[:_LONGEST_NAME]


def _confidence(basis: _Basis) -> str:
    word = (basis.confidence or "").strip().lower()
    return word if word in CONFIDENCES else CONFIDENCES[-1]


def _field(basis: _Basis) -> tuple[FieldEvidence, Counter[str]]:
    citations = basis.citations or []
    domains = Counter(filter(None, (domain(one.url or "") for one in citations)))
    return FieldEvidence(
        name=_name(basis),
        confidence=_confidence(basis),
        citations=len(citations),
        domains=tuple(islice(domains, _MOST_OF_ONE)),
        excerpts=sum(len(one.excerpts or ()) for one in citations),
        has_reasoning=bool((basis.reasoning or "").strip()),
    ), domains


def _fields_of(output: _Output) -> list[str]:
    """The fields of an output, whose content may be JSON within a text (Parallel 2.9.3)."""
    if output.type != "json":
        return [_WHOLE_TEXT] if output.type == "text" else []
    content: Value = text(output.content, _MOST_BYTES).encode() or output.content
    return [name[:_LONGEST_NAME] for name in names(content, MOST_FIELDS)]


def _summed(found: Iterable[tuple[FieldEvidence, Counter[str]]]) -> Evidence:
    fields: list[FieldEvidence] = []
    counted = citations = excerpts = uncited = 0
    confidences: Counter[str] = Counter()
    domains: Counter[str] = Counter()
    for field, places in found:
        counted += 1
        citations += field.citations
        excerpts += field.excerpts
        uncited += not field.citations
        confidences[field.confidence] += 1
        domains.update(places)
        if len(fields) < MOST_FIELDS:
            fields.append(field)
    return Evidence(
        fields=tuple(fields),
        counted=counted,
        confidences={word: confidences[word] for word in CONFIDENCES if confidences[word]},
        citations=citations,
        excerpts=excerpts,
        uncited=uncited,
        domains=dict(domains.most_common(_MOST_DOMAINS)),
    )
