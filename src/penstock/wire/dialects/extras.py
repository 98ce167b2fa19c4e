"""Members that a writer's dialect does not have: refused or told, never lost in silence (dialects, B1, B2)."""

from __future__ import annotations

from collections.abc import Collection

from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.loss import Dropped, Refused


def leave(asked: Conversation, dropped: Dropped, taken: Collection[str] = ()) -> None:
    """Leaves out what stands in `extra`, but for `taken`. Raises `Refused` for what the answer's meaning hangs on, and
    for a request that could not be read.
    """
    if asked.unread is not None:
        raise asked.unread
    for name in asked.extra:
        if name in taken:
            continue
        if name in asked.needed:
            raise Refused(asked.at(name), "only the provider's own dialect has this: it cannot be carried")
        dropped(asked.at(name))


def tell_betas(asked: Conversation, dropped: Dropped, known: Collection[str] = ()) -> tuple[str, ...]:
    """The flags of Anthropic's that are known, each once; the others are told."""
    flags = tuple(dict.fromkeys(flag.strip() for flag in asked.betas if flag.strip()))
    for flag in flags:
        if flag not in known:
            dropped(f"anthropic-beta.{flag}")
    return tuple(flag for flag in flags if flag in known)


def refuse_choices(asked: Conversation) -> None:
    """For providers that give one answer. Raises `Refused`."""
    if asked.sampling.choices is not None and asked.sampling.choices > 1:
        raise Refused(asked.at("choices"), "the provider gives one answer only")


def refuse_logprobs(asked: Conversation) -> None:
    """For providers that tell none. Raises `Refused`."""
    if asked.sampling.logprobs:
        raise Refused(asked.at("logprobs"), "the provider gives no log-probabilities")
    if asked.sampling.top_logprobs:
        raise Refused(asked.at("top_logprobs"), "the provider gives no log-probabilities")
