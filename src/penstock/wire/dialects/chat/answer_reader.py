"""What an answer of the Chat dialect says, as events: a whole one, or one piece of a stream after the other.

Both go the same way, so that both tell the same. How pieces come out of bytes is in `stream_reader.py`, how tool calls
are told apart in `call_reader.py`, what an error says in `errors.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from penstock.wire.dialects.answer import merged
from penstock.wire.dialects.answer_events import (
    Began,
    BlockKind,
    Citation,
    Cited,
    Counted,
    Ended,
    Event,
    Extra,
    Failed,
    Logprobs,
    Opened,
    Stopped,
    StopReason,
    TokenLogprob,
)
from penstock.wire.dialects.blocks import OpenBlocks
from penstock.wire.dialects.chat.answer_shapes import (
    ABSENT,
    KEPT,
    AnswerShape,
    ChoiceShape,
    Delta,
    Probability,
    json_of,
    probabilities_of,
)
from penstock.wire.dialects.chat.call_reader import CallReader, Senseless
from penstock.wire.dialects.chat.errors import broken, failure_of
from penstock.wire.dialects.chat.finish_words import OWN, read_word
from penstock.wire.dialects.chat.reasoning import FAMILIES
from penstock.wire.dialects.chat.request_writer import tool_names
from penstock.wire.dialects.chat.usage import read_usage
from penstock.wire.dialects.conversation import Conversation, Family, Opaque
from penstock.wire.dialects.data_urls import read_data_url
from penstock.wire.dialects.json_value import Json
from penstock.wire.dialects.loss import Refused

_MOST_CHOICES: Final = 128
_LEAST_LOGPROB: Final = -9999.0  # what OpenAI writes for a token that is not among the likeliest


class AnswerReading:
    """One answer, as far as it has been read."""

    __slots__ = ("_asked", "_began", "_blocks", "_choices", "_counted", "_kept", "_names", "_told", "failed")

    def __init__(self, asked: Conversation) -> None:
        self._asked = asked
        self._names = tool_names(asked)
        self._blocks = OpenBlocks()
        self._choices: dict[int, _Choice] = {}
        self._began: Began | None = None
        self._counted: Counted | None = None
        self._told: Counted | None = None
        self._kept: dict[str, Json] = {}
        self.failed = False

    @property
    def is_whole(self) -> bool:
        """Whether every choice that began has said why it ended."""
        return bool(self._choices) and all(choice.word for choice in self._choices.values())

    @property
    def has_begun(self) -> bool:
        """Whether there was anything of an answer."""
        return bool(self._choices)

    def take(self, shape: AnswerShape) -> list[Event]:
        """What one piece tells. Nothing more is told after an error."""
        if shape.error is not ABSENT and (error := json_of(shape.error)):
            return self.fail(error)
        events: list[Event] = []
        self._begin(shape, events)
        if shape.usage is not ABSENT or shape.x_groq is not None:
            self._count(shape, events)
        for choice in shape.choices or ():
            if choice.finish_reason == "error" or (choice.error is not ABSENT and json_of(choice.error)):
                return [*events, *self.fail(json_of(choice.error))]
            try:
                self._choice(choice, events)
            except Senseless as error:
                self.failed = True
                return [*events, Failed(failure=broken(str(error)))]
        self._keep(shape, events)
        return events

    def fail(self, error: Json) -> list[Event]:
        """The provider says that the answer failed."""
        self.failed = True
        return [Failed(failure=failure_of(error))]

    def end(self) -> list[Event]:
        """The answer is whole: what is to be said at last."""
        events: list[Event] = []
        for number, choice in self._choices.items():
            try:
                choice.close(events)
            except Senseless as error:
                return [*events, Failed(failure=broken(str(error)))]
            events.append(choice.stopped(number, self._asked))
        if self._counted is not None and self._counted != self._told:
            events.append(self._counted)
        events.append(Ended())
        return events

    def _begin(self, shape: AnswerShape, events: list[Event]) -> None:
        before = self._began
        if before is None:
            if not (shape.choices or shape.id):
                return
        elif (
            (before.id or not shape.id)
            and (before.model or not shape.model)
            and (before.service_tier or not shape.service_tier)
        ):
            return
        self._began = Began(
            id=(before and before.id) or shape.id or "",
            model=(before and before.model) or shape.model or "",
            created=(before and before.created) or _seconds(shape.created),
            service_tier=(before and before.service_tier) or shape.service_tier or "",
            fingerprint=(before and before.fingerprint) or shape.system_fingerprint or "",
        )
        events.append(self._began)

    def _count(self, shape: AnswerShape, events: list[Event]) -> None:
        """The first counts are told at once, the last ones at the end: some vendors count in every piece."""
        raw: bytes = bytes(shape.usage)
        if shape.x_groq is not None and shape.x_groq.usage is not ABSENT:
            raw = bytes(shape.x_groq.usage)
        counted = read_usage(raw) if len(raw) > len(b"null") else None
        if counted is None:
            return
        self._counted = counted if self._counted is None else merged(self._counted, counted)
        if self._told is None:
            self._told = counted
            events.append(counted)

    def _keep(self, shape: AnswerShape, events: list[Event]) -> None:
        for name in KEPT if shape.keeps else ():
            value = json_of(getattr(shape, name))
            if value is not None and self._kept.get(name) != value:
                self._kept[name] = value
                events.append(Extra(name=name, value=value))

    def _choice(self, shape: ChoiceShape, events: list[Event]) -> None:
        number = shape.index or 0
        choice = self._choices.get(number)
        if choice is None:
            if not 0 <= number < _MOST_CHOICES:
                raise Senseless(f"an answer is numbered {number}")
            calls = CallReader(self._blocks, self._names, self._asked.call_id, number)
            choice = self._choices[number] = _Choice(number, self._blocks, calls)
        delta = shape.delta or shape.message
        if delta is not None:
            choice.take(delta, events)
        if shape.logprobs is not ABSENT and (logprobs := probabilities_of(shape.logprobs)) is not None:
            for refusal, tokens in ((False, logprobs.content), (True, logprobs.refusal)):
                if tokens:
                    found = tuple(map(_probability, tokens))
                    events.append(Logprobs(tokens=found, choice=number, refusal=refusal))
        if shape.finish_reason:
            choice.word = shape.finish_reason
            choice.native = shape.native_finish_reason or choice.native
            if isinstance(shape.stop_reason, str):
                choice.sequence = shape.stop_reason
            choice.close(events)


class _Later(NamedTuple):
    """A piece that has to wait: its text, or what is hidden and its id."""

    kind: BlockKind
    text: str
    hidden: Opaque | None = None


class _Choice:
    """One of the answers, as far as it has been read."""

    __slots__ = (
        "_blocks", "_calls", "_citations", "_has_text", "_later", "_number", "_signature", "_signed",
        "native", "sequence", "word",
    )  # fmt: skip

    def __init__(self, number: int, blocks: OpenBlocks, calls: CallReader) -> None:
        self._number = number
        self._blocks = blocks
        self._calls = calls
        self._later: list[_Later] = []  # said while a call was being made
        self._signature: list[str] = []
        self._signed = Family.ANTHROPIC
        self._has_text = False
        self._citations: list[Citation] = []
        self.word = self.native = self.sequence = ""

    def take(self, delta: Delta, events: list[Event]) -> None:
        """What is new in the message. Raises `Senseless`."""
        if delta.reasoning_content or delta.reasoning or delta.reasoning_details:
            self._reasoning(delta, events)
        content = delta.content
        if isinstance(content, str):
            if content:
                self._say(BlockKind.TEXT, content, events)
        elif content:
            for part in content:
                self._part(json_of(part), events)
        if delta.refusal:
            self._say(BlockKind.REFUSAL, delta.refusal, events)
        for image in delta.images or ():
            self._picture(json_of(image), events)
        if delta.annotations:
            self._cite(map(json_of, delta.annotations), events)
        if delta.tool_calls or delta.function_call is not None:
            self._call(delta, events)

    def _call(self, delta: Delta, events: list[Event]) -> None:
        for call in self._calls.pieces(delta):
            if call.begins:
                self._catch_up(events)
                self._leave_thinking(events)
            events += self._calls.take(call)

    def _say(self, kind: BlockKind, text: str, events: list[Event]) -> None:
        if self._calls.is_open:
            self._later.append(_Later(kind, text))
            return
        if self._signature and kind is not BlockKind.THINKING:
            self._leave_thinking(events)
        events += self._blocks.piece(kind, text, self._number)
        if kind is BlockKind.TEXT and not self._has_text:
            self._has_text = True
            for citation in self._citations:
                events.append(Cited(citation=citation, choice=self._number))

    def _catch_up(self, events: list[Event]) -> None:
        """What was said while a call was being made comes behind it: nobody can tell a block within a block."""
        later, self._later = self._later, []
        self._calls.close()
        for one in later:
            if one.hidden is None:
                self._say(one.kind, one.text, events)
            else:
                self._hide(one.hidden, one.text, events)

    def _leave_thinking(self, events: list[Event]) -> None:
        if self._signature and self._blocks.kind(self._number) is BlockKind.THINKING:
            signature = Opaque(self._signed, "".join(self._signature))
            events += self._blocks.close(self._number, signature)
        self._signature = []

    def close(self, events: list[Event]) -> None:
        """Nothing more is expected."""
        self._catch_up(events)
        self._leave_thinking(events)
        events += self._blocks.close(self._number)
        for number, signature in self._calls.unclaimed().items():
            self._hide(signature, number, events)

    def stopped(self, number: int, asked: Conversation) -> Stopped:
        """Why it ended. A call that was made counts more than an ordinary end."""
        reason = read_word(self.word)
        native = self.native or ("" if self.word in OWN else self.word)
        if reason is StopReason.END and self._calls.made:
            reason = StopReason.TOOL_CALLS
        if self.sequence and self.sequence in asked.stop:
            return Stopped(
                reason=StopReason.STOP_SEQUENCE, choice=number, native=native, sequence=self.sequence
            )
        return Stopped(reason=reason, choice=number, native=native)

    def _reasoning(self, delta: Delta, events: list[Event]) -> None:
        """`reasoning` and `reasoning_content` are the same text, and so are the details, which may be signed."""
        shown = delta.reasoning_content or (delta.reasoning if isinstance(delta.reasoning, str) else "")
        if shown:
            self._say(BlockKind.THINKING, shown, events)
        for raw in delta.reasoning_details or ():
            detail = json_of(raw)
            if isinstance(detail, dict):
                self._detail(
                    {name: one for name, one in detail.items() if isinstance(one, str)}, shown, events
                )

    def _detail(self, detail: dict[str, str], shown: str, events: list[Event]) -> None:
        family = FAMILIES.get(detail.get("format", ""))
        text = detail.get("text") or detail.get("summary") or ""
        if text and not shown:
            self._say(BlockKind.THINKING, text, events)
        if family is None:
            return
        if (signature := detail.get("signature")) and not self._calls.is_open:
            if self._blocks.kind(self._number) is not BlockKind.THINKING:
                events += self._blocks.open(Opened(kind=BlockKind.THINKING, choice=self._number))
            self._signature.append(signature)
            self._signed = family
        if detail.get("type") == "reasoning.encrypted" and (data := detail.get("data")):
            number = detail.get("id", "")
            if family is Family.GOOGLE and number:  # Gemini signs calls, and this tells which
                self._calls.sign(number, Opaque(family, data))
            else:
                self._hide(Opaque(family, data), number, events)

    def _hide(self, data: Opaque, number: str, events: list[Event]) -> None:
        """Reasoning that only its maker can read, with its id."""
        if self._calls.is_open:
            self._later.append(_Later(BlockKind.HIDDEN_THINKING, number, data))
            return
        self._leave_thinking(events)
        opened = Opened(kind=BlockKind.HIDDEN_THINKING, choice=self._number, data=data)
        events += self._blocks.open(opened)
        events += self._blocks.close(self._number, id=number)

    def _part(self, part: Json, events: list[Event]) -> None:
        """A part of content, as Mistral has it: text, or a thought in parts of text."""
        if not isinstance(part, dict):
            return
        if isinstance(text := part.get("text"), str) and text:
            self._say(BlockKind.TEXT, text, events)
        thought = part.get("thinking")
        for one in thought if isinstance(thought, list) else (thought,):
            text = one.get("text") if isinstance(one, dict) else one
            if isinstance(text, str) and text:
                self._say(BlockKind.THINKING, text, events)

    def _picture(self, image: Json, events: list[Event]) -> None:
        """One that the model made. Between pieces of a call it has no place, and none makes them there."""
        inner = image.get("image_url") if isinstance(image, dict) else None
        url = inner.get("url") if isinstance(inner, dict) else None
        try:
            media = read_data_url(url, "") if isinstance(url, str) else None
        except Refused:
            media = None
        if media is not None and not self._calls.is_open:
            self._leave_thinking(events)
            events += self._blocks.open(Opened(kind=BlockKind.MEDIA, choice=self._number, media=media))
            events += self._blocks.close(self._number)

    def _cite(self, annotations: Iterable[Json], events: list[Event]) -> None:
        found = list(_citations(annotations))
        if self._has_text:
            events += (Cited(citation=one, choice=self._number) for one in found)
        else:
            self._citations += found


def _citations(annotations: Iterable[Json]) -> Iterator[Citation]:
    """Those of URLs; of others nothing is known that another dialect could say."""
    for annotation in annotations:
        inner = annotation.get("url_citation") if isinstance(annotation, dict) else None
        if not isinstance(annotation, dict) or not isinstance(inner, dict):
            continue
        texts = {name: one for name, one in inner.items() if isinstance(one, str)}
        places = {name: one for name, one in inner.items() if isinstance(one, int)}
        yield Citation(
            url=texts.get("url", ""),
            title=texts.get("title", ""),
            cited=texts.get("content", ""),
            start=places.get("start_index", -1),
            end=places.get("end_index", -1),
            native=annotation,
            family=Family.OPENAI,
        )


def _seconds(created: object) -> int:
    return int(created) if isinstance(created, int | float) and 0 <= created < 1e12 else 0


def _probability(token: Probability) -> TokenLogprob:
    return TokenLogprob(
        token=token.token,
        logprob=_LEAST_LOGPROB if token.logprob is None else token.logprob,
        bytes=None if token.bytes is None else tuple(token.bytes),
        top=tuple(map(_probability, token.top_logprobs or ())),
    )
