"""Asking for usage and taking it out again: the request in place, the stream as it would have been."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.proxy.policies.stream_usage import UsageFilter, asking_for_usage

ENDINGS = st.sampled_from(["\n", "\r\n", "\r"])


@pytest.mark.parametrize(
    ("body", "asking"),
    [
        (
            b'{"model": "m", "stream": true}',
            b'{"model": "m", "stream": true,"stream_options":{"include_usage":true}}',
        ),
        (
            b'{ "stream" : true , "n":1.50e0\n}\n',
            b'{ "stream" : true , "n":1.50e0,"stream_options":{"include_usage":true}\n}\n',
        ),
        (
            b'{"stream_options":null,"stream":true}',
            b'{"stream_options":{"include_usage":true},"stream":true}',
        ),
        (
            b'{"stream_options": {} ,"stream":true}',
            b'{"stream_options": {"include_usage":true} ,"stream":true}',
        ),
        (
            b'{"stream":true,"stream_options":{"include_obfuscation": false}}',
            b'{"stream":true,"stream_options":{"include_obfuscation": false,"include_usage":true}}',
        ),
        (
            b'{"stream":true,"stream_options":{"include_usage": false, "a":1}}',
            b'{"stream":true,"stream_options":{"include_usage": true, "a":1}}',
        ),
        (b'{"stream":true,"stream_options":{"include_usage":true}}', None),
        (b'{"stream":false}', None),
        (b'{"stream":1}', None),
        (b'{"stream":true,"stream":true}', None),
        (b'{"stream":true,"stream_options":3}', None),
        (b'{"messages":[{"stream":true}]}', None),
        (b"{}", None),
        (b'["stream"]', None),
        (b"not json", None),
        (b"", None),
    ],
)
def test_the_request_asks_and_keeps_its_other_bytes(body: bytes, asking: bytes | None) -> None:
    assert asking_for_usage(body) == asking


CHUNKS = st.lists(
    st.fixed_dictionaries(
        {"choices": st.lists(st.fixed_dictionaries({"delta": st.text(max_size=6)}), min_size=1, max_size=2)},
        optional={"id": st.text(max_size=5), "service_tier": st.none()},
    ),
    max_size=4,
)


def stream(chunks: list[dict[str, object]], ending: str, *, asked: bool, several: bool) -> bytes:
    """As a provider sends it, asked for its usage or not; `several`: data over several lines, and comments."""
    found = [f": hello{ending}{ending}"]
    for chunk in chunks:
        said = {**chunk, "usage": None} if asked else chunk
        found.append(f"data: {json.dumps(said)}{ending}{ending}")
    if asked:
        usage = {"choices": [], "usage": {"total_tokens": 5}, "id": "x"}
        text = json.dumps(usage, indent=1 if several else None).split("\n")
        found.append("".join(f"data: {line}{ending}" for line in text) + ending)
    found.append(f"data: [DONE]{ending}{ending}")
    return "".join(found).encode()


def filtered(data: bytes, cuts: list[int]) -> bytes:
    one = UsageFilter()
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    parts = [one.feed(data[start:end]) for start, end in pairwise(places)]
    return b"".join(parts) + one.finish()


@given(chunks=CHUNKS, ending=ENDINGS, several=st.booleans(), cuts=st.lists(st.integers(0, 2000), max_size=8))
def test_the_client_sees_what_it_would_have_seen(
    chunks: list[dict[str, object]], ending: str, several: bool, cuts: list[int]
) -> None:
    asked = stream(chunks, ending, asked=True, several=several)
    assert filtered(asked, cuts) == stream(chunks, ending, asked=False, several=several)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_split_at_every_byte(ending: str) -> None:
    chunks: list[dict[str, object]] = [{"choices": [{"delta": "Hel"}]}, {"choices": [{"delta": "lo"}]}]
    asked = stream(chunks, ending, asked=True, several=False)
    plain = stream(chunks, ending, asked=False, several=False)
    for cut in range(len(asked) + 1):
        assert filtered(asked, [cut]) == plain
    assert filtered(asked, list(range(len(asked)))) == plain


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"choices":[{"delta":{}}],"usage":{"total_tokens":1}}\n\n',  # told unasked, with a choice
        b'data: {"choices":[],"prompt_filter_results":[]}\n\n',
        b'data: {"error":{"message":"usage"},"usage":{}}\n\n',
        b'data: {"usage": null\n\n',
        b'event: usage\ndata: "usage"\n\n',
        b': "usage"\n\n',
        b"\n\n\n",
        b"data: [DONE]",
    ],
)
def test_what_is_no_such_chunk_passes_untouched(event: bytes) -> None:
    assert filtered(event, []) == event


def test_events_pass_when_they_are_whole() -> None:
    one = UsageFilter()
    assert one.feed(b'data: {"a":1}\n') == b""
    assert one.feed(b"\nda") == b'data: {"a":1}\n\n'


def test_comments_outlive_the_chunk_that_is_taken_out() -> None:
    event = b': ping\ndata: {"choices": [ ],"usage":{"total_tokens":1}}\n\n'
    assert filtered(event, []) == b": ping\n\n"


def test_a_chunk_without_its_empty_line_is_taken_out_too() -> None:
    assert filtered(b'data: {"choices":[],"usage":{"total_tokens":1}}\n', []) == b""
