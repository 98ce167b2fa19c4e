"""Answers of Messages: a stream and a whole answer say the same, on both sides, however they are cut."""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from penstock.wire.dialects.answer import Answer, folded
from penstock.wire.dialects.answer_events import (
    Began,
    BlockKind,
    Citation,
    Cited,
    Closed,
    Counted,
    Ended,
    ErrorKind,
    Event,
    Extra,
    Failed,
    Opened,
    Piece,
    Stopped,
    StopReason,
)
from penstock.wire.dialects.conversation import Conversation, Data, Family, Opaque
from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.json_value import Json, Object, to_json
from penstock.wire.dialects.messages import MESSAGES
from penstock.wire.sse import MAX_EVENT_BYTES

Told = dict[str, Any]

OWN = Target(provider="anthropic", model="claude-sonnet-4-5")
BEDROCK = Target(provider="aws-bedrock", model="anthropic.claude-sonnet-4-5-20250929-v1:0", host="bedrock")


def asked(family: Family | None = Family.ANTHROPIC) -> Conversation:
    return Conversation(model="m", messages=(), call_id="0192", family=family)


# -- what callers get

texts = st.text(min_size=1, max_size=20)
opaques = st.builds(Opaque, st.sampled_from(Family), st.text("abcXYZ+/=", min_size=1, max_size=20))
signatures = st.none() | opaques
objects = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), min_size=1, max_size=3)


def pieces(text: str, cuts: Sequence[int]) -> list[Event]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    found = (text[a:b] for a, b in pairwise(places))
    return [Piece(text=one) for one in found]


@st.composite
def blocks(draw: st.DrawFn) -> list[Event]:
    kind = draw(st.sampled_from(BlockKind))
    cuts = draw(st.lists(st.integers(0, 50), max_size=3))
    if kind is BlockKind.TOOL_CALL:
        arguments = (
            json.dumps(draw(objects)) if draw(st.booleans()) else draw(st.sampled_from(["", "plain", " [1]"]))
        )
        opened = Opened(kind=kind, call_id="call_1", name="look", signature=draw(signatures))
        return [opened, *pieces(arguments, cuts), Closed(signature=draw(signatures))]
    if kind is BlockKind.HIDDEN_THINKING:
        return [Opened(kind=kind, data=draw(opaques)), Closed()]
    if kind is BlockKind.MEDIA:
        return [Opened(kind=kind, media=Data("image/png", "AA==")), Closed(signature=draw(signatures))]
    if kind is BlockKind.NATIVE:
        family = draw(st.sampled_from(Family))
        return [Opened(kind=kind, native={"type": "server_tool_use", "id": "s"}, family=family), Closed()]
    text = draw(texts | st.just(""))
    events = [Opened(kind=kind), *pieces(text, cuts)]
    if kind is BlockKind.TEXT:
        cited = [Cited(citation=Citation(url="https://a.example", title="A"))] * draw(st.integers(0, 2))
        closed = Closed(signature=draw(signatures))
        if closed.signature is None and text and draw(st.booleans()):
            return [*events, closed, *cited]  # told behind the end of the text
        return [*events, *cited, closed]
    return [*events, Closed(signature=draw(signatures) if kind is BlockKind.THINKING else None)]


@st.composite
def answers(draw: st.DrawFn) -> list[Event]:
    stopped = st.builds(
        Stopped, reason=st.sampled_from(StopReason), sequence=st.sampled_from(["", "END"]),
        explanation=st.sampled_from(["", "no"]),
    )  # fmt: skip
    counted = st.builds(
        Counted, fresh=st.integers(0, 9), cache_read=st.none() | st.integers(0, 9), output=st.integers(0, 9)
    )
    return [
        Began(id=draw(st.sampled_from(["", "msg_1", "x"])), model=draw(st.sampled_from(["", "claude"]))),
        *(event for block in draw(st.lists(blocks(), max_size=4)) for event in block),
        *draw(st.lists(stopped, max_size=1)),
        *draw(st.lists(counted, max_size=2)),
        *draw(st.lists(st.builds(Extra, name=st.just("basis"), value=objects), max_size=1)),
        Ended(),
    ]


def put_together(stream: bytes) -> Object:
    """What the official SDKs make of a stream."""
    message: Any = None
    inputs: dict[int, str] = {}
    for block in stream.decode().split("\n\n")[:-1]:
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        if event["type"] == "message_start":
            assert message is None
            message = event["message"]
        elif event["type"] == "content_block_start":
            assert event["index"] == len(message["content"])
            message["content"].append(event["content_block"])
        elif event["type"] == "content_block_delta":
            add(message["content"][event["index"]], event["delta"], event["index"], inputs)
        elif event["type"] == "content_block_stop":
            assert event["index"] == len(message["content"]) - 1
        elif event["type"] == "message_delta":
            message |= event.pop("delta")
            message |= {name: value for name, value in event.items() if name != "type"}
    for index, text in inputs.items():
        message["content"][index]["input"] = json.loads(text)
    assert isinstance(message, dict)
    return message


def add(block: Told, delta: Told, index: int, inputs: dict[int, str]) -> None:
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] = delta["signature"]
        case "citations_delta":
            block.setdefault("citations", []).append(delta["citation"])
        case _:
            inputs[index] = inputs.get(index, "") + delta["partial_json"]


@given(answers())
def test_a_stream_for_callers_says_what_a_whole_answer_says(events: list[Event]) -> None:
    writer = MESSAGES.stream_writer(asked())
    stream = b"".join(writer.write([event]) for event in events)
    assert put_together(stream) == MESSAGES.write_answer(folded(events), asked())
    assert MESSAGES.stream_writer(asked()).write(events) == stream


@given(answers())
def test_what_claude_says_comes_back_as_it_was(events: list[Event]) -> None:
    given_answer = MESSAGES.write_answer(folded(events), asked())
    given_answer.pop("basis", None)
    assume(not any(isinstance(one, Stopped) and one.reason is StopReason.MALFORMED for one in events))
    again = MESSAGES.read_answer(json.dumps(given_answer).encode(), asked(), OWN)
    assert MESSAGES.write_answer(folded(again), asked()) == given_answer


def test_cut_arguments_stay_in_a_stream_and_go_whole_under_a_name_of_their_own() -> None:
    call = Opened(kind=BlockKind.TOOL_CALL, call_id="c", name="look")
    events: list[Event] = [
        call,
        Piece(text='{"at": "'),
        Closed(),
        Stopped(reason=StopReason.MAX_TOKENS),
        Ended(),
    ]
    whole = MESSAGES.write_answer(folded(events), asked())
    assert whole["content"] == [
        {"type": "tool_use", "id": "c", "name": "look", "input": {"_raw": '{"at": "'}}
    ]
    assert whole["stop_reason"] == "max_tokens"
    assert b'"partial_json":"{\\"at\\": \\""' in MESSAGES.stream_writer(asked()).write(events)


def test_arguments_that_are_nested_too_deeply_to_be_written_go_as_text() -> None:
    call = Opened(kind=BlockKind.TOOL_CALL, call_id="c", name="look")
    for levels in (10, 100_000, *range(960, 1010)):
        text = '{"a":' * levels + "1" + "}" * levels
        answer = folded([call, Piece(text=text), Closed(), Ended()])
        assert to_json({"answers": [MESSAGES.write_answer(answer, asked())]})


def test_only_the_first_choice_is_told() -> None:
    events: list[Event] = [
        Opened(kind=BlockKind.TEXT), Opened(kind=BlockKind.TEXT, choice=1), Piece(text="b", choice=1),
        Piece(text="a"), Closed(choice=1), Closed(), Stopped(reason=StopReason.MAX_TOKENS, choice=1), Ended(),
    ]  # fmt: skip
    stream = MESSAGES.stream_writer(asked()).write(events)
    message = put_together(stream)
    assert message["content"] == [{"type": "text", "text": "a"}]
    assert message["stop_reason"] == "end_turn"
    assert message == MESSAGES.write_answer(folded(events), asked())


# -- what Claude says

raw_blocks: list[Object] = [
    {"type": "text", "text": "One é"},
    {"type": "text", "text": "Two", "citations": [{"type": "char_location", "cited_text": "x", "document_index": 0}]},
    {"type": "text", "text": ""},
    {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
    {"type": "thinking", "thinking": "", "signature": "c2ln"},
    {"type": "thinking", "thinking": "", "signature": ""},
    {"type": "redacted_thinking", "data": "ZGF0YQ=="},
    {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": [1, {"b": None}]}},
    {"type": "tool_use", "id": "t2", "name": "look", "input": {}},
    {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}},
    {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
    {"type": "tomorrow", "x": {"y": 1}},
]  # fmt: skip
reasons = st.sampled_from(["end_turn", "tool_use", "max_tokens", "pause_turn", "tomorrow", "stop_sequence"])


def whole(content: Sequence[Object], reason: str) -> Object:
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": [*content],
        "stop_reason": reason, "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 9},
    }  # fmt: skip


def as_events(message: Told) -> Iterator[Object]:
    """The same answer as Anthropic streams it."""
    usage: Object = {"input_tokens": 3, "output_tokens": 1}
    yield {
        "type": "message_start",
        "message": {**message, "content": [], "stop_reason": None, "usage": usage},
    }
    for index, block in enumerate(message["content"]):
        yield {"type": "content_block_start", "index": index, "content_block": begun(block)}
        yield {"type": "ping"}
        for delta in deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    end: Object = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": end, "usage": {"output_tokens": 9}}
    yield {"type": "message_stop"}


def begun(block: Told) -> Object:
    empty: Object = {"text": "", "thinking": "", "signature": "", "input": {}, "citations": []}
    return {name: empty.get(name, value) for name, value in block.items()}


def deltas(block: Told) -> Iterator[Object]:
    for citation in block.get("citations", ()):
        yield {"type": "citations_delta", "citation": citation}
    for kind, name in (
        ("text_delta", "text"),
        ("thinking_delta", "thinking"),
        ("signature_delta", "signature"),
    ):
        text = block.get(name, "")
        for part in (text[:1], text[1:]):
            yield {"type": kind, name: part}
    if "input" in block:
        written = msgspec.json.encode(block["input"]).decode() if block["input"] else ""
        for part in ("", written[:2], written[2:]):
            yield {"type": "input_json_delta", "partial_json": part}


def sse(events: Iterator[Object], end: str = "\n") -> bytes:
    return "".join(f"event: {one['type']}{end}data: {json.dumps(one)}{end}{end}" for one in events).encode()


def frame(payload: bytes, **headers: str) -> bytes:
    packed = b"".join(
        bytes([len(key) + 1]) + b":" + key.replace("_", "-").encode() + b"\x07" + struct.pack(">H", len(value))
        + value.encode()
        for key, value in headers.items()
    )  # fmt: skip
    head = struct.pack(">II", 16 + len(packed) + len(payload), len(packed))
    message = head + struct.pack(">I", binascii.crc32(head)) + packed + payload
    return message + struct.pack(">I", binascii.crc32(message))


def chunk(event: Object) -> bytes:
    inner = base64.b64encode(json.dumps(event).encode()).decode()
    return frame(json.dumps({"bytes": inner, "p": "abc"}).encode(), message_type="event", event_type="chunk")


def read(stream: bytes, target: Target, cuts: Sequence[int] = ()) -> list[Event]:
    reader = MESSAGES.stream_reader(asked(), target)
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    found = [event for a, b in pairwise(places) for event in reader.feed(stream[a:b])]
    return [*found, *reader.finish()]


def shape(answer: Answer) -> Json:
    """All that an answer says, but for how its pieces were cut."""
    blocks = answer.choice(0).blocks
    told = (
        answer.began,
        answer.counted,
        [(one.opened, one.text, one.citations, one.signature) for one in blocks],
        answer.choice(0).stopped,
        answer.extra,
    )
    found: Json = msgspec.to_builtins(told)
    return found


contents = st.lists(st.sampled_from(raw_blocks), max_size=5)
places = st.lists(st.integers(0, 10_000), max_size=6)


@given(contents, reasons, places, st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_stream_of_claudes_says_what_its_whole_answer_says(
    content: list[Object], reason: str, cuts: list[int], end: str
) -> None:
    message = whole(content, reason)
    wanted = shape(folded(MESSAGES.read_answer(msgspec.json.encode(message), asked(), OWN)))
    assert shape(folded(read(sse(as_events(message), end), OWN, cuts))) == wanted
    framed = b"".join(chunk(event) for event in as_events(message))
    assert shape(folded(read(framed, BEDROCK, cuts))) == wanted


@given(contents, reasons)
def test_claudes_own_answers_reach_its_own_callers_whole(content: list[Object], reason: str) -> None:
    message = whole([one for one in content if one not in (raw_blocks[2], raw_blocks[5])], reason)
    given_answer = MESSAGES.write_answer(
        folded(MESSAGES.read_answer(json.dumps(message).encode(), asked(), OWN)), asked()
    )
    known = reason not in ("tomorrow", "end_turn", "tool_use")  # these are told by what is there
    assert given_answer == (message if known else {**message, "stop_reason": given_answer["stop_reason"]})


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["type", "delta", "content_block", "message", "usage", "text", "error", "input", "index"]),
        inner, max_size=4,
    ),
    max_leaves=8,
)  # fmt: skip
kinds = st.sampled_from(
    [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "error",
        "x",
    ]
)


@given(
    st.lists(
        st.tuples(
            kinds,
            st.dictionaries(st.sampled_from(["delta", "message", "content_block", "usage", "index"]), values),
        )
    )
)
def test_whatever_comes_is_an_answer_or_a_failure(documents: list[tuple[str, Object]]) -> None:
    stream = b"".join(
        b"data: " + json.dumps({**rest, "type": kind}).encode() + b"\n\n" for kind, rest in documents
    )
    events = read(stream, OWN)
    assert isinstance(events[-1], Ended | Failed)
    assert not any(isinstance(event, Ended | Failed) for event in events[:-1])
    MESSAGES.stream_writer(asked()).write(events)


def test_an_event_that_never_ends_is_a_failure_and_is_not_kept() -> None:
    reader = MESSAGES.stream_reader(asked(), OWN)
    found = [*reader.feed(b"data: " + b"x" * MAX_EVENT_BYTES), *reader.feed(b"y" * 100), *reader.finish()]
    assert [type(event) for event in found] == [Failed]
    assert reader.held == 0


def exception(kind: str, payload: bytes = b"{}") -> bytes:
    return frame(payload, message_type="exception", exception_type=kind)


def event(payload: bytes) -> bytes:
    return frame(payload, message_type="event", event_type="chunk")


LONG = struct.pack(">II", MAX_EVENT_BYTES + 1, 0)
AMAZONS = {
    "throttling": (exception("throttlingException", b'{"message": "slow down"}'), ErrorKind.TOO_MANY, 429),
    "internal": (exception("internalServerException"), ErrorKind.INNER, 500),
    "validation": (exception("validationException"), ErrorKind.BAD_REQUEST, 400),
    "unavailable": (exception("serviceUnavailableException"), ErrorKind.OVERLOADED, 503),
    "model": (exception("modelStreamErrorException", b"not JSON"), ErrorKind.INNER, 424),
    "error": (frame(b"{}", message_type="error", error_code="InternalFailure"), ErrorKind.INNER, 500),
    "no-bytes": (event(b"{}"), ErrorKind.INNER, 502),
    "no-base64": (event(b'{"bytes": "!"}'), ErrorKind.INNER, 502),
    "checksum": (chunk({"type": "ping"})[:-1] + b"x", ErrorKind.INNER, 502),
    "head": (b"\0\0\0\x10" + bytes(8), ErrorKind.INNER, 502),
    "long": (LONG + struct.pack(">I", binascii.crc32(LONG)), ErrorKind.INNER, 502),
    "empty": (b"", ErrorKind.INNER, 502),
}


@pytest.mark.parametrize(("stream", "kind", "status"), AMAZONS.values(), ids=AMAZONS)
def test_what_amazon_says_in_place_of_an_answer(stream: bytes, kind: ErrorKind, status: int) -> None:
    for cuts in ((), range(1, len(stream))):
        (failed,) = read(stream, BEDROCK, cuts)
        assert isinstance(failed, Failed)
        assert (failed.failure.kind, failed.failure.status) == (kind, status)
        assert failed.failure.message


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"content": 3}', b'{"content": [{}]}', b"<html>", b"\xff"]
)
def test_what_is_no_answer_cannot_be_read(body: bytes) -> None:
    with pytest.raises((msgspec.MsgspecError, UnicodeError)):
        list(MESSAGES.read_answer(body, asked(), OWN))
