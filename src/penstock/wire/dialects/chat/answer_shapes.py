"""What an answer of the Chat dialect holds, whole or a piece of a stream: one shape for both, of all vendors.

Typed for speed and partial: what nobody reads is skipped. Members that vendors write in several kinds stay JSON, and
are looked at where they are read.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.wire.dialects.json_value import Json, from_json
from penstock.wire.tolerant_json import UNREADABLE

ABSENT: Final = msgspec.Raw()


def json_of(raw: msgspec.Raw) -> Json:
    """What a member holds; None where it is absent, or nested too deeply to be read."""
    try:
        return None if raw is ABSENT else from_json(bytes(raw))
    except UNREADABLE:
        return None


class Function(msgspec.Struct, gc=False):
    """Of a tool call."""

    name: str | None = None
    arguments: object = None  # JSON text; an object at some vendors


class Custom(msgspec.Struct, gc=False):
    """Of a call of a free-form tool."""

    name: str | None = None
    input: str | None = None


class Call(msgspec.Struct):
    """A tool call, or a piece of one."""

    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: Function | None = None
    custom: Custom | None = None
    extra_content: msgspec.Raw = ABSENT


class Delta(msgspec.Struct):
    """What a message holds, or what is new in it."""

    content: str | list[msgspec.Raw] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: object = None
    reasoning_details: list[msgspec.Raw] | None = None
    tool_calls: list[Call] | None = None
    function_call: Function | None = None
    annotations: list[msgspec.Raw] | None = None
    images: list[msgspec.Raw] | None = None  # OpenRouter
    extra_content: msgspec.Raw = ABSENT


class Probability(msgspec.Struct, gc=False):
    """Of one token."""

    token: str = ""
    logprob: float | None = None
    bytes: list[int] | None = None
    top_logprobs: list[Probability] | None = None


class Probabilities(msgspec.Struct):
    """Of the tokens of a message, or of a piece of it."""

    content: list[Probability] | None = None
    refusal: list[Probability] | None = None


_to_probabilities: Final = msgspec.json.Decoder(Probabilities).decode


def probabilities_of(raw: msgspec.Raw) -> Probabilities | None:
    """Those of a choice; None where there are none, or they have another vendor's shape."""
    data = b"" if raw is ABSENT else bytes(raw)
    try:
        return None if data in (b"", b"null") else _to_probabilities(data)
    except UNREADABLE:
        return None


class ChoiceShape(msgspec.Struct):
    """One of the answers."""

    index: int | None = None
    delta: Delta | None = None
    message: Delta | None = None
    finish_reason: str | None = None
    native_finish_reason: str | None = None
    stop_reason: object = None  # vLLM: the stop text that was met, or the id of a token
    logprobs: msgspec.Raw = ABSENT  # `Probabilities`
    error: msgspec.Raw = ABSENT


class Groq(msgspec.Struct):
    """What Groq tells beside the answer."""

    usage: msgspec.Raw = ABSENT


class AnswerShape(msgspec.Struct):
    """An answer, or a piece of one."""

    id: str | None = None
    kind: object = msgspec.field(name="object", default=None)
    model: str | None = None
    created: object = None  # a number
    choices: list[ChoiceShape] | None = None
    usage: msgspec.Raw = ABSENT
    error: msgspec.Raw = ABSENT
    service_tier: str | None = None
    system_fingerprint: str | None = None
    x_groq: Groq | None = None
    basis: msgspec.Raw = ABSENT  # Parallel, up to the next remark
    interaction_id: msgspec.Raw = ABSENT
    citations: msgspec.Raw = ABSENT  # Perplexity
    search_results: msgspec.Raw = ABSENT
    images: msgspec.Raw = ABSENT
    related_questions: msgspec.Raw = ABSENT

    @property
    def keeps(self) -> bool:
        """Whether it has a member that only one vendor has."""
        return not (
            self.basis is ABSENT
            and self.citations is ABSENT
            and self.search_results is ABSENT
            and self.interaction_id is ABSENT
            and self.images is ABSENT
            and self.related_questions is ABSENT
        )


KEPT: Final = ("basis", "interaction_id", "citations", "search_results", "images", "related_questions")
"""Members that one vendor has and that are worth keeping: they go on under their names."""
