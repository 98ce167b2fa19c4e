"""What a language model has written in an answer, whole or streamed, in any dialect: what all of its text weighs.

Text is what stands under the names that dialects have for it: content, reasoning as far as it is shown, refusals, tool
calls with their arguments, of all choices. What only comes with it (citations, log probabilities, images, sound,
signatures, what was asked) is not looked at. A stream is the sum of its increments; where an event repeats what others
brought, the greater counts. Pure; what a text weighs is in `token_weights.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final

import msgspec

from penstock.wire.answer_pieces import beginning, shape_of
from penstock.wire.token_weights import json_text, weight_of
from penstock.wire.tolerant_json import UNREADABLE, loose_texts
from penstock.wire.usage_marks import tells_usage

# Members that are text, and those that text is in; some are either, by what stands there.
_TEXTS: Final = frozenset(
    {
        "arguments", "code", "completion", "content", "delta", "generated_text", "generation", "input", "name",
        "outputText", "partial_json", "reasoning", "reasoning_content", "refusal", "response", "text", "thinking",
        "tool_plan", "transcript",
    }
)  # fmt: skip
_INSIDE: Final = frozenset(
    {
        "audio", "candidates", "content", "contentBlockDelta", "contentBlockStart", "content_block", "custom", "delta",
        "executableCode", "function", "functionCall", "function_call", "generations", "item", "message", "output",
        "outputs", "part", "parts", "reasoningContent", "reasoningText", "reasoning_details", "result", "start",
        "summary", "thinking", "toolUse", "tool_call_delta", "tool_calls",
    }
)  # fmt: skip
_OBJECTS: Final = frozenset({"args", "arguments", "input", "parameters"})  # that are written as JSON
_SHOWS_ONE: Final = (_TEXTS | _INSIDE | {"choices", "token", "results"}) - {
    "name",
    "message",
    "input",
    "code",
}
_OF_RESPONSES: Final = "response."
_NO_TEXT_DELTA: Final = ".audio.delta"
# One increment of a chat, as nearly all events of nearly all streams are: it is taken out without reading the rest.
_INCREMENT: Final = re.compile(
    rb'"delta":\s?\{(?:"role":\s?"assistant",\s?)?"content":\s?"((?:[^"\\\x00-\x1f]++|\\.)*+)"'
    rb'(?:,\s?"(?:refusal|reasoning_content|reasoning|function_call|tool_calls|audio)":\s?null)*+\}'
)
_DELTA: Final = b'"delta"'
_TYPE: Final = re.compile(rb'\s*\{\s*"type"\s*:\s*"(response\.[a-z_.]+)"')

MOST_DOCUMENTS: Final = 200_000
"""Of a stream, where there is time."""

_to_object = msgspec.json.Decoder().decode


def produced_weight(
    content_type: str, body: bytes, *, after_usage: bool = False, most: int = MOST_DOCUMENTS
) -> int | None:
    """What the text in a plain answer weighs; None where nothing in it is one of a language model.

    `content_type` is asked only where the first bytes leave open what it is. `body` may be the beginning of an answer.
    `after_usage`: only of what came after the last time that it told its usage. `most`: documents of a stream that are
    looked at; the rest is taken to be like them.
    """
    found = _Written()
    first = beginning(shape_of(content_type.lower(), body), body, most)
    try:
        for data in first.documents:
            found.read(data)
            if after_usage and tells_usage(data):
                found = _Written()
                found.is_known = True
    except UNREADABLE:
        pass  # nested too deeply: what came before it stands
    return found.weight * first.of // max(1, first.bytes) if found.is_known else None


class _Written:
    """What the documents of an answer bring, one after the other."""

    def __init__(self) -> None:
        self.is_known = False
        self._texts: list[str] = []
        self._quoted: list[bytes] = []  # texts as JSON has them, without their quotes
        self._items: dict[object, int] = {}  # of OpenAI's responses, by their place in the output
        self._whole = 0

    @property
    def weight(self) -> int:
        """Of all of it."""
        texts = [*self._texts, _unquoted(b"".join(self._quoted))]
        return max(weight_of("".join(texts)) + sum(self._items.values()), self._whole)

    def read(self, data: bytes) -> None:
        """Takes one document, or what is left of one."""
        increments = _INCREMENT.findall(data)
        if increments and len(increments) == data.count(_DELTA):
            self.is_known = True
            self._quoted += increments
            return
        found = _read(data)
        if isinstance(found, dict):
            self._add(found)
        elif isinstance(found, list):
            for one in found:
                if isinstance(one, dict):
                    self._add(one)
        elif found is None:
            self._add_loose(data)

    def _add(self, document: dict[str, object]) -> None:
        kind = document.get("type")
        if isinstance(kind, str) and kind.startswith(_OF_RESPONSES):
            self.is_known = True
            self._add_event(kind, document)
            return
        if _SHOWS_ONE.isdisjoint(document) and not isinstance(document.get("message"), dict):
            return
        self.is_known = True
        _collect_document(document, self._texts)

    def _add_event(self, kind: str, event: dict[str, object]) -> None:
        """An event of OpenAI's responses. Some bring their text in pieces, some only when it is whole, some twice."""
        place, delta = event.get("output_index"), event.get("delta")
        if not isinstance(place, int):
            place = 0
        if kind.endswith(".delta"):
            if isinstance(delta, str) and not kind.endswith(_NO_TEXT_DELTA):
                self._items[place] = self._items.get(place, 0) + weight_of(delta)
        elif kind.endswith(".done"):
            self._items[place] = max(self._items.get(place, 0), _weight_in(event))
        elif isinstance(response := event.get("response"), dict):
            self._whole = max(self._whole, _weight_in(response))

    def _add_loose(self, data: bytes) -> None:
        """A document that is cut, or that nobody could read."""
        kind = _TYPE.match(data)
        if kind is not None and not kind[1].endswith(b".delta"):
            return  # it repeats what others bring
        texts = list(loose_texts(data, _TEXTS))
        self.is_known = self.is_known or bool(texts)
        self._texts += texts


def _unquoted(text: bytes) -> str:
    """What stands between quotes in JSON."""
    quoted = b'"%b"' % text
    try:
        return str(_to_object(quoted))
    except UNREADABLE:
        pass
    try:
        return str(json.loads(quoted))  # takes halves of surrogate pairs
    except ValueError:
        return text.decode(errors="replace")


def _read(data: bytes) -> object:
    """A document; None for what is none, with `False` for what is no object either way."""
    try:
        return _to_object(data) or False
    except UNREADABLE:
        pass
    text = data.strip()
    if not text.startswith((b"{", b"[")):
        return False  # `[DONE]`, and the like, is no array
    try:
        return json.loads(text) or False  # takes NaN, and halves of surrogate pairs
    except (ValueError, RecursionError):
        return None if text.startswith(b"{") else False


def _collect_document(document: dict[str, object], found: list[str]) -> None:
    """The texts of a document that is no event of OpenAI's responses."""
    if isinstance(result := document.get("result"), dict):  # Workers AI
        document = result
    choices, token = document.get("choices"), document.get("token")
    if isinstance(choices, list):
        for choice in choices:
            if isinstance(choice, dict):
                _collect_choice(choice, found)
    elif isinstance(token, dict):
        _collect(token, found)  # the last one has the whole text beside it
    else:
        _collect(document, found)
        _collect_each(document.get("results"), found, ("outputText",))


def _collect_choice(choice: dict[str, object], found: list[str]) -> None:
    """Some who stream have beside each increment all that came so far."""
    inner = choice.get("delta") or choice.get("message")
    if isinstance(inner, dict):
        _collect(inner, found)
    elif isinstance(text := choice.get("text"), str):
        found.append(text)


def _collect_each(items: object, found: list[str], names: Iterable[str]) -> None:
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            found += [text for name in names if isinstance(text := item.get(name), str)]


def _collect(value: dict[str, object], found: list[str]) -> None:
    said = _TEXTS
    if "reasoning" in value and (value.get("reasoning") or "reasoning_content" in value):
        said = _but_for(value)
    for name, inner in value.items():
        if isinstance(inner, str):
            if name in said:
                found.append(inner)
        elif not inner:
            continue
        elif name in _OBJECTS and isinstance(inner, dict):
            found.append(json_text(inner))
        elif name in _INSIDE and (name != "reasoning_details" or "reasoning" not in value):
            for one in inner if isinstance(inner, list) else (inner,):
                if isinstance(one, dict):
                    _collect(one, found)


def _but_for(value: dict[str, object]) -> frozenset[str]:
    """The names of texts without the second one of the two that some write the same reasoning under."""
    return _TEXTS - {"reasoning_content" if value.get("reasoning") else "reasoning"}


def _weight_in(value: dict[str, object]) -> int:
    found: list[str] = []
    _collect(value, found)
    return weight_of("".join(found))
