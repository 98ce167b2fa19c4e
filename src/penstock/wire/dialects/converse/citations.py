"""What a text of an answer rests on, as Converse tells it (dialects, A5).

Claude's are told in Anthropic's own words to callers of these, whose members differ by their names only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from penstock.wire.dialects.answer_events import Citation
from penstock.wire.dialects.conversation import Family
from penstock.wire.dialects.json_value import Json, Object

# A kind of location: Anthropic's word, and its names of where it begins and ends.
_PLACES: Final[Mapping[str, tuple[str, str, str]]] = {
    "documentChar": ("char_location", "start_char_index", "end_char_index"),
    "documentPage": ("page_location", "start_page_number", "end_page_number"),
    "documentChunk": ("content_block_location", "start_block_index", "end_block_index"),
}
_SEARCH: Final = "searchResultLocation"


def read(value: Object, start: int, end: int, family: Family) -> Citation:
    """A citation of a text that has these places in the whole one."""
    cited = "".join(_text(_object(one).get("text")) for one in _list(value.get("sourceContent")))
    location = _object(value.get("location"))
    source, title = _text(value.get("source")), _text(value.get("title"))
    url = _text(_object(location.get("web")).get("url"))
    if not url and source.startswith(("http://", "https://")):
        url = source
    native = _as_claude(location, title, source, cited) if family is Family.ANTHROPIC else None
    return Citation(
        url=url,
        title=title,
        cited=cited,
        start=start,
        end=end,
        native=native or value,
        family=Family.ANTHROPIC if native else Family.BEDROCK,
    )


def _as_claude(location: Object, title: str, source: str, cited: str) -> Object | None:
    """As Anthropic writes it; None for a place that it has no word for."""
    for name, (kind, begins, ends) in _PLACES.items():
        place = location.get(name)
        if isinstance(place, dict):
            return {
                "type": kind,
                "cited_text": cited,
                "document_index": place.get("documentIndex"),
                "document_title": title or None,
                begins: place.get("start"),
                ends: place.get("end"),
            }
    place = location.get(_SEARCH)
    if not isinstance(place, dict):
        return None
    return {
        "type": "search_result_location",
        "cited_text": cited,
        "search_result_index": place.get("searchResultIndex"),
        "source": source,
        "title": title or None,
        "start_block_index": place.get("start"),
        "end_block_index": place.get("end"),
    }


def _object(value: Json) -> Object:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
