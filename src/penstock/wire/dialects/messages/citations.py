"""What a text rests on, in Messages' words and in those of the inner form."""

from __future__ import annotations

from penstock.wire.dialects.answer_events import Citation
from penstock.wire.dialects.conversation import Family
from penstock.wire.dialects.json_value import Json, Object

_OWN = Family.ANTHROPIC


def read(value: Object, start: int, end: int) -> Citation:
    """A citation of a text block that has these places in the whole text: a cited sentence is a block of its own."""
    return Citation(
        url=_text(value.get("url")) or _text(value.get("source")),
        title=_text(value.get("title")) or _text(value.get("document_title")),
        cited=_text(value.get("cited_text")),
        start=start,
        end=end,
        native=value,
        family=_OWN,
    )


def written(citation: Citation) -> Object | None:
    """As Anthropic wrote it; of others what has an address; None for what has none."""
    if citation.family == _OWN and citation.native is not None:
        return citation.native
    if not citation.url:
        return None
    return {
        "type": "web_search_result_location",
        "url": citation.url,
        "title": citation.title or None,
        "cited_text": citation.cited,
        "encrypted_index": "",
    }


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
