"""Secrets are taken out of bodies wherever they stand, and all of each of them.

One that begins another, or stands twice, or among others in one header, included.
"""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from penstock.proxy.redaction import REDACTED, redact, secrets_of

LETTERS = st.characters(min_codepoint=0x41, max_codepoint=0x5A)
SECRETS = st.lists(st.text(LETTERS, min_size=8, max_size=20).map(str.encode), min_size=1, max_size=4)
PARTS = st.lists(st.one_of(st.binary(max_size=20), st.integers(0, 3)), max_size=8)


@given(SECRETS, PARTS)
def test_no_secret_is_left(secrets: list[bytes], parts: list[bytes | int]) -> None:
    body = b"".join(part if isinstance(part, bytes) else secrets[part % len(secrets)] for part in parts)
    redacted = redact(body, secrets)
    assert not any(secret in redacted for secret in secrets)


@given(SECRETS, st.binary(max_size=100))
def test_a_body_without_secrets_is_the_same(secrets: list[bytes], body: bytes) -> None:
    assume(not any(secret in body for secret in secrets))
    assert redact(body, secrets) is body


@pytest.mark.parametrize("turned", [False, True])
def test_a_secret_that_begins_another(turned: bool) -> None:
    """None of the longer one may stay behind, in whatever order they came."""
    secrets = [b"sk-12345678", b"sk-12345678-and-more"]
    redacted = redact(b"<sk-12345678-and-more> <sk-12345678>", secrets[::-1] if turned else secrets)
    assert redacted == b"<%b> <%b>" % (REDACTED, REDACTED)


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        (b"Bearer sk-12345678", b"sk-12345678"),
        (b"bearer  sk-12345678  ", b"sk-12345678"),
        (b"Bearer\tsk-12345678", b"sk-12345678"),
        (b"Key 0123456789", b"0123456789"),
        (b"Basic dXNlcjpwYXNzd29yZA==", b"dXNlcjpwYXNzd29yZA=="),
        (b"sk-12345678", b"sk-12345678"),
        (b"\xff\xfe-12345678", b"\xff\xfe-12345678"),
    ],
)
def test_the_secret_part_of_a_header(value: bytes, secret: bytes) -> None:
    assert list(secrets_of([(b"authorization", value)], b"")) == [secret]
    assert list(secrets_of([], value)) == [secret]


@pytest.mark.parametrize("value", [b"", b"Bearer", b"Bearer ", b"Bearer test", b"1234567", b"Key 1234567"])
def test_placeholders_are_no_secrets(value: bytes) -> None:
    """They would blot out ordinary words."""
    assert list(secrets_of([(b"authorization", value)], value)) == []


def test_every_value_of_cookies_and_such() -> None:
    """A header with several secrets has several secrets."""
    secrets = list(secrets_of([(b"cookie", b"session=11111111aaaa; token=22222222bbbb")], b""))
    redacted = redact(b"11111111aaaa 22222222bbbb", secrets)
    assert b"11111111aaaa" not in redacted
    assert b"22222222bbbb" not in redacted
