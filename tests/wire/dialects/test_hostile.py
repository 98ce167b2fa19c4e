"""Whatever callers and providers send: refusals, failures and what cannot be read, never another exception; and what it
costs grows with its size only.
"""

from __future__ import annotations

import contextlib
import copy
import json
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.wire.dialects.answer import folded
from penstock.wire.dialects.answer_events import BlockKind, Citation, Cited, Opened
from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.json_value import Json
from penstock.wire.dialects.loss import Refused
from penstock.wire.dialects.translation import Translation, Unanswered, Unreadable
from support.golden_exchanges import (
    ASKED_AT,
    CALL_ID,
    DIALECTS_IN,
    DIALECTS_OUT,
    Exchange,
    converse_frame,
    events,
)
from support.golden_translations import ALL, asked, having, translation

ODD: list[Json] = [
    None, True, False, 0, -1, 2**31, 2**63, -(2**63), 2**64 + 5, 10**30, 1e308, -0.5, "", "x", "\0", "\ud800",
    "🦒", "null", "{}", [], {}, [[]], [{}], [None], ["x"], {"a": 1}, {"type": "text"}, {"url": {}},
]  # fmt: skip
MANGLED = settings(max_examples=30, deadline=None)


def inner(value: Json) -> Iterator[tuple[dict[str, Json] | list[Json], str | int]]:
    """Every place within a value: what it is in, and under which name or number."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield value, name
            yield from inner(one)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield value, number
            yield from inner(one)


def put(place: tuple[dict[str, Json] | list[Json], str | int], odd: Json, what: str) -> None:
    """Something odd in a place of a value, or nothing there, or the same twice."""
    holder, name = place
    if isinstance(holder, dict) and isinstance(name, str):
        if what == "gone":
            del holder[name]
        else:
            holder[name] = odd
    elif isinstance(holder, list) and isinstance(name, int):
        if what == "gone":
            del holder[name]
        elif what == "twice":
            holder.append(copy.deepcopy(holder[name]))
        else:
            holder[name] = odd


@st.composite
def mangled(draw: st.DrawFn, text: str) -> bytes:
    """A JSON text with one to three things wrong in it."""
    value = json.loads(text)
    for _ in range(draw(st.integers(1, 3))):
        if places := list(inner(value)):
            what = draw(st.sampled_from(["odd", "odd", "gone", "twice"]))
            put(draw(st.sampled_from(places)), copy.deepcopy(draw(st.sampled_from(ODD))), what)
    return json.dumps(value).encode()


@st.composite
def mangled_stream(draw: st.DrawFn, exchange: Exchange) -> bytes:
    """A stream with some of its documents mangled, lost or told twice."""
    found = []
    for line in exchange.sections["stream"].splitlines():
        what = draw(st.sampled_from(["", "", "", "mangled", "gone", "twice"]))
        if what == "gone":
            continue
        if what == "mangled" and line.startswith("data: {") and line.endswith("}"):
            line = f"data: {draw(mangled(line.removeprefix('data: '))).decode()}"
        found += [line, "", line] if what == "twice" else [line]
    return "\n".join([*found, "", ""]).encode()


SSE = [one for one in ALL if "stream" in one.sections and one.outbound != "converse" and not one.target.host]


def is_json(exchange: Exchange) -> bool:
    return exchange.sections.get("request", "").lstrip().startswith("{")


@MANGLED
@given(data=st.data())
@pytest.mark.parametrize("pair", sorted({(one.inbound, one.outbound) for one in ALL}))
def test_a_mangled_request_is_written_or_refused(pair: tuple[str, str], data: st.DataObject) -> None:
    exchange = data.draw(
        st.sampled_from([one for one in ALL if (one.inbound, one.outbound) == pair and is_json(one)])
    )
    body = data.draw(mangled(exchange.sections["request"]))
    with contextlib.suppress(Refused):
        json.loads(translation(exchange).request(body, CALL_ID, ASKED_AT).body)


@MANGLED
@given(data=st.data())
@pytest.mark.parametrize("outbound", DIALECTS_OUT)
def test_a_mangled_answer_is_given_or_cannot_be_read(outbound: str, data: st.DataObject) -> None:
    exchange = data.draw(
        st.sampled_from([one for one in ALL if one.outbound == outbound and "answer" in one.sections])
    )
    body = data.draw(mangled(exchange.sections["answer"]))
    with contextlib.suppress(Unreadable, Unanswered):
        json.loads(translation(exchange).answer(body, asked(exchange)))


@MANGLED
@given(data=st.data())
@pytest.mark.parametrize("outbound", sorted({one.outbound for one in SSE}))
def test_a_mangled_stream_ends_once_and_well_formed(outbound: str, data: st.DataObject) -> None:
    exchange = data.draw(st.sampled_from([one for one in SSE if one.outbound == outbound]))
    stream = data.draw(mangled_stream(exchange))
    try:
        whole = in_two(exchange, stream, len(stream))
    except Unanswered:  # told by a status, where nothing has gone to the caller before
        return
    assert events(whole)
    assert in_two(exchange, stream, data.draw(st.integers(0, len(stream)))) == whole


def in_two(exchange: Exchange, stream: bytes, cut: int) -> bytes:
    stepped = translation(exchange).stream(asked(exchange))
    return stepped.feed(stream[:cut]) + stepped.feed(stream[cut:]) + stepped.finish()


@pytest.mark.parametrize("exchange", having("answer"))
@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"null", b"[" * 100_000, b'{"a":' * 100_000, b'{"choices": 1e999}']
)
def test_what_is_no_answer_cannot_be_read_or_is_a_failure(exchange: Exchange, body: bytes) -> None:
    with pytest.raises((Unreadable, Unanswered)):
        translation(exchange).answer(body, asked(exchange))


# -- what it costs

CHAT = Target(provider="custom-x", model="m")
CLAUDE = Target(provider="anthropic", model="claude-sonnet-4-5")
GEMINI = Target(provider="google-ai-studio", model="gemini-2.5-flash")
NOVA = Target(provider="aws-bedrock", model="us.amazon.nova-pro-v1:0")


def sse(*documents: object) -> bytes:
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in documents)


def delta(**members: object) -> object:
    return {"choices": [{"index": 0, "delta": members}]}


def claudes(number: int, block: object, piece: object) -> bytes:
    pieces = sse({"type": "content_block_delta", "index": 0, "delta": piece}) * number
    return sse({"type": "content_block_start", "index": 0, "content_block": block}) + pieces


def cited(number: int) -> bytes:
    """Googles: each piece says again what was found, for places that never come."""
    supports = [
        {"segment": {"startIndex": place, "endIndex": place + 1, "text": "z"}, "groundingChunkIndices": [0]}
        for place in range(500)
    ]
    metadata = {"groundingChunks": [{"web": {"uri": "https://a.test"}}], "groundingSupports": supports}
    piece = {"candidates": [{"content": {"parts": [{"text": "a" * 2000}]}}]}
    first = {"candidates": [{"content": {"parts": [{"text": "a"}]}, "groundingMetadata": metadata}]}
    again = {
        "candidates": [
            {"content": {"parts": [{"text": "a"}]}, "groundingMetadata": {"groundingSupports": []}}
        ]
    }
    return sse(first) + sse(piece, again) * number


def placed(number: int) -> bytes:
    """Texts apart, and citations of the first of them."""
    apart = [delta(content="a"), delta(refusal="b")]
    citation = {
        "type": "url_citation",
        "url_citation": {"url": "https://a.test", "start_index": 0, "end_index": 1},
    }
    return sse(*apart) * number + sse(delta(annotations=[citation])) * number


STREAMS: dict[str, tuple[str, Target, Callable[[int], bytes]]] = {
    "chat-text": ("chat", CHAT, lambda number: sse(delta(content="a" * 1000)) * number),
    "chat-calls": (
        "chat",
        CHAT,
        lambda number: b"".join(
            sse(
                delta(
                    tool_calls=[{"index": one, "id": f"c{one}", "function": {"name": "f", "arguments": "{}"}}]
                )
            )
            for one in range(number)
        ),
    ),
    "chat-arguments": (
        "chat",
        CHAT,
        lambda number: (
            sse(delta(tool_calls=[{"index": 0, "id": "c", "function": {"name": "f"}}]))
            + sse(delta(tool_calls=[{"index": 0, "function": {"arguments": "a" * 1000}}])) * number
        ),
    ),
    "chat-citations": ("chat", CHAT, placed),
    "claude-signature": (
        "messages",
        CLAUDE,
        lambda number: claudes(
            number, {"type": "thinking", "thinking": ""}, {"type": "signature_delta", "signature": "a" * 1000}
        ),
    ),
    "claude-search": (
        "messages",
        CLAUDE,
        lambda number: claudes(
            number,
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
            {"type": "input_json_delta", "partial_json": "a" * 1000},
        ),
    ),
    "gemini-text": (
        "gemini",
        GEMINI,
        lambda number: sse({"candidates": [{"content": {"parts": [{"text": "a" * 1000}]}}]}) * number,
    ),
    "gemini-citations": ("gemini", GEMINI, cited),
    "converse-signature": (
        "converse",
        NOVA,
        lambda number: (
            converse_frame("contentBlockDelta", {"delta": {"reasoningContent": {"signature": "a" * 1000}}})
            * number
        ),
    ),
}
FEW, GROWTH = 400, 4


@pytest.mark.parametrize("inbound", DIALECTS_IN)
@pytest.mark.parametrize(("outbound", "target", "stream"), STREAMS.values(), ids=STREAMS)
def test_four_times_the_events_cost_about_four_times_as_much(
    inbound: str, outbound: str, target: Target, stream: Callable[[int], bytes]
) -> None:
    few, many = (least_time(inbound, outbound, target, stream(FEW * times)) for times in (1, GROWTH))
    assert many < 2.5 * GROWTH * few + 0.05  # sixteen times where a piece costs what all before it are long


def least_time(inbound: str, outbound: str, target: Target, stream: bytes) -> float:
    """CPU seconds, as if nobody else were there."""
    body: dict[str, object] = {"model": "m", "stream": True}
    body |= (
        {"input": "U"}
        if inbound == "responses"
        else {"max_tokens": 9, "messages": [{"role": "user", "content": "U"}]}
    )
    translated = Translation(DIALECTS_IN[inbound], DIALECTS_OUT[outbound], target)
    conversation = translated.request(json.dumps(body).encode(), CALL_ID, ASKED_AT).asked
    found = []
    for _ in range(2):
        stepped, begin = translated.stream(conversation), time.process_time()
        for place in range(0, len(stream), 16_384):
            stepped.feed(stream[place : place + 16_384])
        with contextlib.suppress(Unanswered):
            stepped.finish()
        found.append(time.process_time() - begin)
    return min(found)


@pytest.mark.parametrize("inbound", DIALECTS_IN)
@pytest.mark.parametrize("size", [1, 1000])
def test_an_event_of_megabytes_in_small_pieces(inbound: str, size: int) -> None:
    stream = sse(delta(content="a" * (100_000 if size == 1 else 900_000)))
    body: dict[str, object] = {"model": "m", "stream": True}
    body |= (
        {"input": "U"}
        if inbound == "responses"
        else {"max_tokens": 9, "messages": [{"role": "user", "content": "U"}]}
    )
    translated = Translation(DIALECTS_IN[inbound], DIALECTS_OUT["chat"], CHAT)
    stepped = translated.stream(translated.request(json.dumps(body).encode(), CALL_ID, ASKED_AT).asked)
    written, begin = 0, time.process_time()
    for place in range(0, len(stream), size):
        written += len(stepped.feed(stream[place : place + size]))
    assert written > 90_000
    assert time.process_time() - begin < 5


def test_a_citation_of_no_text_is_nobodys() -> None:
    answer = folded([Opened(kind=BlockKind.REFUSAL), Cited(citation=Citation(url="https://a.test"))])
    assert [block.citations for block in answer.choices[0].blocks] == [[]]
