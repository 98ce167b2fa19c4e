"""Parts of the content of Chat messages: text, pictures, sound, files, and the cache marks that clients put on them.

Which parts a role may have is said here too; messages and tool calls are read in `message_reader.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from penstock.wire.dialects.conversation import (
    Audio,
    CacheMark,
    Document,
    Family,
    FileId,
    Image,
    Opaque,
    Part,
    Place,
    Refusal,
    Text,
    Thinking,
)
from penstock.wire.dialects.data_urls import is_data_url, read_place
from penstock.wire.dialects.json_value import Json
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.members import Members
from penstock.wire.dialects.openai_members import read_cache_mark, read_sound, tell_rest

TEXT_ONLY: Final = ("text",)
OF_USERS: Final = ("text", "image_url", "input_audio", "file")
OF_ASSISTANTS: Final = ("text", "refusal", "thinking")

OF_RESULTS: Final = ("text", "image_url", "file")  # more than OpenAI takes: others have pictures in results

_LONGEST_SCHEME: Final = 16


def read_content(
    content: Json, at: str, allowed: Sequence[str], dropped: Dropped, cache: CacheMark | None = None
) -> tuple[Part, ...]:
    """What `content` holds: a string, or parts. `cache`: a mark beside it, which the last part gets.

    An empty string and `null` are nothing.
    """
    if isinstance(content, str):
        parts: tuple[Part, ...] = (Text(text=content, at=at),) if content else ()
    elif content is None:
        parts = ()
    elif isinstance(content, list):
        parts = tuple(
            _part(Members(one, f"{at}[{number}]"), allowed, dropped) for number, one in enumerate(content)
        )
    else:
        raise Refused(at, "must be a string or an array of parts")
    return _marked(parts, cache, dropped)


def _part(members: Members, allowed: Sequence[str], dropped: Dropped) -> Part:
    kind = members.needed_text("type")
    if kind not in allowed:
        raise Refused(members.at("type"), f"must be one of {', '.join(allowed)}, not {kind!r}")
    part = _READERS[kind](members)
    tell_rest(members, dropped)
    return part


def _text(members: Members) -> Part:
    return Text(text=members.needed_text("text"), at=members.path, cache=read_cache_mark(members))


def _refusal(members: Members) -> Part:
    return Refusal(text=members.needed_text("refusal"), at=members.path)


def _image(members: Members) -> Part:
    image = _inner(members, "image_url")
    place = read_place(image.needed_text("url"), image.at("url"))
    detail = image.text("detail") or ""
    return Image(place=place, at=members.path, detail=detail, cache=read_cache_mark(members))


def read_picture(members: Members, signature: Opaque | None, dropped: Dropped) -> Image:
    """One of `images` of an assistant's message, as OpenRouter has them."""
    for name in ("type", "index"):
        members.take(name)
    image = _inner(members, "image_url")
    place = read_place(image.needed_text("url"), image.at("url"))
    tell_rest(members, dropped)
    return Image(place=place, at=members.path, signature=signature)


def _file(members: Members) -> Part:
    file = _inner(members, "file")
    name, data, number = file.text("filename") or "", file.text("file_data"), file.text("file_id")
    at = file.at("file_data")
    if number is not None:
        place: Place = FileId(number, Family.OPENAI)
    elif data is None:
        raise Refused(file.path, "must have file_data, a data: URL, or file_id")
    elif is_data_url(data) or "://" in data[:_LONGEST_SCHEME]:
        place = read_place(data, at)
    else:
        raise Refused(at, "must be a data: URL, data:<media type>;base64,<data>")
    return Document(place=place, at=members.path, name=name, cache=read_cache_mark(members))


def _thinking(members: Members) -> Part:
    """A thought within the content: Mistral's, in parts of text, or Anthropic's, with its signature."""
    at, thought = members.path, members.take("thinking")
    if isinstance(thought, list):
        thought = "".join(
            Members(one, f"{at}.thinking[{number}]").needed_text("text") for number, one in enumerate(thought)
        )
    if not isinstance(thought, str):
        raise Refused(f"{at}.thinking", "must be a string or an array of text parts")
    signature = members.text("signature")
    members.take("closed")
    return Thinking(text=thought, at=at, signature=Opaque(Family.ANTHROPIC, signature) if signature else None)


_READERS: Final[dict[str, Callable[[Members], Part]]] = {
    "text": _text,
    "refusal": _refusal,
    "image_url": _image,
    "input_audio": read_sound,
    "file": _file,
    "thinking": _thinking,
}


def _inner(members: Members, name: str) -> Members:
    """The object of a part that has its kind's name."""
    found = members.object(name)
    if found is None:
        raise Refused(members.at(name), "is missing: it must be an object")
    return found


def _marked(parts: tuple[Part, ...], cache: CacheMark | None, dropped: Dropped) -> tuple[Part, ...]:
    if cache is None:
        return parts
    if parts and isinstance(parts[-1], Text | Image | Audio | Document):
        last = parts[-1]
        return (*parts[:-1], last if last.cache else msgspec.structs.replace(last, cache=cache))
    dropped(cache.at)
    return parts
