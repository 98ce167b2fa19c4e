"""Signatures come out as in the examples that AWS has published for S3, and in its test suite for other services."""

from __future__ import annotations

import calendar

import pytest

from penstock.wire.sigv4 import (
    Credentials,
    Scope,
    encoded_path,
    path_to_sign,
    query_to_sign,
    signed,
)

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


# -- services other than S3

SUITE = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SUITE_MOMENT = Scope("us-east-1", "service", calendar.timegm((2015, 8, 30, 12, 36, 0)) * 1_000_000)
UNRESERVED = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "body", "signature"),
    [
        ("GET", "/", "", {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("GET", UNRESERVED, "", {}, b"", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
        ("GET", "//example//", "", {}, b"", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
        (
            "GET", "/", "Param2=value2&Param1=value1", {}, b"",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "GET", "/", "Param1=value2&Param1=value1", {}, b"",
            "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
        ),
        (
            "GET", "/", "%E1%88%B4=bar", {}, b"",
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
        ),
        (
            "GET", "/", "", {"my-header1": "value2,value2,value1"}, b"",
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        ),
        (
            "GET", "/", "", {"my-header1": " value1", "my-header2": '"a   b   c"'}, b"",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ),
        (
            "POST", "/", "", {"content-type": "application/x-www-form-urlencoded"}, b"Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
)  # fmt: skip
def test_the_published_suite(
    method: str, path: str, query: str, headers: dict[str, str], body: bytes, signature: str
) -> None:
    found = signed(
        method,
        path_to_sign(path),
        query_to_sign(query),
        {"host": "example.amazonaws.com", **headers},
        body,
        SUITE,
        SUITE_MOMENT,
        tells_digest=False,
    )
    assert found["authorization"].endswith(f",Signature={signature}")
    assert "x-amz-content-sha256" not in found


def test_the_published_suite_with_a_session() -> None:
    token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
    whose = SUITE._replace(session=token)
    found = signed(
        "GET", "/", "", {"host": "example.amazonaws.com"}, b"", whose, SUITE_MOMENT, tells_digest=False
    )
    assert found["x-amz-security-token"] == token
    assert found["authorization"].endswith(
        "=07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "/"),
        ("/model/m-v1:0/invoke", "/model/m-v1%3A0/invoke"),
        ("/model/m-v1%3A0/invoke", "/model/m-v1%253A0/invoke"),
        ("/model/arn%3Aaws%2Fx/invoke", "/model/arn%253Aaws%252Fx/invoke"),
        ("/a/./b//c/../d/", "/a/b/d/"),
        ("/../..", "/"),
        ("/\udcff", "/%FF"),
    ],
)
def test_paths_are_signed_encoded_once_more(path: str, expected: str) -> None:
    assert path_to_sign(path) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ""),
        ("b&a=1", "a=1&b="),
        ("q=a+b", "q=a%2Bb"),
        ("q=a%20b", "q=a%20b"),
        ("x=a.b&x=a%2Fb", "x=a%2Fb&x=a.b"),
        ("a=1=2&&", "a=1%3D2"),
        ("a=%zz", "a=%25zz"),
        ("a=%ff", "a=%FF"),
    ],
)
def test_queries_are_signed_sorted_and_encoded_in_one_way(query: str, expected: str) -> None:
    assert query_to_sign(query) == expected
