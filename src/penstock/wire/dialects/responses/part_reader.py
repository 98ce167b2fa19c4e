"""Parts of the content of Responses messages and tool outputs: text, pictures, files, sound (dialects, A2, B3).

Which parts a place may hold is said here too; items are read in `item_reader.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from penstock.wire.dialects.conversation import Document, Family, FileId, Image, Part, Place, Refusal, Text
from penstock.wire.dialects.data_urls import is_data_url, read_data_url, read_place
from penstock.wire.dialects.json_value import Json
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.members import Members
from penstock.wire.dialects.openai_members import read_cache_mark, read_sound, tell_rest

TEXT_ONLY: Final = ("input_text",)
OF_USERS: Final = ("input_text", "input_image", "input_file", "input_audio")
OF_ASSISTANTS: Final = ("output_text", "refusal", "input_text")
OF_OUTPUTS: Final = ("input_text", "input_image", "input_file")

_TOLD: Final = ("annotations", "logprobs")  # of an earlier answer: nobody else takes them back


def read_content(content: Json, at: str, allowed: Sequence[str], dropped: Dropped) -> tuple[Part, ...]:
    """What `content` or `output` holds: a string, or parts. Raises `Refused`.

    An empty string and `null` are nothing.
    """
    if isinstance(content, str):
        return (Text(text=content, at=at),) if content else ()
    if content is None:
        return ()
    if not isinstance(content, list):
        raise Refused(at, "must be a string or an array of parts")
    return tuple(
        _part(Members(one, f"{at}[{number}]"), allowed, dropped) for number, one in enumerate(content)
    )


def _part(members: Members, allowed: Sequence[str], dropped: Dropped) -> Part:
    kind = members.needed_text("type")
    if kind not in allowed:
        raise Refused(members.at("type"), f"must be one of {', '.join(allowed)}, not {kind!r}")
    part = _READERS[kind](members)
    for name in _TOLD:
        if members.has(name) and members.list(name):
            dropped(members.at(name))
    tell_rest(members, dropped)
    return part


def _text(members: Members) -> Part:
    return Text(text=members.needed_text("text"), at=members.path, cache=read_cache_mark(members))


def _refusal(members: Members) -> Part:
    return Refusal(text=members.needed_text("refusal"), at=members.path)


def _image(members: Members) -> Part:
    """`image_url` is a string; clients that mix it up with Chat's send an object (dialects, C 57)."""
    detail, number = members.text("detail") or "", members.text("file_id")
    value, at = members.take("image_url"), members.at("image_url")
    if isinstance(value, dict):
        nested = Members(value, at)
        value, at = nested.needed_text("url"), nested.at("url")
        detail = nested.text("detail") or detail
    if isinstance(value, str):
        place: Place = read_place(value, at)
    elif value is not None:
        raise Refused(at, "must be a string: a URL, or a data: URL")
    elif number:
        place = FileId(number, Family.OPENAI)
    else:
        raise Refused(members.path, "must have image_url or file_id")
    return Image(place=place, at=members.path, detail=detail, cache=read_cache_mark(members))


def _file(members: Members) -> Part:
    name, data = members.text("filename") or "", members.text("file_data")
    url, number = members.text("file_url"), members.text("file_id")
    if data is not None:
        at = members.at("file_data")
        if not is_data_url(data):
            raise Refused(at, "must be a data: URL, data:<media type>;base64,<data>")
        place: Place = read_data_url(data, at)
    elif url is not None:
        place = read_place(url, members.at("file_url"))
    elif number:
        place = FileId(number, Family.OPENAI)
    else:
        raise Refused(members.path, "must have file_data, file_url or file_id")
    return Document(place=place, at=members.path, name=name, cache=read_cache_mark(members))


_READERS: Final[dict[str, Callable[[Members], Part]]] = {
    "input_text": _text,
    "output_text": _text,
    "refusal": _refusal,
    "input_image": _image,
    "input_file": _file,
    "input_audio": read_sound,
}
