"""The objects of a JSON array that comes piece by piece, found by depth and strings, not by lines (dialects, A9)."""

from __future__ import annotations

import re
from typing import Final

from penstock.wire.sse import MAX_EVENT_BYTES

_BETWEEN: Final = re.compile(rb"[ \t\r\n,\[\]]*")
_BRACKET_OR_STRING: Final = re.compile(rb'["{}\[\]]')
_END_OF_STRING: Final = re.compile(rb'["\\]')


class NotJson(Exception):
    """Something stands between the objects, or one of them is longer than `MAX_EVENT_BYTES`."""


class JsonPieces:
    """Cuts out the objects, however the bytes come."""

    __slots__ = ("_depth", "_in_string", "_looked", "_waiting")

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._looked = 0
        self._depth = 0
        self._in_string = False

    @property
    def waiting(self) -> int:
        """Bytes of an object that has not ended."""
        return len(self._waiting)

    def feed(self, data: bytes) -> list[bytes]:
        """The objects that end in these bytes. Raises `NotJson`."""
        self._waiting += data
        found = []
        while (end := self._end()) is not None:
            found.append(bytes(self._waiting[:end]))
            del self._waiting[:end]
            self._looked = 0
        if len(self._waiting) > MAX_EVENT_BYTES:
            raise NotJson
        return found

    def _end(self) -> int | None:
        """Where the object at the beginning ends; None where that is not known yet."""
        waiting = self._waiting
        if not self._depth:
            between = _BETWEEN.match(waiting)
            del waiting[: between.end() if between else 0]
            if not waiting:
                return None
            if waiting[0] != 0x7B:
                raise NotJson
            self._depth, self._looked = 1, 1
        while token := (_END_OF_STRING if self._in_string else _BRACKET_OR_STRING).search(
            waiting, self._looked
        ):
            self._looked = token.end()
            sign = token[0]
            if sign == b'"':
                self._in_string = not self._in_string
            elif sign == b"\\":
                if self._looked == len(waiting):  # what it stands before is not there yet
                    self._looked -= 1
                    return None
                self._looked += 1
            else:
                self._depth += 1 if sign in b"{[" else -1
                if not self._depth:
                    return self._looked
        self._looked = len(waiting)
        return None
