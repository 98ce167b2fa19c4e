"""Where things stand in a TOML text: key path → line.

`tomllib` tells values but not lines, so this scans the text a second time, only when there is an error to
show. It expects text that `tomllib` has accepted; on anything else it stops quietly and returns what it has
found. No values are read here and nothing is judged.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Mapping

KeyPath = tuple[str | int, ...]  # table and key names; numbers are places in arrays

_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}\n#]+")
_STRING = re.compile(
    r'''
      """ (?:\\.|[^\\])*? """ "{0,2}
    | \'\'\' .*? \'\'\' \'{0,2}
    | " (?:\\.|[^"\\\n])* "
    | ' [^'\n]* '
    ''',
    re.DOTALL | re.VERBOSE,
)


def lines(text: str) -> dict[KeyPath, int]:
    """The line of each table, key and array item of `text`, as far as it can be followed."""
    scanner = _Scanner(text)
    try:
        scanner.document()
    except (_Lost, RecursionError, tomllib.TOMLDecodeError):
        pass
    breaks = [match.start() for match in re.finditer("\n", text)]
    return {path: bisect_left(breaks, offset) + 1 for path, offset in scanner.offsets.items()}


def nearest_line(found: Mapping[KeyPath, int], path: KeyPath) -> int | None:
    """The line of `path`, or of the nearest table around it."""
    for length in range(len(path), 0, -1):
        line = found.get(path[:length])
        if line is not None:
            return line
    return None


class _Lost(Exception):
    """The text is not what the scanner expects."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.offsets: dict[KeyPath, int] = {}
        self._text = text
        self._at = 0
        self._last_item: dict[KeyPath, int] = {}  # of each array of tables

    def document(self) -> None:
        table: KeyPath = ()
        while self._more():
            if self._take("["):
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> KeyPath:
        start = self._at
        is_item = self._take("[")
        *above, last = self._keys()
        self._demand("]]" if is_item else "]")
        path: KeyPath = ()
        for key in above:
            path = self._enter((*path, key), start)
        path = (*path, last)
        if is_item:
            self.offsets.setdefault(path, start)
            self._last_item[path] = self._last_item.get(path, -1) + 1
            path = (*path, self._last_item[path])
        self.offsets[path] = start
        return path

    def _enter(self, path: KeyPath, start: int) -> KeyPath:
        self.offsets.setdefault(path, start)
        index = self._last_item.get(path)
        return path if index is None else (*path, index)

    def _pair(self, table: KeyPath) -> None:
        start = self._at
        path = table
        for key in self._keys():
            path = (*path, key)
            self.offsets.setdefault(path, start)
        self._demand("=")
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        self._match(_SPACE)
        if self._take("["):
            self._array(path)
        elif self._take("{"):
            self._inline_table(path)
        elif self._text[self._at : self._at + 1] in ('"', "'"):
            self._match(_STRING)
        else:
            self._match(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        index = 0
        while self._more() and not self._take("]"):
            self.offsets.setdefault((*path, index), self._at)
            self._value((*path, index))
            self._comma()
            index += 1

    def _inline_table(self, path: KeyPath) -> None:
        while self._more() and not self._take("}"):
            self._pair(path)
            self._comma()

    def _comma(self) -> None:
        self._more()
        self._take(",")

    def _keys(self) -> list[str]:
        keys = [self._key()]
        while self._take("."):
            keys.append(self._key())
        return keys

    def _key(self) -> str:
        self._match(_SPACE)
        if self._text[self._at : self._at + 1] in ('"', "'"):
            key = str(tomllib.loads(f"key = {self._match(_STRING)}")["key"])
        else:
            key = self._match(_BARE_KEY)
        self._match(_SPACE)
        return key

    def _more(self) -> bool:
        """Skip blanks and comments; is there anything left?"""
        self._match(_GAP)
        return self._at < len(self._text)

    def _take(self, mark: str) -> bool:
        if not self._text.startswith(mark, self._at):
            return False
        self._at += len(mark)
        return True

    def _demand(self, mark: str) -> None:
        if not self._take(mark):
            raise _Lost

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise _Lost
        self._at = match.end()
        return match[0]
