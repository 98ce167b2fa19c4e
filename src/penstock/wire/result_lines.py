"""What a file of results has used: a line for each request of a batch, with what was answered to it.

Adds up line by line, so that neither the file nor what stands in it has to be kept. What is alike in all that a price
may go by (the model, the service tier, the size of the input) makes one sum. Pure.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

import msgspec

from penstock.wire.tolerant_json import UNREADABLE, mended, value_end
from penstock.wire.usage import read_answer
from penstock.wire.usage_counts import Usage, added

SIZES: Final = (32_000, 100_000, 128_000, 199_999, 200_000, 256_000, 272_000, 512_000, 524_288)
"""Tokens of input above which some model has another price."""

Uses = tuple[tuple[str | None, Usage], ...]
"""Models, and what they have used."""

_JSON = "application/json"
_NAME = b'"custom_id"'  # each request of a batch has one
_LONGEST_LINE = 32 * 1024 * 1024
_MOST_SUMS = 1000
_MEMBERS = frozenset({"response", "result", "custom_id"})
_BLANKS = b" \t\r\xef\xbb\xbf"

_to_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class ResultLines:
    """Takes a file as it comes. `where`: JSON pointer to the answer in a line."""

    def __init__(self, where: str) -> None:
        self._where = where.strip("/").split("/")
        self._begun: list[bytes] = []  # of the line that has not ended
        self._size = 0
        self._lines = 0
        self.is_told = True  # nothing was met yet whose use cannot be told
        self._sums: dict[tuple[str | None, str | None, int, bool], Usage] = {}

    def feed(self, data: bytes) -> None:
        """Takes the next bytes, plain ones."""
        if not self.is_told:
            return
        if not (self._lines or self._begun) and data.lstrip(_BLANKS)[:1] not in (b"", b"\n", b"{"):
            self.give_up()  # a file of another kind
            return
        place = data.find(b"\n")
        if place >= 0:
            self._begun.append(data[:place])
            self._take(b"".join(self._begun))
            *lines, rest = data[place + 1 :].split(b"\n")
            for line in lines:
                self._take(line)
            self._begun, self._size, data = [], 0, rest
        self._begun.append(data)
        self._size += len(data)
        if self._size > _LONGEST_LINE:
            self.give_up()

    def give_up(self) -> None:
        """What this file has used cannot be told."""
        self.is_told = False
        self._begun, self._size = [], 0
        self._sums.clear()

    def end(self) -> Uses | None:
        """What all lines have used; None where it is no such file, or one of its lines does not tell."""
        if self._begun:
            self._take(b"".join(self._begun))
            self._begun, self._size = [], 0
        if not (self.is_told and self._lines):
            return None
        return tuple((model, usage) for (model, *_), usage in self._sums.items())

    def _take(self, line: bytes) -> None:
        line = line.strip(_BLANKS)
        if not line or not self.is_told:
            return
        if _NAME not in line or not line.startswith(b"{"):
            self.give_up()
            return
        self._lines += 1
        try:
            answered = self._answer_in(line)
        except UNREADABLE:
            self.give_up()
            return
        if not answered.startswith(b"{"):
            return  # there was no answer, and nothing is charged
        answer = read_answer(_JSON, "", answered)
        if answer.usage is not None:
            self._add(answer.model, answer.usage)
        elif b'"error"' not in answered:
            self.give_up()

    def _answer_in(self, line: bytes) -> bytes:
        """What was answered to one request; empty for nothing. May raise `UNREADABLE`."""
        try:
            members = _to_members(line)
        except UNREADABLE:
            if value_end(line, 0) != len(line):
                raise
            members = _to_members(mended(line, _MEMBERS))
        raw = members.get(self._where[0])
        for name in self._where[1:]:
            if raw is None or not bytes(raw).startswith(b"{"):
                return b""
            raw = _to_members(raw).get(name)
        return b"" if raw is None else bytes(raw)

    def _add(self, model: str | None, usage: Usage) -> None:
        size = bisect_left(SIZES, usage.all_input_tokens or 0)
        key = model, usage.service_tier, size, usage.cache_apart
        known = self._sums.get(key)
        if known is None and len(self._sums) == _MOST_SUMS:
            self.give_up()
            return
        one = msgspec.structs.replace(usage, answers=1)
        self._sums[key] = one if known is None else added(known, one)
