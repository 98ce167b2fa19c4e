"""Gateway authentication: only the token itself opens the door, whatever else is shown (Cloudflare 3.12).

The policy alone, on as much of a call as it looks at; through sockets it is in the hostile tests.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import cast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from penstock.call import Call
from penstock.errors import GatewayError
from penstock.policies import auth
from penstock.policies.auth import Authentication
from penstock.wire.controls import Controls

TOKEN = "pst_0123456789abcdef"


class Asking:
    """As much of a call as the policy looks at."""

    def __init__(self, authorization: bytes) -> None:
        self.controls = Controls(authorization=authorization)
        self.authenticated = False


def admits(authorization: bytes, token: str = TOKEN) -> bool:
    """Whether the policy lets it pass; a refusal is always the same 401."""
    asking = Asking(authorization)
    try:
        Authentication(token).identify(cast(Call, asking))
    except GatewayError as error:
        return _is_unauthorized(error, token, asking)
    assert asking.authenticated
    return True


def _is_unauthorized(error: GatewayError, token: str, asking: Asking) -> bool:
    assert (error.fault.status, error.fault.code) == (401, 2009)
    assert token not in error.body().decode()
    assert not asking.authenticated
    return False


@pytest.mark.parametrize("scheme", [b"Bearer", b"bearer", b"BEARER"])
def test_the_token_opens(scheme: bytes) -> None:
    assert admits(scheme + b" " + TOKEN.encode())
    assert admits(scheme + b"   " + TOKEN.encode() + b"  ")


@pytest.mark.parametrize(
    "authorization",
    [
        b"",
        b"Bearer",
        b"Bearer ",
        b" Bearer " + TOKEN.encode(),
        TOKEN.encode(),
        b"Basic " + TOKEN.encode(),
        b"BearerX " + TOKEN.encode(),
        b"Bearer " + TOKEN.encode()[:-1],
        b"Bearer " + TOKEN.encode() + b"x",
        b"Bearer " + TOKEN.encode() + b" x",
        b"Bearer x " + TOKEN.encode(),
        b"Bearer Bearer " + TOKEN.encode(),
        b"Bearer " + TOKEN.upper().encode(),
        b"Bearer " + TOKEN.encode() + b"\x00",
        b"Bearer \xff\xfe" + TOKEN.encode(),
        b"Bearer " + hashlib.sha256(TOKEN.encode()).hexdigest().encode(),
        b"Bearer " + b"a" * 1_000_000,
        b"\xff" * 100,
    ],
)
def test_everything_else_does_not(authorization: bytes) -> None:
    assert not admits(authorization)


@given(st.binary(max_size=60))
def test_any_other_bytes_are_refused(value: bytes) -> None:
    assume(value.strip() != TOKEN.encode())
    assert not admits(value)
    assert not admits(b"Bearer " + value)


def test_a_token_of_other_letters() -> None:
    assert admits("Bearer schlüssel".encode(), "schlüssel")
    assert not admits("Bearer schlüssel".encode("latin-1"), "schlüssel")


def test_there_is_no_authentication_without_a_token() -> None:
    with pytest.raises(ValueError, match="needs a token"):
        Authentication("")


def test_digests_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return hmac.compare_digest(one, other)

    class Spy:
        compare_digest = staticmethod(compare)

    monkeypatch.setattr(auth, "hmac", Spy)
    assert admits(b"Bearer " + TOKEN.encode())
    assert not admits(b"Bearer guess")
    digest = hashlib.sha256(TOKEN.encode()).digest()
    assert compared == [(digest, digest), (hashlib.sha256(b"guess").digest(), digest)]


def test_only_the_digest_is_kept() -> None:
    policy = Authentication(TOKEN)
    kept = [getattr(policy, name) for name in policy.__slots__]
    assert kept == [hashlib.sha256(TOKEN.encode()).digest()]
