"""What pages with lists share: filters as chips, and where a page of a list begins. All stands in addresses. Pure.

A list goes back in time by where its last page ended, so that the hundredth page is as quick as the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlencode

import msgspec

BEFORE: Final = "before"
"""The parameter that says where a page begins."""

_WORD, _VALUE = "word", "value"  # fields of the form that adds a filter

_MOST_SKIPPED: Final = 100_000
_LONGEST: Final = 30  # characters
_MOST_OF_LINKS: Final = 20_000  # likewise, all together

Pairs = Sequence[tuple[str, str]]


class Chip(msgspec.Struct, frozen=True):
    """A filter that is in force; `without` is the address of the page without it."""

    word: str
    text: str
    without: str


class Place(NamedTuple):
    """Where a page begins: with what came before this moment, without the first `skipped` of that very moment."""

    until_us: int | None
    skipped: int

    def until(self, given: int | None) -> int | None:
        """The earlier one of this moment and another one."""
        if self.until_us is None or given is None:
            return given if self.until_us is None else self.until_us
        return min(self.until_us, given)


def read_place(text: str) -> Place:
    """What `place_behind` has written; the beginning for anything else."""
    moment, _, skipped = text.partition(".")
    if not (moment.isdecimal() and skipped.isdecimal() and len(text) < _LONGEST):
        return Place(None, 0)
    return Place(int(moment) + 1, min(int(skipped), _MOST_SKIPPED))


def place_behind(moments: Sequence[int], began: Place, last: int | None = None) -> str:
    """Where the page behind rows of these moments begins, the newest first, which began there: what has one moment may
    stand on several pages. `last`: the moment of the last one that was looked at, if that is not the last of these.
    """
    last = moments[-1] if last is None else last
    before = began.skipped if began.until_us == last + 1 else 0
    return f"{last}.{before + moments.count(last)}"


def is_from_form(query: Pairs) -> bool:
    """Whether the form above a list was sent: what says the same in fewer words is `address(filters(…))`."""
    return any(name == _WORD for name, _ in query)


def filters(query: Pairs, is_word: Callable[[str], bool]) -> list[tuple[str, str]]:
    """The filters of an address, and the one that the form adds, a word and its value."""
    word, value = (next((text for name, text in query if name == field), "") for field in (_WORD, _VALUE))
    return [pair for pair in (*query, (word, value)) if pair[1].strip() and is_word(pair[0])]


def chips(given: Pairs, kept: Pairs = ()) -> Iterator[Chip]:
    """One for each filter, as far as there is room. `kept` stays in the address, whatever is taken away."""
    for place, (word, text) in enumerate(given[: room([*given, *kept])]):
        rest = [pair for other, pair in enumerate(given) if other != place]
        yield Chip(word, text, address([*rest, *kept]))


def room(pairs: Pairs) -> int:
    """How many links with these parameters a page holds: each of them has all others in it."""
    return max(_MOST_OF_LINKS // len(address(pairs)), 1)


def address(pairs: Pairs) -> str:
    """The page with these parameters."""
    return f"?{urlencode(pairs)}" if pairs else "?"
