"""Messages as `contents`: turns of `user` and `model` in alternation, and `systemInstruction` (dialects, B3).

Results of tools stand in a turn by themselves, as Gemini counts them against the calls of the turn before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from penstock.wire.dialects.conversation import (
    Audio,
    Conversation,
    Document,
    Family,
    Found,
    HiddenThinking,
    Image,
    Message,
    Native,
    Opaque,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.gemini.media import media_part
from penstock.wire.dialects.gemini.tool_results import found_text, function_response
from penstock.wire.dialects.gemini_models import rules_of
from penstock.wire.dialects.json_value import Json, Object, from_json
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.tool_names import ToolNames

SKIPPED: Final = "skip_thought_signature_validator"
"""Google's documented value for calls that no Gemini model made."""


def system_instruction(asked: Conversation, dropped: Dropped) -> Object | None:
    """All system texts in order; one that comes later than a turn is told. Raises `Refused`."""
    parts: list[Json] = []
    later = False
    for message in asked.messages:
        if message.role != "system":
            later = True
            continue
        if later:
            dropped(message.at)
        for part in message.parts:
            if not isinstance(part, Text):
                raise Refused(part.at, "system messages of Gemini hold only text")
            _leave_mark(part, dropped)
            if part.text:
                parts.append({"text": part.text})
    return {"parts": parts} if parts else None


@dataclass(slots=True)
class _Turn:
    role: Literal["user", "model"]
    parts: list[Object] = field(default_factory=list)
    sealed: bool = False  # takes no more parts
    call_at: str = ""  # where the caller wrote the first call in it


def contents(asked: Conversation, target: Target, names: ToolNames, dropped: Dropped) -> list[Json]:
    """The turns. Raises `Refused`."""
    turns = _Turns(asked, target, names, dropped)
    messages = [message for message in asked.messages if message.role != "system"]
    begin = _current(messages)
    for number, message in enumerate(messages):
        if number == begin:
            turns.begin_current()
        turns.add(message)
    return turns.finished()


def _current(messages: Sequence[Message]) -> int:
    """Where the current turn begins: at the last message in which the user says something."""
    said = (
        number
        for number in range(len(messages) - 1, -1, -1)
        if messages[number].role == "user"
        and any(not isinstance(part, ToolResult) for part in messages[number].parts)
    )
    return next(said, 0)


class _Turns:
    __slots__ = ("_asked", "_called", "_current", "_dropped", "_names", "_rules", "_target", "_turns")

    def __init__(self, asked: Conversation, target: Target, names: ToolNames, dropped: Dropped) -> None:
        self._asked = asked
        self._target = target
        self._names = names
        self._dropped = dropped
        self._rules = rules_of(target.model)
        self._called: dict[str, str] = {}  # names of functions by the ids of their calls
        self._turns: list[_Turn] = []
        self._current = 0

    def begin_current(self) -> None:
        self._current = len(self._turns)

    def add(self, message: Message) -> None:
        if message.name:
            self._dropped(f"{message.at}.name")
        if message.phase:
            self._dropped(f"{message.at}.phase")
        if message.role == "assistant":
            self._add_assistant(message)
        else:
            self._add_user(message)

    def finished(self) -> list[Json]:
        if self._rules.checks_signatures:
            for turn in self._turns[self._current :]:
                self._sign(turn)
        return [{"role": turn.role, "parts": list(turn.parts)} for turn in self._turns]

    def _turn(self, role: Literal["user", "model"]) -> _Turn:
        """The one that further parts of a role go to."""
        if not self._turns or self._turns[-1].role != role or self._turns[-1].sealed:
            self._turns.append(_Turn(role))
        return self._turns[-1]

    def _put(self, role: Literal["user", "model"], parts: Sequence[Object]) -> None:
        """Parts of one message; empty texts only where nothing else is said."""
        if parts:
            self._turn(role).parts.extend(parts)

    # -- what the user says

    def _add_user(self, message: Message) -> None:
        responses: list[Object] = []
        media: list[Json] = []
        said: list[Object] = []
        for part in message.parts:
            if isinstance(part, ToolResult):
                response, beside = self._result(part)
                responses.append(response)
                media += beside
            else:
                said += self._said(part)
        if responses:
            self._turns.append(_Turn("user", responses, sealed=True))
        self._put("user", [one for one in media if isinstance(one, dict)] + said)

    def _result(self, result: ToolResult) -> tuple[Object, list[Json]]:
        name = self._called.get(result.call_id)
        if name is None:
            raise Refused(
                result.at, f"answers the tool call {result.call_id!r}, which no message before it has"
            )
        return function_response(result, self._names.legal(name), self._asked, self._target, self._dropped)

    def _said(self, part: Part) -> Iterator[Object]:
        match part:
            case Text():
                yield from self._text(part)
            case Image() | Audio() | Document():
                written = media_part(part, self._asked, self._target, self._dropped)
                if isinstance(part, Image):
                    self._add_signature(written, part.signature, part.at)
                yield written
            case Found():
                yield {"text": found_text(part, self._dropped)}
            case Native(family=Family.GOOGLE):
                yield part.value
            case Native() if part.is_search:
                self._dropped(part.at)
            case _:
                raise Refused(part.at, "Gemini has no such part")

    def _text(self, part: Text) -> Iterator[Object]:
        _leave_mark(part, self._dropped)
        if part.citations:
            self._dropped(f"{part.at}.citations")
        written: Object = {"text": part.text}
        self._add_signature(written, part.signature, part.at)
        if part.text or "thoughtSignature" in written:
            yield written

    # -- what the model said

    def _add_assistant(self, message: Message) -> None:
        said: list[Object] = []
        calls: list[Object] = []
        first = ""
        for place, part in enumerate(message.parts):
            if isinstance(part, ToolCall):
                before = message.parts[place - 1] if place else None
                calls.append(self._call(part, before))
                first = first or part.at
            else:
                after = message.parts[place + 1] if place + 1 < len(message.parts) else None
                said += self._thought(part, after)
        self._put("model", [*said, *calls])
        if first:
            turn = self._turns[-1]
            turn.call_at = turn.call_at or first

    def _thought(self, part: Part, after: Part | None) -> Iterator[Object]:
        match part:
            case Thinking():
                yield from self._thinking(part, after)
            case HiddenThinking():
                if part.data.family is not Family.GOOGLE:
                    self._dropped(part.at)
                elif not _wants_signature(after):
                    yield {"text": "", "thoughtSignature": part.data.value}
            case Refusal():
                self._dropped(part.at)
                yield {"text": part.text}
            case _:
                yield from self._said(part)

    def _thinking(self, part: Thinking, after: Part | None) -> Iterator[Object]:
        """What has a signature of another family is left out whole. A signature without text is of an empty text,
        or of the call behind it, where the caller's dialect has no place for one on calls.
        """
        signature = part.signature
        if signature is not None and signature.family is not Family.GOOGLE:
            self._dropped(part.at)
            return
        written: Object = {"text": part.text, "thought": True} if part.text else {"text": ""}
        if signature is not None and not _wants_signature(after):
            written["thoughtSignature"] = signature.value
        if part.text or "thoughtSignature" in written:
            yield written

    def _call(self, call: ToolCall, before: Part | None) -> Object:
        if call.free:
            raise Refused(call.at, "Gemini has no free-form tools")
        self._called[call.id] = call.name
        made: Object = {"name": self._names.legal(call.name), "args": _arguments(call)}
        if self._rules.call_ids:
            made["id"] = call.id
        written: Object = {"functionCall": made}
        self._add_signature(written, call.signature or _signature_before(before), call.at)
        if call.cache is not None:
            self._dropped(call.cache.at)
        return written

    def _add_signature(self, written: Object, signature: Opaque | None, at: str) -> None:
        if signature is None:
            return
        if signature.family is Family.GOOGLE:
            written["thoughtSignature"] = signature.value
        else:
            self._dropped(at)

    def _sign(self, turn: _Turn) -> None:
        """The first call of each step of the current turn has to have a signature; told where it is none."""
        first = next((part for part in turn.parts if "functionCall" in part), None)
        if first is not None and "thoughtSignature" not in first:
            first["thoughtSignature"] = SKIPPED
            self._dropped(turn.call_at)


def _wants_signature(part: Part | None) -> bool:
    return isinstance(part, ToolCall) and part.signature is None


def _signature_before(part: Part | None) -> Opaque | None:
    """That of the thought before a call, if Google made it."""
    found = (
        part.signature
        if isinstance(part, Thinking)
        else part.data
        if isinstance(part, HiddenThinking)
        else None
    )
    return found if found is not None and found.family is Family.GOOGLE else None


def _arguments(call: ToolCall) -> Json:
    if not call.arguments.strip():
        return {}
    try:
        found = from_json(call.arguments)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        found = None
    if not isinstance(found, dict):
        raise Refused(call.at, "the arguments of the call must be a JSON object")
    return found


def _leave_mark(part: Text, dropped: Dropped) -> None:
    if part.cache is not None:
        dropped(part.cache.at)
