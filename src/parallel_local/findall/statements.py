"""What is read out of documents about things: statements, and what must be known of the library to read them. Pure.

Whom a clause is about is read in `subjects.py`.
"""

import re
from collections.abc import Callable, Sequence

import msgspec

from parallel_local.findall.names import Key, NameFinder

_UNIT = re.compile(r".*\((?:in )?(?P<unit>[^\W\d]{1,12}[²³]?|[€$£%])\)")


class Statement(msgspec.Struct, frozen=True):
    """A clause about one thing. `shown` is the verbatim text around it, `below` the headings it stands under.

    `label` is that of a stated fact. `sentence` numbers the sentence, so that clauses of one can be put together;
    `language` is its document's; `undergone` tells that somebody else does it, and the thing is what it is done to.
    """

    text: str
    shown: str
    below: str
    sentence: int
    label: str = ""
    language: str = ""
    undergone: bool = False


class Reading(msgspec.Struct, frozen=True):
    """What must be known of the library to read one document: names, kinds of names, and words for kinds."""

    finder: NameFinder
    kinds_of: Callable[[Key], Sequence[str]]
    is_kind_word: Callable[[str], bool]
    is_common: Callable[[str], bool]
    language: str = ""


def fact(label: str, value: str) -> str:
    """A cell with its label; a unit that stands in the label belongs to the number: "Length (m)" and "310"."""
    match = _UNIT.fullmatch(label)
    if match and value[-1:].isdigit():
        return f"{label}: {value} {match.group('unit')}"
    return f"{label}: {value}"
