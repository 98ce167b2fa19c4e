"""Between a caller's dialect and a provider's: one request, and its answer, whole or streamed. Pure.

Which dialects these are is for others to say; this only puts together what each of them offers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from penstock.wire.dialects.answer import folded
from penstock.wire.dialects.answer_events import Event, Failed, Failure, Opened
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.dialect import (
    CountingInbound,
    CountingOutbound,
    HeaderLines,
    Inbound,
    Outbound,
    Sent,
    StreamReader,
    StreamWriter,
    Target,
)
from penstock.wire.dialects.json_value import Object, from_json, to_json
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.members import Members


class Translated(msgspec.Struct, frozen=True, kw_only=True):
    """A caller's request as it goes to the provider, and what was left out on the way."""

    asked: Conversation
    body: bytes
    headers: HeaderLines
    dropped: tuple[str, ...]


class Unreadable(Exception):
    """A provider's answer that is not of the dialect it should be of."""


class Unanswered(Exception):
    """An error where an answer should have begun: nothing has gone to the caller, who can be told by its status."""

    def __init__(self, failure: Failure, body: bytes) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.body = body


class Uncounted(Refused):
    """The provider has no counter of tokens, and a guess would pass for a count (dialects, C143)."""


class Translation:
    """Requests of one dialect to providers of another."""

    def __init__(self, inbound: Inbound, outbound: Outbound, target: Target) -> None:
        self._inbound = inbound
        self._outbound = outbound
        self._target = target

    def request(
        self,
        body: bytes,
        call_id: str,
        asked_at: int,
        betas: Sequence[str] = (),
        *,
        thinking_yields: bool = False,
    ) -> Translated:
        """What is sent for a caller's body. Raises `Refused`, also for what is no JSON object.

        `call_id` and `asked_at` (Unix seconds) go into answers whose provider tells no id and no time; `betas` are the
        flags of the caller's `anthropic-beta` header. With `thinking_yields` a caller leaves it to the gateway to
        switch thinking off, and tell it, where the history lacks what thinking needs of it (dialects, C58).
        """
        dropped = Dropped()
        asked = self._inbound.read_request(_members(body), dropped)
        asked.call_id, asked.asked_at = call_id, asked_at
        if thinking_yields and asked.reasoning is not None:
            asked.reasoning = msgspec.structs.replace(asked.reasoning, yields=True)
        return self._written(asked, betas, self._outbound.write_request, dropped)

    def count_request(self, body: bytes, betas: Sequence[str] = ()) -> Translated:
        """The same for a question how many tokens a request's input has. Raises `Refused`; `Uncounted` where nobody
        there counts.
        """
        inbound, outbound = self._inbound, self._outbound
        if not isinstance(inbound, CountingInbound) or not isinstance(outbound, CountingOutbound):
            raise Uncounted("model", f"{self._target.provider} has no counter of tokens")
        dropped = Dropped()
        asked = inbound.read_count_request(_members(body), dropped)
        return self._written(asked, betas, outbound.write_count_request, dropped)

    def count(self, body: bytes) -> bytes:
        """The answer to it, for the caller. Raises `Unreadable`."""
        inbound, outbound = self._inbound, self._outbound
        if not isinstance(inbound, CountingInbound) or not isinstance(outbound, CountingOutbound):
            raise Unreadable("nobody was asked")
        try:
            tokens = outbound.read_count(body)
        except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
            raise Unreadable(str(error)) from None
        if tokens is None:
            raise Unreadable("it tells no number of tokens")
        return to_json(inbound.write_count(tokens))

    def _written(
        self,
        asked: Conversation,
        betas: Sequence[str],
        write: Callable[[Conversation, Target, Dropped], Sent],
        dropped: Dropped,
    ) -> Translated:
        asked.model, asked.betas = self._target.model, (*betas, *asked.betas)
        try:
            sent = write(asked, self._target, dropped)
            written = to_json(sent.body)
        except Refused as refused:
            raise (asked.unread or refused) from None
        except RecursionError:  # what could just be read stands deeper in it now
            raise Refused("", "the body is nested too deeply") from None
        return Translated(asked=asked, body=written, headers=sent.headers, dropped=dropped.paths)

    def answer(self, body: bytes, asked: Conversation) -> bytes:
        """A whole answer for the caller. Raises `Unreadable`, and `Unanswered` for an error under a good status."""
        try:
            answer = folded(self._outbound.read_answer(body, asked, self._target))
        except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
            raise Unreadable(str(error)) from None
        if answer.failure is not None:
            raise Unanswered(answer.failure, to_json(self._inbound.write_error(answer.failure)))
        return to_json(self._inbound.write_answer(answer, asked))

    def stream(self, asked: Conversation) -> StreamTranslation:
        """For one streamed answer."""
        reader = self._outbound.stream_reader(asked, self._target)
        return StreamTranslation(reader, self._inbound.stream_writer(asked), self._inbound.write_error)

    def streamed(self, body: bytes, asked: Conversation) -> bytes:
        """A whole answer to who wanted a stream. Raises as `answer` does."""
        writer = self._inbound.stream_writer(asked)
        try:
            events = tuple(self._outbound.read_answer(body, asked, self._target))
        except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
            raise Unreadable(str(error)) from None
        if events and isinstance(events[-1], Failed):
            failure = events[-1].failure
            raise Unanswered(failure, to_json(self._inbound.write_error(failure)))
        return writer.write(events)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> tuple[Failure, bytes]:
        """What went wrong, and how the caller is told."""
        failure = self._outbound.read_error(status, headers, body)
        return failure, to_json(self._inbound.write_error(failure))


def _members(body: bytes) -> Object:
    try:
        return Members(from_json(body)).rest()
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise Refused("", f"the body must be a JSON object: {error}") from None


class StreamTranslation:
    """One streamed answer on its way."""

    __slots__ = ("_began", "_error", "_reader", "_writer")

    def __init__(
        self, reader: StreamReader, writer: StreamWriter, error: Callable[[Failure], Object]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._error = error
        self._began = False  # something went to the caller

    @property
    def held(self) -> int:
        """Bytes that are kept, since their event is not whole yet."""
        return self._reader.held

    def feed(self, data: bytes) -> bytes:
        """What goes on to the caller. Raises `Unanswered`."""
        return self._written(self._reader.feed(data))

    def finish(self) -> bytes:
        """The same, now that the provider's body has ended."""
        return self._written(self._reader.finish())

    def _written(self, events: Sequence[Event]) -> bytes:
        if not events:
            return b""
        if not self._began and isinstance(last := events[-1], Failed) and not _says_something(events):
            raise Unanswered(last.failure, to_json(self._error(last.failure)))
        written = self._writer.write(events)
        self._began = self._began or bool(written)
        return written


def _says_something(events: Sequence[Event]) -> bool:
    return any(isinstance(event, Opened) for event in events)
