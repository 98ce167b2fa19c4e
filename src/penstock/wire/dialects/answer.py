"""A whole answer, put together from its events: what writers of whole answers go by, and what streams end up as."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from penstock.wire.dialects.answer_events import (
    Began,
    BlockKind,
    Citation,
    Cited,
    Closed,
    Counted,
    Event,
    Extra,
    Failed,
    Failure,
    Logprobs,
    Opened,
    Piece,
    Stopped,
    TokenLogprob,
)
from penstock.wire.dialects.conversation import Opaque
from penstock.wire.dialects.json_value import Json


@dataclass(slots=True)
class Block:
    """One block of a choice."""

    opened: Opened
    pieces: list[str] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    signature: Opaque | None = None
    id: str = ""

    @property
    def text(self) -> str:
        """All of its pieces."""
        return "".join(self.pieces)


@dataclass(slots=True)
class Choice:
    """One of the answers, with its blocks in the order of production."""

    blocks: list[Block] = field(default_factory=list)
    stopped: Stopped | None = None
    logprobs: list[TokenLogprob] = field(default_factory=list)
    refusal_logprobs: list[TokenLogprob] = field(default_factory=list)
    extra: dict[str, Json] = field(default_factory=dict)

    last_text: Block | None = None  # the text block that came last


@dataclass(slots=True)
class Answer:
    """All that events have told so far."""

    began: Began = field(default_factory=Began)
    choices: dict[int, Choice] = field(default_factory=dict)
    counted: Counted | None = None  # None: the provider told none
    extra: dict[str, Json] = field(default_factory=dict)
    failure: Failure | None = None

    def choice(self, number: int) -> Choice:
        """The choice of a number."""
        return self.choices.setdefault(number, Choice())

    def add(self, event: Event) -> None:
        """One more event."""
        match event:
            case Piece():
                self.choice(event.choice).blocks[-1].pieces.append(event.text)
            case Opened():
                self._open(event)
            case Closed():
                block = self.choice(event.choice).blocks[-1]
                block.signature, block.id = event.signature, event.id
            case Began():
                self.began = merged_began(self.began, event)
            case Cited():
                if (text := self.choice(event.choice).last_text) is not None:
                    text.citations.append(event.citation)
            case Logprobs():
                choice = self.choice(event.choice)
                (choice.refusal_logprobs if event.refusal else choice.logprobs).extend(event.tokens)
            case Stopped():
                self.choice(event.choice).stopped = event
            case Counted():
                self.counted = event if self.counted is None else merged(self.counted, event)
            case Extra():
                place = self.extra if event.choice is None else self.choice(event.choice).extra
                place[event.name] = event.value
            case Failed():
                self.failure = event.failure
            case _:
                pass

    def _open(self, opened: Opened) -> None:
        choice, block = self.choice(opened.choice), Block(opened)
        choice.blocks.append(block)
        if opened.kind is BlockKind.TEXT:
            choice.last_text = block


def folded(events: Iterable[Event]) -> Answer:
    """The answer that some events tell."""
    answer = Answer()
    for event in events:
        answer.add(event)
    return answer


def merged(before: Counted, later: Counted) -> Counted:
    """What was told later goes before what was told earlier; what is untold changes nothing."""
    told = {name: value for name, value in msgspec.structs.asdict(later).items() if value is not None}
    return msgspec.structs.replace(before, **told)


def merged_began(before: Began, later: Began) -> Began:
    """The same for what an answer says of itself."""
    told = {name: value for name, value in msgspec.structs.asdict(later).items() if value}
    return msgspec.structs.replace(before, **told)
