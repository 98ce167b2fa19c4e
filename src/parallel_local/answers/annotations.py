"""URL citations of a text: which characters of it rest on which document (Parallel 2.10). Pure.

A quotation is found where it stands in the text; the value of a field where it stands in the JSON text. What is
quoted in other words than it is shown in (a table, say) is found by its document's address.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from parallel_local.text.sentences import flat
from parallel_local.wire.common import Citation, FieldBasis
from parallel_local.wire.responses import UrlCitation

_MOST = 200
Span = tuple[int, int]


def annotations(text: str, basis: Sequence[FieldBasis], fields: Mapping[str, Span]) -> list[UrlCitation]:
    """In order of the text, each once. `fields` are the places of a JSON text's values; empty for prose."""
    found: dict[tuple[str, Span], UrlCitation] = {}
    for entry in basis:
        whole = fields.get(entry.field)
        for citation in entry.citations:
            for span in [whole] if whole else _quoted(text, citation):
                found[citation.url, span] = UrlCitation(citation.url, citation.title or citation.url, *span)
    return sorted(found.values(), key=lambda one: (one.start_index, one.end_index))[:_MOST]


def field_spans(content: Mapping[str, object]) -> tuple[str, dict[str, Span]]:
    """An object as JSON text, and where the value of each of its fields stands in it."""
    pieces: list[str] = []
    spans: dict[str, Span] = {}
    place = 1
    for name, value in content.items():
        key, shown = f"{_json(name)}: ", _json(value)
        spans[name] = place + len(key), place + len(key) + len(shown)
        pieces.append(key + shown)
        place = spans[name][1] + len(", ")
    return "{" + ", ".join(pieces) + "}", spans


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _quoted(text: str, citation: Citation) -> list[Span]:
    """Where the excerpts of a citation stand; where its address stands, or everything, if none does."""
    spans = list(_places(text, citation.excerpts or ()))
    if not spans:
        start = text.find(citation.url)
        spans.append((start, start + len(citation.url)) if start >= 0 else (0, len(text)))
    return spans


def _places(text: str, excerpts: Iterable[str]) -> Iterator[Span]:
    for excerpt in excerpts:
        for shown in (excerpt, flat(excerpt)):
            start = text.find(shown) if shown else -1
            if start >= 0:
                yield start, start + len(shown)
                break
