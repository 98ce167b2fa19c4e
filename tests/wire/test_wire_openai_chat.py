"""The unified endpoint's look into a chat request: any bytes give a model or a 400, and nothing else changes.

Deep nesting, wrong encodings and cut documents included.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import GatewayError
from penstock.wire.openai_chat import ChatRequest

JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=5),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)

BAD = [
    *(b"", b"{", b"[]", b"null", b'"model"', b"{}", b'{"model":null}', b'{"model":1}', b'{"model":["a"]}'),
    *(b'{"model":"a"', b'{"model":"a"}x', b'{"model":"\xff"}', b"\xff\xfe{\x00}\x00", b"{model:1}"),
    *(b'{"a":' * 100_000, b"[" * 100_000, b'{"model":"a","b":' + b"[" * 100_000, b'{"model":"\\ud800"}'),
]


@pytest.mark.parametrize("body", BAD)
def test_what_is_no_chat_request(body: bytes) -> None:
    with pytest.raises(GatewayError) as caught:
        ChatRequest(body)
    assert (caught.value.fault.status, caught.value.fault.code) == (400, 2019)
    assert json.loads(caught.value.body())["success"] is False


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        request = ChatRequest(body)
    except GatewayError:
        return
    assert json.loads(request.with_model(request.model)) == json.loads(body)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4), st.text(max_size=10), st.text(max_size=10))
def test_only_the_model_changes(members: dict[str, object], model: str, other: str) -> None:
    body = json.dumps({**members, "model": model}).encode()
    request = ChatRequest(body)
    assert request.model == model
    assert json.loads(request.with_model(other)) == {**members, "model": other}


def test_other_members_keep_their_bytes() -> None:
    body = b'{ "temperature" : 1.0e0, "model":"a/b", "n": 12345678901234567890123, "s":"\\u0041" }'
    assert ChatRequest(body).with_model("b") == body.replace(b"a/b", b"b")
