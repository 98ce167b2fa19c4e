"""An answer of generateContent as events, from one piece or many: each candidate has a state of its own.

A piece may end the answer only when the body does: reasons to stop and counts stand in many pieces, and the last ones
count. How pieces are found in a body is in `stream_reader.py`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Final

import msgspec

from penstock.wire.dialects.answer_events import (
    Began,
    BlockKind,
    Citation,
    Cited,
    Ended,
    ErrorKind,
    Event,
    Failed,
    Failure,
    Logprobs,
    Opened,
    Piece,
    Stopped,
    TokenLogprob,
)
from penstock.wire.dialects.blocks import OpenBlocks
from penstock.wire.dialects.conversation import Conversation, Data, Family, Opaque
from penstock.wire.dialects.gemini.answer_shapes import (
    Blob,
    Candidate,
    FunctionCall,
    LogprobsResult,
    Part,
    PromptFeedback,
    Response,
    Token,
    UsageMetadata,
)
from penstock.wire.dialects.gemini.citations import Citations
from penstock.wire.dialects.gemini.errors import failure_in
from penstock.wire.dialects.gemini.modalities import heard
from penstock.wire.dialects.gemini.tools import tool_names
from penstock.wire.dialects.gemini.usage import counted, counted_input
from penstock.wire.dialects.gemini.verdicts import UNSAID, blocked, stopped
from penstock.wire.dialects.json_value import Object, from_json
from penstock.wire.dialects.tool_names import ToolNames, made_id

_PREFIX: Final = "default_api:"  # that models write before names of functions
_MOST_CHOICES: Final = 128  # the numbers of candidates; Gemini gives 8 at most
_NATIVE: Final = (
    ("fileData", "file_data"),
    ("executableCode", "executable_code"),
    ("codeExecutionResult", "code_execution_result"),
    ("toolCall", "tool_call"),
    ("toolResponse", "tool_response"),
)


class AnswerReader:
    """Reads the pieces of one answer. After `Failed` it gives nothing more."""

    __slots__ = ("_asked", "_began", "_choices", "_failed", "_feedback", "_names", "_usage")

    def __init__(self, asked: Conversation) -> None:
        self._asked = asked
        self._names = tool_names(asked)
        self._began: Began | None = None
        self._choices: dict[int, _Choice] = {}
        self._feedback: PromptFeedback | None = None
        self._usage: UsageMetadata | None = None
        self._failed = False

    @property
    def failed(self) -> bool:
        """Whether the answer has ended broken."""
        return self._failed

    def piece(self, response: Response) -> list[Event]:
        """The events of one more piece."""
        if self._failed:
            return []
        if response.error:
            return self.fail(failure_in(bytes(response.error)))
        events: list[Event] = []
        self._begin(response, events)
        if response.prompt_feedback is not None:
            self._feedback = response.prompt_feedback
        if response.usage_metadata is not None:
            if self._usage is None:
                events.append(counted_input(response.usage_metadata))
            self._usage = response.usage_metadata
        for candidate in response.candidates or ():
            choice = self._choices.get(candidate.index)
            if choice is None:
                if not 0 <= candidate.index < _MOST_CHOICES:
                    return [*events, *self.fail(_broken(f"a candidate has the number {candidate.index}"))]
                choice = self._choices[candidate.index] = _Choice(candidate.index, self._asked, self._names)
            choice.read(candidate, events)
        return events

    def finish(self, *, streamed: bool) -> list[Event]:
        """The end of the body. A stream that says no reason to stop was cut; a whole answer is whole."""
        if self._failed:
            return []
        events: list[Event] = []
        choices = [self._choices[number] for number in sorted(self._choices)]
        for choice in choices:
            choice.close(events)
        ends = [choice.stopped() for choice in choices]
        if not choices and (verdict := blocked(self._feedback)):
            ends = [verdict]
        if not ends:
            return [*events, *self.fail(_broken("the answer has no candidates"))]
        if streamed and any(choice.reason in UNSAID for choice in choices):
            return [*events, *self.fail(_broken("the answer ended before it was whole"))]
        events += ends
        if self._usage is not None:
            events.append(counted(self._usage, sum(choice.searches for choice in choices)))
        events.append(Ended())
        return events

    def fail(self, failure: Failure) -> list[Event]:
        """The end of an answer that cannot go on."""
        self._failed = True
        return [Failed(failure=failure)]

    def _begin(self, response: Response, events: list[Event]) -> None:
        """At first, and again where a later piece tells what was not told before."""
        known = self._began
        model, number = response.model_version or "", response.response_id or ""
        if known is None or (model and not known.model) or (number and not known.id):
            self._began = Began(id=number, model=model, created=_seconds(response.create_time))
            events.append(self._began)


class _Choice:
    """One candidate."""

    __slots__ = (
        "_asked",
        "_blocks",
        "_calls",
        "_citations",
        "_message",
        "_names",
        "_number",
        "_queries",
        "_spoke",
        "reason",
    )

    def __init__(self, number: int, asked: Conversation, names: ToolNames) -> None:
        self._number = number
        self._asked = asked
        self._names = names
        self._blocks = OpenBlocks()
        self._citations = Citations()
        self._calls = 0
        self._spoke = False  # there is a text that something can be cited for
        self._message = ""
        self._queries: dict[str, None] = {}  # that Google was searched for
        self.reason = ""

    @property
    def searches(self) -> int:
        """How many there were."""
        return len(self._queries)

    def read(self, candidate: Candidate, events: list[Event]) -> None:
        content = candidate.content
        if content is not None and content.parts:
            goes_on = True
            for part in content.parts:
                self._part(part, goes_on, events)
                goes_on = False
        if candidate.logprobs_result is not None:
            self._logprobs(candidate.logprobs_result, events)
        if candidate.grounding_metadata is not None:
            grounding = candidate.grounding_metadata
            self._queries |= dict.fromkeys(grounding.web_search_queries or ())
            self._cite(self._citations.grounding(grounding), events)
        if candidate.citation_metadata is not None:
            self._cite(self._citations.quotes(candidate.citation_metadata), events)
        if candidate.finish_reason is not None and candidate.finish_reason not in UNSAID:
            self.reason = candidate.finish_reason
        self._message = candidate.finish_message or self._message

    def close(self, events: list[Event]) -> None:
        if self._spoke:
            self._cite(self._citations.finish(), events)
        if self._queries:
            self._native(self._citations.found(self._queries), events)
        events += self._blocks.close(self._number)

    def stopped(self) -> Stopped:
        return stopped(self.reason, self._message, self._number, called=self._calls > 0)

    def _part(self, part: Part, goes_on: bool, events: list[Event]) -> None:
        signature = Opaque(Family.GOOGLE, part.thought_signature) if part.thought_signature else None
        if part.function_call is not None:
            self._citations.other()
            self._call(part.function_call, signature, events)
        elif part.text is not None:
            self._text(part, part.text, signature, goes_on, events)
        elif part.inline_data is not None and part.inline_data.data:
            if not part.thought:  # a draft of a picture is for nobody
                self._citations.other()
                self._media(part.inline_data, signature, events)
        elif native := _native(part):
            self._citations.other()
            self._native(native, events)
        elif signature is not None:  # on nothing, which is an empty text
            self._text(part, "", signature, goes_on, events)

    def _media(self, blob: Blob, signature: Opaque | None, events: list[Event]) -> None:
        media = heard(Data(blob.mime_type, blob.data), self._asked)
        events += self._blocks.open(Opened(kind=BlockKind.MEDIA, choice=self._number, media=media))
        events += self._blocks.close(self._number, signature)

    def _native(self, native: Object, events: list[Event]) -> None:
        opened = Opened(kind=BlockKind.NATIVE, choice=self._number, native=native, family=Family.GOOGLE)
        events += self._blocks.open(opened)
        events += self._blocks.close(self._number)

    def _text(
        self, part: Part, text: str, signature: Opaque | None, goes_on: bool, events: list[Event]
    ) -> None:
        """A signature belongs to exactly its part, which is a block by itself then."""
        kind = BlockKind.THINKING if part.thought else BlockKind.TEXT
        self._citations.text(text, shown=not part.thought, goes_on=goes_on, whole=signature is not None)
        if text and not part.thought:
            self._spoke = True
        if signature is None:
            events += self._blocks.piece(kind, text, self._number)
            return
        events += self._blocks.open(Opened(kind=kind, choice=self._number))
        if text:
            events.append(Piece(text=text, choice=self._number))
        events += self._blocks.close(self._number, signature)

    def _call(self, call: FunctionCall, signature: Opaque | None, events: list[Event]) -> None:
        """Google gives a call at one go, so that its signature is known from the beginning."""
        opened = Opened(
            kind=BlockKind.TOOL_CALL,
            choice=self._number,
            call_id=call.id or made_id(self._asked.call_id, self._calls, self._number),
            name=self._names.original(call.name, _PREFIX),
            signature=signature,
        )
        self._calls += 1
        events += self._blocks.open(opened)
        events.append(Piece(text=_arguments(call), choice=self._number))
        events += self._blocks.close(self._number)

    def _cite(self, citations: list[Citation], events: list[Event]) -> None:
        events += [Cited(citation=citation, choice=self._number) for citation in citations]

    def _logprobs(self, result: LogprobsResult, events: list[Event]) -> None:
        chosen, tops = result.chosen_candidates or (), result.top_candidates or ()
        tokens = tuple(
            _token(token, (tops[place].candidates or ()) if place < len(tops) else ())
            for place, token in enumerate(chosen)
        )
        if tokens:
            events.append(Logprobs(tokens=tokens, choice=self._number))


def _token(token: Token, top: Iterable[Token]) -> TokenLogprob:
    others = tuple(TokenLogprob(token=one.token, logprob=one.log_probability) for one in top)
    return TokenLogprob(token=token.token, logprob=token.log_probability, top=others)


def _arguments(call: FunctionCall) -> str:
    """As compact JSON, with numbers as they were written."""
    text = msgspec.json.format(bytes(call.args), indent=-1).decode() if call.args else ""
    return "{}" if text in ("", "null") else text


def _native(part: Part) -> Object:
    """A part that only Google knows, as it was; empty for none."""
    found: Object = {
        name: from_json(raw) for name, member in _NATIVE if (raw := bytes(getattr(part, member)))
    }
    if found and part.thought:
        found["thought"] = True
    if found and part.thought_signature:
        found["thoughtSignature"] = part.thought_signature
    return found


def _seconds(time: str | None) -> int:
    """Unix seconds of a timestamp (RFC 3339); 0 where there is none."""
    try:
        return int(datetime.datetime.fromisoformat(time).timestamp()) if time else 0
    except ValueError:
        return 0


def _broken(message: str) -> Failure:
    return Failure(kind=ErrorKind.INNER, message=message, status=502)
