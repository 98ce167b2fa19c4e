"""Answers for callers of Responses: whole and streamed say the same, and OpenAI's own types take every event."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from penstock.wire.dialects.answer import folded
from penstock.wire.dialects.answer_events import (
    Alive,
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
    Failure,
    Logprobs,
    Opened,
    Piece,
    Stopped,
    StopReason,
    TokenLogprob,
)
from penstock.wire.dialects.conversation import Conversation, Data, Family, Message, Opaque, Sampling
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped
from penstock.wire.dialects.responses import RESPONSES
from support.golden_exchanges import ASKED_AT, CALL_ID
from support.golden_exchanges import events as events_of

EVENTS: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)
PAUSED = '"reason": "word"'
"""OpenAI's types know two reasons only; the provider's own stays where the meaning is another one."""

MESSAGE = Message(role="user", parts=(), at="input")


def asked(*, logprobs: bool = False) -> Conversation:
    return Conversation(
        model="m",
        messages=(MESSAGE,),
        sampling=Sampling(logprobs=logprobs or None),
        call_id=CALL_ID,
        asked_at=ASKED_AT,
    )


def streamed(events: Sequence[Event], *, logprobs: bool = False) -> list[tuple[str, dict[str, object]]]:
    """The events that come out, the same however many go in at once."""
    whole = RESPONSES.stream_writer(asked(logprobs=logprobs)).write(events)
    writer = RESPONSES.stream_writer(asked(logprobs=logprobs))
    assert b"".join(writer.write([event]) for event in events) == whole
    return [(name, data) for name, data in events_of(whole) if isinstance(data, dict)]


# -- any answer there is

TEXT = st.text("aé😀 {", min_size=1, max_size=4)
SIGNATURES = st.none() | st.builds(Opaque, st.sampled_from(Family), st.just("c2ln"))
TOKENS = st.builds(
    TokenLogprob, token=TEXT, logprob=st.just(-0.5), bytes=st.none() | st.just((97,)), top=st.just(())
)


@st.composite
def blocks(draw: st.DrawFn) -> list[Event]:
    kind = draw(st.sampled_from(BlockKind))
    if kind is BlockKind.HIDDEN_THINKING:
        return [Opened(kind=kind, data=Opaque(draw(st.sampled_from(Family)), "aGlk")), Closed()]
    if kind is BlockKind.MEDIA:
        return [Opened(kind=kind, media=Data("image/png", "AA==")), Closed(signature=draw(SIGNATURES))]
    if kind is BlockKind.NATIVE:
        return [Opened(kind=kind, native={"type": "x"}, family=Family.ANTHROPIC), Closed()]
    pieces = draw(st.lists(TEXT, max_size=3))
    signature = draw(SIGNATURES) if kind is not BlockKind.REFUSAL else None
    opened = Opened(kind=kind)
    if kind is BlockKind.TOOL_CALL:
        opened = Opened(
            kind=kind, call_id="call_1", name="f", free=draw(st.booleans()), signature=draw(SIGNATURES)
        )
    elif not pieces and signature is None:
        return []
    return [opened, *(Piece(text=one) for one in pieces), Closed(signature=signature)]


@st.composite
def answers(draw: st.DrawFn) -> list[Event]:
    found: list[Event] = [Began(id=draw(st.sampled_from(["", "msg_1"])), model="said")]
    for one in draw(st.lists(blocks(), max_size=5)):
        found += one
        if draw(st.booleans()):
            found.append(Alive())
    for reason in draw(st.lists(st.sampled_from(StopReason), max_size=2)):
        found.append(Stopped(reason=reason, native="word", explanation=draw(st.sampled_from(["", "no"]))))
    if draw(st.booleans()):
        found.append(Counted(fresh=3, cache_read=2, output=5, reasoning=1))
    return [*found, Extra(name="basis", value=[1]), Ended()]


@given(answers())
def test_a_stream_ends_with_what_a_whole_answer_says(events: list[Event]) -> None:
    found = streamed(events)
    assert found[-1][1]["response"] == RESPONSES.write_answer(folded(events), asked())


@given(answers())
def test_openai_s_types_take_every_event_and_the_whole(events: list[Event]) -> None:
    found = streamed(events)
    assert [data["sequence_number"] for _, data in found] == list(range(len(found)))
    for name, data in found:
        assert name == data["type"]
        if PAUSED not in json.dumps(data):
            EVENTS.validate_python(data)
    whole = RESPONSES.write_answer(folded(events), asked())
    if PAUSED not in json.dumps(whole):
        Response.model_validate(whole)


@given(answers())
def test_events_put_together_are_the_items_at_the_end(events: list[Event]) -> None:
    """As a client does it that looks at events only."""
    made: dict[int, dict[str, object]] = {}
    pieces: dict[tuple[object, ...], str] = {}
    for name, data in streamed(events):
        where = (data.get("item_id"), data.get("content_index", data.get("summary_index")))
        if name == "response.output_item.added":
            assert data["output_index"] == len(made)
        elif name == "response.output_item.done":
            item = data["item"]
            assert isinstance(item, dict)
            made[len(made)] = item
        elif name.endswith(".delta"):
            pieces[where] = pieces.get(where, "") + str(data["delta"])
        elif name.endswith(".done") and "part" not in data:
            told = next(str(data[key]) for key in ("text", "refusal", "arguments", "input") if key in data)
            assert pieces.pop(where, "") == told
    assert not pieces
    end = RESPONSES.write_answer(folded(events), asked())
    assert [*made.values()] == end["output"]


@given(answers(), st.data())
def test_a_failure_gives_the_whole_answer_so_far(events: list[Event], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(events) - 1))
    failure = Failure(kind=ErrorKind.OVERLOADED, message="busy", status=529, type="overloaded_error")
    found = streamed([*events[:cut], Failed(failure=failure), Ended()])
    assert [name for name, _ in found[:2]] == ["response.created", "response.in_progress"]
    name, last = found[-1]
    assert name == "response.failed"
    assert isinstance(last["response"], dict)
    assert last["response"]["status"] == "failed"
    assert last["response"]["error"] == {
        "code": "server_error",
        "message": "busy",
        "provider_type": "overloaded_error",
    }
    done = [item["item"] for kind, item in found if kind == "response.output_item.done"]
    assert last["response"]["output"][: len(done)] == done
    assert len(last["response"]["output"]) <= len(done) + 1
    EVENTS.validate_python(last)


@given(st.lists(st.tuples(TEXT, st.lists(TOKENS, max_size=3)), min_size=1, max_size=4))
def test_log_probabilities_stand_with_their_pieces_and_at_the_end(
    told: list[tuple[str, list[TokenLogprob]]],
) -> None:
    events: list[Event] = [Began(id="x"), Opened(kind=BlockKind.TEXT)]
    for text, tokens in told:
        events += [Piece(text=text), Logprobs(tokens=tuple(tokens))]
    events += [Closed(), Stopped(reason=StopReason.END), Ended()]
    found = streamed(events, logprobs=True)
    deltas = [data for name, data in found if name == "response.output_text.delta"]
    assert [one["delta"] for one in deltas] == [text for text, _ in told]
    assert [len(one["logprobs"]) for one in deltas] == [len(tokens) for _, tokens in told]  # type: ignore[arg-type]
    assert found[-1][1]["response"] == RESPONSES.write_answer(folded(events), asked(logprobs=True))


# -- where citations stand


def cited(*citations: tuple[int, Citation]) -> list[Event]:
    """Two texts with a call between them; each citation behind so many of the events."""
    events: list[Event] = [
        Began(id="x"),
        Opened(kind=BlockKind.TEXT),
        Piece(text="Red é "),
        Piece(text="blue."),
        Closed(),
        Opened(kind=BlockKind.TOOL_CALL, call_id="c", name="f"),
        Closed(),
        Opened(kind=BlockKind.TEXT),
        Piece(text="Green."),
        Closed(),
        Stopped(reason=StopReason.END),
        Ended(),
    ]
    for at, citation in sorted(citations, key=lambda one: -one[0]):
        events.insert(at, Cited(citation=citation))
    return events


@pytest.mark.parametrize(
    ("at", "citation", "place"),
    [
        (3, Citation(url="u", title="t", start=0, end=5), (0, 0, 5)),
        (5, Citation(url="u", title="t"), (0, 0, 11)),
        (7, Citation(url="u", title="t"), (0, 0, 11)),  # behind the end of its item
        (9, Citation(url="u", title="t", start=11, end=16), (2, 0, 5)),
        (10, Citation(url="u", title="t", start=6, end=11), (0, 6, 11)),  # of the text before
        (8, Citation(url="u", title="t"), (2, 0, 6)),
    ],
)
def test_an_annotation_stands_in_the_part_that_it_is_of(
    at: int, citation: Citation, place: tuple[int, int, int]
) -> None:
    events = cited((at, citation))
    output, start, end = place
    wanted = {"type": "url_citation", "url": "u", "title": "t", "start_index": start, "end_index": end}
    found = streamed(events)
    added = [data for name, data in found if name == "response.output_text.annotation.added"]
    assert [(one["output_index"], one["content_index"], one["annotation_index"]) for one in added] == [
        (output, 0, 0)
    ]
    assert added[0]["annotation"] == wanted
    whole = RESPONSES.write_answer(folded(events), asked())
    assert found[-1][1]["response"] == whole
    items = whole["output"]
    assert isinstance(items, list)
    item = items[output]
    assert isinstance(item, dict)
    assert item["content"][0]["annotations"] == [wanted]  # type: ignore[index, call-overload]


def test_a_call_that_was_cut_is_not_said_to_be_whole() -> None:
    events: list[Event] = [
        Began(id="x"),
        Opened(kind=BlockKind.TOOL_CALL, call_id="c", name="f"),
        Piece(text='{"a'),
        Closed(),
        Stopped(reason=StopReason.MAX_TOKENS),
        Ended(),
    ]
    found = streamed(events)
    done = next(data for name, data in found if name == "response.output_item.done")
    assert isinstance(done["item"], dict)
    assert done["item"]["status"] == "incomplete"
    assert found[-1][0] == "response.incomplete"


def test_other_choices_are_nothing_here() -> None:
    events: list[Event] = [
        Began(id="x"),
        Opened(kind=BlockKind.TEXT, choice=1),
        Piece(text="a", choice=1),
        Closed(choice=1),
        Ended(),
    ]
    assert [name for name, _ in streamed(events)][2:] == ["response.completed"]


def test_reasoning_comes_back_as_it_went_out() -> None:
    signed: list[Event] = [
        Opened(kind=BlockKind.THINKING),
        Piece(text="hm"),
        Closed(signature=Opaque(Family.ANTHROPIC, "c2ln")),
    ]
    hidden: list[Event] = [
        Opened(kind=BlockKind.HIDDEN_THINKING, data=Opaque(Family.ANTHROPIC, "aGlk")),
        Closed(),
    ]
    empty: list[Event] = [Opened(kind=BlockKind.THINKING), Closed(signature=Opaque(Family.ANTHROPIC, "bm8="))]
    own: list[Event] = [Opened(kind=BlockKind.HIDDEN_THINKING, data=Opaque(Family.OPENAI, "b3du")), Closed()]
    called: list[Event] = [
        Opened(kind=BlockKind.TOOL_CALL, call_id="c", name="f", signature=Opaque(Family.GOOGLE, "Z29v")),
        Piece(text="{}"),
        Closed(),
    ]
    text: list[Event] = [
        Opened(kind=BlockKind.TEXT),
        Piece(text="a"),
        Closed(signature=Opaque(Family.GOOGLE, "dGV4")),
    ]
    events: list[Event] = [Began(id="x"), *signed, *hidden, *empty, *own, *text, *called, Ended()]
    answer = RESPONSES.write_answer(folded(events), asked())
    output = answer["output"]
    assert isinstance(output, list)
    result: Object = {"type": "function_call_output", "call_id": "c", "output": "1"}
    dropped = Dropped()
    back = RESPONSES.read_request(
        {"model": "m", "input": [{"role": "user", "content": "q"}, *output, result]}, dropped
    )
    assert dropped.paths == ()
    turn = back.messages[1].parts
    assert [type(part).__name__ for part in turn] == [
        "Thinking", "HiddenThinking", "Thinking", "HiddenThinking", "Text", "ToolCall",
    ]  # fmt: skip
    signatures = [getattr(part, "signature", None) or getattr(part, "data", None) for part in turn]
    assert signatures == [
        Opaque(Family.ANTHROPIC, "c2ln"),
        Opaque(Family.ANTHROPIC, "aGlk"),
        Opaque(Family.ANTHROPIC, "bm8="),
        Opaque(Family.OPENAI, "b3du"),
        Opaque(Family.GOOGLE, "dGV4"),
        Opaque(Family.GOOGLE, "Z29v"),
    ]
