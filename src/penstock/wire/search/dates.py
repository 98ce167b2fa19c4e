"""Dates of results as Parallel writes them: `YYYY-MM-DD`, or nothing.

Only what is absolute becomes one: "3 days ago" would age wrongly in an answer that is kept (search and runs A5).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_BEGINS: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ].*)?", re.DOTALL)
_LONGEST: Final = 64
_WITH_WORDS: Final = ("%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y")


def day_of(text: str) -> str | None:
    """The day that a text names, whichever zone it is told in; None where it names none."""
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    found = _BEGINS.fullmatch(text)
    try:
        if found is not None:
            return date.fromisoformat(found[1]).isoformat()
        return _in_words(text) or parsedate_to_datetime(text).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _in_words(text: str) -> str | None:
    for form in _WITH_WORDS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).date().isoformat()
        except ValueError:
            continue
    return None


def days_between(first: str, last: str) -> int:
    """From one `YYYY-MM-DD` to another; at least 0."""
    return max(0, (date.fromisoformat(last) - date.fromisoformat(first)).days)


def american(day: str) -> str:
    """`MM/DD/YYYY`."""
    year, month, number = day.split("-")
    return f"{month}/{number}/{year}"
