"""Signatures come out as in the examples that AWS has published for S3."""

from __future__ import annotations

import calendar

import pytest

from penstock.export.sigv4 import Credentials, Scope, encoded_path, signed

EXAMPLE = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
HOST = "examplebucket.s3.amazonaws.com"
MOMENT = Scope("us-east-1", "s3", calendar.timegm((2013, 5, 24, 0, 0, 0)) * 1_000_000)


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "body", "signature"),
    [
        (
            "GET", "/test.txt", "", {"range": "bytes=0-9"}, b"",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT", encoded_path("/test$file.text"), "",
            {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
            b"Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            "GET", "/", "lifecycle=", {}, b"",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "GET", "/", "max-keys=2&prefix=J", {}, b"",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)  # fmt: skip
def test_published_examples(
    method: str, path: str, query: str, headers: dict[str, str], body: bytes, signature: str
) -> None:
    found = signed(method, path, query, {"host": HOST, **headers}, body, EXAMPLE, MOMENT)
    assert found["authorization"].endswith(f",Signature={signature}")
    assert found["x-amz-date"] == "20130524T000000Z"


def test_a_session_is_signed_too() -> None:
    found = signed("GET", "/", "", {"host": HOST}, b"", EXAMPLE._replace(session="token"), MOMENT)
    assert found["x-amz-security-token"] == "token"
    assert "x-amz-security-token" in found["authorization"]


def test_a_secret_shows_in_no_text() -> None:
    assert EXAMPLE.secret not in repr(EXAMPLE)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/a b/ü/~x", "/a%20b/%C3%BC/~x"), ("/a+b=c&d'e(f)*", "/a%2Bb%3Dc%26d%27e%28f%29%2A")],
)
def test_paths_are_encoded_once(path: str, expected: str) -> None:
    assert encoded_path(path) == expected
