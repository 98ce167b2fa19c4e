"""What a caller asks, as it goes to a provider of another dialect, and who makes its answer the caller's again. Pure.

The nouns only: how a question is made is in `unified/question.py`. One may take several requests, its parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from penstock.wire.dialects.answer_events import Failure
from penstock.wire.dialects.dialect import HeaderLines
from penstock.wire.dialects.translation import StreamTranslation


class Answering(Protocol):
    """Makes an answer the caller's. What it is given whole may take long to read."""

    @property
    def streams(self) -> bool:
        """Whether the caller wants events."""

    def whole(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        """Of a status below 400. Raises `Unreadable`, `Unanswered`; `PartTaken` where others have to come first."""

    def stream(self) -> StreamTranslation:
        """For one streamed answer, where the caller wants events."""

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> tuple[Failure, bytes]:
        """Of any other status."""


class PartTaken(Exception):
    """An answer to a part of a question: kept by who makes the caller's of them all, and nothing of it goes out yet."""

    def __init__(self, size: int, together: int) -> None:
        """In bytes: this one, and all of them so far."""
        super().__init__(size)
        self.size = size
        self.together = together


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What goes to the provider."""

    body: bytes
    headers: HeaderLines = ()
    dropped: tuple[str, ...] = ()
    verb: str = ""  # the last word of its address, where that depends on what is asked
    answering: Answering
    following: tuple[Question, ...] = ()  # the other parts, where it is asked in several requests
