"""What a call has used where its answer does not tell: counted from the texts of both bodies, and marked as that.

Most programs do not ask for the usage of their streams, and who leaves early never hears of it. The worker and the
shipper both come here, so that limits and the log agree. What was told is never touched; what cannot be estimated stays
unknown. Pure; what is text in a body is known in `wire/produced_text.py` and `wire/prompt_text.py`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec.structs import replace

from penstock.providers.operation import Kind, Operation
from penstock.wire.content_encoding import Undone, codings, undone
from penstock.wire.produced_text import MOST_DOCUMENTS, produced_weight
from penstock.wire.prompt_text import MOST_PARTS, loose_prompt_weight, prompt_weight
from penstock.wire.token_weights import tokens_of
from penstock.wire.usage_counts import Usage, total_of
from penstock.wire.usage_marks import is_odd, tells_usage

LOOKED_AT: Final = 1024 * 1024
"""Bytes of a body that are held for this, where nothing of it is kept."""

_MOST_UNPACKED: Final = 8 * 1024 * 1024  # bytes that are counted of one in a content coding


class Effort(NamedTuple):
    """How much of what is at hand is looked at; the rest is taken to be like it."""

    bytes: int  # of an answer, and of a request that cannot be read
    documents: int  # of a stream
    parts: int  # of a request


IN_A_HURRY: Final = Effort(512 * 1024, 4000, 20_000)
"""Where others wait."""

AT_LEISURE: Final = Effort(4 * 1024 * 1024, MOST_DOCUMENTS, MOST_PARTS)

_NO_USAGE: Final = Usage()


class SeenBody(NamedTuple):
    """A body as it went over the wire, as far as it is at hand: its beginning, its end if that was cut apart, and how
    many bytes there are of it.
    """

    first: bytes
    size: int
    encoding: str = ""
    last: bytes = b""


def estimated_usage(
    operation: Operation,
    told: Usage | None,
    request: SeenBody,
    answer: SeenBody,
    content_type: str,
    effort: Effort = AT_LEISURE,
    *,
    is_whole: bool,
) -> Usage | None:
    """The usage with what is missing in it; `told` where nothing is, or nothing can be said of it.

    For an operation that `shows_tokens`, answered with a good status. `content_type` is the answer's. `is_whole`: it
    came to its end, and so what it told is all; else what came after it was told is added.
    """
    usage = told or _NO_USAGE
    if usage.unreadable or usage.is_estimated:
        return told
    if operation.kind is Kind.EMBEDDINGS:
        is_missing = is_whole and usage.input_tokens is None and answer.first
        return (_embedded(usage, request, effort) or told) if is_missing else told
    usage = _completed(usage)
    made = None if is_whole and usage.output_tokens is not None else _made(answer, content_type, told, effort)
    if not made and usage.output_tokens is None:
        return told  # who has shown nothing may have worked all the same: that stays unknown
    if made:
        tokens = tokens_of(made)
        usage = replace(
            usage,
            output_tokens=(usage.output_tokens or 0) + tokens,
            total_tokens=None,
            estimated_output_tokens=tokens,
        )
    if usage.input_tokens is None:
        return _with_input(usage, request, effort)
    if not made:
        return usage
    return replace(usage, total_tokens=total_of(None, usage.all_input_tokens, usage.output_tokens))


def _embedded(usage: Usage, request: SeenBody, effort: Effort) -> Usage | None:
    """Nothing comes out that would be paid; None where there is no text, but images or the like."""
    if usage.total_tokens is None:
        counted = _with_input(usage, request, effort)
        return counted if counted.input_tokens else None
    return replace(usage, input_tokens=usage.total_tokens)


def _completed(told: Usage) -> Usage:
    """One end of it is what the total leaves to it."""
    total, tokens_in, tokens_out = told.total_tokens, told.input_tokens, told.output_tokens
    if total is None or told.cache_apart or (tokens_in is None) == (tokens_out is None):
        return told
    if tokens_out is None:
        return replace(told, output_tokens=max(0, total - (tokens_in or 0)))
    return replace(told, input_tokens=max(0, total - tokens_out))


def _with_input(usage: Usage, request: SeenBody, effort: Effort) -> Usage:
    tokens = _asked(request, effort)
    if tokens is None:
        return usage
    total = total_of(None, tokens, usage.output_tokens)
    return replace(usage, input_tokens=tokens, total_tokens=total, estimated_input_tokens=tokens)


def _made(answer: SeenBody, content_type: str, told: Usage | None, effort: Effort) -> int | None:
    """What the text in the answer weighs, or that of it which came after what is told; None where there is none of a
    language model, or it speaks of usage in a way that makes no sense.
    """
    first, last, size = _plain(answer, effort.bytes)
    after_usage = told is not None and told.output_tokens is not None
    if after_usage and tells_usage(last):
        return 0  # told as the last thing that is known of it
    if not first or (told is None and (is_odd(first) or is_odd(last))):
        return None
    weight = produced_weight(content_type, first, after_usage=after_usage, most=effort.documents)
    return None if weight is None else weight * max(size, len(first)) // len(first)


def _asked(request: SeenBody, effort: Effort) -> int | None:
    """The tokens of a prompt; None where nothing of it is at hand, or its coding cannot be undone."""
    first, _, size = _plain(request, max(len(request.first), _MOST_UNPACKED))
    if not first:
        return None
    weight = prompt_weight(first, effort.parts)
    if weight is None:
        first = first[: effort.bytes]
        weight = loose_prompt_weight(first)
    return tokens_of(weight * max(size, len(first)) // len(first))


def _plain(body: SeenBody, most: int) -> Undone:
    """The beginning of a body without content coding, what is known of its end, and how many bytes there are likely to
    be of it.
    """
    if not codings(body.encoding):
        return Undone(body.first[:most], body.first[most:] + body.last, body.size)
    first, last, size = undone(body.first, body.encoding, most, _MOST_UNPACKED)
    return Undone(first, last, size * max(body.size, len(body.first)) // max(1, len(body.first)))
