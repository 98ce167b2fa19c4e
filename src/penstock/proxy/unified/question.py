"""A caller's question as it goes to a provider of another dialect, and what makes its answer the caller's again. Pure.

Conversations and embeddings are two kinds of questions with one form here; who is asked is decided in `choice.py`,
how bytes of an answer come and go in `answer_filters.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from penstock.proxy.question import Answering, PartTaken, Question
from penstock.wire.answer_dialect import Dialect
from penstock.wire.dialects.answer_events import Failure
from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.dialect import Outbound, Target
from penstock.wire.dialects.embeddings import (
    Embedded,
    EmbeddingCall,
    EmbeddingsAsked,
    EmbeddingsOutbound,
    Miscounted,
    read_embeddings_request,
    write_embeddings_answer,
)
from penstock.wire.dialects.json_value import from_json, to_json
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.openai_errors import write_error
from penstock.wire.dialects.surfaces import EMBEDDINGS, INBOUND, OUTBOUND
from penstock.wire.dialects.translation import StreamTranslation, Translated, Translation, Unreadable
from penstock.wire.surface import Surface


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Whose question it is, which its body does not tell."""

    call_id: str
    asked_at: int  # Unix seconds
    betas: tuple[str, ...] = ()  # flags of `anthropic-beta`
    thinking_yields: bool = False  # is switched off, and told, where the history lacks what it needs


def question(surface: Surface, dialect: Dialect, target: Target, body: bytes, origin: Origin) -> Question:
    """Raises `Refused`."""
    if surface is Surface.EMBEDDINGS:
        return _embeddings(dialect, target, body)
    translation = Translation(INBOUND[surface], OUTBOUND[dialect], target)
    if surface is Surface.COUNT:
        counted = translation.count_request(body, origin.betas)
        return _question(counted, _Counting(translation))
    made = translation.request(
        body, origin.call_id, origin.asked_at, origin.betas, thinking_yields=origin.thinking_yields
    )
    return _question(made, _Conversing(translation, made.asked))


def _question(made: Translated, answering: Answering) -> Question:
    return Question(body=made.body, headers=made.headers, dropped=made.dropped, answering=answering)


class _Conversing:
    """`Answering` of a conversation."""

    def __init__(self, translation: Translation, asked: Conversation) -> None:
        self._translation = translation
        self._asked = asked

    @property
    def streams(self) -> bool:
        return self._asked.stream

    def whole(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        if self._asked.stream:
            return self._translation.streamed(body, self._asked)
        return self._translation.answer(body, self._asked)

    def stream(self) -> StreamTranslation:
        return self._translation.stream(self._asked)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> tuple[Failure, bytes]:
        return self._translation.error(status, headers, body)


class _Counting:
    """`Answering` of who asks for a number of tokens."""

    streams = False

    def __init__(self, translation: Translation) -> None:
        self._translation = translation

    def whole(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        return self._translation.count(body)

    def stream(self) -> StreamTranslation:
        raise AssertionError("a number is not streamed")

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> tuple[Failure, bytes]:
        return self._translation.error(status, headers, body)


# -- embeddings

MOST_PARTS: Final = 100
"""Requests to a provider that one question may take."""

_ERRORS_OF: Final[Mapping[Dialect, Dialect]] = {
    Dialect.BEDROCK_INVOKE: Dialect.BEDROCK_CONVERSE,
    Dialect.OPENAI_EMBEDDINGS: Dialect.OPENAI_CHAT,
}
"""Whose errors are told in the same way."""


def _embeddings(dialect: Dialect, target: Target, body: bytes) -> Question:
    outbound, dropped = EMBEDDINGS[dialect, target.host], Dropped()
    try:
        value = from_json(body)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise Refused("", f"the body must be a JSON object: {error}") from None
    if not isinstance(value, dict):
        raise Refused("", "the body must be a JSON object")
    asked = read_embeddings_request(value, dropped)
    calls = outbound.write_calls(asked, target, dropped)
    if len(calls) > MOST_PARTS:
        most = calls[0].count * MOST_PARTS
        raise Refused(
            "input", f"this model takes {calls[0].count} at once: send {most} with a request at most"
        )
    errors, together = OUTBOUND[_ERRORS_OF.get(dialect, dialect)], _Together(outbound, asked, len(calls))
    first, *others = (
        Question(
            body=to_json(call.body),
            dropped=dropped.paths,
            verb=call.operation,
            answering=_Embedding(together, number, call, errors),
        )
        for number, call in enumerate(calls)
    )
    return msgspec.structs.replace(first, following=tuple(others)) if others else first


class _Together:
    """The answers to all requests that one question takes, until the last one makes the caller's of them."""

    def __init__(self, provider: EmbeddingsOutbound, asked: EmbeddingsAsked, count: int) -> None:
        self._provider = provider
        self._asked = asked
        self._count = count
        self._parts: list[Embedded] = []
        self._size = 0  # bytes

    def take(self, number: int, call: EmbeddingCall, body: bytes, headers: Mapping[str, str]) -> bytes:
        """The caller's answer. Raises `PartTaken` until there is one; what `read_answer` and the writer raise."""
        part = self._provider.read_answer(body, headers, call)
        if number + 1 == self._count:
            return write_embeddings_answer([*self._parts, part], self._asked).body
        self._parts.append(part)
        self._size += len(body)
        raise PartTaken(len(body), self._size)


class _Embedding:
    """`Answering` of embeddings, or of a part of them."""

    streams = False

    def __init__(self, together: _Together, number: int, call: EmbeddingCall, errors: Outbound) -> None:
        self._together = together
        self._number = number
        self._call = call
        self._errors = errors

    def whole(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        try:
            return self._together.take(self._number, self._call, body, headers)
        except (msgspec.MsgspecError, Miscounted, RecursionError, UnicodeError) as error:
            raise Unreadable(str(error)) from None

    def stream(self) -> StreamTranslation:
        raise AssertionError("embeddings are not streamed")

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> tuple[Failure, bytes]:
        failure = self._errors.read_error(status, headers, body)
        return failure, to_json(write_error(failure))
