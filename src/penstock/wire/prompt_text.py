"""What a request asks of a language model, in any dialect: what the text of its prompt weighs.

Text is what messages, instructions and tools say. Images, sound and files, however they are written, are none: what a
provider counts for those nobody can tell from their bytes. Nor is what the provider has stored (an earlier response, a
cache). Pure; what a text weighs is in `token_weights.py`.
"""

from __future__ import annotations

import json
import re
from typing import Final

import msgspec

from penstock.wire.answer_pieces import start_of
from penstock.wire.token_weights import TOKEN, json_text, weight_of
from penstock.wire.tolerant_json import UNREADABLE, loose_texts

_OF_A_MESSAGE: Final = 4 * TOKEN  # its role, and what stands between it and the next one
_PROMPT: Final = frozenset(
    {
        "chat_history", "content", "contents", "documents", "input", "inputText", "inputs", "instances", "instructions",
        "message", "messages", "preamble", "prompt", "requests", "suffix", "system", "systemInstruction",
        "system_instruction", "text", "texts",
    }
)  # fmt: skip
_AS_JSON: Final = frozenset({"functions", "response_format", "toolConfig", "tools"})
_OBJECTS: Final = frozenset(
    {"args", "arguments", "input", "json", "parameters", "response", "schema"}
)  # inside of messages
_NO_TEXT: Final = frozenset(
    {
        "annotations", "audio", "b64_json", "bytes", "cache_control", "call_id", "data", "detail", "encrypted_content",
        "file", "fileData", "fileUri", "file_data", "file_id", "file_url", "format", "id", "image", "image_url",
        "images", "inlineData", "inline_data", "input_audio", "logprobs", "media_type", "metadata", "mimeType",
        "mime_type", "model", "redactedContent", "role", "s3Location", "signature", "status", "thoughtSignature",
        "toolUseId", "tool_call_id", "tool_use_id", "type", "uri", "url", "video",
    }
)  # fmt: skip
_LOOSE: Final = frozenset(
    {"arguments", "content", "description", "input", "instructions", "prompt", "system", "text"}
)
MOST_PARTS: Final = 500_000
"""Of a request, where there is time."""

_READ_LOOSELY: Final = 262_144  # bytes of one that no decoder takes
_LONG: Final = 1024 * 1024  # characters of a text; the rest of one is taken to be like them
_LEAST_BASE64: Final = 1024
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_\r\n-]+={0,2}\s*")
_KINDS: Final = (re.compile("[a-z]"), re.compile("[A-Z]"), re.compile("[0-9]"))

_to_object = msgspec.json.Decoder().decode


def prompt_weight(body: bytes, most: int = MOST_PARTS) -> int | None:
    """What the prompt of a plain request weighs; None where it cannot be read, or has more than so many parts."""
    if body.count(b",") > most:
        return None
    body = body[start_of(body) :]
    try:
        request = _read(body)
        return (
            sum(_of_member(name, value) for name, value in request.items())
            if isinstance(request, dict)
            else 0
        )
    except UNREADABLE:
        return None


def loose_prompt_weight(body: bytes) -> int:
    """What can be found of a prompt in a request that cannot be read, or in the beginning of one."""
    return sum(weight_of(text) for text in loose_texts(body, _LOOSE) if not _is_data(text))


def _read(body: bytes) -> object:
    try:
        return _to_object(body)
    except UNREADABLE:
        if len(body) > _READ_LOOSELY:
            raise
        return json.loads(body)  # takes NaN, and halves of surrogate pairs


def _of_member(name: str, value: object) -> int:
    if name in _AS_JSON:
        return weight_of(json_text(value)) if value else 0
    return _weight(value) if name in _PROMPT else 0


def _weight(value: object) -> int:
    if isinstance(value, str):
        if len(value) > _LONG and not _is_data(value):
            return weight_of(value[:_LONG]) * len(value) // _LONG
        return 0 if _is_data(value) else weight_of(value)
    if isinstance(value, list):
        return sum(map(_weight_of_item, value))
    return _weight_of_object(value) if isinstance(value, dict) else 0


def _weight_of_item(item: object) -> int:
    """Some send their prompt as the numbers of its tokens."""
    return TOKEN if type(item) is int else _weight(item)


def _weight_of_object(value: dict[str, object]) -> int:
    weight = _OF_A_MESSAGE if "role" in value else 0
    for name, inner in value.items():
        if name in _OBJECTS and isinstance(inner, dict):
            weight += weight_of(json_text(inner))
        elif name not in _NO_TEXT:
            weight += _weight(inner)
    text = value.get("data")
    if isinstance(text, str) and value.get("type") == "text":  # Anthropic's documents
        weight += weight_of(text)
    return weight


def _is_data(text: str) -> bool:
    """Whether it is an image or the like, written as text."""
    if text.startswith("data:"):
        return True
    if len(text) < _LEAST_BASE64 or _BASE64.fullmatch(text) is None:
        return False
    return all(kind.search(text) for kind in _KINDS)
