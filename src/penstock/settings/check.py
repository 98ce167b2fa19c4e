"""Checks plain data against the tables of the settings, and says all that is wrong with it.

`msgspec` stops at the first error and words it for programs; this walks the same types and words every error
for the person who wrote the file: which key, what was found, what is allowed. Nothing is read or converted.
What is found is quoted only where a plain, open value is expected, so that no secret gets into a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

import msgspec
from msgspec import inspect

from penstock.settings.toml_position import KeyPath
from penstock.settings.value_types import FieldError

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN_CHARACTERS = 60
_LONGEST_INTEGER = 2**64


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong, and where: `path` is the file."""

    path: str | None
    line: int | None
    reason: str

    def __str__(self) -> str:
        place = [str(part) for part in (self.path, self.line) if part is not None]
        return ": ".join([":".join(place), self.reason]) if place else self.reason


class ConfigError(Exception):
    """The settings cannot be used. `path`, `line`, `reason` are the first problem's; str() lists all."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)
        self.path = problems[0].path
        self.line = problems[0].line
        self.reason = problems[0].reason


class Finding(msgspec.Struct, frozen=True):
    """A problem by the path of its key."""

    path: KeyPath
    reason: str


def findings(value: object, kind: object, path: KeyPath = (), *, strict: bool = True) -> Iterator[Finding]:
    """All that keeps `value` from being a `kind`; unless `strict`, text may stand for what it says."""
    inner = iter(()) if _is_too_long(value, kind) else _inner_findings(value, _plain(kind), path, strict)
    first = next(inner, None)
    if first is None:
        yield from _own_findings(value, kind, path, strict)
    else:
        yield first
        yield from inner


def _inner_findings(value: object, kind: object, path: KeyPath, strict: bool) -> Iterator[Finding]:
    if isinstance(value, Mapping):
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            yield from _struct_findings(value, kind, path, strict)
        elif get_origin(kind) in (Mapping, dict):
            yield from _mapping_findings(value, kind, path, strict)
    elif isinstance(value, list) and get_origin(kind) is tuple:
        for index, item in enumerate(value):
            yield from findings(item, get_args(kind)[0], (*path, index), strict=strict)


def _struct_findings(
    value: Mapping[object, object], kind: type[msgspec.Struct], path: KeyPath, strict: bool
) -> Iterator[Finding]:
    known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key, item in value.items():
        name = str(key)
        if name in known:
            yield from findings(item, known[name].type, (*path, name), strict=strict)
        else:
            yield Finding((*path, name), _unknown_key(name, list(known), path))
    for name, field in known.items():
        if field.required and name not in value:
            yield Finding((*path, name), f"{_table(path)} lacks {quote(name)}")


def _mapping_findings(
    value: Mapping[object, object], kind: object, path: KeyPath, strict: bool
) -> Iterator[Finding]:
    key_kind, item_kind = get_args(kind)
    for key, item in value.items():
        name = str(key)
        if _fits(name, key_kind):
            yield from findings(item, item_kind, (*path, name), strict=strict)
        else:
            reason = f"{_table(path)}: found the name {quote(name)}, allowed: {_allowed(key_kind)}"
            yield Finding((*path, name), reason)


def _own_findings(value: object, kind: object, path: KeyPath, strict: bool) -> Iterator[Finding]:
    """What is wrong with `value` itself, when everything in it is right."""
    try:
        msgspec.convert(value, type=kind, strict=strict)
    except msgspec.ValidationError as error:
        cause = error.__cause__
        if isinstance(cause, FieldError):
            path = (*path, cause.key) if cause.key else path
            yield Finding(path, f"{dotted(path)}: {cause.reason}")
        else:
            reason = f"{dotted(path)}: found {_found(value, kind)}, allowed: {_allowed(kind)}"
            yield Finding(path, reason)


def _is_too_long(value: object, kind: object) -> bool:
    """An array or table with more in it than may be: what that is does not matter, and would take long to say."""
    if get_origin(kind) in (Union, UnionType):
        kind = next(part for part in get_args(kind) if part is not type(None))
    if get_origin(kind) is not Annotated or not isinstance(value, list | Mapping):
        return False
    bounds = [meta.max_length for meta in get_args(kind)[1:] if isinstance(meta, msgspec.Meta)]
    return any(bound is not None and len(value) > bound for bound in bounds)


def _fits(value: object, kind: object) -> bool:
    try:
        msgspec.convert(value, type=kind)
    except msgspec.ValidationError:
        return False
    return True


def _plain(kind: object) -> object:
    """`kind` without its ranges and without None, which TOML cannot write."""
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return _plain(next(part for part in get_args(kind) if part is not type(None)))
    return kind


def _unknown_key(name: str, known: list[str], path: KeyPath) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {quote(near[0])}?" if near else f"known keys: {', '.join(known)}"
    return f"unknown key {quote(name)} {f'in {_table(path)}' if path else 'at the top level'}; {hint}"


def _table(path: KeyPath) -> str:
    return f"[{dotted(path)}]"


def dotted(path: KeyPath) -> str:
    """A path as TOML writes it."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            text += f".{key if _BARE_KEY.fullmatch(key) else quote(key)}"
    return text.removeprefix(".")


def quote(text: str) -> str:
    """Text between quotation marks, cut where it is long, with nothing a terminal could act on."""
    cut = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
    return '"' + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut) + '"'


def _found(value: object, kind: object) -> str:
    is_open = _is_open(inspect.type_info(kind))
    match value:
        case str():
            return quote(value) if is_open else "a string"
        case int() | float():
            return _number(value) if is_open else "a number"
        case list():
            return f"an array of {len(value)}"
        case Mapping():
            return "a table"
        case date() | time():
            return "a date or time"
    return type(value).__name__


def _is_open(kind: inspect.Type) -> bool:
    """May a value found in place of `kind` be shown? Not where a secret could stand."""
    match kind:
        case inspect.Metadata(extra={"secret": True}):
            return False
        case inspect.Metadata(type=inner):
            return _is_open(inner)
        case inspect.UnionType(types=types):
            return all(_is_open(part) for part in types)
        case inspect.DictType() | inspect.StructType() | inspect.VarTupleType():
            return False
    return True


def _number(value: float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) > _LONGEST_INTEGER:
        return "a number of more than 64 bits"
    return str(value)


def _allowed(kind: object) -> str:
    return _describe(inspect.type_info(kind))


def _describe(kind: inspect.Type) -> str:
    match kind:
        case inspect.Metadata(extra_json_schema={"description": str(text)}):
            return text
        case inspect.Metadata(type=inner):
            return _describe(inner)
        case inspect.UnionType(types=types):
            return " or ".join(_describe(part) for part in types if not isinstance(part, inspect.NoneType))
        case inspect.LiteralType(values=values):
            return " or ".join(f'"{value}"' for value in values)
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType(ge=low, le=high):
            return f"a whole number from {low} to {high}"
        case inspect.FloatType(gt=None, ge=low, le=high):
            return f"a number from {low} to {high}"
        case inspect.FloatType(gt=above, le=high):
            return f"a number above {above}, up to {high}"
        case inspect.StrType(min_length=int(low), max_length=int(high)):
            return f"a string of {low} to {high} characters"
        case inspect.StrType():
            return "a string"
        case inspect.VarTupleType(max_length=int(high)):
            return f"an array of at most {high}"
        case inspect.VarTupleType():
            return "an array"
    return "a table"
