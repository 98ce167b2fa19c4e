"""Usage is found wherever it stands: in any grammar, shape and order, beside any nonsense, in what is left of a cut."""

from __future__ import annotations

import base64
import gzip
import json
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.usage import Answer, Usage, read_answer, read_cut_answer

JSON, SSE, FRAMES = "application/json", "text/event-stream", "application/vnd.amazon.eventstream"
KINDS = ["", JSON, SSE, FRAMES, "text/plain; charset=utf-8", "application/x-ndjson", "audio/mpeg"]
USAGE = b'"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}'
LAST = b'data: {"id":"c","object":"chat.completion.chunk","model":"gpt-4o-mini","choices":[],%b}\n\n' % USAGE
NULL = b'data: {"id":"c","model":"gpt-4o-mini","choices":[],"usage":null}\n\n'
DELTA = b'data: {"id":"c","model":"gpt-4o-mini","choices":[{"delta":{"content":"say \\"usage\\":{}"}}]}\n\n'
DONE = b"data: [DONE]\n\n"
WHOLE = b'{"id":"x","model":"gpt-4o-mini","choices":[],%b}' % USAGE
KNOWN = Answer("gpt-4o-mini", Usage(1000, 100, 1100))
CLAUDE = (
    b'event: message_start\ndata: {"type":"message_start","message":{"model":"claude-x","usage":'
    b'{"input_tokens":9,"output_tokens":1}}}\n\n',
    b'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":44}}\n\n',
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
)
CLAUDES = Answer("claude-x", Usage(9, 44, 53))


def frame(payload: bytes) -> bytes:
    """One of Bedrock's event stream, with its checksums."""
    prelude = (12 + len(payload) + 4).to_bytes(4, "big") + bytes(4)
    body = prelude + zlib.crc32(prelude).to_bytes(4, "big") + payload
    return body + zlib.crc32(body).to_bytes(4, "big")


def wrapped(event: bytes) -> bytes:
    """A model's own event in a frame."""
    return frame(b'{"bytes":"%b","p":"abc"}' % base64.b64encode(event))


# -- the grammar of events


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(
    ("body", "known"),
    [(LAST + DONE, KNOWN), (DELTA * 3 + LAST + NULL * 3, KNOWN), (b"".join(CLAUDE), CLAUDES)],
)
def test_events_by_their_whole_grammar(body: bytes, known: Answer, bom: bytes, end: bytes) -> None:
    """Of the first as of the last that tells something; with comments and without the space behind the colon."""
    for text in (body, b": hello\n\n" + body, body.replace(b"data: ", b"data:"), body.rstrip(b"\n")):
        assert read_answer(SSE, "", bom + text.replace(b"\n", end)) == known
        assert read_answer(SSE, "gzip", gzip.compress(bom + text.replace(b"\n", end))) == known


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_data_in_several_lines(end: bytes) -> None:
    pretty = json.dumps(json.loads(LAST[6:]), indent=2).encode()
    event = b"".join(b"data: %b\n" % line for line in pretty.split(b"\n")) + b"id: 7\n\n"
    assert read_answer(SSE, "", (event + DONE).replace(b"\n", end)) == KNOWN
    first = CLAUDE[0].replace(b',"usage"', b',\ndata: "usage"')
    assert read_answer(SSE, "", (first + b"".join(CLAUDE[1:])).replace(b"\n", end)) == CLAUDES


def test_events_that_no_empty_line_ends() -> None:
    """Some send one line for each event, and nothing between them."""
    assert read_answer(SSE, "", (DELTA + LAST + DONE).replace(b"\n\n", b"\n")) == KNOWN


@pytest.mark.parametrize("count", [0, 1, 10, 5000])
@pytest.mark.parametrize("after", [NULL, NULL.replace(b":null", b": null"), DELTA, b": ping\n\n"])
def test_any_number_of_events_after_the_usage(after: bytes, count: int) -> None:
    assert read_answer(SSE, "", LAST + after * count + DONE) == KNOWN


@given(
    st.sampled_from([b"\r", b"\n", b"\r\n"]),
    st.lists(st.sampled_from([DELTA, NULL, b": x\n\n", b"\n"])),
    st.data(),
)
def test_where_the_usage_stands_among_the_events_changes_nothing(
    end: bytes, others: list[bytes], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(others)))
    body = b"".join([*others[:place], LAST, *others[place:], DONE]).replace(b"\n", end)
    assert read_answer(data.draw(st.sampled_from(KINDS)), "", body) == KNOWN


# -- what a body is


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("body", "known"),
    [
        (WHOLE, KNOWN),
        (b" \r\n" + WHOLE + b"\n", KNOWN),
        (b"\xef\xbb\xbf" + WHOLE, KNOWN),
        (LAST + DONE, KNOWN),
        (b": ping\n\n" + LAST, KNOWN),
        (b"event: x\r\n" + LAST, KNOWN),
        (b"[{},%b]" % WHOLE, KNOWN),
        (WHOLE.replace(USAGE, b'"usage":null') + b"\n" + WHOLE + b"\n", KNOWN),
        (WHOLE + b"\r\n" + WHOLE.replace(USAGE, b'"usage":null') + b"\r\n", KNOWN),
        (b"\x1e" + WHOLE + b"\n\x1e" + WHOLE + b"\n", KNOWN),
        (wrapped(DELTA[6:-2]) * 3 + wrapped(LAST[6:-2]) + wrapped(NULL[6:-2]) * 20, KNOWN),
        (b"".join(wrapped(one.partition(b"data: ")[2].strip()) for one in CLAUDE), CLAUDES),
    ],
)  # fmt: skip
def test_first_bytes_go_before_the_content_type(body: bytes, known: Answer, kind: str) -> None:
    assert read_answer(kind, "", body) == known
    assert read_answer(kind, "", body.rstrip(b"\n")) == known


# -- one odd part

NONSENSE = [
    b'"choices":[{"logprobs":{"content":[{"token":"a","logprob":NaN}]}}]',
    b'"choices":[{"message":{"content":"\\ud83d"}}]',
    b'"choices":[-Infinity,Infinity,01,+1,.5,undefined,0x1]',
    b'"choices":"\\x41\x01\xff\xfe"',
    b'"choices":"\\ud83d","\\ud83d":1',
    b'"choices":1e999,"n":' + b"9" * 500,
    b'"choices":' + b"[" * 3000 + b"]" * 3000,
    b'"choices":[],"service_tier":7,"id":{},"object":NaN',
]
ODD_USAGE = [
    b'"speed":12.5',
    b'"speed":NaN',
    b'"iterations":{}',
    b'"iterations":[{"type":7,"input_tokens":-1}]',
    b'"service_tier":["x"]',
    b'"prompt_tokens_details":"x"',
    b'"completion_tokens_details":[{}]',
    b'"server_tool_use":-1',
    b'"connectors":{"a":1.5}',
    b'"cost":"\\udfff"',
    b'"num_cached_tokens":"12"',
]  # fmt: skip


@pytest.mark.parametrize("nonsense", NONSENSE, ids=lambda one: repr(one)[:40])
def test_nothing_beside_the_usage_can_hide_it(nonsense: bytes) -> None:
    for document in (
        WHOLE.replace(b'"choices":[]', nonsense),
        b'{"model":"gpt-4o-mini",%b,%b}' % (USAGE, nonsense),
    ):
        assert read_answer(JSON, "", document) == KNOWN
        assert read_answer(SSE, "", b"data: %b\n\n" % document + DONE) == KNOWN
        assert read_answer(JSON, "", b'{"result":%b,"success":true}' % document) == KNOWN
        assert read_answer(JSON, "", b"[%b]" % document) == KNOWN
        assert read_answer(FRAMES, "", wrapped(document)) == KNOWN
        assert read_answer("application/x-ndjson", "", b"{}\n" + document + b"\n") == KNOWN


@pytest.mark.parametrize("odd", ODD_USAGE, ids=repr)
def test_an_odd_member_of_the_usage_leaves_the_counts(odd: bytes) -> None:
    for usage in (USAGE[:-1] + b"," + odd + b"}", USAGE.replace(b"{", b"{" + odd + b",")):
        document = WHOLE.replace(USAGE, usage)
        assert read_answer(JSON, "", document) == KNOWN
        assert read_answer(SSE, "", b"data: %b\n\n" % document) == KNOWN


@pytest.mark.parametrize("form", ["1000.0", "1e3", "1000.00e0", "10000E-1"])
def test_a_whole_number_is_a_count_however_it_is_written(form: str) -> None:
    document = WHOLE.replace(b":1000,", f":{form},".encode())
    assert read_answer(JSON, "", document) == KNOWN
    google = f'{{"usageMetadata":{{"promptTokenCount":{form},"candidatesTokenCount":100.0}}}}'
    assert read_answer(JSON, "", google.encode()).usage == KNOWN.usage
    converse = f'{{"usage":{{"inputTokens":{form},"outputTokens":1e2}}}}'
    found = read_answer(JSON, "", converse.encode()).usage
    assert found is not None
    assert (found.input_tokens, found.output_tokens) == (1000, 100)


def test_a_large_document_with_nonsense_is_read_at_its_ends() -> None:
    filler = b'"choices":[NaN,"%b"]' % (b"x" * 9_000_000)
    assert read_answer(JSON, "", WHOLE.replace(b'"choices":[]', filler)) == KNOWN


ODD_VALUES = st.sampled_from(
    [b"NaN", b'"\\ud800"', b'"x"', b"-1", b"[]", b'{"usage":{"prompt_tokens":7}}', b"[{}]", b"1.5"]
)
NAMES = st.sampled_from([b'"id"', b'"choices"', b'"speed"', b'"a\\"b"', b'"object"', b'"\\u0061"'])


@given(st.lists(st.tuples(NAMES, ODD_VALUES), max_size=5), st.integers(0, 5), st.integers(0, 5))
def test_members_in_any_order(others: list[tuple[bytes, bytes]], place: int, model: int) -> None:
    parts = [name + b":" + value for name, value in others]
    parts.insert(place, USAGE)
    parts.insert(model, b'"model":"gpt-4o-mini"')
    document = b"{%b}" % b" , ".join(parts)
    assert read_answer(JSON, "", document) == KNOWN
    assert read_answer(SSE, "", b"data:%b\r\r" % document) == KNOWN


# -- what is left of one that was cut

RANDOM = random.Random(7)
BASE64 = base64.b64encode(RANDOM.randbytes(300_000))
CUT: dict[str, tuple[bytes, Answer]] = {
    "an image": (
        b'{"created":1,"model":"gpt-4o-mini","data":[{"b64_json":"%b"}],%b}' % (BASE64, USAGE),
        KNOWN,
    ),
    "usage before the end": (
        b'{"model":"gpt-4o-mini","x":"%b",%b,"y":{"z":[1,{"usage":{"prompt_tokens":7}}]},"w":"\\"usage\\":{"}'
        % (BASE64, USAGE),
        KNOWN,
    ),
    "an inner object": (
        b'{"result":{"model":"gpt-4o-mini","response":"%b",%b},"success":true,"errors":[]}' % (BASE64, USAGE),
        KNOWN,
    ),
    "a model at the end": (b'{"data":["%b"],%b,"model":"gpt-4o-mini"}\n' % (BASE64, USAGE), KNOWN),
    "google": (
        b'{"candidates":[{"content":{"parts":[{"inlineData":{"data":"%b"}}]}}],"usageMetadata":'
        b'{"promptTokenCount":1000,"candidatesTokenCount":100},"modelVersion":"gpt-4o-mini"}' % BASE64,
        KNOWN,
    ),
    "an array": (b'[{"x":"%b"},{"model":"gpt-4o-mini",%b}]' % (BASE64, USAGE), KNOWN),
    "an array of one": (b'[{"model":"m","x":"%b",%b,"model":"gpt-4o-mini"}]' % (BASE64, USAGE), KNOWN),
    "events": (DELTA * 4000 + LAST + DONE, KNOWN),
    "events with CR": ((DELTA * 4000 + LAST + DONE).replace(b"\n", b"\r"), KNOWN),
    "first and last event": (CLAUDE[0] + DELTA * 4000 + b"".join(CLAUDE[1:]), CLAUDES),
    "a large last event": (
        DELTA * 3
        + b'data: {"type":"response.completed","response":{"id":"r","output":["%b"],"model":"gpt-4o-mini",%b}}\n\n'
        % (BASE64, USAGE),
        KNOWN,
    ),
    "lines": (b'{"a":1}\n' * 40_000 + WHOLE + b"\n", KNOWN),
    "frames": (
        b"".join(wrapped(one) for one in [DELTA[6:-2]] * 2000) + wrapped(LAST[6:-2]) + wrapped(NULL[6:-2]),
        KNOWN,
    ),
}


@pytest.mark.parametrize("kind", ["", JSON])
@pytest.mark.parametrize("name", CUT)
@given(data=st.data())
def test_both_ends_of_an_answer_tell_what_the_whole_of_it_tells(
    name: str, kind: str, data: st.DataObject
) -> None:
    body, known = CUT[name]
    assert read_answer(kind, "", body) == known
    first = data.draw(st.integers(1000, 70_000))
    last = data.draw(st.integers(3000, 70_000))
    assert read_cut_answer(kind, body[:first], body[-last:]) == known


@pytest.mark.parametrize("name", CUT)
@given(data=st.data())
def test_ends_that_do_not_belong_together_break_nothing(name: str, data: st.DataObject) -> None:
    body = CUT[name][0]
    first, last = body[: data.draw(st.integers(0, 300))], data.draw(st.binary(max_size=300))
    read_cut_answer(data.draw(st.sampled_from(KINDS)), first, last)
    end = data.draw(st.integers(1, len(body)))
    read_cut_answer(JSON, first, body[max(0, end - 3000) : end])


@given(st.sampled_from(KINDS), st.binary(max_size=200), st.binary(max_size=200))
def test_no_ends_can_break_it(kind: str, first: bytes, last: bytes) -> None:
    read_cut_answer(kind, first, last)
    read_cut_answer(kind, b'{"a":' + first, last + b'","usage":{"prompt_tokens":' + last)
