"""How a strict provider looks at JSON: members it does not know are refused, and those it needs are asked for.

The words of a refusal are the provider's own business: a dialect gives the form of its sentences.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass

from support.providers.mind import Failure, Json, Picture


@dataclass(frozen=True, slots=True)
class Wording:
    """How one provider says it: sentences with `{path}` and `{name}` in them."""

    unknown: str
    missing: str = "{path}: Field required"

    def only(self, value: object, path: str, allowed: Iterable[str], needed: Iterable[str] = ()) -> Json:
        """An object that has these members. Raises `Failure`."""
        if not isinstance(value, dict):
            raise Failure("bad", f"{path or 'body'}: should be an object, not {type(value).__name__}", path)
        known = {*allowed, *needed}
        for name in value:
            if name not in known:
                at = below(path, name)
                raise Failure("bad", self.unknown.format(path=at, name=name), at)
        for name in needed:
            if value.get(name) is None:
                at = below(path, name)
                raise Failure("bad", self.missing.format(path=at, name=name), at)
        return value

    def items(self, value: object, path: str, *, filled: bool = True) -> list[tuple[object, str]]:
        """The entries of a list, each with its path. Raises `Failure`."""
        if not isinstance(value, list) or (filled and not value):
            raise Failure("bad", f"{path}: should be a list with something in it", path)
        return [(one, f"{path}.{number}") for number, one in enumerate(value)]


def words(text: str) -> tuple[str, ...]:
    """Names, written one behind the other."""
    return tuple(text.split())


def below(path: str, name: str) -> str:
    """The path of a member."""
    return f"{path}.{name}" if path else name


def body_of(data: bytes) -> object:
    """A request's JSON. Raises `Failure`."""
    try:
        return json.loads(data)
    except ValueError:
        raise Failure("bad", "The request body is not valid JSON") from None


def text_of(value: object, path: str, *, filled: bool = True) -> str:
    """A text. Raises `Failure`."""
    if not isinstance(value, str) or (filled and not value):
        raise Failure("bad", f"{path}: should be a text that is not empty", path)
    return value


def picture(media_type: object, data: object, path: str, known: tuple[str, ...]) -> Picture:
    """From base64. Raises `Failure`."""
    if media_type not in known:
        raise Failure("bad", f"{path}: unsupported image type {media_type!r}", path)
    try:
        return Picture(str(media_type), len(base64.b64decode(text_of(data, path), validate=True)))
    except binascii.Error:
        raise Failure("bad", f"{path}: invalid base64 data", path) from None


def data_picture(url: object, path: str, known: tuple[str, ...]) -> Picture:
    """From a `data:` URL; of another URL only what it ends in is known, and its size is 0."""
    text = text_of(url, path)
    if text.startswith("https://"):
        return Picture("image/" + text.rpartition(".")[2], 0)
    head, comma, data = text.partition(";base64,")
    if not comma or not head.startswith("data:"):
        raise Failure("bad", f"{path}: Invalid image URL", path)
    return picture(head.removeprefix("data:"), data, path, known)


def check_closed(schema: object, path: str) -> None:
    """As strict modes want schemas: objects closed, all their properties required. Raises `Failure`."""
    if isinstance(schema, list):
        for one in schema:
            check_closed(one, path)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            raise Failure("bad", f"Invalid schema {path}: 'additionalProperties' must be false", path)
        if set(schema.get("required", ())) != set(schema.get("properties", {})):
            raise Failure("bad", f"Invalid schema {path}: 'required' must have every property", path)
    for name, inner in schema.items():
        check_closed(list(inner.values()) if name in ("properties", "$defs") else inner, path)
