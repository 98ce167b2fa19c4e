"""What one event, line, frame or document tells of the end of its answer: names, reasons to have finished, an error.

Pure, and typed, partial reads of an event's own members. Which of the marks end a stream is its dialect's affair, and
stands in `stream_end.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from penstock.wire.answer_dialect import Dialect
from penstock.wire.tolerant_json import UNREADABLE, mended

_ABSENT = msgspec.Raw()
_ERROR: Final = "error"  # the type of one that tells none
_WORD = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")
_FAILED_EVENTS = frozenset({"error", "response.failed", "thread.run.failed", "conversation.response.error"})
_FAILED_REASONS = frozenset({"error", "error_limit", "error_toxic", "timeout"})  # in lower case
_COHERE = (Dialect.COHERE_V1, Dialect.COHERE_V2)
_COHERE_ENDS = frozenset({"stream-end", "message-end"})
_QUOTE = 0x22
_ERRORS_BEGIN = b'{"'
_LONGEST = 512  # bytes of a name


class Mark(msgspec.Struct, gc=False):
    """What an event tells. `choices`: which there are in it, and whether each has finished; None: it is not of such."""

    names: frozenset[str] = frozenset()
    is_done: bool = False
    choices: dict[int, bool] | None = None
    is_google: bool = False
    error: str = ""


class _Members(msgspec.Struct, gc=False):
    """Members of an event or a document. They stay raw: others have other things under these names."""

    type: msgspec.Raw = _ABSENT
    event_type: msgspec.Raw = _ABSENT  # Google's interactions, Cohere v1
    error: msgspec.Raw = _ABSENT
    errors: msgspec.Raw = _ABSENT
    success: msgspec.Raw = _ABSENT
    choices: msgspec.Raw = _ABSENT
    candidates: msgspec.Raw = _ABSENT
    prompt_feedback: msgspec.Raw = msgspec.field(name="promptFeedback", default=_ABSENT)
    response: msgspec.Raw = _ABSENT
    interaction: msgspec.Raw = _ABSENT
    delta: msgspec.Raw = _ABSENT
    last_error: msgspec.Raw = _ABSENT  # a run's
    is_finished: msgspec.Raw = _ABSENT  # Cohere v1
    finish_reason: msgspec.Raw = _ABSENT
    generated_text: msgspec.Raw = _ABSENT  # Hugging Face
    code: msgspec.Raw = _ABSENT
    status: msgspec.Raw = _ABSENT
    reason: msgspec.Raw = _ABSENT  # Replicate's
    metrics: msgspec.Raw = msgspec.field(name="amazon-bedrock-invocationMetrics", default=_ABSENT)


_WANTED = frozenset(field.encode_name for field in msgspec.structs.fields(_Members))


class _Choice(msgspec.Struct, gc=False):
    index: msgspec.Raw = _ABSENT
    finish_reason: msgspec.Raw = _ABSENT
    finished: msgspec.Raw = msgspec.field(name="finishReason", default=_ABSENT)
    error: msgspec.Raw = _ABSENT


class _Feedback(msgspec.Struct, gc=False):
    block_reason: msgspec.Raw = msgspec.field(name="blockReason", default=_ABSENT)


_to_members = msgspec.json.Decoder(_Members).decode
_to_choices = msgspec.json.Decoder(list[_Choice]).decode
_to_feedback = msgspec.json.Decoder(_Feedback).decode
_to_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_to_scalar = msgspec.json.Decoder(str | int | float | bool | None).decode
_NO_MEMBERS = _Members()
_NOTHING = Mark()


def event_mark(data: bytes, name: str) -> Mark:
    """What an event tells by its data and the name beside it, which may be empty."""
    data = data.strip()
    if data == b"[DONE]":
        return Mark(frozenset({name}) if name else frozenset(), is_done=True)
    if not data.startswith(b"{"):
        return _NOTHING if not name else Mark(frozenset({name}), error=_ERROR if name == "error" else "")
    members = _members(data)
    if members is None:
        return _NOTHING
    return _marked(members, name)


def frame_mark(headers: Mapping[str, str], payload: bytes) -> Mark:
    """What a frame of an event stream tells: exceptions are told by its headers."""
    if headers.get(":message-type") in ("exception", "error"):
        return Mark(error=_word(headers.get(":exception-type") or headers.get(":error-code") or ""))
    return event_mark(payload, headers.get(":event-type", ""))


def document_failure(body: bytes, dialect: Dialect | None) -> str:
    """The type of error that a document tells as its own; empty where it tells none."""
    if b"error" not in body and b"ERROR" not in body:
        return ""
    members = _members(body)
    if members is None:
        return ""
    if _is_error(members.error):
        return _type_of(members.error)
    if bytes(members.success) == b"false" and bytes(members.errors).startswith(b"["):
        return _first_type(members.errors)
    if members.choices:
        return _read_choices(members.choices)[1]
    reason = _text(members.finish_reason) if dialect in _COHERE else ""
    return _word(reason) if reason.lower() in _FAILED_REASONS else ""


def _members(data: bytes) -> _Members | None:
    try:
        return _to_members(data)
    except UNREADABLE:
        pass
    try:
        return _to_members(mended(data, _WANTED))
    except UNREADABLE:
        return None


def _marked(members: _Members, name: str) -> Mark:
    names = {one for one in (name, _text(members.type), _text(members.event_type)) if one}
    if members.metrics:
        names.add("invocationMetrics")
    if bytes(members.is_finished) == b"true":
        names.add("stream-end")
    mark = Mark(frozenset(names), error=_failure(members, names))
    if members.choices:
        mark.choices, error = _read_choices(members.choices)
        mark.error = mark.error or error
    elif members.candidates or members.prompt_feedback:
        mark.is_google = True
        mark.choices = _read_choices(members.candidates)[0] if members.candidates else {}
        if members.prompt_feedback and _is_blocked(members.prompt_feedback):
            mark.choices[0] = True
    elif len(members.generated_text) and memoryview(members.generated_text)[0] == _QUOTE:
        mark.choices = {0: True}
    return mark


def _read_choices(raw: msgspec.Raw) -> tuple[dict[int, bool], str]:
    """Which choices there are, and whether each has finished; the error of one that failed."""
    found: dict[int, bool] = {}
    error = ""
    try:
        choices = _to_choices(raw)
    except UNREADABLE:
        return found, error
    for place, choice in enumerate(choices):
        index = _scalar(choice.index)
        reason = _text(choice.finish_reason) or _text(choice.finished)
        found[index if isinstance(index, int) else place] = reason != ""
        if _is_error(choice.error):
            error = _type_of(choice.error)
        elif reason.lower() == _ERROR:
            error = _ERROR
    return found, error


def _is_blocked(raw: msgspec.Raw) -> bool:
    try:
        return _text(_to_feedback(raw).block_reason) != ""
    except UNREADABLE:
        return False


# -- errors


def _failure(members: _Members, names: set[str]) -> str:
    """The type of error that an event tells; empty where it tells none."""
    if _is_error(members.error):
        return _type_of(members.error)
    if names & _FAILED_EVENTS:
        inner = _inner_error(members.response) or _inner_error(members.last_error)
        return inner or _word(_scalar(members.code))
    if bytes(members.success) == b"false" and members.errors:
        return _first_type(members.errors)
    if "done" in names and _text(members.reason) == "error":
        return _ERROR
    if members.interaction and _text(_inner(members.interaction).status) == "failed":
        return _inner_error(members.interaction) or _ERROR
    return _failed_end(members) if names & _COHERE_ENDS else ""


def _failed_end(members: _Members) -> str:
    """Of Cohere's last events, which say of themselves that they end a failure."""
    for one in (members, _inner(members.delta), _inner(members.response)):
        reason = _text(one.finish_reason)
        if reason.lower() in _FAILED_REASONS:
            return _word(reason)
    return _inner_error(members.delta)


def _inner(raw: msgspec.Raw) -> _Members:
    return (_members(bytes(raw)) if raw else None) or _NO_MEMBERS


def _inner_error(raw: msgspec.Raw) -> str:
    """Of an object in an event: its error, or itself if it is one."""
    told = _inner(raw)
    if _is_error(told.error):
        return _type_of(told.error)
    return _word(_scalar(told.code)) if told.code else ""


def _is_error(raw: msgspec.Raw) -> bool:
    """Whether a member called `error` is one: an object or a text with something in it."""
    return len(raw) > 2 and memoryview(raw)[0] in _ERRORS_BEGIN


def _type_of(raw: msgspec.Raw) -> str:
    """The provider's type of an error: its `type`, or else its `status` or its `code`."""
    if memoryview(raw)[0] == _QUOTE:
        return _word(_text(raw))
    told = _inner(raw)
    return _word(_text(told.type) or _text(told.status) or _scalar(told.code))


def _first_type(raw: msgspec.Raw) -> str:
    try:
        listed = _to_list(raw)
    except UNREADABLE:
        return _ERROR
    return _type_of(listed[0]) if listed and _is_error(listed[0]) else _ERROR


def _word(said: object) -> str:
    """A type as the log keeps it; sentences are none."""
    text = "" if said is None else str(said)
    return text if _WORD.fullmatch(text) else _ERROR


def _text(raw: msgspec.Raw) -> str:
    found = _scalar(raw)
    return found if isinstance(found, str) else ""


def _scalar(raw: msgspec.Raw) -> object:
    try:
        return _to_scalar(raw) if 0 < len(raw) <= _LONGEST else None
    except UNREADABLE:
        return None
