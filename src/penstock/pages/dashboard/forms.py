"""What forms send, as values: lists of words, spans of time, numbers, metadata; and the same as fields of a form.

Pure. What may be in a value is decided by whom it is for; what cannot be a value at all is left for them to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from penstock.management.application import STORES_SAY, told
from penstock.management.problem import ManagementError
from penstock.management.reading import Pairs
from penstock.metadata import MetadataValue
from penstock.pages.dashboard.page import first

UNITS: Final[Mapping[str, int]] = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
"""Spans of time that forms offer."""

_BETWEEN: Final = re.compile(r"[\s,]+")
_MOST_WORDS: Final = 1001
_value = msgspec.json.Decoder(MetadataValue).decode


REFUSALS: Final = (ManagementError, *STORES_SAY)
"""What a form may be answered with: `refused` tells it."""


class Length(msgspec.Struct, frozen=True):
    """A span of time as a form has it: so many of a unit."""

    number: str = ""
    unit: str = "days"


def refused(error: Exception) -> tuple[tuple[str, ...], int]:
    """What is wrong with a form, to be said above it, and the status; of one of `REFUSALS`."""
    found = error if isinstance(error, ManagementError) else told(error)
    return tuple(one.message for one in found.problems), found.status


def every(form: Pairs, name: str) -> list[str]:
    """All values of a name."""
    return [value for key, value in form if key == name]


def words(text: str) -> list[str]:
    """What stands between commas and blanks, each once."""
    return list(dict.fromkeys(filter(None, _BETWEEN.split(text, _MOST_WORDS))))


def number(text: str) -> object:
    """A number; None for nothing. What is none stays a text, which nobody takes for one."""
    plain = text.strip()
    if not plain:
        return None
    try:
        return int(plain) if re.fullmatch(r"[+-]?\d{1,18}", plain) else float(plain)
    except ValueError:
        return plain


def seconds(form: Pairs, name: str) -> object:
    """The seconds of a span of time: the fields `name` and `name_unit`."""
    found = number(first(form, name))
    unit = UNITS.get(first(form, f"{name}_unit"), 1)
    return found * unit if isinstance(found, int) else found


def length(span: int | None) -> Length:
    """So many seconds in the largest unit that fits."""
    if span is None:
        return Length()
    name = next(name for name, unit in reversed(tuple(UNITS.items())) if span % unit == 0)
    return Length(str(span // UNITS[name]), name)


def metadata(text: str) -> dict[str, MetadataValue]:
    """Lines of `key=value`. What reads as a number, as true or as false is one; in quotes it is a text."""
    found: dict[str, MetadataValue] = {}
    for line in filter(str.strip, text.splitlines()):
        key, _, value = line.partition("=")
        found[key.strip()] = _scalar(value.strip())
    return found


def metadata_lines(values: Mapping[str, MetadataValue]) -> str:
    """As `metadata` reads them."""
    return "\n".join(f"{key}={_line(value)}" for key, value in values.items())


def joined(values: Sequence[str]) -> str:
    """A list as `words` reads it."""
    return ", ".join(values)


def _scalar(text: str) -> MetadataValue:
    try:
        value: MetadataValue = _value(text)
    except (msgspec.MsgspecError, UnicodeError):
        return text
    return value


def _line(value: MetadataValue) -> str:
    if isinstance(value, str) and _scalar(value) == value:
        return value
    return msgspec.json.encode(value).decode()
