"""Secrets are taken out of bodies wherever they stand, and all of each of them.

One that begins another, or stands twice, or among others in one header, included.
"""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from penstock.proxy import redaction
from penstock.proxy.redaction import REDACTED, redact, secrets_of, spelled, too_much

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


def by_hand(body: bytes, secrets: list[bytes]) -> bytes:
    """Every byte that belongs to a secret found from the left, runs of them as one mark each."""
    spans: dict[int, int] = {}
    for secret in secrets:
        at = body.find(secret)
        while at >= 0:
            spans[at] = max(spans.get(at, 0), at + len(secret))
            at = body.find(secret, at + len(secret))
    pieces, done = [], 0
    for start in sorted(spans):
        if start >= done:
            pieces += [body[done:start], REDACTED]
        done = max(done, spans[start])
    return b"".join((*pieces, body[done:]))


@given(SECRETS, PARTS, st.integers(1, 9), st.binary(max_size=40))
def test_it_does_not_matter_where_pieces_of_work_end(
    secrets: list[bytes], parts: list[bytes | int], chunk: int, filling: bytes
) -> None:
    body = filling.join(part if isinstance(part, bytes) else secrets[part % len(secrets)] for part in parts)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(redaction, "_CHUNK", chunk)
        redacted = redact(body, secrets)
    assert not any(secret in redacted for secret in secrets)
    assert redact(body, secrets) == by_hand(body, secrets)


@pytest.mark.parametrize("body", [b"<ABCDEFGHIJKL>", b"<ABCDEFGHEFGHIJKL>"])
def test_secrets_that_overlap_go_as_one(body: bytes) -> None:
    secrets = [b"ABCDEFGH", b"EFGHIJKL"]
    assert redact(body, secrets).replace(REDACTED, b"") == b"<>"


@given(SECRETS, st.integers(4, 19), st.binary(max_size=30))
def test_the_beginning_of_a_secret_at_a_cut_end_goes(secrets: list[bytes], size: int, before: bytes) -> None:
    secret = max(secrets, key=len)
    part = secret[: min(size, len(secret) - 1)]
    assert part not in redact(before + part, secrets, True)[len(before) :]


@given(st.lists(st.binary(min_size=8, max_size=20), min_size=1, max_size=5))
def test_each_secret_is_among_its_spellings(secrets: list[bytes]) -> None:
    assert {*secrets} <= {*spelled(secrets)}


def test_too_much_is_not_begun() -> None:
    assert not too_much([b"a" * 16384], 1)
    assert not too_much([b"%08d" % number for number in range(256)], 1024 * 1024)
    assert too_much([b"a" * 16385], 1)
    assert too_much([b"%08d" % number for number in range(257)], 1)
    assert too_much([b"%08d" % number for number in range(256)], 1024 * 1024 + 1)
