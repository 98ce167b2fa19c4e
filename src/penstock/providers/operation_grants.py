"""Which operations somebody may do who may do some only: what words stand for them, and what follows from them.

A word is a kind (`chat`, `research`), the name of an operation (`parallel.search.create`), or a pattern of names, in
which `*` stands for anything (`parallel.tasks.*`). It says what a row of a table is, not what a body makes of it: with
a row go all its flags. Pure. What no row knows is in no word.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from penstock.providers import custom
from penstock.providers.operation import Effect, Kind, Operation
from penstock.providers.operation_table import OperationTable
from penstock.providers.registry import BUILT_IN, UNIFIED

TABLES: Final = (*(one.operations for one in BUILT_IN), custom.OPERATIONS, UNIFIED)
"""All the tables there are: of a provider each, one for all custom ones, and what the gateway answers by itself."""

_LONGEST_WORD: Final = 256
_ANYTHING: Final = "*"
_KINDS: Final = {one.value: one.value for one in Kind} | {
    one.value.replace(" ", "-"): one.value for one in Kind
}
_TABLES: Final = {one.slug: one for one in TABLES}
_NAMES: Final = frozenset(row.name for one in TABLES for row in one.rows)


def known_word(text: str) -> str | None:
    """The word as it is kept: a kind by its own name, `agent-run` as `agent run`. None where it stands for nothing."""
    word = " ".join(text.split())
    kind = _KINDS.get(word.lower().replace("_", "-"), _KINDS.get(word.lower()))
    if kind is not None:
        return kind
    if len(word) > _LONGEST_WORD or word.count(_ANYTHING) == 0:
        return word if word in _NAMES else None
    return word if any(_fits(word, name) for name in _NAMES) else None


def words_like(text: str) -> Iterator[str]:
    """Words that somebody may have meant: names at the provider that stands in front, else kinds and providers."""
    table = _TABLES.get(text.partition(".")[0])
    if table is None:
        yield from (one.value for one in Kind)
        yield from (f"{slug}.*" for slug in _TABLES)
        return
    names = dict.fromkeys(row.name for row in table.rows)
    if _ANYTHING in text:
        stems = (name.split(".")[:end] for name in names for end in range(1, name.count(".") + 1))
        yield from dict.fromkeys(f"{'.'.join(stem)}.*" for stem in stems)
    else:
        yield f"{table.slug}.*"
        yield from names


@lru_cache(maxsize=4096)
def granted(words: tuple[str, ...], table: OperationTable) -> frozenset[str]:
    """The names of a table's operations that may be done by who may do what the words say.

    Who may order something may look after it: read it, and cancel it. What an order has made is found by its kind, or
    where its provider tells of jobs of all kinds.
    """
    said = [row for row in table.rows if _is_said(words, row)]
    kinds = frozenset(row.kind for row in said if _orders(row))
    kept = (row for row in table.rows if kinds and _looks_after(row, kinds))
    return frozenset(row.name for row in (*said, *kept))


def _is_said(words: tuple[str, ...], row: Operation) -> bool:
    return any(word == row.kind or _fits(word, row.name) for word in words)


def _orders(row: Operation) -> bool:
    """Whether it makes something that lives on, or may."""
    return row.effect is Effect.ORDER or any(flag.becomes is Effect.ORDER for flag in row.flags)


def _looks_after(row: Operation, kinds: frozenset[Kind]) -> bool:
    """Whether it reads or cancels one thing that orders of these kinds may have made. A list is of everybody's."""
    if row.effect not in (Effect.READ, Effect.CANCEL) or "{" not in row.pattern:
        return False
    tells_ends = row.kind is Kind.PREDICTION or (row.kind is Kind.OTHER and row.settles is not None)
    return row.kind in kinds or tells_ends


def _fits(word: str, name: str) -> bool:
    """Whether a name is what a word with `*` says. In linear time, whoever wrote the word."""
    first, *rest = word.split(_ANYTHING)
    if not rest:
        return word == name
    if not name.startswith(first):
        return False
    at, last = len(first), rest.pop()
    for part in rest:
        found = name.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(name) - len(last) >= at and name.endswith(last)
