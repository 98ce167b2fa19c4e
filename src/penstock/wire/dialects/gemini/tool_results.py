"""What the caller's tools gave, as `functionResponse` parts (dialects, C14 to C19).

A response is an object. JSON objects go as they are; everything else stands under `output`, what failed under `error`.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.wire.dialects.conversation import Conversation, Found, Text, ToolResult
from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.gemini.media import media_part
from penstock.wire.dialects.gemini_models import rules_of
from penstock.wire.dialects.json_value import Json, Object, from_json, to_json
from penstock.wire.dialects.loss import Dropped

_REFERENCE: Final = b'"$ref":'  # Gemini would read it as one of its own


def function_response(
    result: ToolResult, name: str, asked: Conversation, target: Target, dropped: Dropped
) -> tuple[Object, list[Json]]:
    """The part for one result, and media of it that have to stand in a turn of their own. Raises `Refused`."""
    rules = rules_of(target.model)
    texts: list[str] = []
    media: list[Json] = []
    for part in result.parts:
        if isinstance(part, Text):
            texts.append(part.text)
            if part.cache is not None:
                dropped(part.cache.at)
        elif isinstance(part, Found):
            texts.append(found_text(part, dropped))
        else:
            media.append(media_part(part, asked, target, dropped))
    response: Object = {"name": name, "response": _response(texts, result.failed)}
    if rules.call_ids:
        response["id"] = result.call_id
    if result.cache is not None:
        dropped(result.cache.at)
    if media and rules.media_in_results:
        response["parts"] = media
        media = []
    return {"functionResponse": response}, media


def _response(texts: list[str], failed: bool) -> Object:
    if failed:
        return {"error": _together(texts)}
    if len(texts) == 1 and (found := _object(texts[0])) is not None:
        return found
    return {"output": _together(texts)}


def _together(texts: list[str]) -> Json:
    """Several texts stay several."""
    return texts[0] if len(texts) == 1 else "" if not texts else list(texts)


def _object(text: str) -> Object | None:
    """The JSON object that a text is; none for one that Gemini would not take as it is."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = from_json(text)
        refers = _REFERENCE in to_json(found)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None
    return found if isinstance(found, dict) and not refers else None


def found_text(part: Found, dropped: Dropped) -> str:
    """A search result as text, with its title and source before it; told."""
    dropped(part.at)
    if part.cache is not None:
        dropped(part.cache.at)
    return "\n".join(line for line in (part.title, part.source, *part.texts) if line)
