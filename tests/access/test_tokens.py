"""Tokens: their text, hostile bytes in its place, expiry, rotation, and what they allow."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from penstock.access.tokens import (
    ID_BYTES,
    PERMISSIONS,
    SALT_BYTES,
    SECRET_BYTES,
    allows,
    id_of,
    is_live,
    matches,
    new_token_text,
    parse,
    rotated,
    secret_hash,
    token_text,
)
from penstock.stores.control_store import Permission, SecretHash, Token
from penstock.wire.own_tokens import TOKEN_PREFIX

ID = bytes(range(ID_BYTES))
OLD, NEW, OTHER = (new_token_text(ID, bytes([byte]) * SECRET_BYTES) for byte in (1, 2, 3))
SALT = b"s" * SALT_BYTES

ids = st.binary(min_size=ID_BYTES, max_size=ID_BYTES)
secrets = st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES)
times = st.integers(0, 100)
ends = st.none() | times


def secret_of(text: str) -> bytes:
    parsed = parse(text.encode())
    assert parsed is not None
    return parsed[1]


def token(*hashes: SecretHash, **changes: object) -> Token:
    plain = Token(
        id=id_of(OLD),
        name="t",
        permissions=("run",),
        secrets=hashes or (secret_hash(OLD, SALT),),
        created_us=0,
    )
    return msgspec.structs.replace(plain, **changes)


def good(text: str, of: Token, now_us: int) -> bool:
    return matches(of, secret_of(text), now_us)


# -- the text


@given(ids, secrets)
@example(b"\0" * ID_BYTES, b"\0" * SECRET_BYTES)
@example(b"\xff" * ID_BYTES, b"\xff" * SECRET_BYTES)
def test_a_tokens_text_is_read_back(id_bytes: bytes, secret_bytes: bytes) -> None:
    text = new_token_text(id_bytes, secret_bytes)
    parsed = parse(text.encode())
    assert parsed is not None
    token_id, secret = parsed
    assert (len(text), len(token_id), len(secret)) == (64, 16, 43)
    assert text == f"pst_{token_id}_{secret.decode()}"
    assert text.removeprefix("pst_").replace("_", "", 1).isalnum()
    assert token_text(token_id, secret_bytes) == text


@given(st.lists(st.tuples(ids, secrets), min_size=2, max_size=5, unique=True))
def test_different_bytes_make_different_tokens(pairs: list[tuple[bytes, bytes]]) -> None:
    assert len({new_token_text(*pair) for pair in pairs}) == len(pairs)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_token_or_none(text: bytes) -> None:
    parsed = parse(text)
    assert parsed is None or TOKEN_PREFIX + parsed[0].encode() + b"_" + parsed[1] == text


@given(st.integers(0, 63), st.binary(max_size=3))
def test_what_was_altered_is_another_token_or_none(place: int, instead: bytes) -> None:
    text = OLD.encode()
    altered = text[:place] + instead + text[place + 1 :]
    parsed = parse(altered)
    if altered != text:
        assert parsed is None or parsed != parse(text)
        assert parsed is None or parsed[0] != id_of(OLD) or not matches(token(), parsed[1], 0)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"pst_",
        OLD.encode() + b"\n",
        b" " + OLD.encode(),
        OLD.encode() + b"\0",
        OLD.upper().encode(),
        OLD.encode()[:-1],
        OLD.encode() + b"x",
        OLD.replace("pst_", "pst-").encode(),
        OLD.encode()[:-1] + "é".encode(),
        OLD.encode()[:-1] + b"_",
        OLD.encode() * 1000,
        "pst_０123456789abcdef_".encode() + b"a" * 43,
    ],
)
def test_what_only_looks_like_a_token_is_none(text: bytes) -> None:
    assert parse(text) is None


@pytest.mark.parametrize("count", [0, 9, 11, 32])
def test_too_little_randomness_makes_no_token(count: int) -> None:
    with pytest.raises(ValueError, match="random bytes"):
        new_token_text(b"x" * count, b"x" * SECRET_BYTES)
    with pytest.raises(ValueError, match="random bytes"):
        new_token_text(ID, b"x" * (count - count // 32))


def test_an_error_does_not_repeat_what_was_no_token() -> None:
    for text in ("hunter2", OLD + "x", "\udcff"):
        with pytest.raises(ValueError, match="not the text of a token") as raised:
            secret_hash(text, SALT)
        assert text not in repr(raised.value)


# -- which secrets fit


def test_only_the_right_secret_fits() -> None:
    assert good(OLD, token(), 0)
    assert not good(NEW, token(), 0)
    assert not matches(token(), b"", 0)
    assert not matches(token(), OLD.encode(), 0)


def test_a_token_without_secrets_fits_nothing() -> None:
    bare = token(secrets=())
    assert not good(OLD, bare, 0)
    assert not is_live(bare, 0)


def test_expiry_ends_at_its_microsecond() -> None:
    for expiring in (token(expires_us=100), token(secret_hash(OLD, SALT, 100))):
        assert good(OLD, expiring, 99)
        assert is_live(expiring, 99)
        assert not good(OLD, expiring, 100)
        assert not is_live(expiring, 100)


@given(st.lists(st.tuples(st.sampled_from([OLD, NEW]), ends), max_size=4), ends, times)
def test_a_secret_fits_while_it_and_the_token_are_good(
    known: list[tuple[str, int | None]], token_ends: int | None, now_us: int
) -> None:
    hashes = [
        secret_hash(text, bytes([number]) * SALT_BYTES, end) for number, (text, end) in enumerate(known)
    ]
    held = token(secrets=tuple(hashes), expires_us=token_ends)
    token_good = token_ends is None or now_us < token_ends
    for text in (OLD, NEW, OTHER):
        expected = any(one == text and (end is None or now_us < end) for one, end in known)
        assert good(text, held, now_us) == (expected and token_good)


# -- rotation


@given(ends, times, times, times)
def test_rotation_gives_the_old_secret_the_overlap_and_no_more(
    old_end: int | None, now_us: int, overlap_until_us: int, later_us: int
) -> None:
    before = token(secret_hash(OLD, SALT, old_end))
    after = rotated(before, secret_hash(NEW, SALT), overlap_until_us, now_us)
    later_us = max(now_us, later_us)
    assert good(NEW, after, later_us)
    assert good(OLD, after, later_us) == (good(OLD, before, later_us) and later_us < overlap_until_us)


@given(st.lists(ends, max_size=5), times, times)
def test_rotation_keeps_nothing_that_has_ended(
    old_ends: list[int | None], now_us: int, until_us: int
) -> None:
    before = token(secrets=tuple(secret_hash(OLD, SALT, end) for end in old_ends))
    after = rotated(before, secret_hash(NEW, SALT), until_us, now_us)
    assert all(known.expires_us is None or known.expires_us > now_us for known in after.secrets)
    assert after == msgspec.structs.replace(before, secrets=after.secrets)


def test_rotation_without_overlap_ends_the_old_secret_at_once() -> None:
    after = rotated(token(), secret_hash(NEW, SALT), 50, 50)
    assert len(after.secrets) == 1
    assert not good(OLD, after, 50)


# -- what a token allows


@pytest.mark.parametrize(
    ("held", "allowed"),
    [
        ("run", {"run"}),
        ("metadata_read", {"metadata_read"}),
        ("read", {"read", "metadata_read"}),
        ("edit", {"edit", "read", "metadata_read"}),
    ],
)
def test_permissions_include_the_weaker_ones_but_never_run(held: Permission, allowed: set[str]) -> None:
    holder = token(permissions=(held,))
    assert {one for one in PERMISSIONS if allows(holder, one, "a", "g")} == allowed


def test_a_token_without_permissions_may_do_nothing() -> None:
    assert not any(allows(token(permissions=()), one, "a", "g") for one in PERMISSIONS)


@pytest.mark.parametrize(
    ("accounts", "gateways", "account", "gateway", "allowed"),
    [
        ((), (), "a", "g", True),
        ((), (), "a", "", True),
        (("a",), (), "a", "g", True),
        (("a",), (), "b", "g", False),
        (("a", "b"), (), "b", "", True),
        ((), ("g",), "a", "g", True),
        ((), ("g",), "a", "h", False),
        ((), ("g",), "a", "", False),
        ((), ("a/g",), "a", "g", True),
        ((), ("a/g",), "b", "g", False),
        ((), ("a/g", "h"), "b", "h", True),
        (("b",), ("a/g",), "a", "g", False),
        ((), ("",), "a", "", False),
        ((), ("a/",), "a", "", False),
    ],
)
def test_a_token_of_some_accounts_and_gateways_is_good_for_no_others(
    accounts: tuple[str, ...], gateways: tuple[str, ...], account: str, gateway: str, allowed: bool
) -> None:
    assert allows(token(accounts=accounts, gateways=gateways), "run", account, gateway) == allowed


def test_neither_secrets_nor_hashes_show() -> None:
    held = token()
    for shown in (repr(held), str(held), repr(held.secrets[0])):
        assert secret_of(OLD).decode() not in shown
        assert repr(held.secrets[0].digest) not in shown
        assert repr(SALT) not in shown
