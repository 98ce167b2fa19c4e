"""Converse held to laws: names of documents, alternation, whole answers and streams, broken frames and bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.dialects.answer import Answer, folded
from penstock.wire.dialects.answer_events import BlockKind, Ended, ErrorKind, Event, Failed
from penstock.wire.dialects.conversation import (
    CacheMark,
    Conversation,
    Data,
    Document,
    Family,
    HiddenThinking,
    Message,
    Opaque,
    Part,
    Reasoning,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from penstock.wire.dialects.converse import CONVERSE
from penstock.wire.dialects.converse.document_names import DocumentNames
from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.sse import MAX_EVENT_BYTES
from support.golden_exchanges import converse_frame

CLAUDE = Target(provider="aws-bedrock", model="us.anthropic.claude-sonnet-4-5-20250929-v1:0")
NOVA = Target(provider="aws-bedrock", model="us.amazon.nova-pro-v1:0")
LEGAL = re.compile(r"[A-Za-z0-9()\[\]-]+( [A-Za-z0-9()\[\]-]+)*")


def asked(
    *messages: Message, tools: tuple[Tool, ...] = (Tool(name="mcp/look", at="tools[0]"),)
) -> Conversation:
    return Conversation(model="m", messages=messages, tools=tools, call_id="c")


def user(*parts: Part) -> Message:
    return Message(role="user", parts=parts, at="messages[0]")


def sent(conversation: Conversation, target: Target = CLAUDE) -> tuple[Object, tuple[str, ...]]:
    dropped = Dropped()
    return CONVERSE.write_request(conversation, target, dropped).body, dropped.paths


# -- requests


@given(st.lists(st.one_of(st.text(max_size=300), st.sampled_from(["a.pdf", "A", "a (2)", "a.b.c", "", "é"]))))
def test_names_of_documents_are_legal_each_only_once_and_always_the_same(names: list[str]) -> None:
    documents = [Document(place=Data("application/pdf", ""), at="", name=name) for name in names]
    first, second = DocumentNames(), DocumentNames()
    found = [first.name(one) for one in documents]
    assert found == [second.name(one) for one in documents]
    assert len({name.lower() for name in found}) == len(found)
    assert all(LEGAL.fullmatch(name) and len(name) <= 200 for name in found)


def test_a_title_keeps_its_numbers_and_a_second_one_of_it_gets_one() -> None:
    names = DocumentNames()
    document = Document(place=Data("application/pdf", ""), at="", title="Version 2.0")
    assert [names.name(document) for _ in range(3)] == ["Version 2 0", "Version 2 0 (2)", "Version 2 0 (3)"]


class Turn(msgspec.Struct):
    role: str
    content: list[dict[str, Any]]


PARTS = st.one_of(
    st.builds(Text, text=st.sampled_from(["", " ", "a", "b\n"]), at=st.just("p")),
    st.builds(Thinking, text=st.just("t"), at=st.just("p"), signature=st.just(Opaque(Family.ANTHROPIC, "s"))),
)


TURNS = st.builds(
    lambda role, parts: Message(
        role=role,
        parts=tuple(part for part in parts if role != "system" or isinstance(part, Text)),
        at="messages[0]",
    ),
    st.sampled_from(["system", "user", "assistant"]),
    st.lists(PARTS, max_size=3),
)


@given(st.lists(TURNS))
def test_turns_alternate_begin_with_the_user_and_none_is_empty(turns: list[Message]) -> None:
    try:
        body, _ = sent(asked(*turns))
    except Refused:
        return
    written = msgspec.convert(body["messages"], list[Turn])
    assert [one.role for one in written] == [("user", "assistant")[at % 2] for at in range(len(written))]
    assert all(one.content for one in written)
    texts = [block["text"] for one in written for block in one.content if "text" in block]
    assert texts == [
        part.text
        for one in turns
        for part in one.parts
        if one.role != "system" and isinstance(part, Text) and part.text.strip()
    ]


def test_a_mark_within_a_result_stands_behind_the_result() -> None:
    call = ToolCall(id="t1", name="mcp/look", arguments="{}", at="c")
    result = ToolResult(call_id="t1", parts=(Text(text="x", at="r", cache=CacheMark("mark")),), at="t")
    body, dropped = sent(
        asked(user(Text(text="Hi", at="h")), Message(role="assistant", parts=(call,), at="a"), user(result))
    )
    assert not dropped
    last = msgspec.convert(body["messages"], list[Turn])[-1].content
    assert last == [
        {"toolResult": {"toolUseId": "t1", "content": [{"text": "x"}]}},
        {"cachePoint": {"type": "default"}},
    ]


def test_a_turn_that_only_its_maker_can_read_is_left_out_and_told() -> None:
    signed = Text(text="", at="messages[1].content[0]", signature=Opaque(Family.GOOGLE, "s"))
    hidden = HiddenThinking(data=Opaque(Family.OPENAI, "d"), at="messages[1].content[1]")
    turn = Message(role="assistant", parts=(signed, hidden), at="messages[1]")
    body, dropped = sent(asked(user(Text(text="a", at="a")), turn, user(Text(text="b", at="b"))))
    assert body["messages"] == [{"role": "user", "content": [{"text": "a"}, {"text": "b"}]}]
    assert dropped == (signed.at, hidden.at)


def test_an_effort_that_nobody_knows_is_refused() -> None:
    conversation = asked(user(Text(text="Hi", at="h")))
    conversation.reasoning = Reasoning(at="reasoning_effort", effort="huge")
    for target in (CLAUDE, NOVA):
        with pytest.raises(Refused):
            sent(conversation, target)


# -- answers

TEXT = st.text(min_size=1, max_size=20)
BLOCKS = st.one_of(
    st.fixed_dictionaries({"text": TEXT}),
    st.builds(
        lambda text: {"reasoningContent": {"reasoningText": {"text": text, "signature": "c2ln"}}}, TEXT
    ),
    st.builds(lambda text: {"reasoningContent": {"reasoningText": {"text": text}}}, TEXT),
    st.just({"reasoningContent": {"redactedContent": "aGlkZGVu"}}),
    st.builds(
        lambda value: {"toolUse": {"toolUseId": "t", "name": "look", "input": {"at": value}}},
        st.one_of(st.integers(), TEXT, st.none()),
    ),
    st.builds(
        lambda text: {
            "citationsContent": {
                "content": [{"text": text}],
                "citations": [{"title": "T", "location": {"web": {"url": "https://a.example"}}}],
            }
        },
        TEXT,
    ),
)
USAGE: Object = {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}


def streamed_block(number: int, block: dict[str, Any]) -> list[Object]:
    def delta(value: dict[str, Any]) -> Object:
        return {"contentBlockDelta": {"contentBlockIndex": number, "delta": value}}

    found: list[Object] = []
    match block:
        case {"text": str(text)}:
            found = [delta({"text": text[:3]}), delta({"text": text[3:]})]
        case {"toolUse": {"input": value, **call}}:
            whole = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            start: Any = {"toolUse": call}
            found = [{"contentBlockStart": {"contentBlockIndex": number, "start": start}}]
            found += [delta({"toolUse": {"input": piece}}) for piece in (whole[:4], whole[4:])]
        case {"reasoningContent": {"reasoningText": {"text": str(text), **rest}}}:
            found = [delta({"reasoningContent": {"text": text}})]
            found += [delta({"reasoningContent": {"signature": one}}) for one in rest.values()]
        case {"reasoningContent": value}:
            found = [delta({"reasoningContent": value})]
        case {"citationsContent": {"content": [{"text": text}], "citations": [citation]}}:
            found = [delta({"text": text}), delta({"citation": citation})]
        case _:
            raise AssertionError(block)
    return [*found, {"contentBlockStop": {"contentBlockIndex": number}}]


def frames(*events: Object) -> bytes:
    return b"".join(converse_frame(*next(iter(event.items()))) for event in events)


def read(body: bytes, size: int = 10**9, target: Target = CLAUDE) -> list[Event]:
    reader = CONVERSE.stream_reader(asked(), target)
    found: list[Event] = []
    for at in range(0, len(body), size):
        found += reader.feed(body[at : at + size])
    return [*found, *reader.finish()]


def told(events: Iterable[Event]) -> Answer:
    return folded(events)


def blocks(answer: Answer) -> list[tuple[object, ...]]:
    return [
        (
            block.opened.kind,
            block.opened.name,
            block.opened.call_id,
            block.opened.data,
            json.loads(block.text) if block.opened.kind is BlockKind.TOOL_CALL else block.text,
            block.signature,
            block.citations,
        )
        for block in answer.choice(0).blocks
    ]


@given(st.lists(BLOCKS, max_size=6), st.sampled_from(["end_turn", "tool_use", "max_tokens", "new_word"]))
def test_a_stream_says_what_the_whole_answer_says_however_it_is_cut(
    content: list[dict[str, Any]], word: str
) -> None:
    whole: dict[str, Any] = {"output": {"message": {"content": content}}, "stopReason": word, "usage": USAGE}
    body = frames(
        {"messageStart": {"role": "assistant"}},
        *(event for number, block in enumerate(content) for event in streamed_block(number, block)),
        {"messageStop": {"stopReason": word}},
        {"metadata": {"usage": USAGE}},
    )
    first = told(CONVERSE.read_answer(json.dumps(whole).encode(), asked(), CLAUDE))
    second = told(read(body))
    assert blocks(first) == blocks(second)
    assert (first.counted, first.choice(0).stopped) == (second.counted, second.choice(0).stopped)
    assert read(body, 1) == read(body)


def test_thinking_of_other_models_is_not_taken_for_claudes() -> None:
    body = frames(
        {"contentBlockDelta": {"delta": {"reasoningContent": {"text": "t", "signature": "s"}}}},
        {"messageStop": {"stopReason": "end_turn"}},
    )
    assert blocks(told(read(body, target=NOVA)))[0][5] == Opaque(Family.BEDROCK, "s")
    assert blocks(told(read(body)))[0][5] == Opaque(Family.ANTHROPIC, "s")


def test_hidden_thinking_in_several_pieces_is_one() -> None:
    pieces: list[Object] = [
        {"contentBlockDelta": {"delta": {"reasoningContent": {"redactedContent": one}}}}
        for one in ("YQ==", "Yg==")
    ]
    found = told(read(frames(*pieces, {"contentBlockStop": {}}, {"messageStop": {"stopReason": "end_turn"}})))
    assert [block[0] for block in blocks(found)] == [BlockKind.HIDDEN_THINKING]
    assert blocks(found)[0][3] == Opaque(Family.ANTHROPIC, "YWI=")


def test_counts_that_never_come_leave_the_answer_whole() -> None:
    found = read(frames({"messageStart": {}}, {"messageStop": {"stopReason": "end_turn"}}))
    assert isinstance(found[-1], Ended)
    assert told(found).counted is None


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        ("internalServerException", 500, ErrorKind.INNER),
        ("modelStreamErrorException", 424, ErrorKind.INNER),
        ("validationException", 400, ErrorKind.BAD_REQUEST),
        ("throttlingException", 429, ErrorKind.TOO_MANY),
        ("serviceUnavailableException", 503, ErrorKind.OVERLOADED),
        ("modelTimeoutException", 408, ErrorKind.TIME),
        ("newException", 500, ErrorKind.INNER),
    ],
)
def test_each_exception_of_a_stream_has_its_own_status(name: str, status: int, kind: ErrorKind) -> None:
    found = read(frames({f"!{name}": {"message": "no"}}, {"messageStop": {"stopReason": "end_turn"}}))
    assert len(found) == 1
    failed = found[0]
    assert isinstance(failed, Failed)
    assert (failed.failure.status, failed.failure.kind, failed.failure.message) == (status, kind, "no")
    assert failed.failure.type == name[0].upper() + name[1:]


def test_broken_streams_fail_once_and_hold_nothing() -> None:
    good = frames({"messageStart": {}}, {"contentBlockDelta": {"delta": {"text": "a"}}})
    for bad in (
        b"x" * 64,
        good[:-1] + b"\0" + good,
        (MAX_EVENT_BYTES + 1).to_bytes(4, "big") + b"\0" * 8,
        frames({"contentBlockDelta": {"delta": {"text": 5}}}),
        frames({"contentBlockDelta": {"delta": 7}}),
        good,
    ):
        reader = CONVERSE.stream_reader(asked(), CLAUDE)
        found = [*reader.feed(bad), *reader.feed(good), *reader.finish()]
        assert [type(event) for event in found].count(Failed) == 1
        assert isinstance(found[-1], Failed)
        assert reader.held == 0 or bad is good


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"output":7}', b'{"message":"no"}', b"<html>"])
def test_a_body_that_is_no_answer_is_told(body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        list(CONVERSE.read_answer(body, asked(), CLAUDE))


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_raise(body: bytes) -> None:
    assert isinstance(read(body)[-1], Failed)
