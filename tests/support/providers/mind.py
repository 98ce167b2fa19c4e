"""What the fakes say, whatever dialect they say it in: decided by the request alone, so that a test knows it before.

A fake reads its own dialect into `Asked`, asks `said`, and writes `Said` or `Failure` in its own dialect.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]
Ending = Literal["end", "stop", "length", "calls"]
Kind = Literal["bad", "key", "model", "rate", "inner", "overloaded"]

KEY = "key-of-the-fakes"
FRESH_TOKENS = 11  # of each prompt
CACHED_TOKENS = 4  # beside them
THINKING_TOKENS = 5  # where something was thought
RETRY_AFTER = 7  # seconds
THOUGHT = "The user wants an answer."

_WEATHER = re.compile(r"weather in (\w+)(?: and (\w+))?")
_FAILS = re.compile(r"fail (bad|model|rate|inner|overloaded)")


@dataclass(frozen=True, slots=True)
class Picture:
    """One that came with the question."""

    media_type: str
    size: int  # bytes, decoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, as far as answers depend on it."""

    text: str  # the last that the user said
    system: str = ""
    pictures: tuple[Picture, ...] = ()
    tools: tuple[str, ...] = ()
    results: tuple[str, ...] = ()  # of the calls that stand open
    forced: str = ""  # a tool, or `*` for any
    schema: Json | None = None
    thinks: bool = False
    most: int | None = None  # words
    stops: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """Of a tool."""

    name: str
    arguments: Json

    @property
    def text(self) -> str:
        """The arguments as JSON."""
        return json.dumps(self.arguments)

    @property
    def pieces(self) -> tuple[str, str]:
        """The same in two pieces, neither of which is JSON."""
        return self.text[:5], self.text[5:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer."""

    thought: str = ""
    text: str = ""
    calls: tuple[Call, ...] = ()
    ending: Ending = "end"
    stopped_by: str | None = None
    cut: bool = False  # fails in the middle
    slow: bool = False  # never comes to its end

    @property
    def pieces(self) -> list[str]:
        """The text, a word each."""
        return re.findall(r"\S+\s*", self.text)

    @property
    def tokens(self) -> int:
        """All that was made."""
        return len(self.pieces) + 2 * len(self.calls) + (THINKING_TOKENS if self.thought else 0)


class Failure(Exception):
    """What is told in place of an answer. `about` is the member that is wrong, as the dialect writes paths."""

    def __init__(self, kind: Kind, message: str, about: str = "") -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.message = message
        self.about = about


def said(asked: Asked) -> Said:
    """The answer. Raises `Failure` where the user asks for one."""
    if failing := _FAILS.search(asked.text):
        kind: Any = failing[1]
        raise Failure(kind, f"You asked to fail: {kind}.")
    thought = THOUGHT if asked.thinks else ""
    if asked.results:
        return Said(thought=thought, text="The tool said: " + "; ".join(asked.results) + ".")
    if calls := _calls(asked):
        return Said(thought=thought, text="", calls=calls, ending="calls")
    cut, slow = "cut midway" in asked.text, "slowly" in asked.text
    text, ending, stopped_by = _within(_text(asked), asked)
    return Said(thought=thought, text=text, ending=ending, stopped_by=stopped_by, cut=cut, slow=slow)


def _calls(asked: Asked) -> tuple[Call, ...]:
    forced = asked.tools[0] if asked.forced == "*" and "get_weather" not in asked.tools else asked.forced
    if forced not in ("", "*", "get_weather"):  # it stands for a schema
        return (Call(forced, {"name": "Ada", "age": 36}),)
    match = _WEATHER.search(asked.text)
    if "get_weather" not in asked.tools or (match is None and not asked.forced):
        return ()
    places = [place for place in match.groups() if place] if match else ["Zürich"]
    return tuple(Call("get_weather", {"city": place}) for place in places)


def _text(asked: Asked) -> str:
    if asked.schema is not None:
        return json.dumps(instance(asked.schema, asked.schema))
    if asked.pictures:
        return "I see " + " and ".join(f"{one.media_type} of {one.size} bytes" for one in asked.pictures)
    under = f" Under: {asked.system}" if asked.system else ""
    return f"You said: {asked.text} – schön 日本.{under}"


def _within(text: str, asked: Asked) -> tuple[str, Ending, str | None]:
    """As much of a text as may be said."""
    for stop in asked.stops:
        if stop in text:
            return text.partition(stop)[0], "stop", stop
    words = re.findall(r"\S+\s*", text)
    if asked.most is not None and len(words) > asked.most:
        return "".join(words[: asked.most]), "length", None
    return text, "end", None


def instance(schema: Json, root: Json) -> object:
    """A value of a schema, always the same."""
    if "$ref" in schema:
        return instance(_at(root, schema["$ref"]), root)
    if options := schema.get("anyOf"):
        return instance(options[0], root)
    if values := schema.get("enum"):
        return values[0]
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type", "object")
    kind = str(kind[0] if isinstance(kind, list) else kind).lower()
    if kind == "object":
        return {name: instance(inner, root) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [instance(schema.get("items", {"type": "string"}), root)]
    return {"string": "Ada", "integer": 36, "number": 36.5, "boolean": True}.get(kind)


def _at(root: Json, reference: str) -> Json:
    found: Json = root
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found


def joined(texts: Sequence[str]) -> str:
    """Several texts of one message."""
    return " ".join(texts)
