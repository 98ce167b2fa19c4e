"""What every dialect offers, as far as it is spoken on that side: the seams to who puts two of them together.

A module of a dialect has these as functions and classes of the same names; `Inbound` is what callers speak, `Outbound`
what providers speak. All of it is pure: bytes and values in, bytes and values out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from penstock.wire.dialects.answer import Answer
from penstock.wire.dialects.answer_events import Event, Failure
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped

HeaderLines = Sequence[tuple[str, str]]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asked, as far as dialects differ by it."""

    provider: str  # its slug: `anthropic`, `groq`
    model: str  # as the provider is to get it
    most_output: int | None = None  # tokens that the model can write at most, where that is known
    host: str = ""  # of a family's models elsewhere: `bedrock`, `vertex`; empty: the family's own service


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it goes to a provider."""

    body: Object
    headers: HeaderLines = ()  # beyond those of every request: `anthropic-version`


class StreamReader(Protocol):
    """Reads one streamed answer. Cut anywhere, the bytes give the same events."""

    @property
    def held(self) -> int:
        """How many bytes it keeps of an event that is not whole yet."""

    def feed(self, data: bytes) -> Sequence[Event]:
        """The events that these bytes complete."""

    def finish(self) -> Sequence[Event]:
        """The body has ended: the last events, `Failed` where it ended too early."""


class StreamWriter(Protocol):
    """Writes one streamed answer."""

    def write(self, events: Iterable[Event]) -> bytes:
        """The bytes for some events; what cannot be written yet comes later."""


class Inbound(Protocol):
    """A dialect that callers speak."""

    def read_request(self, body: Object, dropped: Dropped) -> Conversation:
        """Raises `Refused`. What no dialect but this one could carry is dropped here, or kept in `extra`."""

    def write_answer(self, answer: Answer, asked: Conversation) -> Object:
        """A whole answer, of one that did not fail."""

    def stream_writer(self, asked: Conversation) -> StreamWriter:
        """For one streamed answer."""

    def write_error(self, failure: Failure) -> Object:
        """The body of an error; its status is `failure.status`."""


class Outbound(Protocol):
    """A dialect that providers speak."""

    def write_request(self, asked: Conversation, target: Target, dropped: Dropped) -> Sent:
        """Raises `Refused`."""

    def read_answer(self, body: bytes, asked: Conversation, target: Target) -> Iterable[Event]:
        """The events of a whole answer with a status below 400."""

    def stream_reader(self, asked: Conversation, target: Target) -> StreamReader:
        """For one streamed answer."""

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
        """Any answer with a status from 400 on, whatever its body."""


@runtime_checkable
class CountingInbound(Protocol):
    """A dialect whose callers may ask how many tokens a request's input has."""

    def read_count_request(self, body: Object, dropped: Dropped) -> Conversation:
        """Raises `Refused`, or leaves the reason in `unread`."""

    def write_count(self, tokens: int) -> Object:
        """The answer for the caller."""


@runtime_checkable
class CountingOutbound(Protocol):
    """A dialect whose providers can be asked that."""

    def write_count_request(self, asked: Conversation, target: Target, dropped: Dropped) -> Sent:
        """Raises `Refused`."""

    def read_count(self, body: bytes) -> int | None:
        """None where the provider told no number. Raises `msgspec.MsgspecError`."""
