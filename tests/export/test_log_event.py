"""Pushed logs: Cloudflare's fields, bodies of every kind, and encryption that only the owner of the key undoes."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.export.log_encryption import KeyBroken, LogEncryption
from penstock.export.log_event import MOST_BYTES, log_line
from penstock.journal.record import Outcome
from penstock.stores.ledger import Bodies, CallRow
from support.export_kit import Store, an_empty_store

store = pytest.fixture(an_empty_store)

PRIVATE = rsa.generate_private_key(65537, 2048)


def pem(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def bodies(request: bytes = b"q", response: bytes = b"a", *, cut: bool = False) -> Bodies:
    return Bodies(request, response, cut, False)


def event(row: CallRow, kept: Bodies | None, encryption: LogEncryption | None = None) -> dict[str, Any]:
    line = log_line(row, kept, encryption)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


def counting() -> LogEncryption:
    """Randomness that never repeats and is known."""
    numbers = iter(range(10_000))
    return LogEncryption(pem(PRIVATE.public_key()), lambda size: next(numbers).to_bytes(size, "big"))


def opened(field: dict[str, str]) -> bytes:
    wrapped = padding.OAEP(padding.MGF1(SHA256()), SHA256(), None)
    key = PRIVATE.decrypt(b64decode(field["key"]), wrapped)
    return AESGCM(key).decrypt(b64decode(field["iv"]), b64decode(field["data"]), None)


def test_the_fields(store: Store) -> None:
    row = store.row(metadata={"team": "x"}, user="ann", token="t", created_us=1_790_000_000_123_000)
    assert event(row, bodies(b'{"a":1}', b"ok")) == {
        "Gateway": "gw", "Provider": "openai", "Model": "openai/gpt-4o", "Endpoint": "v1/chat/completions",
        "StatusCode": 200, "Cached": False, "RateLimited": False, "Metadata": {"team": "x"},
        "RequestBody": '{"a":1}', "ResponseBody": "ok", "Timestamp": "2026-09-21T14:13:20.123Z",
        "Account": "acct", "LogID": row.id, "EventID": row.event_id, "Step": 0, "Method": "POST",
        "Outcome": "complete", "DurationMs": 12.345, "FirstByteMs": 9.0, "TokensIn": 11, "TokensOut": 22,
        "CostUSD": 0.033, "Attempts": 0, "ErrorCode": None, "ErrorDetail": "", "Token": "t", "User": "ann",
        "Team": "", "UserAgent": "tests", "RequestBodyIs": "text", "ResponseBodyIs": "text",
        "BodiesCut": False, "BodiesLeftOut": False, "Operation": "openai.chat.completions.create",
        "AnsweredModel": "openai/gpt-4o-2024", "ProviderError": "",
        "Estimated": False,
    }  # fmt: skip


def test_a_call_over_a_limit(store: Store) -> None:
    limited = store.row(status=429, outcome=int(Outcome.REFUSED), error_code=2003)
    providers = store.row(status=429)
    assert [event(row, None)["RateLimited"] for row in (limited, providers)] == [True, False]


def test_without_bodies(store: Store) -> None:
    found = event(store.row(), None)
    assert (found["RequestBody"], found["ResponseBodyIs"], found["BodiesLeftOut"]) == (None, None, False)


def test_bodies_of_every_kind(store: Store) -> None:
    row = store.row(request_encoding="gzip", response_encoding="br")
    found = event(row, bodies(gzip.compress("é".encode()), b"\xff\x00", cut=True))
    assert (found["RequestBody"], found["RequestBodyIs"]) == ("é", "text")
    assert (b64decode(found["ResponseBody"]), found["ResponseBodyIs"]) == (b"\xff\x00", "base64")
    assert found["BodiesCut"] is True


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("size", [MOST_BYTES - 2000, MOST_BYTES, MOST_BYTES * 3])
def test_a_log_is_bounded_and_says_what_it_lacks(store: Store, encrypted: bool, size: int) -> None:
    encryption = counting() if encrypted else None
    line = log_line(store.row(), bodies(b'"' * (size // 2), b"x" * (size // 2)), encryption)
    assert len(line) <= MOST_BYTES
    assert json.loads(line)["BodiesLeftOut"] is True
    small = log_line(store.row(), bodies(b"x" * 300_000, b"y" * 300_000), encryption)
    assert json.loads(small)["BodiesLeftOut"] is False


@given(request=st.binary(max_size=300), response=st.binary(max_size=300))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=50,
    deadline=None,
)
def test_encrypted_fields_are_what_they_were(store: Store, request: bytes, response: bytes) -> None:
    if not store.rows():
        store.add(metadata={"who": "ann@team"})
    found = event(store.rows()[0], bodies(request, response), counting())
    assert opened(found["RequestBody"]) == request
    assert opened(found["ResponseBody"]) == response
    assert json.loads(opened(found["Metadata"])) == {"who": "ann@team"}
    # With a sign that is none of Base64's.
    assert "ann@team" not in json.dumps({**found, "User": ""})


def test_each_log_has_a_key_and_each_field_a_nonce_of_its_own(store: Store) -> None:
    encryption = counting()
    found = [event(store.row(), bodies(), encryption) for _ in range(5)]
    fields = [one[name] for one in found for name in ("Metadata", "RequestBody", "ResponseBody")]
    assert len({field["key"] for field in fields}) == 5
    assert len({field["iv"] for field in fields}) == 15


def test_encryption_of_what_is_not_there(store: Store) -> None:
    found = event(store.row(), None, counting())
    assert (found["RequestBody"], opened(found["Metadata"])) == (None, b"{}")


@pytest.mark.parametrize(
    "key",
    [
        "not a key at all",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        pem(ec.generate_private_key(ec.SECP256R1()).public_key()),
        pem(rsa.generate_private_key(65537, 1024).public_key()),
    ],
)
def test_a_broken_key(key: str) -> None:
    with pytest.raises(KeyBroken, match="logpush_public_key"):
        LogEncryption(key, bytes)
