"""Lists in a JSON document: leaving out entries by what names them, and nothing else of it. Pure.

A place says where the list is and what names an entry of it: `data[].id`, `[].model_id`, `results[].owner/name` for a
name of two members, `models[].model.name` for one that lies deeper. What stands beside a list to turn its pages goes
on meaning the same: cursors that are ids of entries are ids of those that are left, and counts of the entries count
those. Entries that are left are the same bytes as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from penstock.pieces import Pieces
from penstock.wire.json_outline import SMALL_BYTES, outline


class Keeps(NamedTuple):
    """Which entries stay."""

    asks: Callable[[Sequence[str]], bool]  # whether one of these names does
    weight: int = 4096  # asking takes as long as looking at so many bytes


_NULL = msgspec.Raw(b"null")
_COUNTS = ("count", "num_models", "total", "totalCount", "totalSize", "total_count")
_PAGING = ("meta", "pagination", "paging", "result_info")
_BOM = b"\xef\xbb\xbf"
_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeError)

_Members = dict[str, msgspec.Raw]

_to_members = msgspec.json.Decoder(_Members).decode
_to_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_to_names = msgspec.json.Decoder(str | list[str]).decode
_to_text = msgspec.json.Decoder(str).decode
_to_json = msgspec.json.Encoder().encode


class _List(NamedTuple):
    """A list, and what names its entries."""

    path: tuple[str, ...]  # the members on the way to it
    names: tuple[str, ...]


def without_entries(data: bytes, places: Iterable[str], keeps: Keeps) -> Pieces[bytes]:
    """The document with those entries only that stay. An entry without a name does not.

    Raises ValueError for what is no JSON, and where there is none of the lists, but something else that may hold one.
    """
    document, found = msgspec.Raw(data.removeprefix(_BOM)), False
    for one in _lists(places):
        try:
            left = yield from _in_document(document, one.path, one.names, keeps)
        except _UNREADABLE as error:
            raise ValueError("it is no JSON as it should be") from error
        if left is not None:
            document, found = left, True
    if not found and not _holds_nothing(document):
        raise ValueError("there is no list in it where one should be")
    return bytes(document)


def _holds_nothing(document: msgspec.Raw) -> bool:
    """Whether it is an object of mere values: a list that is left out where it is empty, or a word to the caller."""
    members = _object(document)
    return members is not None and not any(bytes(one).startswith((b"{", b"[")) for one in members.values())


def _lists(places: Iterable[str]) -> list[_List]:
    found: dict[str, list[str]] = {}
    for place in places:
        path, _, name = place.partition("[].")
        found.setdefault(path, []).append(name)
    return [_List(tuple(path.split(".")) if path else (), tuple(names)) for path, names in found.items()]


def _in_document(
    raw: msgspec.Raw, path: Sequence[str], names: Sequence[str], keeps: Keeps
) -> Pieces[msgspec.Raw | None]:
    """The document with the list at the path without what does not stay; None where there is no list."""
    if not path:
        if bytes(raw).lstrip().startswith(b"{"):
            return None
        _, left = yield from _kept(raw, names, keeps)
        return _list(left)
    members = yield from _members(raw)
    inner = members.get(path[0])
    if inner is None:
        return None
    if bytes(inner) == b"null":  # for an empty one, as some write it
        return raw
    if len(path) > 1:
        found = yield from _in_document(inner, path[1:], names, keeps)
        if found is None:
            return None
        members[path[0]] = found
    else:
        before, left = yield from _kept(inner, names, keeps)
        members[path[0]] = _list(left)
        _turn_pages(members, names[0], before, left)
    return msgspec.Raw(_to_json(members))


def _kept(raw: msgspec.Raw, names: Sequence[str], keeps: Keeps) -> Pieces[tuple[int, list[msgspec.Raw]]]:
    """How many entries there are in a list, and those that stay."""
    entries, left = (yield from _items(raw)), []
    for entry in entries:
        yield keeps.weight + len(entry)
        if keeps.asks(_names_of(entry, names)):
            left.append(entry)
    return len(entries), left


def _members(raw: msgspec.Raw) -> Pieces[_Members]:
    """Those of an object of any size; of several of one name the last."""
    if len(raw) <= SMALL_BYTES:
        return _to_members(raw)
    data = bytes(raw)
    if not data.lstrip().startswith(b"{"):
        raise ValueError("it is no object")
    parts = yield from outline(data)
    return {part.name: msgspec.Raw(data[part.start : part.end]) for part in parts}


def _items(raw: msgspec.Raw) -> Pieces[list[msgspec.Raw]]:
    if len(raw) <= SMALL_BYTES:
        return _to_items(raw)
    data = bytes(raw)
    if not data.lstrip().startswith(b"["):
        raise ValueError("it is no list")
    parts = yield from outline(data)
    return [msgspec.Raw(data[part.start : part.end]) for part in parts]


def _list(entries: Iterable[msgspec.Raw]) -> msgspec.Raw:
    return msgspec.Raw(b"[" + b",".join(map(bytes, entries)) + b"]")


def _names_of(entry: msgspec.Raw, names: Sequence[str]) -> list[str]:
    return [found for name in names for found in _at(entry, name.split("."))]


def _at(entry: msgspec.Raw, path: Sequence[str]) -> list[str]:
    """The names at a path of an entry: none where something else stands there."""
    try:
        members = _object(entry) or {}
        if len(path) > 1:
            return _at(members[path[0]], path[1:])
        parts = [members[name] for name in path[0].split("/")]
        if len(parts) > 1:
            return ["/".join(map(_to_text, parts))]
        found = _to_names(parts[0])
    except (KeyError, *_UNREADABLE):
        return []
    return [found] if isinstance(found, str) else found


def _turn_pages(members: _Members, name: str, before: int, left: Sequence[msgspec.Raw]) -> None:
    """Corrects what stands beside a list that had `before` entries, and has these left."""
    if left:
        for cursor, entry in (("first_id", left[0]), ("last_id", left[-1])):
            if cursor in members:
                members[cursor] = msgspec.Raw(_to_json(next(iter(_at(entry, name.split("."))), None)))
    elif bytes(members.get("has_more", _NULL)) != b"true":  # else the next page begins behind the last one
        members.update({cursor: _NULL for cursor in ("first_id", "last_id") if cursor in members})
    elif "first_id" in members:
        members["first_id"] = _NULL
    _count(members, before, len(left))
    for beside in _PAGING:
        inner = _object(members.get(beside, _NULL))
        if inner is not None and _count(inner, before, len(left)):
            members[beside] = msgspec.Raw(_to_json(inner))


def _object(raw: msgspec.Raw) -> _Members | None:
    """What is small enough to be an entry of a list, or to stand beside one."""
    try:
        return _to_members(raw) if len(raw) <= SMALL_BYTES else None
    except _UNREADABLE:
        return None


def _count(members: _Members, before: int, left: int) -> bool:
    """Numbers of all entries become numbers of those that are left; whether there was one."""
    counts = [name for name in _COUNTS if bytes(members.get(name, _NULL)) == b"%d" % before]
    members.update({name: msgspec.Raw(b"%d" % left) for name in counts})
    return bool(counts)
