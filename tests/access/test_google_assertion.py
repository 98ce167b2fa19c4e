"""Statements of service accounts: they hold by the public key, and no key that is made up takes long."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from penstock.access.google_assertion import UnfitKey, assertion
from penstock.providers.google_accounts import ServiceAccount
from support.service_accounts import EMAIL, elliptic, key, pem

NOW = 1_800_000_000


def account(private_key: str, key_id: str = "kid") -> ServiceAccount:
    return ServiceAccount(EMAIL, key_id, private_key, "", "", b"")


def decoded(part: bytes) -> bytes:
    return urlsafe_b64decode(part + b"=" * (-len(part) % 4))


@pytest.mark.parametrize("key_id", ["kid", ""])
def test_a_statement_holds(key_id: str) -> None:
    first, second, signature = assertion(account(pem(), key_id), NOW).split(b".")
    key().public_key().verify(decoded(signature), first + b"." + second, padding.PKCS1v15(), SHA256())
    assert json.loads(decoded(first)) == {"alg": "RS256", "typ": "JWT", **({"kid": key_id} if key_id else {})}
    assert json.loads(decoded(second)) == {
        "iss": EMAIL,
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": "https://oauth2.googleapis.com/token",
        "iat": NOW,
        "exp": NOW + 3600,
    }


# -- keys that are made up


def made_up(*numbers: int) -> str:
    """A PKCS#1 key of any nine numbers, sound or not."""
    body = b"".join(
        _tagged(b"\x02", number.to_bytes(number.bit_length() // 8 + 1, "big")) for number in numbers
    )
    text = b64encode(_tagged(b"\x30", body)).decode()
    return f"-----BEGIN RSA PRIVATE KEY-----\n{text}\n-----END RSA PRIVATE KEY-----\n"


def _tagged(tag: bytes, data: bytes) -> bytes:
    size = len(data).to_bytes((len(data).bit_length() + 7) // 8, "big")
    return tag + (size if len(data) < 128 else bytes((0x80 | len(size),)) + size) + data


def numbers(secret: rsa.RSAPrivateKey) -> list[int]:
    parts = secret.private_numbers()
    public = parts.public_numbers
    return [0, public.n, public.e, parts.d, parts.p, parts.q, parts.dmp1, parts.dmq1, parts.iqmp]


def test_numbers_of_a_sound_key_are_one() -> None:
    assert assertion(account(made_up(*numbers(key()))), NOW)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (1, 0),
        (1, 15),
        (1, (1 << 2048) + 2),
        (1, (1 << 4096) + 1),
        (2, 0),
        (2, 65536),
        (2, 65539),
        (2, (1 << 64) + 1),
        (4, 0),
        (4, (1 << 1024) + 2),
        (5, 0),
    ],
)
def test_a_key_that_cannot_sign_is_refused(place: int, value: int) -> None:
    parts = numbers(key())
    parts[place] = value
    with pytest.raises(UnfitKey, match="private_key"):
        assertion(account(made_up(*parts)), NOW)


@pytest.mark.parametrize(
    "private_key",
    [
        "",
        "x",
        elliptic(),
        pem().replace("A", "B"),
        pem()[:400] + "\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIE\n-----END ENCRYPTED PRIVATE KEY-----\n",
    ],
)
def test_what_is_no_key_is_refused_without_being_quoted(private_key: str) -> None:
    with pytest.raises(UnfitKey) as caught:
        assertion(account(private_key), NOW)
    assert str(caught.value) in ("private_key is not a key that can sign", "private_key is not an RSA key")
    assert caught.value.__cause__ is None
