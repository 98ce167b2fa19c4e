"""What may be stored as a credential or as headers, and what is shown of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.access.provider_secret import (
    MAX_SECRET_BYTES,
    checked_secret,
    headers_of,
    headers_text,
    preview,
)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (b"sk-1", b"sk-1"),
        (b"  sk-1\r\n", b"sk-1"),
        (b"two words", b"two words"),
        (b'{"accessKeyId": "A"}\n', b'{"accessKeyId": "A"}'),
        (b'{\n "private_key": "a\\nb"\n}', b'{\n "private_key": "a\\nb"\n}'),
    ],
)
def test_one_line_or_an_object_is_kept_without_the_blanks_around_it(given: bytes, kept: bytes) -> None:
    assert checked_secret(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b" \n",
        b"hunter2\nx-evil: 1",
        b"hunter2\rx",
        b"hunter2\0x",
        "hunter2é".encode(),
        b"\xff\xfe",
        b'{"hunter2": ',
        b'{"a": 1} hunter2',
        b"h" * (MAX_SECRET_BYTES + 1),
    ],
)
def test_what_could_break_a_header_is_refused_without_being_repeated(given: bytes) -> None:
    with pytest.raises(ValueError, match="the secret") as raised:
        checked_secret(given)
    assert "hunter2" not in repr(raised.value)


@given(st.binary(max_size=100))
def test_a_kept_secret_fits_into_a_header_or_is_an_object(given: bytes) -> None:
    try:
        kept = checked_secret(given)
    except ValueError:
        return
    assert kept == given.strip()
    assert kept.startswith(b"{") or all(0x20 <= byte < 0x7F for byte in kept)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_a_preview_shows_four_characters_of_twelve(secret: str) -> None:
    shown = preview(secret.encode())
    if secret.startswith("{"):
        assert shown == "{…}"
    elif len(secret) < 12:
        assert shown == "…"
    else:
        assert shown == "…" + secret[-4:]


def test_headers_come_back_in_lower_case() -> None:
    text = headers_text([("X-Api-Key", "a b"), ("accept", "*/*")])
    assert headers_of(text) == (("x-api-key", "a b"), ("accept", "*/*"))


@pytest.mark.parametrize(
    "header",
    [
        ("", "hunter2"),
        ("x y", "hunter2"),
        ("x:", "hunter2"),
        ("x\n", "hunter2"),
        ("x", ""),
        ("x", "hunter2\r\nx-evil: 1"),
        ("x", "hunter2\0"),
        ("x", "hunter2é"),
        ("Host", "hunter2"),
        ("content-length", "hunter2"),
        ("transfer-encoding", "hunter2"),
        ("CF-AIG-Authorization", "hunter2"),
    ],
)
def test_headers_that_could_change_the_request_are_refused(header: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="header") as raised:
        headers_text([header])
    assert "hunter2" not in repr(raised.value)


def test_a_header_is_given_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        headers_text([("x", "1"), ("X", "2")])


@pytest.mark.parametrize("text", [b"", b"[]", b'{"x": 1}', b"\xff"])
def test_stored_headers_of_another_form_are_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="stored headers"):
        headers_of(text)
