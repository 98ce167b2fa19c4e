"""Checks plain data, as JSON and TOML have it, against types, and says all that is wrong with it, and where.

`msgspec` stops at the first error and words it for programs; this walks the same types and words every error
for the person who wrote the data: what was found, what is allowed, which name may have been meant. Nothing is
read or converted. What is found is quoted only where a plain, open value is expected, so that no secret gets into
a message. In which shape it is answered is for those who ask.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

import msgspec
from msgspec import inspect

Path = tuple[str | int, ...]
"""Names, and places in arrays, from the outside inwards."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_PART_BYTES = 65536
_DIGITS = 512  # in one place: of a number that takes long to read
_SHOWN_CHARACTERS = 60
_LONGEST_INTEGER = 2**64
_TABLES = (Mapping, dict)
_ARRAYS = (tuple, list)


class FieldError(ValueError):
    """Fields that do not fit together. `key` is the one to blame, or "" for the table as a whole.

    `within` leads on from there, where a table judges what is deep inside it.
    """

    def __init__(self, key: str, reason: str, *within: str | int) -> None:
        super().__init__(reason)
        self.key = key
        self.reason = reason
        self.path: Path = (key, *within) if key else ()


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong. `what` says it without the place; `hint` is advice: what to do, or what was meant."""

    path: Path
    what: str
    kind: Literal["rule", "value", "name", "unknown", "missing"] = "rule"
    hint: str = ""

    @property
    def reason(self) -> str:
        """What is wrong as a sentence of its own: with the place, unless a rule's words name it."""
        table = f"[{dotted(self.path[:-1])}]"
        match self.kind:
            case "value":
                return f"{dotted(self.path)}: {self.what}"
            case "name":
                return f"{table}: {self.what}"
            case "unknown":
                return f"{self.what} {f'in {table}' if self.path[1:] else 'at the top level'}; {self.hint}"
            case "missing":
                return f"{table} {self.what}"
        return self.what


def values_in(data: bytes) -> Iterator[int]:
    """How many values a JSON document has at most, counted up to each of its parts in turn.

    To be asked before it is decoded: each value becomes an object, all of them in one step. Text counts, too; and a
    number of thousands of digits, which takes the square of its length, counts as many.
    """
    values = 0
    for start in range(0, len(data), _PART_BYTES):
        end = start + _PART_BYTES
        values += data.count(b",", start, end) + data.count(b"[", start, end) + data.count(b"{", start, end)
        for place in range(start, end, _DIGITS):
            if data[place : place + _DIGITS].isdigit():
                values += _DIGITS
        yield values


def findings(
    value: object, kind: object, path: Path = (), *, strict: bool = True, table: str = "a table"
) -> Iterator[Finding]:
    """All that keeps `value` from being a `kind`; none where `msgspec.convert` takes it.

    Unless `strict`, text may stand for what it says. `table` is what people call a mapping.
    """
    yield from _Check(strict, table).findings(value, kind, path)


class _Check:
    """One way to check, for all that is inside of what is checked."""

    def __init__(self, strict: bool, table: str) -> None:
        self.strict = strict
        self.table = table

    def findings(self, value: object, kind: object, path: Path) -> Iterator[Finding]:
        if self._fits(value, kind):
            return
        inner = iter(()) if _is_too_long(value, kind) else self._inner(value, _structure(value, kind), path)
        first = next(inner, None)
        if first is None:
            yield self._own(value, kind, path)
        else:
            yield first
            yield from inner

    def _inner(self, value: object, kind: object, path: Path) -> Iterator[Finding]:
        if isinstance(value, Mapping):
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                yield from self._struct(value, kind, path)
            elif kind is not None:
                yield from self._mapping(value, kind, path)
        elif isinstance(value, list) and kind is not None:
            for index, item in enumerate(value):
                yield from self.findings(item, get_args(kind)[0], (*path, index))

    def _struct(
        self, value: Mapping[object, object], kind: type[msgspec.Struct], path: Path
    ) -> Iterator[Finding]:
        known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        is_closed = kind.__struct_config__.forbid_unknown_fields
        for key, item in value.items():
            name = str(key)
            if name in known:
                yield from self.findings(item, known[name].type, (*path, name))
            elif is_closed:
                yield Finding(
                    (*path, name), f"unknown key {quote(name)}", "unknown", _hint(name, list(known))
                )
        for name, field in known.items():
            if field.required and name not in value:
                yield Finding((*path, name), f"lacks {quote(name)}", "missing")

    def _mapping(self, value: Mapping[object, object], kind: object, path: Path) -> Iterator[Finding]:
        key_kind, item_kind = get_args(kind)
        for key, item in value.items():
            name = str(key)
            if self._fits(name, key_kind):
                yield from self.findings(item, item_kind, (*path, name))
            else:
                what = f"found the name {quote(name)}, allowed: {self._allowed(key_kind)}"
                yield Finding((*path, name), what, "name")

    def _own(self, value: object, kind: object, path: Path) -> Finding:
        """What is wrong with `value` itself, when everything in it is right."""
        try:
            msgspec.convert(value, type=kind, strict=self.strict)
        except msgspec.ValidationError as error:
            cause = error.__cause__
            if isinstance(cause, FieldError):
                return Finding((*path, *cause.path), cause.reason, "value")
        what = f"found {self._found(value, kind)}, allowed: {self._allowed(kind)}"
        return Finding(path, what, "value")

    def _fits(self, value: object, kind: object) -> bool:
        try:
            msgspec.convert(value, type=kind, strict=self.strict)
        except msgspec.ValidationError:
            return False
        return True

    def _found(self, value: object, kind: object) -> str:
        is_open = _is_open(inspect.type_info(kind))
        match value:
            case str():
                return quote(value) if is_open else "a string"
            case bool():
                return _number(value)  # never a secret
            case int() | float():
                return _number(value) if is_open else "a number"
            case list():
                return f"an array of {len(value)}"
            case Mapping():
                counted = get_origin(_structure(value, kind)) in _TABLES
                return f"{self.table} of {len(value)}" if counted else self.table
            case date() | time():
                return "a date or time"
            case None:
                return "null"
        return type(value).__name__

    def _allowed(self, kind: object) -> str:
        return _describe(inspect.type_info(kind), self.table)


def _structure(value: object, kind: object) -> object:
    """The one type among those of `kind` that says what is in a table or an array; None where there is none."""
    return found[0] if len(found := [one for one in _parts(kind) if _holds(one, value)]) == 1 else None


def _parts(kind: object) -> Iterator[object]:
    """The types that `kind` may be, without their ranges."""
    if get_origin(kind) is Annotated:
        yield from _parts(get_args(kind)[0])
    elif get_origin(kind) in (Union, UnionType):
        for part in get_args(kind):
            yield from _parts(part)
    else:
        yield kind


def _holds(kind: object, value: object) -> bool:
    if isinstance(value, Mapping):
        return get_origin(kind) in _TABLES or (isinstance(kind, type) and issubclass(kind, msgspec.Struct))
    arguments = get_args(kind)
    is_fixed = get_origin(kind) is tuple and arguments[1:] != (...,)
    return isinstance(value, list) and get_origin(kind) in _ARRAYS and not is_fixed


def _is_too_long(value: object, kind: object) -> bool:
    """An array or table with more in it than may be: what that is does not matter, and would take long to say."""
    if get_origin(kind) in (Union, UnionType):
        kind = next(part for part in get_args(kind) if part is not type(None))
    if get_origin(kind) is not Annotated or not isinstance(value, list | Mapping):
        return False
    bounds = [meta.max_length for meta in get_args(kind)[1:] if isinstance(meta, msgspec.Meta)]
    return any(bound is not None and len(value) > bound for bound in bounds)


def _hint(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {quote(near[0])}?" if near else f"known keys: {', '.join(known)}"


def dotted(path: Path) -> str:
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


def _is_open(kind: inspect.Type) -> bool:
    """May a value found in place of `kind` be shown? Not where a secret could stand."""
    match kind:
        case inspect.Metadata(extra={"secret": True}):
            return False
        case inspect.Metadata(type=inner):
            return _is_open(inner)
        case inspect.UnionType(types=types):
            return all(_is_open(part) for part in types)
        case inspect.DictType() | inspect.StructType() | inspect.VarTupleType() | inspect.ListType():
            return False
    return True


def _number(value: float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) > _LONGEST_INTEGER:
        return "a number of more than 64 bits"
    return str(value)


def _describe(kind: inspect.Type, table: str) -> str:
    """What may stand there."""
    match kind:
        case inspect.Metadata(extra_json_schema={"description": str(text)}):
            return text
        case inspect.Metadata(type=inner):
            return _describe(inner, table)
        case inspect.UnionType(types=types):
            named = [part for part in types if not isinstance(part, inspect.NoneType)]
            return " or ".join(_describe(part, table) for part in named)
        case inspect.LiteralType(values=values):
            return " or ".join(f'"{value}"' if isinstance(value, str) else str(value) for value in values)
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType() | inspect.FloatType():
            return _describe_number(kind)
        case inspect.StrType():
            form = f", as the pattern {kind.pattern} has it" if kind.pattern else ""
            return f"a string{_length(kind.min_length, kind.max_length, ' characters')}{form}"
        case inspect.DictType():
            return f"{table}{_length(kind.min_length, kind.max_length, ' entries')}"
        case inspect.VarTupleType() | inspect.ListType():
            return f"an array{_length(kind.min_length, kind.max_length, '')}"
        case inspect.TupleType(item_types=items):
            return f"an array of {len(items)}"
    return table


def _describe_number(kind: inspect.IntType | inspect.FloatType) -> str:
    noun = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
    low, above, high = kind.ge, kind.gt, kind.le
    if above is not None:
        return f"{noun} above {above}" + (f", up to {high}" if high is not None else "")
    if low is not None:
        return f"{noun} from {low} to {high}" if high is not None else f"{noun} of at least {low}"
    return noun if high is None else f"{noun} up to {high}"


def _length(least: int | None, most: int | None, unit: str) -> str:
    """` of 1 to 5`; nothing where any will do."""
    if least and most is not None:
        return f" of {least} to {most}{unit}"
    if most is not None:
        return f" of at most {most}{unit}"
    return f" of at least {least}{unit}" if least else ""
