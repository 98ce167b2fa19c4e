"""Where the parts of a document stand, as a decoder sees it; and what has too many of them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import GatewayError
from penstock.pieces import finished
from penstock.wire import json_outline
from penstock.wire.json_outline import MOST_PARTS, outline, readable

TEXT = st.text(st.sampled_from('ab"\\{}[],: é\n'), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(TEXT, VALUES, max_size=6) | st.lists(VALUES, max_size=6),
    st.sampled_from([None, 1]),
    st.booleans(),
    st.integers(24, 80),
)
def test_parts_are_those_of_a_decoder(
    document: dict[str, object] | list[object], indent: int | None, ascii_only: bool, chunk: int
) -> None:
    """Wherever a piece of work ends, as long as a name fits into one."""
    data = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_outline, "_CHUNK", max(chunk, 96))
        parts = finished(outline(data))
    found = [(part.name, json.loads(data[part.start : part.end])) for part in parts]
    expected = document.items() if isinstance(document, dict) else [("", value) for value in document]
    assert found == list(expected)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"1", b'"a"', b"{", b"[", b"[1", b"[1,", b"[1,]", b"[,]", b"[1 2]", b'{"a"}', b'{"a":}', b'{"a" 1}',
        b'{a:1}', b'{"a":1,}', b'["a', b'["a\\', b"[[1]", b"[]x", b"[{]", b'{"a":1}{',
    ],
)  # fmt: skip
def test_what_is_no_document(data: bytes) -> None:
    with pytest.raises(ValueError):
        finished(outline(data))


@pytest.mark.parametrize(
    "data",
    [b"[" + b"1," * MOST_PARTS + b"1]", b"[[" + b"[]," * 600_000 + b"[]]]", b"[" + b" " * 70_000 + b"1]"],
)
def test_what_has_more_than_can_be_told(data: bytes) -> None:
    with pytest.raises(ValueError):
        finished(outline(data))


def test_what_has_too_many_values_to_be_read() -> None:
    finished(readable(b"[" + b"1," * 999_998 + b"1]"))
    with pytest.raises(GatewayError) as refused:
        finished(readable(b"[" + b"1," * 1_000_000 + b"1]"))
    assert refused.value.fault.status == 413
