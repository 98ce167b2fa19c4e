"""All models that a JSON body may be taken to ask for, by any reader there may be behind the gateway.

Readers differ: of a member that is there twice one takes the first and another the last, some do not care for case,
some have further members that choose a model. Here nothing is chosen: each name that some reader may find is told,
and what may be read in two ways is `Unclear`. Pure. Which providers there are, and what is allowed, is not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import msgspec

from penstock.wire.json_members import Member, members

# What is looked through for one request; far above what clients send.
_MAX_COLONS = 200_000
_MAX_MEMBERS = 1000  # of the first level
_MAX_LOOKS = 10_000
_MAX_FOUND = 1000
_LOOKED_AT = 1024 * 1024  # bytes
_BOM = b"\xef\xbb\xbf"
_LONGEST_RUN = 63  # of backslashes
CHOOSING = frozenset(
    {
        "deployment",
        "deploymentid",
        "engine",
        "fallback",
        "fallbackmodel",
        "fallbackmodels",
        "fallbacks",
        "model",
        "modelid",
        "modelname",
        "models",
        "preset",
    }
)
"""Members by which some provider chooses a model, as `folded` spells them."""
_OF_A_FILE = "inputfileid"  # a batch whose requests, models and all, were sent before

_HOLDS = re.compile(rb'"model(?:s|[_-]?id)?"\s*:\s*(?:(?=")|\[)', re.IGNORECASE)
_ITEM = re.compile(rb'\s*("(?:[^"\\]|\\.)*")\s*(,?)')
_ESCAPED_LETTER = re.compile(rb"\\u00(?:[46][1-9A-Fa-f]|[57][0-9Aa])")

_text = msgspec.json.Decoder(str).decode
_text_or_nothing = msgspec.json.Decoder(str | None).decode
_texts = msgspec.json.Decoder(str | list[str] | None).decode
_raw_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Unclear(Exception):
    """Readers of the request may differ about the model. Says why."""


def folded(name: str) -> str:
    """A member's name as the least exact reader takes it: whatever its case, with `_` and `-` or without."""
    return name.casefold().replace("_", "").replace("-", "")


def is_told_twice(body: bytes) -> bool:
    """Whether a body that speaks of a model more than once may be read in two ways."""
    if body[:_LOOKED_AT].lower().count(b'"model"') < 2 and not (
        b"\\u00" in body and _has_escaped_letter(body)
    ):
        return False
    try:
        models_in_json(body, ("model",))
    except Unclear:
        return True
    return False


def models_in_json(body: bytes, own: Iterable[str]) -> tuple[list[str], list[str]]:
    """The models that the members `own` name, and those that any other member may name. Raises `Unclear`.

    A member of the first level counts by the name that any reader
    may know it by; deeper ones (batches, tools, sessions) where they are called `model`, and hold text.
    """
    found = _members(body)
    names, others = list[str](), list[str]()
    spelt, wanted = set[str](), set(own)
    wanted_folded = {folded(name) for name in wanted}
    for name, member in found.items():
        short = folded(name)
        if short == _OF_A_FILE:
            raise Unclear("its requests stand in a file")
        if short in spelt:
            raise Unclear(f"its body has {name[:64]!r} in two spellings")
        if short not in CHOOSING and short not in wanted_folded:
            continue
        spelt.add(short)
        if name not in wanted and short in wanted_folded:
            raise Unclear(f"its body spells a member {name[:64]!r}")
        if name in wanted:
            names += _values(_text_or_nothing, name, member.value)
        else:
            others += _values(_texts, name, member.value)
    return names, others + _nested(body)


def models_at(body: bytes, path: str) -> list[str]:
    """The models at a place below the first level of a body, `inputs[].processor` or `session.model`; none where it is
    not there. Raises `Unclear` where readers may differ, or some of a list name none.
    """
    found = [body]
    for part in path.split("."):
        found = [
            value for one in found for value in _below(one, part.removesuffix("[]"), part.endswith("[]"))
        ]
        if len(found) > _MAX_FOUND:
            raise Unclear("its body names too many models")
    names = [name for value in found for name in _values(_text_or_nothing, path, value)]
    if "[]" in path and len(names) < len(_below(body, *_first_of(path))):
        raise Unclear(f"not all of its {path.partition('[')[0]!r} name one")
    return names


def _first_of(path: str) -> tuple[str, bool]:
    first = path.partition(".")[0]
    return first.removesuffix("[]"), first.endswith("[]")


def _below(value: bytes, name: str, is_list: bool) -> list[bytes]:
    """A member of an object, or the elements of one; none, where it is no object or has no such member."""
    if not value.lstrip().startswith(b"{"):
        return []
    try:
        found = members(value)
        if any(folded(other) == folded(name) and other != name for other in found):
            raise Unclear(f"its body spells a member {name!r} otherwise")
        told = found.get(name)
        if told is None or told.value == b"null":
            return []
        return list(map(bytes, _elements(told.value))) if is_list else [told.value]
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise Unclear(f"its {name!r} is nothing that all read alike: {error}") from None


def _members(body: bytes) -> dict[str, Member]:
    """The members of an object that all readers find to have the same ones. Who reads on behind a byte order mark reads
    the same.
    """
    body = body.removeprefix(_BOM)
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            raise Unclear("its body is not UTF-8") from None
    if body.count(b":") > _MAX_COLONS or _has_escaped_letter(body):
        raise Unclear("its body is written in a way in which nobody looks for it")
    try:
        if len(_raw_members(body)) > _MAX_MEMBERS:
            raise Unclear("its body has too many members")
        return members(body)
    except (ValueError, RecursionError) as error:
        raise Unclear(f"its body is no JSON object that all read alike: {error}") from None


def _has_escaped_letter(body: bytes) -> bool:
    """Whether a plain letter, which nobody has to escape, is: a name may hide in it. Also where it is hard to tell."""
    for looks, match in enumerate(_ESCAPED_LETTER.finditer(body)):
        before = body[max(0, match.start() - _LONGEST_RUN) : match.start()]
        backslashes = len(before) - len(before.rstrip(b"\\"))
        if backslashes % 2 == 0 or backslashes == _LONGEST_RUN or looks > _MAX_LOOKS:
            return True
    return False


def _values(read: Callable[[bytes], str | list[str] | None], name: str, value: bytes) -> list[str]:
    try:
        told = read(value)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Unclear(f"its {name[:64]!r} is no text") from None
    found = [told] if isinstance(told, str) else told or []
    if len(found) > _MAX_FOUND:
        raise Unclear("its body names too many models")
    return found


def _nested(body: bytes) -> list[str]:
    """What members called `model` hold, at any depth. Inside a text their quotes would be escaped."""
    lowered, found = body.lower(), list[str]()
    place, looks = lowered.find(b'"model'), 0
    while place >= 0:
        looks += 1
        if looks > _MAX_LOOKS:
            raise Unclear("its body speaks of models too often")
        holds = _HOLDS.match(body, place)
        item = None if holds is None else _ITEM.match(body, holds.end())
        while holds is not None and item is not None:
            if len(found) >= _MAX_FOUND:
                raise Unclear("its body names too many models")
            found.append(_told(item[1]))
            is_list = holds[0].endswith(b"[")
            item = _ITEM.match(body, item.end()) if is_list and item[2] else None
        place = lowered.find(b'"model', place + 1)
    return found


def _told(text: bytes) -> str:
    try:
        return _text(text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Unclear("a model in it is no text") from None
