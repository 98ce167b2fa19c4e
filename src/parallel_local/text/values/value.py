"""What every kind of value has: its text, an exact slice of the sentence, and the place where it starts.

The nouns alone; how they are found stands in the file of their kind.
"""

import re
from collections.abc import Iterator

import msgspec


class Value(msgspec.Struct, frozen=True):
    """A slice of a sentence and where it starts."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """The place behind the slice."""
        return self.start + len(self.text)


class Number(Value, frozen=True):
    """A number as written and as counted: `$3.5 million` is 3500000.

    `upper` is the other end of a range; `hedged` says "about", "over" or the like stands before it;
    `compound` that it is glued to a word, as in "24-hour", and counts for nothing but a measure; `former` that it is
    the first of "from 12 to 58".
    """

    amount: float
    money: bool
    percent: bool
    currency: str = ""
    unit: str = ""
    upper: float | None = None
    hedged: bool = False
    compound: bool = False
    former: bool = False


class Date(Value, frozen=True):
    """A date as written, with as much of it as is said; `quarter` for "Q3 2024"."""

    year: int | None
    month: int | None = None
    day: int | None = None
    quarter: int | None = None

    def iso(self) -> str | None:
        """`YYYY-MM-DD`; None unless the whole date is said."""
        if self.year is None or self.month is None or self.day is None:
            return None
        return f"{self.year:04d}-{self.month:02d}-{self.day:02d}"


def every(pattern: re.Pattern[str], text: str) -> Iterator[Value]:
    """All matches of a pattern as values."""
    for match in pattern.finditer(text):
        yield Value(match.group(), match.start())


def inside(value: Value, outer: Value) -> bool:
    """Whether one value begins within another."""
    return outer.start <= value.start < outer.end
