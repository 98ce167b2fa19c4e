"""Credentials of several parts: what is read of them, whom they are for, what may be stored of them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.providers.aws_keys import AwsKeys, aws_keys
from penstock.providers.base import Provider
from penstock.providers.credential_place import place_of, storable
from penstock.providers.google_accounts import MOST_BYTES, sent_account, service_account
from penstock.providers.registry import as_shipped
from penstock.providers.signing import CredentialPlace
from support.service_accounts import EMAIL, account, sent

AWS = {"accessKeyId": "AKIA0", "secretAccessKey": "s/+", "region": "eu-west-1"}


def shipped(slug: str) -> Provider:
    found = as_shipped(slug)
    assert found is not None
    return found


def encoded(members: object) -> bytes:
    return json.dumps(members).encode()


# -- where a credential is for


@pytest.mark.parametrize(
    ("slug", "secret", "place"),
    [
        ("aws-bedrock", encoded(AWS), ("eu-west-1", "")),
        ("aws-bedrock", encoded({**AWS, "region": ""}), ("us-east-1", "")),
        ("aws-bedrock", b"bedrock-api-key", ("us-east-1", "")),
        ("aws-bedrock", b"{", ("us-east-1", "")),
        ("google-vertex-ai", account(region="europe-west4").encode(), ("europe-west4", "acme-1")),
        ("google-vertex-ai", account(project_id="").encode(), ("global", "")),
        ("google-vertex-ai", sent(account(region="us-central1")).encode(), ("us-central1", "acme-1")),
        ("google-vertex-ai", sent(account(region="x.evil/")).encode(), ("global", "")),
        ("google-vertex-ai", b"Bearer ya29.token", ("global", "")),
        ("google-vertex-ai", b"", ("global", "")),
        ("google-ai-studio", account().encode(), ("", "")),
        ("openai", b"sk-1", ("", "")),
    ],
)
def test_where_a_credential_is_for(slug: str, secret: bytes, place: tuple[str, str]) -> None:
    assert place_of(shipped(slug), secret) == CredentialPlace(*place)


# -- what may be stored


def test_what_may_be_stored_is_stored_as_json() -> None:
    text = account().encode()
    bare = sent(account()).removeprefix("Bearer ").encode()
    assert storable(shipped("google-vertex-ai"), text) == text
    assert storable(shipped("google-vertex-ai"), bare) == text
    assert storable(shipped("google-vertex-ai"), sent(account()).encode()) == text
    assert storable(shipped("google-vertex-ai"), b"ya29.token") == b"ya29.token"
    assert storable(shipped("aws-bedrock"), encoded(AWS)) == encoded(AWS)
    assert storable(shipped("aws-bedrock"), b"bedrock-api-key") == b"bedrock-api-key"


@pytest.mark.parametrize(
    ("slug", "secret", "said"),
    [
        ("openai", encoded(AWS), "openai takes a credential of one line"),
        ("google-ai-studio", account().encode(), "google-ai-studio takes a credential of one line"),
        ("google-ai-studio", sent(account()).encode(), "google-vertex-ai only"),
        ("aws-bedrock", account().encode(), "accessKeyId and secretAccessKey missing"),
        ("google-vertex-ai", encoded(AWS), "client_email and private_key missing"),
        ("google-vertex-ai", account(token_uri="https://evil.example").encode(), "token_uri"),
        ("google-vertex-ai", b"Basic " + sent(account())[7:].encode(), "service account"),
    ],
)
def test_what_may_not_be_stored(slug: str, secret: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        storable(shipped(slug), secret)


# -- what is read


def test_a_repr_shows_no_secret() -> None:
    keys = aws_keys(encoded({**AWS, "sessionToken": "session-0"}))
    assert isinstance(keys, AwsKeys)
    assert "s/+" not in repr(keys)
    assert "session-0" not in repr(keys)
    assert "PRIVATE" not in repr(service_account(account().encode()))


@pytest.mark.parametrize("other", [{"private_key_id": "b"}, {"client_email": "x@y.z"}])
def test_accounts_that_differ_have_other_tokens(other: dict[str, object]) -> None:
    one = service_account(account().encode())
    assert one.email == EMAIL
    assert service_account(account(region="us", note=1).encode()).id == one.id
    assert service_account(account(**other).encode()).id != one.id
    assert service_account(account(1).encode()).id != one.id


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_whatever_comes_is_read_or_refused(data: bytes) -> None:
    for read in (aws_keys, service_account):
        for text in (data, b"{" + data, b'{"private_key":' + data):
            with pytest.raises(ValueError):
                read(text)
    assert sent_account(data)[:1] in (b"", b"{")


@pytest.mark.parametrize("text", [b'{"a":' + b"[" * 10_000, b"{" * (MOST_BYTES + 1), b"[]", b"7", b"\xff"])
def test_what_is_hostile_is_refused(text: bytes) -> None:
    for read in (aws_keys, service_account):
        with pytest.raises(ValueError, match=r"access keys|service account"):
            read(text)


@pytest.mark.parametrize(
    "value",
    [
        b"Bearer ya29.a0AfH6SMB_x-0123456789",
        b"Bearer eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln",
        b"Bearer sk-0123456789",
        b"Bearer e",
        b"",
        b"Bearer",
        b"Basic " + sent(account())[7:].encode(),
        sent(account())[7:].encode(),
        b"Bearer " + account().encode(),
    ],
)
def test_what_is_no_sent_account(value: bytes) -> None:
    assert sent_account(value) == b""
