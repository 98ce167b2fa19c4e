"""Request targets: what may name a path, what could climb out of it, and what a log may show of a query.

Pure text: what the gateway does with a refusal is in the hostile tests.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import GatewayError
from penstock.wire.target import check_path, redact_query, split_target

OTHER_FORMS = [
    b"",
    b"*",
    b"v1/a",
    b"http://evil.example/v1/acct/gw/openai/models",
    b"evil.example:443",
    b"?a=b",
]
UNSAFE = [b"/v1/a b", b"/v1/\x00", b"/v1/\x7f", b"/v1/\xc3\xa4", b"/v1/a#b", b"/v1/a?b=c#d", b"/v1/a\r\nX: y"]
DOTS = [
    *(b"/v1/a/..", b"/v1/a/.", b"/v1/../a", b"/v1/./a", b"/v1/a/%2e%2e/b", b"/v1/a/%2E./b", b"/v1/a/.%2e"),
    *(b"/v1/a/..%2fb", b"/v1/a%2f..%2fb", b"/v1/a%2f%2e%2e", b"/v1/a/..%5cb", b"/v1/a%5c..%5cb"),
    *(b"/v1/a/..\\b", b"/v1/a\\..", b"/v1/a/..;x/b", b"/v1/a/..%3bx", b"/v1/a/%2e.%5c", b"/v1/a/%2e"),
    *(b"/v1/a/..%00", b"/v1/a/..%0a"),
]
CONTROLS = [b"/v1/a%00b", b"/v1/a%0d%0aX:%20y", b"/v1/a%7f", b"/v1/a%1F"]
HARMLESS = [
    *(b"/v1/a/b.c", b"/v1/a/...", b"/v1/a/..b", b"/v1/a/b..", b"/v1/a/.well-known", b"/v1/a//b", b"/v1/a/"),
    *(b"/v1/a%2Fb", b"/v1/a%2fb", b"/v1/%252e%252e/b", b"/v1/a/%25", b"/v1/a/%", b"/v1/a/%zz", b"/v1/a/%2"),
    *(b"/v1/a/b%20c", b"/v1/a/@cf/model", b"/v1/a/m:run", b"/v1/a;v=1", b"/v1/a%5Cb", b"/v1/~a"),
]


@pytest.mark.parametrize("target", OTHER_FORMS + UNSAFE)
def test_targets_that_are_refused(target: bytes) -> None:
    with pytest.raises(GatewayError) as caught:
        split_target(target)
    assert (caught.value.fault.status, caught.value.fault.code) == (400, 9400)


@pytest.mark.parametrize("path", DOTS + CONTROLS)
def test_paths_that_are_refused(path: bytes) -> None:
    with pytest.raises(GatewayError) as caught:
        check_path(path)
    assert (caught.value.fault.status, caught.value.fault.code) == (400, 9400)


@pytest.mark.parametrize("path", HARMLESS)
def test_paths_that_pass(path: bytes) -> None:
    check_path(path)
    assert split_target(path) == (path, b"")


def test_the_query_is_everything_from_the_first_question_mark_on() -> None:
    assert split_target(b"/v1/a?b=c?d&%0d%0a/../%2e%2e") == (b"/v1/a", b"?b=c?d&%0d%0a/../%2e%2e")
    assert split_target(b"/v1/a?") == (b"/v1/a", b"?")


@given(st.binary(max_size=60).map(lambda rest: b"/v1/" + rest))
def test_any_target_is_refused_or_split_without_loss(target: bytes) -> None:
    try:
        path, query = split_target(target)
    except GatewayError:
        return
    assert path + query == target
    assert b"?" not in path
    assert all(0x21 <= byte < 0x7F for byte in target)


PIECE = st.sampled_from([b".", b"..", b"%2e", b"%2E", b"%2f", b"%5c", b"\\", b"/", b"a", b";x", b"%3b", b"%"])


@given(st.lists(PIECE, max_size=8).map(b"".join))
def test_whatever_passes_has_no_dot_segment_however_it_is_read(rest: bytes) -> None:
    path = b"/v1/a/" + rest
    try:
        check_path(path)
    except GatewayError:
        return
    plain = path.replace(b"%2e", b".").replace(b"%2E", b".").replace(b"%2f", b"/")
    for reading in (path, plain, plain.replace(b"\\", b"/").replace(b"%5c", b"/")):
        assert not {b".", b".."} & {segment.split(b";")[0] for segment in reading.split(b"/")}


SECRET_NAMES = [
    *("key", "token", "secret", "password", "signature", "credential", "sig", "KEY", "Token"),
    *("api_key", "api-key", "access_token", "X-Amz-Signature", "X-Amz-Credential", "client_secret"),
]


@pytest.mark.parametrize("name", SECRET_NAMES)
@pytest.mark.parametrize("shape", ["{}=hush", "{}=hush&a=b", "a=b&{}=hush", "a=b&{}=hush&c=d", "a=1?{}=hush"])
def test_credentials_in_a_query_are_not_logged(name: str, shape: str) -> None:
    query = shape.format(name)
    for whole in (query, f"?{query}"):
        assert redact_query(whole) == whole.replace("hush", "[redacted]")


@pytest.mark.parametrize(
    "query", ["", "a", "monkey=1", "keys=2", "tokenizer=x", "a=key", "max_tokens=5", "=x"]
)
def test_other_parameters_are(query: str) -> None:
    assert redact_query(query) == query


def test_every_repetition_is_taken_out() -> None:
    assert redact_query("key=a&key=b&x=1&key=") == "key=[redacted]&key=[redacted]&x=1&key=[redacted]"


@pytest.mark.parametrize("query", ["%6bey=hush", "ke%79=hush", "api%5Fkey=hush", "a=b&%4bEY=hush"])
def test_an_encoded_name_hides_nothing(query: str) -> None:
    """The provider decodes names before it looks at them."""
    assert "hush" not in redact_query(query)
