"""What a reader of any format makes of a file: parts of Markdown that can be quoted and found again by address.

Values only. How they become documents of a folder is in `reading.py`.
"""

import msgspec

from parallel_local.documents.document import Entity

_MOST_CHARS = 20_000_000
_MOST_PARTS = 20_000


class Unreadable(Exception):
    """A file that cannot be turned into text; the message is one line that says why."""


class NotNow(Unreadable):
    """A file that could be read another time, or by another installation."""


class Part(msgspec.Struct, frozen=True):
    """A page, sheet, slide or message. `anchor` is the fragment of its address; the only part of a file has none."""

    text: str
    anchor: str = ""
    title: str | None = None
    date: str | None = None


class Content(msgspec.Struct, frozen=True):
    """A file as read. `note` is what its owner should know though it is taken, in one line."""

    parts: tuple[Part, ...]
    title: str | None = None
    url: str | None = None
    date: str | None = None
    entities: tuple[Entity, ...] = ()
    note: str | None = None


def whole(text: str, title: str | None = None, date: str | None = None) -> Content:
    """A file that is one piece."""
    return Content(parts=(Part(text=text),), title=title, date=date)


def missing(what: str) -> NotNow:
    """The refusal of a format whose reader comes with the extra `documents`."""
    return NotNow(f"{what} needs the extra `documents`: install penstock[documents]")


def bounded(content: Content) -> Content:
    """The same. Raises `Unreadable` for no part at all, and for more than an index has room for."""
    if not content.parts:
        raise Unreadable("nothing in it")
    if len(content.parts) > _MOST_PARTS:
        raise Unreadable(f"more than {_MOST_PARTS:,} parts")
    if sum(len(part.text) for part in content.parts) > _MOST_CHARS:
        raise Unreadable(f"more than {_MOST_CHARS:,} characters of text")
    return content
