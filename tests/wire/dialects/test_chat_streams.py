"""Streams of Chat that nobody should send: bounded, and told as what they are; and messages that are sent back."""

from __future__ import annotations

import pytest

from penstock.wire.dialects.answer import folded
from penstock.wire.dialects.answer_events import (
    Began,
    BlockKind,
    Closed,
    Ended,
    Event,
    Failed,
    Opened,
    Piece,
    Stopped,
    StopReason,
)
from penstock.wire.dialects.chat import CHAT
from penstock.wire.dialects.conversation import (
    Conversation,
    Family,
    HiddenThinking,
    Opaque,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped
from penstock.wire.sse import MAX_EVENT_BYTES

ASKED = Conversation(model="m", messages=(), stream=True, call_id="c", asked_at=7)
OPENAI = Target(provider="openai", model="gpt-4o")
CHUNK = b'data: {"id":"chatcmpl-1","model":"m","choices":[{"index":0,"delta":{"content":"A"},"finish_reason":%s}]}'
OPEN, STOP = CHUNK % b"null", CHUNK % b'"stop"'


def read(*pieces: bytes) -> list[Event]:
    reader = CHAT.stream_reader(ASKED, OPENAI)
    return [*(event for piece in pieces for event in reader.feed(piece)), *reader.finish()]


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r", b"\n\r\n", b"\r\n\n"])
def test_lines_end_in_three_ways(end: bytes) -> None:
    stream = OPEN + end + b": comment" + end + STOP + end + b"data: [DONE]" + end
    whole = read(stream)
    assert folded(whole).choices[0].blocks[0].text == "AA"
    assert isinstance(whole[-1], Ended)
    assert read(*(stream[at : at + 1] for at in range(len(stream)))) == whole


def test_data_on_several_lines_is_one_event() -> None:
    events = read(
        b'event: x\nid: 4\ndata: {"choices": [{"delta":\ndata: {"content": "A"},"finish_reason":"stop"}]}\n\n'
    )
    assert folded(events).choices[0].blocks[0].text == "A"


def test_an_event_that_has_not_ended_when_the_body_ends_is_none() -> None:
    assert isinstance(read(OPEN + b"\n\n" + STOP)[-1], Failed)
    assert isinstance(read(OPEN + b"\n\n" + STOP + b"\n")[-1], Failed)
    assert isinstance(read(STOP + b"\n\n" + b"data: [DO")[-1], Ended)


@pytest.mark.parametrize("size", [1 << 16, 1 << 23])
def test_an_event_that_never_ends_is_a_failure_and_is_not_kept(size: int) -> None:
    stream = OPEN + b"\n\ndata: " + b" " * (MAX_EVENT_BYTES + 10) + STOP[6:] + b"\n\n"
    reader = CHAT.stream_reader(ASKED, OPENAI)
    events: list[Event] = []
    for at in range(0, len(stream), size):
        events += reader.feed(stream[at : at + size])
        assert reader.held <= MAX_EVENT_BYTES + size
    assert isinstance(events[-1], Failed)
    assert sum(isinstance(event, Failed) for event in [*events, *reader.finish()]) == 1


def test_nothing_is_told_after_the_end_or_a_failure() -> None:
    assert len(read(STOP + b"\n\ndata: [DONE]\n\n" + OPEN + b"\n\n")) == len(
        read(STOP + b"\n\ndata: [DONE]\n\n")
    )
    assert sum(isinstance(event, Failed) for event in read(b"data: x\n\n" * 3 + STOP + b"\n\n")) == 1
    writer = CHAT.stream_writer(ASKED)
    assert writer.write([Began(id="1"), Ended()]).endswith(b"data: [DONE]\n\n")
    assert writer.write([Opened(kind=BlockKind.TEXT), Piece(text="x")]) == b""


@pytest.mark.parametrize("member", ["error", "usage", "basis", "choices", "citations"])
@pytest.mark.parametrize(
    "inside", [b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 50_000 + b"1" + b"}" * 50_000]
)
def test_nesting_is_no_danger(member: str, inside: bytes) -> None:
    read(b'data: {"%b":%b}\n\n' % (member.encode(), inside))
    delta = b'data: {"choices":[{"delta":{"annotations":[%b],"content":[%b]},"logprobs":%b}]}\n\n'
    read(delta % (inside, inside, inside))


@pytest.mark.parametrize("number", [-1, 128, 10**9, 2**63])
def test_absurd_numbers_of_answers_are_refused(number: int) -> None:
    assert isinstance(
        read(b'data: {"choices":[{"index":%d,"delta":{"content":"A"}}]}\n\n' % number)[-1], Failed
    )


def test_absurd_numbers_of_calls_take_no_room() -> None:
    calls = b'{"index":%d,"id":"a","function":{"name":"f","arguments":"{}"}}' % 10**9
    events = read(
        b'data: {"choices":[{"delta":{"tool_calls":[%b]},"finish_reason":"tool_calls"}]}\n\n' % calls
    )
    answer = folded(events)
    assert [block.opened.call_id for block in answer.choices[0].blocks] == ["a"]
    written = CHAT.stream_writer(ASKED).write(events)
    assert b'"tool_calls":[{"index":0,' in written


def test_a_message_that_is_sent_back_as_it_came_keeps_everything() -> None:
    claude, openai, google = (
        Opaque(family, "c2ln") for family in (Family.ANTHROPIC, Family.OPENAI, Family.GOOGLE)
    )
    events: list[Event] = [
        Opened(kind=BlockKind.THINKING), Piece(text="T"), Closed(signature=claude),
        Opened(kind=BlockKind.THINKING), Closed(signature=google),
        Opened(kind=BlockKind.HIDDEN_THINKING, data=openai), Closed(id="rs_1"),
        Opened(kind=BlockKind.TEXT), Piece(text="A"), Closed(signature=google),
        Opened(kind=BlockKind.TOOL_CALL, call_id="c1", name="f"), Piece(text="{}"), Closed(signature=google),
        Opened(kind=BlockKind.TOOL_CALL, call_id="c2", name="g", free=True), Piece(text="x"), Closed(),
        Stopped(reason=StopReason.TOOL_CALLS), Ended(),
    ]  # fmt: skip
    answer = CHAT.write_answer(folded(events), ASKED)
    choices = answer["choices"]
    assert isinstance(choices, list)
    assert isinstance(choices[0], dict)
    message = choices[0]["message"]
    results: list[Object] = [
        {"role": "tool", "tool_call_id": number, "content": "r"} for number in ("c1", "c2")
    ]
    dropped = Dropped()
    found = CHAT.read_request({"model": "m", "messages": [message, *results]}, dropped)
    assert [
        (type(part), said(part), signature(part), getattr(part, "id", "")) for part in found.messages[0].parts
    ] == [
        (Thinking, "T", claude, ""),
        (Thinking, "", google, ""),
        (HiddenThinking, "", openai, "rs_1"),
        (Text, "A", google, ""),
        (ToolCall, "{}", google, "c1"),
        (ToolCall, "x", None, "c2"),
    ]  # fmt: skip
    assert [part.free for part in found.messages[1].parts if isinstance(part, ToolResult)] == [False, True]
    assert dropped.paths == ()


def said(part: object) -> str:
    return str(getattr(part, "text", "") or getattr(part, "arguments", ""))


def signature(part: object) -> Opaque | None:
    found = part.data if isinstance(part, HiddenThinking) else getattr(part, "signature", None)
    assert found is None or isinstance(found, Opaque)
    return found
