"""Names of documents as Converse takes them: few characters, and each only once in a request (dialects, C52, C53)."""

from __future__ import annotations

import re
from typing import Final

from penstock.wire.dialects.conversation import Document

_LONGEST: Final = 200
_ILLEGAL: Final = re.compile(r"[^A-Za-z0-9()\[\]-]+")
_EXTENSION: Final = re.compile(r"(?<=.)\.[A-Za-z][A-Za-z0-9]{0,7}\Z", re.DOTALL)
_UNNAMED: Final = "document"


class DocumentNames:
    """The names of one request, in the order in which they are asked for: the same ones give the same names."""

    __slots__ = ("_taken",)

    def __init__(self) -> None:
        self._taken: dict[
            str, int
        ] = {}  # in small letters, with the number of the last one that was made of it

    def name(self, document: Document) -> str:
        """A legal name that no other document of the request has."""
        stem = _legal(document.title or document.name)
        number = self._taken.get(stem.lower(), 1)
        found = stem
        while found.lower() in self._taken:
            number += 1
            suffix = f" ({number})"
            found = stem[: _LONGEST - len(suffix)].rstrip() + suffix
        self._taken[stem.lower()] = number
        self._taken.setdefault(found.lower(), 1)
        return found


def _legal(name: str) -> str:
    """Without its extension, and with one blank for each run of characters that are not allowed."""
    return _ILLEGAL.sub(" ", _EXTENSION.sub("", name)).strip()[:_LONGEST].rstrip() or _UNNAMED
