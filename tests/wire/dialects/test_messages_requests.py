"""Requests of Messages on the inner form: there and back, on every host, counted; rules of models; efforts."""

from __future__ import annotations

import base64
import copy
import json
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.dialects.chat import CHAT
from penstock.wire.dialects.claude_models import claude_rules
from penstock.wire.dialects.conversation import (
    CacheMark,
    Conversation,
    Data,
    Document,
    Family,
    Found,
    HiddenThinking,
    Image,
    Message,
    Opaque,
    Part,
    Reasoning,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Url,
)
from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.effort import CLAUDE_BUDGETS, EFFORTS, effort_of, nearest
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.messages import MESSAGES
from penstock.wire.dialects.signatures import CALL, CALLED, TEXT, marked, unmarked
from penstock.wire.dialects.tool_turns import gathered
from penstock.wire.dialects.translation import Translation

OWN = Target(provider="anthropic", model="claude-sonnet-4-5")
BEDROCK = Target(provider="aws-bedrock", model="anthropic.claude-sonnet-4-5-20250929-v1:0", host="bedrock")
VERTEX = Target(provider="google-vertex-ai", model="claude-sonnet-4-5@20250929", host="vertex")
HELLO: Object = {"role": "user", "content": "Hello"}


def body(**members: object) -> Object:
    found: Object = json.loads(json.dumps({"model": "m", "max_tokens": 100, "messages": [HELLO], **members}))
    return found


def read(value: Object) -> Conversation:
    return MESSAGES.read_request(copy.deepcopy(value), Dropped())


# -- there and back

texts = st.text("abc é", min_size=1, max_size=8).filter(str.strip)
marks = st.sampled_from([None, CacheMark("", "1h"), CacheMark("")])
own = st.builds(Opaque, st.just(Family.ANTHROPIC), st.text("abc=/+", min_size=1, max_size=9))
places = st.sampled_from([Data("image/png", "iVBORw0KGgo="), Url("https://a.example/b.png")])
plain = st.builds(Text, text=texts, at=st.just(""), cache=marks)
images = st.builds(Image, place=places, at=st.just(""), cache=marks)
pdfs = st.builds(
    Document,
    place=st.just(Data("application/pdf", "JVBERi0=")),
    at=st.just(""),
    title=texts,
    cited=st.booleans(),
)
written = st.builds(Document, place=st.just(Data("text/plain", "aGk=")), at=st.just(""), context=texts)
found = st.builds(
    Found, source=texts, title=texts, texts=st.tuples(texts, texts), at=st.just(""), cited=st.booleans()
)
said = st.lists(plain | images | pdfs | written | found, min_size=1, max_size=3)
thought = st.builds(Thinking, text=texts | st.just(""), at=st.just(""), signature=own)
hidden = st.builds(HiddenThinking, data=own, at=st.just(""))
arguments = st.dictionaries(texts, st.integers() | texts, max_size=2).map(
    lambda value: msgspec.json.encode(value).decode()
)


@st.composite
def talks(draw: st.DrawFn) -> tuple[Message, ...]:
    messages: list[Message] = []
    for turn in range(draw(st.integers(1, 3))):
        messages.append(Message(role="user", parts=tuple(draw(said)), at=""))
        calls = [
            ToolCall(
                id=f"call_{turn}_{number}", name="look", arguments=draw(arguments), at="", cache=draw(marks)
            )
            for number in range(draw(st.integers(0, 2)))
        ]
        parts: list[Part] = [
            *draw(st.lists(thought | hidden, max_size=2)),
            *draw(st.lists(plain, max_size=2)),
            *calls,
        ]
        if parts:
            messages.append(Message(role="assistant", parts=tuple(parts), at=""))
        if calls:
            results = tuple(
                ToolResult(
                    call_id=call.id,
                    parts=tuple(draw(st.lists(plain | images, max_size=2))),
                    at="",
                    failed=draw(st.booleans()),
                )
                for call in calls
            )
            messages.append(Message(role="user", parts=results, at=""))
    system = draw(st.lists(plain, max_size=2))
    return (*((Message(role="system", parts=tuple(system), at=""),) if system else ()), *messages)


choices = st.sampled_from(
    [None, ToolChoice(mode="auto", at=""), ToolChoice(mode="one", at="", names=("look",))]
)


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    return Conversation(
        model="claude-sonnet-4-5",
        messages=draw(talks()),
        tools=(Tool(name="look", at="", description="Looks.", parameters={"type": "object", "properties": {}}),),
        tool_choice=draw(choices),
        parallel_tools=draw(st.sampled_from([None, False])),
        max_tokens=draw(st.integers(1, 9999)),
        stop=draw(st.sampled_from([(), ("END",)])),
        sampling=draw(st.sampled_from([Sampling(), Sampling(temperature=0.5, top_k=3), Sampling(top_p=0.5)])),
        stream=draw(st.booleans()),
        user=draw(st.sampled_from(["", "u"])),
    )  # fmt: skip


def meaning(asked: Conversation) -> object:
    """All that a request says, but for the places where it says it."""

    def without_places(value: object) -> object:
        if isinstance(value, dict):
            return {name: without_places(one) for name, one in value.items() if name != "at"}
        return [without_places(one) for one in value] if isinstance(value, list | tuple) else value

    kept = (
        asked.messages, asked.tools, asked.tool_choice, asked.max_tokens, asked.stop, asked.sampling,
        asked.stream, asked.user,
    )  # fmt: skip
    return without_places(msgspec.to_builtins(kept))


@given(conversations())
def test_a_request_there_and_back_means_the_same(asked: Conversation) -> None:
    number = 0
    for message in asked.messages:
        number += sum(getattr(part, "cache", None) is not None for part in message.parts)
    dropped = Dropped()
    sent = MESSAGES.write_request(asked, OWN, dropped)
    again = read(sent.body)
    assert again.parallel_tools == asked.parallel_tools
    if again.parallel_tools is False and asked.tool_choice is None:
        again.tool_choice = None  # the switch stands in a choice, and one is made for it
    if "cache_control" not in " ".join(dropped.paths) and number <= 4:
        assert meaning(again) == meaning(asked)


@given(conversations())
def test_what_anthropic_wrote_goes_to_its_hosts_as_it_is(asked: Conversation) -> None:
    value = MESSAGES.write_request(asked, OWN, Dropped()).body
    before = copy.deepcopy(value)
    mine = MESSAGES.read_request(value, Dropped())
    for target in (OWN, BEDROCK, VERTEX):
        sent = MESSAGES.write_request(mine, target, Dropped()).body
        for name in ("messages", "system", "tools", "max_tokens", "tool_choice", "temperature"):
            assert sent.get(name) == before.get(name)
        assert ("model" in sent, "anthropic_version" in sent) == (target is OWN, target is not OWN)
    assert value == before


# -- turns with tools


@given(st.data())
def test_results_stand_behind_their_calls_and_nothing_is_lost(data: st.DataObject) -> None:
    calls = [
        ToolCall(id=f"c{number}", name="look", arguments="{}", at="")
        for number in range(data.draw(st.integers(1, 4)))
    ]
    answers: list[Part] = [ToolResult(call_id=call.id, parts=(), at=call.id) for call in calls]
    answers += [Text(text=f"t{number}", at="") for number in range(data.draw(st.integers(0, 3)))]
    shuffled = data.draw(st.permutations(answers))
    cuts = data.draw(st.lists(st.integers(0, len(shuffled)), max_size=3))
    places = sorted({0, len(shuffled), *cuts})
    after = [
        Message(role="user", parts=tuple(shuffled[a:b]), at=str(a)) for a, b in pairwise(places)
    ]  # fmt: skip
    turn = [Message(role="assistant", parts=(call,), at="") for call in calls]
    first, results, *rest = gathered([*turn, *after])
    assert [part.id for part in first.parts if isinstance(part, ToolCall)] == [call.id for call in calls]
    heads = [part.call_id for part in results.parts if isinstance(part, ToolResult)]
    assert heads == [call.id for call in calls]
    said = [part for message in (results, *rest) for part in message.parts if isinstance(part, Text)]
    assert said == [part for part in shuffled if isinstance(part, Text)]


def test_a_second_result_of_a_call_is_refused() -> None:
    call = Message(role="assistant", parts=(ToolCall(id="c", name="look", arguments="{}", at="a"),), at="")
    result = Message(role="user", parts=(ToolResult(call_id="c", parts=(), at="b"),), at="")
    with pytest.raises(Refused, match="second"):
        gathered([call, result, result])


# -- counting


def test_a_count_is_asked_without_what_says_nothing_of_the_input() -> None:
    value = body(
        system="Be brief.", temperature=0.2, stream=True, thinking={"type": "enabled", "budget_tokens": 2048}
    )
    del value["max_tokens"]
    counted = MESSAGES.read_count_request(value, Dropped())
    sent = MESSAGES.write_count_request(counted, OWN, Dropped())
    assert sent.body == {
        "model": "claude-sonnet-4-5", "system": "Be brief.", "messages": [HELLO],
        "thinking": {"type": "enabled", "budget_tokens": 2048},
    }  # fmt: skip
    assert sent.headers == (("anthropic-version", "2023-06-01"),)


def test_hosts_count_in_ways_of_their_own() -> None:
    counted = MESSAGES.read_count_request(
        body(tools=[{"name": "look", "input_schema": {"type": "object"}}]), Dropped()
    )
    vertex = MESSAGES.write_count_request(counted, VERTEX, Dropped()).body
    assert vertex["model"] == VERTEX.model
    assert vertex["anthropic_version"] == "vertex-2023-10-16"
    bedrock = json.loads(json.dumps(MESSAGES.write_count_request(counted, BEDROCK, Dropped()).body))
    inner = json.loads(base64.b64decode(bedrock["input"]["invokeModel"]["body"]))
    assert inner == {
        "anthropic_version": "bedrock-2023-05-31", "max_tokens": 1, "messages": [HELLO],
        "tools": [{"name": "look", "input_schema": {"type": "object"}}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("told", "number"),
    [
        (b'{"input_tokens": 728}', 728),
        (b'{"inputTokens": 12}', 12),
        (b'{"input_tokens": null}', None),
        (b"{}", None),
    ],
)
def test_a_count_is_read(told: bytes, number: int | None) -> None:
    assert MESSAGES.read_count(told) == number


def test_a_count_is_written() -> None:
    assert MESSAGES.write_count(728) == {"input_tokens": 728}


# -- flags, thinking


def test_flags_of_the_header_go_where_the_host_has_them() -> None:
    asked = read(body(anthropic_beta=["context-1m-2025-08-07"]))
    asked.betas = ("interleaved-thinking-2025-05-14", "unheard-of-2031-01-01", *asked.betas)
    assert ("anthropic-beta", ",".join(asked.betas)) in MESSAGES.write_request(asked, OWN, Dropped()).headers
    dropped = Dropped()
    sent = MESSAGES.write_request(asked, BEDROCK, dropped)
    assert sent.body["anthropic_beta"] == ["interleaved-thinking-2025-05-14", "context-1m-2025-08-07"]
    assert dropped.paths == ("anthropic-beta.unheard-of-2031-01-01",)
    assert sent.headers == ()


def test_thinking_may_be_switched_off_where_the_caller_allows_it() -> None:
    call = ToolCall(id="c", name="look", arguments="{}", at="messages[1].tool_calls[0]")
    messages = (
        Message(role="user", parts=(Text(text="?", at=""),), at="messages[0]"),
        Message(role="assistant", parts=(call,), at="messages[1]"),
        Message(role="user", parts=(ToolResult(call_id="c", parts=(), at=""),), at="messages[2]"),
    )
    reasoning = Reasoning(at="reasoning_effort", effort="low")
    asked = Conversation(model="m", messages=messages, max_tokens=9000, reasoning=reasoning)
    with pytest.raises(Refused) as refused:
        MESSAGES.write_request(asked, OWN, Dropped())
    assert refused.value.path == "messages[1]"
    dropped = Dropped()
    asked.reasoning = msgspec.structs.replace(reasoning, yields=True)
    assert "thinking" not in MESSAGES.write_request(asked, OWN, dropped).body
    assert dropped.paths == ("reasoning_effort",)
    body = {
        "model": "m", "reasoning_effort": "low", "max_tokens": 9000, "messages": [
            {"role": "user", "content": "?"},
            {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "look", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": ""},
        ],
    }  # fmt: skip
    translated = Translation(CHAT, MESSAGES, OWN).request(
        json.dumps(body).encode(), "", 0, thinking_yields=True
    )
    assert "thinking" not in json.loads(translated.body)
    assert translated.dropped == ("reasoning_effort",)


@given(st.sampled_from(EFFORTS), st.integers(1, 100_000))
def test_a_budget_always_fits_below_the_callers_limit(effort: str, limit: int) -> None:
    reasoning = Reasoning(at="reasoning_effort", effort=effort)
    asked = Conversation(model="m", messages=read(body()).messages, max_tokens=limit, reasoning=reasoning)
    dropped = Dropped()
    sent = json.loads(json.dumps(MESSAGES.write_request(asked, OWN, dropped).body))
    assert sent["max_tokens"] == limit
    thinking = sent.get("thinking", {"type": "absent"})
    if thinking["type"] == "enabled":
        assert 1024 <= thinking["budget_tokens"] < limit
    else:
        assert effort == "none" or dropped.paths == ("reasoning_effort",)


def test_nesting_without_end_is_never_followed() -> None:
    block: Object = {"type": "text", "text": "x"}
    for _ in range(3000):
        block = {"type": "tool_result", "tool_use_id": "a", "content": [block]}
    value: Object = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": [block]}]}
    assert MESSAGES.read_request(value, Dropped()).unread is not None


# -- data


@pytest.mark.parametrize(
    ("model", "budgets", "adaptive", "samplers", "output_format"),
    [
        ("claude-3-haiku-20240307", False, False, 2, False),
        ("claude-3-5-sonnet-latest", False, False, 2, False),
        ("claude-3-7-sonnet@20250219", True, False, 2, False),
        ("anthropic/claude-sonnet-4", True, False, 2, False),
        ("claude-opus-4-20250514", True, False, 2, False),
        ("anthropic.claude-opus-4-1-20250805-v1:0", True, False, 1, False),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", True, False, 1, True),
        ("anthropic/claude-haiku-4.5", True, False, 1, True),
        ("claude-sonnet-4-6", True, True, 1, True),
        (
            "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-opus-4-6-v1",
            True,
            True,
            1,
            True,
        ),
        ("claude-opus-4-7", False, True, 0, True),
        ("claude-opus-4-8-20260801", False, True, 0, True),
        ("claude-opus-5", False, True, 0, True),
        ("claude-next", False, True, 0, True),
        ("production", False, True, 0, True),
    ],
)
def test_rules_go_by_the_generation(
    model: str, budgets: bool, adaptive: bool, samplers: int, output_format: bool
) -> None:
    rules = claude_rules(model)
    assert rules.known == (model not in ("claude-next", "production"))
    assert (rules.budgets, rules.adaptive, rules.samplers, rules.output_format) == (
        budgets, adaptive, samplers, output_format,
    )  # fmt: skip


def test_efforts_that_generations_have() -> None:
    assert claude_rules("claude-opus-4-5").efforts == ("low", "medium", "high")
    assert claude_rules("claude-sonnet-4-5").efforts == ()
    assert "xhigh" not in claude_rules("claude-sonnet-4-6").efforts
    assert "xhigh" in claude_rules("claude-opus-4-7").efforts


@pytest.mark.parametrize(
    ("effort", "known", "nearer"),
    [
        ("xhigh", ("low", "high", "max"), "high"), ("max", ("low", "medium"), "medium"), ("low", ("low",), "low"),
        ("minimal", ("low", "high"), "low"), ("high", (), ""), ("high", ("none",), ""), ("huge", ("low",), ""),
    ],
)  # fmt: skip
def test_an_effort_that_a_model_lacks(effort: str, known: tuple[str, ...], nearer: str) -> None:
    assert nearest(effort, known) == nearer


def test_budgets_and_words_there_and_back() -> None:
    for effort in ("none", "low", "medium", "high"):
        assert effort_of(CLAUDE_BUDGETS[effort]) == effort
    assert [effort_of(budget) for budget in (-1, 0, 1, 4096, 4097, 12288, 12289)] == [
        "", "none", "low", "low", "medium", "medium", "high",
    ]  # fmt: skip


@given(st.sampled_from(Family), st.sampled_from(["", CALL, CALLED, TEXT]), st.text(), st.sampled_from(Family))
def test_signatures_come_back_to_who_made_them(family: Family, of: str, value: str, dialect: Family) -> None:
    opaque = Opaque(family, value)
    if family is not dialect or of or unmarked(value, dialect) == (Opaque(dialect, value), ""):
        assert unmarked(marked(opaque, dialect, of), dialect) == (opaque, of)


@pytest.mark.parametrize(
    ("block", "as_it_is"),
    [
        ({"type": "thinking", "thinking": "", "signature": "c2ln"}, True),
        (
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
            },
            True,
        ),
        ({"type": "text", "text": '"signature": "google:x"'}, True),
        ({"type": "thinking", "thinking": "", "signature": ""}, False),
        ({"type": "thinking", "thinking": "", "signature": "google/call:AbC="}, False),
        ({"type": "redacted_thinking", "data": "openai:gAAA"}, False),
    ],
)
def test_what_goes_to_claude_byte_for_byte(block: Object, as_it_is: bool) -> None:
    value = body(messages=[{"role": "assistant", "content": [block]}, HELLO])
    assert MESSAGES.goes_as_it_is(json.dumps(value).encode()) == as_it_is
    assert MESSAGES.goes_as_it_is(msgspec.json.encode(value)) == as_it_is
    dropped = Dropped()
    MESSAGES.write_request(read(value), OWN, dropped)
    assert dropped.paths == (() if as_it_is else ("messages[0].content[0]",))
