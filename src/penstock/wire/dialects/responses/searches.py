"""Web searches that a provider ran itself, as `web_search_call` items (dialects, A2, C32), and back.

What only the maker can read of them stands in `encrypted_content` with its family's name: a caller who sends items back
as they came keeps it, as with reasoning.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Final

import msgspec

from penstock.wire.dialects.answer_events import Opened
from penstock.wire.dialects.conversation import Family, Native, Opaque
from penstock.wire.dialects.json_value import Json, Object, from_json, to_json
from penstock.wire.dialects.signatures import marked, unmarked

IN_PROGRESS: Final = "in_progress"
_KIND: Final = "web_search_call"
_CALL: Final = "server_tool_use"
_RESULT: Final = "web_search_tool_result"
_TOOL: Final = "web_search"
_GOOGLES: Final = "groundingMetadata"


class Search(msgspec.Struct):
    """One search, as far as it is known: the blocks of who ran it."""

    family: Family
    blocks: list[Json]

    @property
    def whole(self) -> bool:
        """Whether there is nothing more to come."""
        return self.family is not Family.ANTHROPIC or len(self.blocks) > 1

    def goes_on_with(self, opened: Opened) -> bool:
        """Whether a block is this search's result."""
        native, first = opened.native or {}, _object(self.blocks[0])
        return (
            not self.whole and native.get("type") == _RESULT and native.get("tool_use_id") == first.get("id")
        )


def begun(opened: Opened) -> Search | None:
    """The search that a block begins; None for what is none."""
    native = opened.native or {}
    if opened.family is Family.ANTHROPIC and native.get("type") == _CALL and native.get("name") == _TOOL:
        return Search(Family.ANTHROPIC, [native])
    if opened.family is Family.GOOGLE and _GOOGLES in native:
        return Search(Family.GOOGLE, [native])
    return None


def item(number: str, search: Search, *, added: bool = False) -> Object:
    """The item; `added`: as it is when it begins."""
    found: Object = {"id": number, "type": _KIND, "status": IN_PROGRESS if added else _status(search)}
    queries, sources = (_googles if search.family is Family.GOOGLE else _claudes)(search)
    action: Object = {"type": "search", "query": queries[0] if queries else ""}
    if len(queries) > 1:
        action["queries"] = [*queries]
    if not added:
        action["sources"] = [{"type": "url", "url": url} for url in dict.fromkeys(sources)]
    found["action"] = action
    if search.family is Family.ANTHROPIC and not added:
        sealed = base64.b64encode(to_json(search.blocks)).decode()
        found["encrypted_content"] = marked(Opaque(search.family, sealed), Family.OPENAI)
    return found


def read(sealed: str, at: str) -> Iterator[Native]:
    """The blocks that an item was made of; none where it holds something else."""
    opaque, _ = unmarked(sealed, Family.OPENAI)
    if opaque.family is not Family.ANTHROPIC:
        return
    try:
        blocks = from_json(base64.b64decode(opaque.value, validate=True))
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError):
        return
    for block in blocks if isinstance(blocks, list) else ():
        if isinstance(block, dict) and block.get("type") in (_CALL, _RESULT):
            yield Native(family=opaque.family, value=block, at=at)


def _status(search: Search) -> str:
    if not search.whole:
        return IN_PROGRESS
    failed = search.family is Family.ANTHROPIC and isinstance(_object(search.blocks[1]).get("content"), dict)
    return "failed" if failed else "completed"


def _claudes(search: Search) -> tuple[list[str], list[str]]:
    query = _object(_object(search.blocks[0]).get("input")).get("query")
    results = _list(_object(search.blocks[1]).get("content")) if search.whole else []
    return _texts([query]), _texts([_object(one).get("url") for one in results])


def _googles(search: Search) -> tuple[list[str], list[str]]:
    told = _object(_object(search.blocks[0]).get(_GOOGLES))
    pages = [_object(_object(one).get("web")) for one in _list(told.get("groundingChunks"))]
    return _texts(_list(told.get("webSearchQueries"))), _texts([one.get("uri") for one in pages])


def _texts(values: list[Json]) -> list[str]:
    return [one for one in values if isinstance(one, str) and one]


def _object(value: Json) -> Object:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
