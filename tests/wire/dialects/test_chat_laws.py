"""Laws of the dialect Chat: what is written and read again means the same, whole and streamed, however it is cut."""

from __future__ import annotations

import json
from contextlib import suppress

from hypothesis import given
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
    Event,
    Logprobs,
    Opened,
    Piece,
    Stopped,
    StopReason,
    TokenLogprob,
)
from penstock.wire.dialects.chat import CHAT
from penstock.wire.dialects.conversation import Conversation, Family, Opaque
from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.json_value import Json, Object, to_json
from penstock.wire.dialects.loss import Dropped, Refused

OPENAI = Target(provider="openai", model="gpt-4o")
ROUTER = Target(provider="openrouter", model="anthropic/claude-sonnet-4.5")

texts = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=12)
names = st.text(alphabet="abcXYZ09_-", min_size=1, max_size=12)
asked = Conversation(model="gpt-4o", messages=(), stream=True, stream_usage=True, call_id="c", asked_at=7)


# -- answers


ORDERS: list[tuple[BlockKind, ...]] = [
    (),
    (BlockKind.THINKING,),
    (BlockKind.TEXT,),
    (BlockKind.THINKING, BlockKind.TEXT),
    (BlockKind.REFUSAL,),
]


@st.composite
def blocks(draw: st.DrawFn, choice: int) -> list[Event]:
    """Thinking, then text or a refusal, then calls: what Chat can say in order."""
    events: list[Event] = []
    for kind in draw(st.sampled_from(ORDERS)):
        events.append(Opened(kind=kind, choice=choice))
        events += [Piece(text=text, choice=choice) for text in draw(st.lists(texts, min_size=1, max_size=4))]
        if kind is BlockKind.TEXT and draw(st.booleans()):
            citation = Citation(url="https://a", title=draw(texts), start=0, end=draw(st.integers(0, 9)))
            events.append(Cited(citation=citation, choice=choice))
        if kind is BlockKind.TEXT and draw(st.booleans()):
            others = (TokenLogprob(token="a", logprob=-1.0),)
            token = TokenLogprob(token=draw(texts), logprob=-0.5, bytes=(65,), top=others)
            events.append(Logprobs(tokens=(token,), choice=choice))
        events.append(Closed(choice=choice))
    for number in range(draw(st.integers(0, 3))):
        signature = draw(st.none() | st.just(Opaque(Family.GOOGLE, "c2ln")))
        events.append(
            Opened(
                kind=BlockKind.TOOL_CALL,
                choice=choice,
                call_id=f"call_{choice}_{number}",
                name=draw(names),
                free=draw(st.booleans()),
                signature=signature,
            )
        )
        events += [Piece(text=text, choice=choice) for text in draw(st.lists(texts, max_size=3))]
        events.append(Closed(choice=choice))
    return events


@st.composite
def answers(draw: st.DrawFn) -> list[Event]:
    """One or two choices, one after the other or in turns."""
    each = [draw(blocks(choice)) for choice in range(draw(st.integers(1, 2)))]
    events: list[Event] = [Began(id="chatcmpl-1", model=draw(names), created=5, service_tier="default")]
    while any(each):
        part = draw(st.sampled_from([part for part in each if part]))
        events.append(part.pop(0))
    for choice in range(len(each)):
        calls = any(isinstance(one, Opened) and one.call_id and one.choice == choice for one in events)
        reasons = [
            StopReason.MAX_TOKENS,
            StopReason.REFUSED,
            StopReason.TOOL_CALLS if calls else StopReason.END,
        ]
        events.append(Stopped(reason=draw(st.sampled_from(reasons)), choice=choice))
    count = st.integers(0, 1000)
    events.append(
        Counted(fresh=draw(count), cache_read=draw(count), output=draw(count), reasoning=draw(count))
    )
    return [*events, Ended()]


def meaning(answer: Answer) -> Object:
    """What an answer says, without what only its provider wrote about it."""
    return {
        "began": [answer.began.id, answer.began.model, answer.began.created, answer.began.service_tier],
        "choices": [
            {
                "number": number,
                "blocks": [
                    [
                        block.opened.kind,
                        block.opened.call_id,
                        block.opened.name,
                        block.opened.free,
                        block.text,
                        [[one.url, one.title, one.start, one.end] for one in block.citations],
                        str(block.opened.signature or block.signature),
                    ]
                    for block in choice.blocks
                ],
                "logprobs": str(choice.logprobs),
                "reason": choice.stopped.reason if choice.stopped else None,
            }
            for number, choice in sorted(answer.choices.items())
        ],
        "counted": str(answer.counted),
        "failed": str(answer.failure),
    }


@given(answers(), st.data())
def test_a_stream_that_is_written_and_read_again_says_the_same(
    events: list[Event], data: st.DataObject
) -> None:
    writer = CHAT.stream_writer(asked)
    stream = writer.write(events)
    cut = data.draw(st.integers(0, len(events)))
    again = CHAT.stream_writer(asked)
    assert again.write(events[:cut]) + again.write(events[cut:]) == stream, "batches cannot be seen"
    reader = CHAT.stream_reader(asked, OPENAI)
    found: list[Event] = []
    place = 0
    while place < len(stream):
        size = data.draw(st.integers(1, 400))
        found += reader.feed(stream[place : place + size])
        place += size
    found += reader.finish()
    assert meaning(folded(found)) == meaning(folded(events))
    assert reader.held == 0


@given(answers())
def test_a_whole_answer_that_is_written_and_read_again_says_the_same(events: list[Event]) -> None:
    answer = folded(events)
    body = to_json(CHAT.write_answer(answer, asked))
    assert meaning(folded(CHAT.read_answer(body, asked, OPENAI))) == meaning(answer)


@given(answers())
def test_a_stream_and_a_whole_answer_say_the_same_to_clients(events: list[Event]) -> None:
    stream = CHAT.stream_writer(asked).write(events)
    chunks = [json.loads(one[6:]) for one in stream.decode().split("\n\n") if one and one != "data: [DONE]"]
    whole = CHAT.write_answer(folded(events), asked)
    assert put_together(chunks) == json.loads(to_json(whole))


def put_together(chunks: list[Object]) -> Object:
    """As clients do: texts and arguments are joined, lists grow, the rest is taken over."""
    found: Object = {**chunks[0], "object": "chat.completion", "choices": []}
    choices: dict[int, dict[str, Json]] = {}
    for chunk in chunks:
        found["usage"] = chunk["usage"] or found["usage"]
        for one in chunk["choices"]:  # type: ignore[union-attr]
            assert isinstance(one, dict)
            choice = choices.setdefault(
                one["index"],  # type: ignore[arg-type]
                {"index": one["index"], "message": {"content": None, "refusal": None}, "logprobs": None},
            )
            grow(choice["message"], one["delta"])
            if one["logprobs"] is not None:
                choice["logprobs"] = added(choice["logprobs"], one["logprobs"])
            choice.update({k: v for k, v in one.items() if "finish" in k})
    for choice in choices.values():
        message = choice["message"]
        assert isinstance(message, dict)
        if message["content"] == "" and (message["refusal"] or message.get("tool_calls")):
            message["content"] = None
        for call in message.get("tool_calls") or ():  # type: ignore[union-attr]
            assert isinstance(call, dict)
            del call["index"]
    found["choices"] = [choices[number] for number in sorted(choices)]
    return found


def grow(message: Json, delta: Json) -> None:
    assert isinstance(message, dict)
    assert isinstance(delta, dict)
    for name, value in delta.items():
        if name == "tool_calls":
            calls = message.setdefault(name, [])
            for call in value:  # type: ignore[union-attr]
                if call["index"] == len(calls):  # type: ignore[arg-type,index,call-overload]
                    calls.append(call)  # type: ignore[union-attr]
                else:
                    calls[call["index"]] = added(calls[call["index"]], call)  # type: ignore[index,call-overload]
        elif name == "role":
            message[name] = value
        else:
            message[name] = added(message.get(name), value)


def added(before: Json, more: Json) -> Json:
    if before is None or isinstance(before, int):
        return more
    if isinstance(before, str) and isinstance(more, str):
        return before + more
    if isinstance(before, list) and isinstance(more, list):
        return before + more
    assert isinstance(before, dict)
    if more is None:
        return before
    assert isinstance(more, dict)
    return {**before, **{name: added(before.get(name), value) for name, value in more.items()}}


# -- requests


def user_parts() -> st.SearchStrategy[Json]:
    part: st.SearchStrategy[Json] = st.one_of(
        texts.map(lambda text: {"type": "text", "text": text}),
        st.sampled_from(["https://a/b.png", "data:image/png;base64,iVBORw0K"]).map(
            lambda url: {"type": "image_url", "image_url": {"url": url, "detail": "low"}}
        ),
        st.just({"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "mp3"}}),
        st.just(
            {
                "type": "file",
                "file": {"file_data": "data:application/pdf;base64,JVBERi0=", "filename": "a.pdf"},
            }
        ),
    )
    found: st.SearchStrategy[Json] = texts | st.lists(part, min_size=2, max_size=4)
    return found


@st.composite
def turns(draw: st.DrawFn, number: int) -> list[Json]:
    """A turn of the model's, with its calls and their results, and what the user says then."""
    calls: list[Json] = []
    for place in range(draw(st.integers(0, 3))):
        inner: Object = {
            "name": draw(names),
            "arguments": draw(st.sampled_from(["", "{}", '{"a": [1]}', "{cut"])),
        }
        calls.append({"id": f"call_{number}_{place}", "type": "function", "function": inner})
    message: Object = {"role": "assistant", "content": draw(texts | st.none() if calls else texts)}
    if calls:
        message["tool_calls"] = calls
    results: list[Json] = [
        {"role": "tool", "tool_call_id": f"call_{number}_{place}", "content": draw(texts)}
        for place in range(len(calls))
    ]
    return [message, *results, {"role": "user", "content": draw(user_parts())}]


@st.composite
def requests(draw: st.DrawFn) -> Object:
    """In the words that the writer itself uses."""
    messages: list[Json] = [
        {"role": "system", "content": draw(texts)},
        {"role": "user", "content": draw(user_parts())},
    ]
    for number in range(draw(st.integers(0, 3))):
        messages += draw(turns(number))
    body: Object = {"model": "gpt-4o", "messages": messages}
    members: dict[str, st.SearchStrategy[Json]] = {
        "temperature": st.floats(0, 2),
        "top_p": st.floats(0, 1),
        "seed": st.integers(-(2**63), 2**63 - 1),
        "max_completion_tokens": st.integers(1, 10**6),
        "stop": st.lists(texts, min_size=1, max_size=4).map(list),
        "presence_penalty": st.floats(-2, 2),
        "user": texts,
        "n": st.integers(2, 5),
        "response_format": st.just({"type": "json_object"}),
        "service_tier": st.just("flex"),
        "unheard_of": st.just({"a": [1]}),
        "tools": st.just([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]),
    }
    for name in draw(st.sets(st.sampled_from(sorted(members)))):
        body[name] = draw(members[name])
    return body


@given(requests())
def test_a_request_that_is_read_and_written_again_is_the_same(body: Object) -> None:
    dropped = Dropped()
    sent = CHAT.write_request(CHAT.read_request(body, dropped), OPENAI, dropped)
    assert sent.body == body
    assert dropped.paths == ()


@given(
    requests(), st.sampled_from(["mistral", "groq", "deepseek", "grok", "cerebras", "openrouter", "custom-x"])
)
def test_what_is_written_for_a_vendor_stays_the_same_when_it_is_read_again(
    body: Object, provider: str
) -> None:
    body = {name: value for name, value in body.items() if name not in ("n", "unheard_of")}
    target = Target(provider=provider, model="m")
    body["messages"] = without_files(body["messages"])
    once = CHAT.write_request(CHAT.read_request(body, Dropped()), target, Dropped()).body
    dropped = Dropped()
    assert CHAT.write_request(CHAT.read_request(once, dropped), target, dropped).body == once


def without_files(messages: Json) -> Json:
    assert isinstance(messages, list)
    found: list[Json] = []
    for message in messages:
        assert isinstance(message, dict)
        content = message["content"]
        if isinstance(content, list):
            kept_parts: list[Json] = [
                one for one in content if isinstance(one, dict) and one["type"] != "file"
            ]
            kept_parts += [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
            content = kept_parts
        kept: Object = {**message, "content": content}
        found.append(kept)
    return found


# -- anything


@given(st.binary(max_size=300), st.lists(st.integers(1, 50), max_size=5))
def test_no_bytes_of_a_provider_raise(noise: bytes, sizes: list[int]) -> None:
    head = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: '
    stream = head + noise + b"\n\n"
    whole = CHAT.stream_reader(asked, ROUTER)
    wanted = [*whole.feed(stream), *whole.finish()]
    reader = CHAT.stream_reader(asked, ROUTER)
    found: list[Event] = []
    for size in sizes:
        found += reader.feed(stream[:size])
        stream = stream[size:]
    assert [*found, *reader.feed(stream), *reader.finish()] == wanted


json_values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 200) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["index", "delta", "content", "tool_calls", "id", "function", "name", "arguments", "text", "type", "error",
             "reasoning", "reasoning_details", "thinking", "annotations", "url_citation", "message", "code"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(json_values, json_values)
def test_no_answer_of_odd_shape_raises(choice: Json, usage: Json) -> None:
    body: Object = {"choices": [choice], "usage": usage, "error": None}
    reader = CHAT.stream_reader(asked, ROUTER)
    events = [*reader.feed(b"data: " + to_json(body) + b"\n\ndata: [DONE]\n\n"), *reader.finish()]
    folded(events)
    CHAT.stream_writer(asked).write(events)
    CHAT.read_error(400, {}, to_json({"error": choice, "message": usage, "detail": choice}))


@given(requests(), st.data())
def test_a_request_of_odd_shape_is_refused_and_never_raises_anything_else(
    body: Object, data: st.DataObject
) -> None:
    spoilt = spoil(body, data)
    with suppress(Refused):
        CHAT.write_request(CHAT.read_request(spoilt, Dropped()), ROUTER, Dropped())


def spoil(body: Object, data: st.DataObject) -> Object:
    """The body with one value, somewhere in it, replaced by another one."""
    copy: Object = json.loads(json.dumps(body))
    place: Json = copy
    while isinstance(place, dict | list) and place:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inner: Json = place[key]  # type: ignore[index,call-overload]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            place[key] = data.draw(json_values)  # type: ignore[index,call-overload]
            break
        place = inner
    return copy
