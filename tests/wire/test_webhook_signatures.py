"""Signatures of webhooks: the vectors of the contract (search-and-runs B7), laws, and what is hostile."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock_common.webhook_signatures import Verdict, decoded, signed, verified
from support.webhooks import BODY, BODY_6, EVENT, LATER, SECRET_A, SECRET_B, SIGNATURES, TIME


def look(
    signature: str,
    *secrets: str,
    event_id: str = EVENT,
    body: bytes = BODY,
    timestamp: str = str(TIME),
    now: float = TIME,
) -> Verdict:
    return verified(secrets or (SECRET_A,), event_id, timestamp, signature, body, now)


def test_the_body_of_the_vectors_is_the_contracts() -> None:
    assert len(BODY) == 184
    assert sha256(BODY).hexdigest() == "04117726c189597df1fb8fb158b96e8c206acf4f6dab3599b2d42e3eaa8a8453"


@pytest.mark.parametrize(
    ("number", "secrets", "verdict"),
    [
        ("1", (SECRET_A,), Verdict.GOOD),
        ("2", (SECRET_A,), Verdict.GOOD),
        ("3", (SECRET_A,), Verdict.UNSIGNED),
        ("4", (SECRET_A,), Verdict.UNSIGNED),
        ("4", (SECRET_B,), Verdict.GOOD),
        ("4", (SECRET_A, SECRET_B), Verdict.GOOD),
    ],
)
def test_a_vector(number: str, secrets: tuple[str, ...], verdict: Verdict) -> None:
    assert look(f"v1,{SIGNATURES[number]}", *secrets) is verdict


@pytest.mark.parametrize("secrets", [(SECRET_A,), (SECRET_B,), (SECRET_A, SECRET_B)])
def test_of_several_signatures_one_will_do(secrets: tuple[str, ...]) -> None:
    assert look(f"v1,{SIGNATURES['4']} v1,{SIGNATURES['1']}", *secrets) is Verdict.GOOD


@pytest.mark.parametrize(
    "signature",
    [
        "v1a,{}",
        "{}",
        "v2,{}",
        "V1,{}",
        "v1, {}",
        "v1,{}=",
        "v1,v1,{}",
        "",
        "v1,",
        "v1,{}\t",
        "v1,é{}",
    ],
)
def test_other_spellings_of_a_signature_are_none(signature: str) -> None:
    assert look(signature.format(SIGNATURES["1"])) is Verdict.UNSIGNED


@pytest.mark.parametrize("number", ["6", "6 older"])
def test_the_raw_bytes_count(number: str) -> None:
    signature = f"v1,{SIGNATURES[number]}"
    assert look(signature, event_id="whevent_x", body=BODY_6) is Verdict.GOOD
    assert look(signature, event_id="whevent_x", body=BODY_6.rstrip()) is Verdict.UNSIGNED
    assert look(signature, event_id="whevent_x", body=b'{"a":"\\u00e9\\u20ac"}\n') is Verdict.UNSIGNED


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        (LATER, Verdict.TOO_OLD),
        (TIME + 300, Verdict.GOOD),
        (TIME - 300, Verdict.GOOD),
        (TIME - 301, Verdict.TOO_NEW),
    ],
)
def test_clocks_may_be_five_minutes_apart(now: int, verdict: Verdict) -> None:
    assert look(f"v1,{SIGNATURES['1']}", now=now) is verdict


def test_that_it_is_too_old_is_told_of_what_was_signed_only() -> None:
    assert look(f"v1,{SIGNATURES['3']}", now=LATER) is Verdict.UNSIGNED


@pytest.mark.parametrize(
    "timestamp",
    ["", "soon", "-1", "+1764378000", " 1764378000", "1764378000.0", "1764378000 ", "١٢٣", "9" * 400, "1e9"],
)
def test_a_time_that_is_none_is_not_signed(timestamp: str) -> None:
    assert look(f"v1,{SIGNATURES['1']}", timestamp=timestamp) is Verdict.UNSIGNED


@pytest.mark.parametrize("event_id", ["", "a.b", "a b", "whevent_é", "x" * 257, "a\nb"])
def test_an_id_that_is_none_is_not_signed(event_id: str) -> None:
    body = BODY
    signature = signed(SECRET_A, event_id, TIME, body)
    assert look(signature, event_id=event_id) is Verdict.UNSIGNED


def test_a_part_of_the_body_cannot_become_a_part_of_the_id() -> None:
    signature = signed(SECRET_A, "a", TIME, b"1764378000.{}")
    assert look(signature, event_id="a", body=b"1764378000.{}") is Verdict.GOOD
    assert look(signature, event_id=f"a.{TIME}", body=b"{}") is Verdict.UNSIGNED


def test_so_many_signatures_are_none() -> None:
    assert look(" ".join([f"v1,{SIGNATURES['1']}"] * 1000)) is Verdict.UNSIGNED
    assert look(" ".join([f"v1,{SIGNATURES['3']}"] * 33 + [f"v1,{SIGNATURES['1']}"])) is Verdict.UNSIGNED


def test_without_secrets_nothing_is_signed() -> None:
    assert verified((), EVENT, str(TIME), f"v1,{SIGNATURES['1']}", BODY, TIME) is Verdict.UNSIGNED


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!", "AAECAwQ=", "whsec_é"])
def test_nothing_is_signed_with_what_is_no_secret(secret: str) -> None:
    assert decoded(secret) is None
    with pytest.raises(ValueError, match="secret to sign with"):
        signed(secret, EVENT, TIME, BODY)


def test_signing_is_the_current_variant() -> None:
    assert signed(SECRET_A, EVENT, TIME, BODY) == f"v1,{SIGNATURES['1']}"


def test_a_secret_that_is_not_base64_still_has_its_older_key() -> None:
    shown = "whsec_not-base64"
    assert decoded(shown) is None
    assert look(older(shown), shown) is Verdict.GOOD


def older(secret: str) -> str:
    text = b"%b.%d.%b" % (EVENT.encode(), TIME, BODY)
    return "v1," + base64.b64encode(hmac.new(secret.encode(), text, sha256).digest()).decode()


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_what_is_signed_is_good_and_nothing_else_is(body: bytes, other: bytes) -> None:
    signature = signed(SECRET_B, EVENT, TIME, body)
    assert look(signature, SECRET_B, body=body) is Verdict.GOOD
    assert (look(signature, SECRET_B, body=other) is Verdict.GOOD) is (body == other)
    assert look(signature, SECRET_A, body=body) is Verdict.UNSIGNED


@given(st.text(max_size=80), st.text(max_size=30), st.text(max_size=200), st.binary(max_size=50))
def test_whatever_stands_in_headers_is_no_reason_to_fail(
    event_id: str, timestamp: str, signature: str, body: bytes
) -> None:
    assert verified((SECRET_A,), event_id, timestamp, signature, body, TIME) is Verdict.UNSIGNED
