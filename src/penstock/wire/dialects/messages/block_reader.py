"""Content blocks of a caller's Messages request as parts (dialects, A3).

A block that only Anthropic knows goes on whole as `Native`, for a provider of that family. Signatures and hidden
reasoning of another family, which a caller sends back as it got them, are known by what stands in front of them.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Collection, Mapping
from typing import Final, Literal

from penstock.wire.dialects.conversation import (
    CacheMark,
    Data,
    Document,
    Family,
    FileId,
    Found,
    HiddenThinking,
    Image,
    Native,
    Opaque,
    Part,
    Place,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Url,
)
from penstock.wire.dialects.json_value import Object, to_json
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.members import Members
from penstock.wire.dialects.signatures import returned, unmarked

Role = Literal["user", "assistant", "system"]
ROLES: Final[tuple[Role, ...]] = ("user", "assistant", "system")

_OWN: Final = Family.ANTHROPIC
_IN_RESULTS: Final = ("text", "image", "document", "search_result")


def contents(members: Members, name: str, role: Role, dropped: Dropped) -> tuple[Part, ...]:
    """The parts of a message's content, which is a string or an array of blocks. Raises `Refused`."""
    if role == "system":
        return texts(members, name, dropped)
    found: list[Part] = []
    for block in _blocks(members, name):
        part = _read(block, dropped)
        if isinstance(part, Text) and not part.text and not part.citations and part.signature is None:
            continue
        found.append(part)
    return returned(found, _OWN)


def texts(members: Members, name: str, dropped: Dropped) -> tuple[Text, ...]:
    """The same where only texts may stand. Empty ones are none."""
    found = []
    for block in _blocks(members, name):
        part = _read(block, dropped, ("text",))
        if isinstance(part, Text) and part.text:
            found.append(part)
    return tuple(found)


def cache_mark(members: Members) -> CacheMark | None:
    """The mark that a block, a tool or a whole request bears."""
    mark = members.object("cache_control")
    if mark is None:
        return None
    mark.word("type", ("ephemeral",))
    return CacheMark(mark.path, mark.text("ttl") or "")


def _blocks(members: Members, name: str) -> list[Members]:
    """The blocks of an array; a string is one text block, and stands where it stands."""
    value = members.take(name)
    path = members.at(name)
    if value is None:
        return []
    if isinstance(value, str):
        return [Members({"type": "text", "text": value}, path)]
    if not isinstance(value, list):
        raise Refused(path, "must be a string or an array of blocks")
    return [Members(one, f"{path}[{number}]") for number, one in enumerate(value)]


def _read(block: Members, dropped: Dropped, allowed: Collection[str] = ()) -> Part:
    kind = block.text("type")
    if kind is None:
        raise Refused(block.at("type"), "is missing: it must be the kind of the block")
    if allowed and kind not in allowed:
        raise Refused(block.at("type"), f"must be {' or '.join(allowed)} here")
    reader = _READERS.get(kind)
    if reader is None:
        return _native(block, kind)
    part = reader(block, dropped)
    for path in block.left_over():
        dropped(path)
    return part


def _native(block: Members, kind: str) -> Native:
    return Native(family=_OWN, value={"type": kind, **block.rest()}, at=block.path)


def _text(block: Members, dropped: Dropped) -> Part:
    citations = tuple(one for one in block.list("citations") or () if isinstance(one, dict))
    return Text(text=block.needed_text("text"), at=block.path, cache=cache_mark(block), citations=citations)


def _thinking(block: Members, dropped: Dropped) -> Part:
    signature = block.text("signature")
    return Thinking(
        text=block.text("thinking") or "",
        at=block.path,
        signature=Opaque(_OWN, signature) if signature else None,
    )


def _redacted_thinking(block: Members, dropped: Dropped) -> Part:
    return HiddenThinking(data=unmarked(block.needed_text("data"), _OWN)[0], at=block.path)


def _image(block: Members, dropped: Dropped) -> Part:
    source = _source(block)
    return Image(place=_place(source, dropped), at=block.path, cache=cache_mark(block))


def _document(block: Members, dropped: Dropped) -> Part:
    source = _source(block)
    return Document(
        place=_place(source, dropped),
        at=block.path,
        title=block.text("title") or "",
        context=block.text("context") or "",
        cited=_cited(block),
        cache=cache_mark(block),
    )


def _source(block: Members) -> Members:
    source = block.object("source")
    if source is None:
        raise Refused(block.at("source"), "is missing: it must be an object")
    return source


def _place(source: Members, dropped: Dropped) -> Place:
    kind = source.word("type", ("base64", "url", "file", "text", "content"))
    place: Place
    if kind == "base64":
        place = Data(source.needed_text("media_type"), "".join(source.needed_text("data").split()))
    elif kind == "url":
        place = Url(source.needed_text("url"))
    elif kind == "file":
        place = FileId(source.needed_text("file_id"), _OWN)
    elif kind == "text":
        place = _plain(source.text("media_type") or "text/plain", source.needed_text("data"))
    elif kind == "content":
        place = _plain("text/plain", "\n".join(part.text for part in texts(source, "content", dropped)))
    else:
        raise Refused(source.at("type"), "is missing: it must be base64, url, file, text or content")
    for path in source.left_over():
        dropped(path)
    return place


def _plain(media_type: str, text: str) -> Data:
    return Data(media_type, binascii.b2a_base64(text.encode(errors="replace"), newline=False).decode())


def _found(block: Members, dropped: Dropped) -> Part:
    return Found(
        source=block.text("source") or "",
        title=block.text("title") or "",
        texts=tuple(part.text for part in texts(block, "content", dropped)),
        at=block.path,
        cited=_cited(block),
        cache=cache_mark(block),
    )


def _cited(block: Members) -> bool:
    citations = block.object("citations")
    return citations is not None and bool(citations.flag("enabled"))


def _tool_use(block: Members, dropped: Dropped) -> Part:
    return ToolCall(
        id=_needed_id(block, "id"),
        name=block.needed_text("name"),
        arguments=_json(block.plain_object("input")),
        at=block.path,
        cache=cache_mark(block),
    )


def _json(value: Object | None) -> str:
    return to_json(value or {}).decode()


def _tool_result(block: Members, dropped: Dropped) -> Part:
    parts: list[Text | Image | Document | Found] = []
    for one in _blocks(block, "content"):
        part = _read(one, dropped, _IN_RESULTS)
        if isinstance(part, Text | Image | Document | Found):
            parts.append(part)
    return ToolResult(
        call_id=_needed_id(block, "tool_use_id"),
        parts=tuple(parts),
        at=block.path,
        failed=block.flag("is_error") or False,
        cache=cache_mark(block),
    )


def _needed_id(block: Members, name: str) -> str:
    found = block.needed_text(name)
    if not found:
        raise Refused(block.at(name), "must not be empty")
    return found


_READERS: Final[Mapping[str, Callable[[Members, Dropped], Part]]] = {
    "text": _text,
    "thinking": _thinking,
    "redacted_thinking": _redacted_thinking,
    "image": _image,
    "document": _document,
    "search_result": _found,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}
