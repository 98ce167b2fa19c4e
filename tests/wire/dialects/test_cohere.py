"""Cohere's chat held to laws: whole answers and streams say the same, and nothing makes a reader raise."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.dialects.answer import Answer, folded
from penstock.wire.dialects.answer_events import BlockKind, Counted, ErrorKind, Event, Failed
from penstock.wire.dialects.cohere import COHERE
from penstock.wire.dialects.conversation import Conversation, Message, Reasoning, Text, Tool
from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.sse import MAX_EVENT_BYTES

TARGET = Target(provider="cohere", model="command-a-reasoning-08-2025")
USAGE = {
    "tokens": {"input_tokens": 9, "output_tokens": 5},
    "cached_tokens": 4,
    "billed_units": {"input_tokens": 1},
}


def asked() -> Conversation:
    said = Message(role="user", parts=(Text(text="Hi", at="t"),), at="messages[0]")
    return Conversation(model="m", messages=(said,), tools=(Tool(name="look", at="tools[0]"),), call_id="c-1")


def event(kind: str, message: dict[str, Any] | None = None, **more: object) -> bytes:
    data = {"type": kind, **more, **({} if message is None else {"delta": {"message": message}})}
    return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def end(word: str = "COMPLETE", **more: object) -> bytes:
    return event("message-end", delta={"finish_reason": word, "usage": USAGE, **more})


def read(body: bytes, size: int = 10**9) -> list[Event]:
    reader = COHERE.stream_reader(asked(), TARGET)
    found: list[Event] = []
    for at in range(0, len(body), size):
        found += reader.feed(body[at : at + size])
    return [*found, *reader.finish()]


def whole(message: dict[str, Any], word: str = "COMPLETE") -> Answer:
    body = {"id": "c", "finish_reason": word, "message": message, "usage": USAGE}
    return folded(COHERE.read_answer(json.dumps(body).encode(), asked(), TARGET))


def blocks(answer: Answer) -> list[tuple[object, ...]]:
    return [
        (block.opened.kind, block.opened.name, block.opened.call_id, block.text, block.citations)
        for block in answer.choice(0).blocks
    ]


TEXT = st.text(min_size=1, max_size=12)
CONTENT = st.lists(
    st.one_of(
        st.builds(lambda text: {"type": "text", "text": text}, TEXT),
        st.builds(lambda text: {"type": "thinking", "thinking": text}, TEXT),
    ),
    max_size=4,
)
CALLS = st.lists(
    st.builds(
        lambda name, arguments: {
            "id": name,
            "type": "function",
            "function": {"name": "look", "arguments": arguments},
        },
        st.sampled_from(["a", "b"]),
        st.sampled_from(["", "{}", '{"at": "sky"}']),
    ),
    max_size=3,
)


def streamed(content: list[dict[str, Any]], plan: str, calls: list[dict[str, Any]]) -> Iterable[bytes]:
    yield event(
        "message-start", {"role": "assistant", "content": [], "tool_calls": [], "citations": []}, id="c"
    )
    for index, entry in enumerate(content):
        kind = entry["type"]
        yield event("content-start", {"content": {"type": kind, kind: ""}}, index=index)
        for piece in (entry[kind][:3], entry[kind][3:]):
            yield event("content-delta", {"content": {kind: piece}}, index=index)
        yield event("content-end", index=index)
    if plan:
        yield event("tool-plan-delta", {"tool_plan": plan[:2]})
        yield event("tool-plan-delta", {"tool_plan": plan[2:]})
    for index, call in enumerate(calls):
        function = call["function"]
        begun = {**call, "function": {**function, "arguments": ""}}
        yield event("tool-call-start", {"tool_calls": begun}, index=index)
        yield event(
            "tool-call-delta", {"tool_calls": {"function": {"arguments": function["arguments"]}}}, index=index
        )
        yield event("tool-call-end", index=index)


@given(CONTENT, st.text(max_size=6), CALLS, st.sampled_from(["COMPLETE", "TOOL_CALL", "MAX_TOKENS", "NEW"]))
def test_a_stream_says_what_the_whole_answer_says_however_it_is_cut(
    content: list[dict[str, Any]], plan: str, calls: list[dict[str, Any]], word: str
) -> None:
    message = {"role": "assistant", "content": content, "tool_plan": plan, "tool_calls": calls}
    body = b"".join([*streamed(content, plan, calls), end(word)])
    first, second = whole(message, word), folded(read(body))
    assert blocks(first) == blocks(second)
    assert (first.counted, first.choice(0).stopped) == (second.counted, second.choice(0).stopped)
    assert first.counted == Counted(fresh=5, cache_read=4, output=5)
    assert read(body, 1) == read(body)


def test_citations_of_several_entries_count_characters_of_the_whole_text() -> None:
    content = [
        {"type": "text", "text": "äöü "},
        {"type": "thinking", "thinking": "hm"},
        {"type": "text", "text": "sky"},
    ]
    sources = [{"type": "document", "id": "d1"}, {"type": "tool", "id": "t1", "tool_output": {"a": 1}}]
    citations = [
        {"start": 0, "end": 3, "content_index": 0, "sources": sources, "type": "TEXT_CONTENT"},
        {"start": 0, "end": 3, "content_index": 2, "sources": [], "type": "TEXT_CONTENT"},
        {"start": 0, "end": 2, "content_index": 1, "sources": sources, "type": "THINKING_CONTENT"},
        {"start": 0, "end": 2, "content_index": 10**9, "sources": sources, "type": "TEXT_CONTENT"},
    ]
    found = whole({"content": content, "citations": citations})
    places = [(one.start, one.end, one.title) for block in found.choice(0).blocks for one in block.citations]
    assert places == [(0, 3, "d1"), (0, 3, "t1"), (4, 7, "")]


def test_a_citation_before_any_text_is_none() -> None:
    cited = event("citation-start", {"citations": {"start": 0, "end": 1, "sources": []}}, index=0)
    assert folded(read(cited + end())).choice(0).blocks == []


def test_the_plan_of_calls_is_text_and_can_be_cited() -> None:
    citation = {"start": 2, "end": 6, "sources": [{"type": "tool", "id": "t"}], "type": "PLAN"}
    found = whole({"tool_plan": "I will.", "citations": [citation]}, "TOOL_CALL")
    [block] = found.choice(0).blocks
    assert (block.opened.kind, block.text) == (BlockKind.TEXT, "I will.")
    assert [(one.start, one.end) for one in block.citations] == [(2, 6)]


@pytest.mark.parametrize(
    ("word", "status", "kind"), [("ERROR", 500, ErrorKind.INNER), ("TIMEOUT", 504, ErrorKind.TIME)]
)
def test_an_answer_that_failed_says_so_whole_and_streamed(word: str, status: int, kind: ErrorKind) -> None:
    for failure in (whole({"content": []}, word).failure, folded(read(end(word, error="no"))).failure):
        assert failure is not None
        assert (failure.status, failure.kind, failure.type) == (status, kind, word)


def test_what_is_only_billed_counts_where_nothing_else_is_told() -> None:
    body = event(
        "message-end", delta={"finish_reason": "COMPLETE", "usage": {"billed_units": {"input_tokens": 3.0}}}
    )
    assert folded(read(body)).counted == Counted(fresh=3)
    assert folded(read(event("message-end", delta={"finish_reason": "COMPLETE"}))).counted is None


def test_broken_streams_fail_once() -> None:
    start = event("content-start", {"content": {"type": "text", "text": "a"}}, index=0)
    for bad in (
        b"",
        start,
        start + b"data: {\n\n" + start,
        b'data: {"type": 5}\n\n',
        b"data: " + b"x" * (MAX_EVENT_BYTES + 1) + b"\n\n",
        b'data: {"message": "no"}\n\n',
        b"data: <html>\n\n",
    ):
        found = read(bad + start)
        assert [type(one) for one in found].count(Failed) == 1
        assert isinstance(found[-1], Failed)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_raise(body: bytes) -> None:
    assert isinstance(read(body)[-1], Failed)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"message":"no"}', b'{"message":{"content":"x"}}'])
def test_a_body_that_is_no_answer_is_told(body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        list(COHERE.read_answer(body, asked(), TARGET))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ErrorKind.BAD_REQUEST),
        (401, ErrorKind.KEY),
        (402, ErrorKind.MONEY),
        (403, ErrorKind.PERMISSION),
        (404, ErrorKind.NOT_FOUND),
        (422, ErrorKind.BAD_REQUEST),
        (429, ErrorKind.TOO_MANY),
        (498, ErrorKind.KEY),
        (499, ErrorKind.TIME),
        (500, ErrorKind.INNER),
        (501, ErrorKind.INNER),
        (503, ErrorKind.OVERLOADED),
        (504, ErrorKind.TIME),
    ],
)
def test_errors_mean_what_their_status_says(status: int, kind: ErrorKind) -> None:
    failure = COHERE.read_error(status, {"X-Request-Id": "r"}, b'{"message":"no"}')
    assert (failure.kind, failure.status, failure.message, failure.request_id) == (kind, status, "no", "r")


def test_how_much_to_think_is_the_callers_number_or_what_its_word_stands_for() -> None:
    wanted: list[tuple[Reasoning, object]] = [
        (Reasoning(at="r", budget=2000), {"type": "enabled", "token_budget": 2000}),
        (Reasoning(at="r", budget=0), {"type": "disabled"}),
        (Reasoning(at="r", adaptive=True), {"type": "enabled"}),
        (Reasoning(at="r", effort="max"), {"type": "enabled", "token_budget": 31000}),
    ]
    for reasoning, written in wanted:
        conversation = asked()
        conversation.reasoning = reasoning
        assert COHERE.write_request(conversation, TARGET, Dropped()).body["thinking"] == written
    conversation = asked()
    conversation.reasoning = Reasoning(at="r", effort="huge")
    with pytest.raises(Refused):
        COHERE.write_request(conversation, TARGET, Dropped())
