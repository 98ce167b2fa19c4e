"""A provider's operations, compiled: which row a path and a method belong to.

A table is a tree of path segments, so that finding a row takes as many steps as the path is deep, and no more than
its rows are. A path is read as the provider reads it: percent-encoding undone but for `/`, doubled slashes as one,
`:verb` at its end as a segment of its own. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import unquote

from penstock.providers.operation import Bills, Effect, Kind, Operation, Rows, variants

UNKNOWN = "unknown"
"""The name of what no row knows."""

ByMethod = Mapping[bytes, Operation]

_WILD = re.compile(r"\{\w*(\*?)\}")
_OF_MODEL = re.compile(r"\{[om](\*?)\}")  # an owner, and a model
_VERSION = re.compile(r"v\d+\w*")
_VERBS = {
    Effect.GENERATE: "create",
    Effect.ORDER: "create",
    Effect.CHANGE: "change",
    Effect.CANCEL: "cancel",
    Effect.DELETE: "delete",
    Effect.UPLOAD: "upload",
}
# The last word of a path tells this much, whoever's it is.
_LAST_WORDS = {
    **dict.fromkeys(("cancel", "stop", "terminate", "abort"), Effect.CANCEL),
    **dict.fromkeys(
        ("archive", "unarchive", "pause", "resume", "update", "edit", "share", "unshare", "approve"),
        Effect.CHANGE,
    ),
}


def _unknown(effect: Effect, bills: Bills = Bills.NOTHING) -> Operation:
    return Operation(UNKNOWN, Kind.OTHER, effect, bills, models=("body:model",), sure=False)


_READ = _unknown(Effect.READ)
_POST = _unknown(Effect.ORDER, Bills.UNKNOWN)
_OTHERS: dict[bytes, Operation] = {
    b"GET": _READ,
    b"HEAD": _READ,
    b"OPTIONS": _READ,
    b"QUERY": _READ,
    b"DELETE": _unknown(Effect.DELETE),
    b"PUT": _unknown(Effect.CHANGE),
    b"PATCH": _unknown(Effect.CHANGE),
    b"POST": _POST,
}
_UNKNOWN_BY_WORD = {
    effect: {**_OTHERS, b"POST": _unknown(effect)} for effect in (Effect.CANCEL, Effect.CHANGE)
}
UNKNOWN_OPERATION = _POST
"""Of a method that nobody knows, or of a call that led nowhere."""


class _Node:
    """A place in the tree: what follows it, and the rows that end there."""

    __slots__ = ("literals", "one", "rest", "rows")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.one: _Node | None = None
        self.rest: dict[bytes, Operation] = {}  # whatever else follows
        self.rows: dict[bytes, Operation] = {}


class OperationTable:
    """The rows of one provider."""

    __slots__ = ("_anywhere", "_by_name", "_root", "places", "rows", "slug")

    def __init__(self, slug: str, *groups: Rows, anywhere: bool = False) -> None:
        """`anywhere`: rows are known by the end of a path, whatever stands before it; of several the longest end.
        Raises ValueError for rows that contradict each other.
        """
        self.slug = slug
        self._anywhere = anywhere
        self._root = _Node()
        self._by_name: dict[str, Operation] = {}
        self.rows: tuple[Operation, ...] = tuple(_named(slug, row) for group in groups for row in group)
        for row in self.rows:
            self._add(row)
            for one in (row, *variants(row)):
                self._by_name.setdefault(one.name, one)
        told = (place for row in self.rows if row.is_work for place in row.models)
        self.places: tuple[str, ...] = tuple(dict.fromkeys(place for place in told if place != "path"))
        """Where any of them names its model, but for paths."""

    def _add(self, row: Operation) -> None:
        method, _, path = row.pattern.partition(" ")
        node, rows = self._root, self._root.rows
        for segment in _pattern_segments(path):
            wild = _WILD.fullmatch(segment)
            if wild is not None and wild[1]:
                rows = node.rest
                break
            if wild is not None:
                node.one = node.one or _Node()
                node = node.one
            else:
                node = node.literals.setdefault(segment, _Node())
            rows = node.rows
        if method.encode() in rows:
            raise ValueError(f"{self.slug} has {row.pattern} twice")
        rows[method.encode()] = row
        if method == "GET":
            rows[b"HEAD"] = row

    def at(self, path: str) -> ByMethod:
        """The operations of a path, by method. `path` has no query and need not begin with a slash."""
        parts = segments(path)
        found: dict[bytes, Operation] = {}
        for start in range(len(parts)) if self._anywhere else (0,):
            for rows in _matches(self._root, parts, start):
                for method, row in rows.items():
                    found.setdefault(method, row)
        last = _LAST_WORDS.get(parts[-1].removeprefix(":")) if parts else None
        others = _OTHERS if last is None else _UNKNOWN_BY_WORD[last]
        return {**others, **found} if found else others

    def named(self, name: str) -> Operation | None:
        """The operation of a name, one that flags make of a row as well."""
        return self._by_name.get(name)

    def model_in(self, row: Operation, path: str) -> str | None:
        """What stands at `{o}` and `{m}` of a row's path, which name its model; None where that cannot be told."""
        wanted = [part for part in row.pattern.partition(" ")[2].split("/") if part]
        parts = [unquote(part) for part in path.split("/") if part]
        starts = range(len(parts)) if self._anywhere else (0,)
        found = (_model_in(wanted, parts[start:]) for start in starts)
        return next((name for name in found if name), None)


def shows_model(row: Operation) -> bool:
    """Whether the path of a row names a model, at `{o}` and `{m}`."""
    return _OF_MODEL.search(row.pattern) is not None


def segments(path: str) -> list[str]:
    """A path in parts, as rows have them."""
    parts = [unquote(part) for part in path.split("/") if part]
    if parts:
        before, colon, verb = parts[-1].rpartition(":")
        if colon and before and verb.replace("-", "").isalpha():
            parts[-1:] = [before, ":" + verb]
    return parts


def resolved(tail: str) -> list[str]:
    """The parts of a path as a router sees it: without query, an encoded slash as a slash, dot segments gone."""
    parts: list[str] = []
    for part in "/".join(segments(tail.partition("?")[0])).split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return parts


def last_name(operation: Operation, path: str) -> str:
    """The last segment of a path that its row leaves open, an id as a rule; empty where there is none."""
    pattern = _pattern_segments(operation.pattern.partition(" ")[2])
    behind = next((at for at, part in enumerate(reversed(pattern)) if _WILD.fullmatch(part)), None)
    parts = segments(path)
    return "" if behind is None or behind >= len(parts) else parts[-1 - behind]


def _matches(node: _Node, parts: list[str], at: int) -> Iterator[ByMethod]:
    """The rows that a path fits, the most literal first."""
    if at == len(parts):
        if node.rows:
            yield node.rows
        return
    part = parts[at]
    literal = node.literals.get(part)
    if literal is not None:
        yield from _matches(literal, parts, at + 1)
    if node.one is not None:
        if at == len(parts) - 2 and parts[-1].startswith(":"):  # a name with a colon in it, perhaps
            yield from _matches(node.one, parts, at + 1)
            if node.one.rows and parts[-1] not in node.one.literals:
                yield node.one.rows
        else:
            yield from _matches(node.one, parts, at + 1)
    if node.rest:
        yield node.rest


def _pattern_segments(path: str) -> list[str]:
    parts = [part for part in path.split("/") if part]
    before, colon, verb = parts[-1].rpartition(":") if parts else ("", "", "")
    return [*parts[:-1], before, ":" + verb] if colon and before else parts


def _model_in(wanted: list[str], parts: list[str]) -> str | None:
    """The model in the parts of a path that fits a pattern's; None in one that does not."""
    names: list[str] = []
    for at, segment in enumerate(wanted):
        of_model, wild = _OF_MODEL.fullmatch(segment), _WILD.fullmatch(segment)
        if at >= len(parts) or (wild is None and segment != parts[at]):
            return None
        if of_model is not None:
            names += parts[at:] if of_model[1] else parts[at : at + 1]
        if wild is not None and wild[1]:
            return "/".join(names)
    return "/".join(names) if len(parts) == len(wanted) else None


def _named(slug: str, row: Operation) -> Operation:
    """The row with its name: the words of its path, and what is done there."""
    path = row.pattern.partition(" ")[2]
    parts = _pattern_segments(path)
    words = [
        part.lstrip(":@") for part in parts if not _WILD.fullmatch(part) and not _VERSION.fullmatch(part)
    ]
    verb = _VERBS.get(row.effect) or ("get" if parts and _WILD.fullmatch(parts[-1]) else "list")
    if row.websocket:
        verb = "connect"
    says_so = bool(parts) and (parts[-1].startswith(":") or parts[-1] == verb)
    return replace(row, name=".".join((slug, *words, *(() if says_so else (verb,)))))


def unknown(method: bytes, path: str) -> Operation:
    """What a request is that no row knows, by its method and the last word of its path."""
    return _NOTHING.at(path).get(method, UNKNOWN_OPERATION)


_NOTHING = OperationTable("")
