"""Universal bodies: what a step may be, what reaches the provider, which step is refused and why (Cloudflare 1.7)."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import GatewayError
from penstock.wire.controls import NO_CONTROLS, parse_controls
from penstock.wire.universal import NO_CONFIG, Step, StepConfig, parse_steps


def step_json(**members: object) -> dict[str, object]:
    """A step that is right but for `members`; one that is `...` is left out."""
    whole = {"provider": "openai", "endpoint": "chat/completions", "query": {"model": "m"}, **members}
    return {name: value for name, value in whole.items() if value is not ...}


def parse_one(**members: object) -> Step:
    (step,) = parse_steps(json.dumps([step_json(**members)]).encode())
    return step


def headers_of(step: Step) -> dict[bytes, bytes]:
    found = dict(step.headers)
    assert len(found) == len(step.headers), "a name comes twice"
    return found


def refusal(body: bytes) -> str:
    """Why a body is refused."""
    with pytest.raises(GatewayError) as caught:
        parse_steps(body)
    assert (caught.value.fault.status, caught.value.fault.code) == (400, 9400)
    return caught.value.detail


def refusal_of(**members: object) -> str:
    """Why a step is refused, which is the second of two."""
    return refusal(json.dumps([step_json(), step_json(**members)]).encode())


# -- what is understood


def test_the_steps_of_an_array_in_their_order() -> None:
    body = json.dumps(
        [
            step_json(
                headers={"Authorization": "Bearer k", "X-Custom": "1", "cf-aig-cache-ttl": "0"},
                config={"requestTimeout": 50, "maxAttempts": 3, "retryDelay": 100, "backoff": "exponential"},
            ),
            step_json(
                provider="workers-ai", endpoint="@cf/meta/llama-3.1-8b-instruct", query={"prompt": "hi"}
            ),
        ]
    ).encode()
    first, second = parse_steps(body)
    assert (first.provider, first.endpoint, first.query) == ("openai", "chat/completions", b'{"model": "m"}')
    assert headers_of(first) == {
        b"authorization": b"Bearer k",
        b"x-custom": b"1",
        b"content-type": b"application/json",
    }
    assert first.controls.cache_ttl == 0
    assert first.config == StepConfig(0.05, 3, 100, "exponential")
    assert (second.provider, second.endpoint) == ("workers-ai", "@cf/meta/llama-3.1-8b-instruct")
    assert second.controls is NO_CONTROLS
    assert second.config is NO_CONFIG
    assert second.headers == [(b"content-type", b"application/json")]


def test_a_lone_object_is_one_step() -> None:
    body = b" \r\n\t" + json.dumps(step_json()).encode()
    assert parse_steps(body) == parse_steps(b"[" + body + b"]")


def test_many_steps() -> None:
    assert len(parse_steps(json.dumps([step_json()] * 1000).encode())) == 1000


@pytest.mark.parametrize(
    "query",
    [
        b'{"b":1,"a":1.0,"a":1e3}',
        b'{ "text" : "caf\\u00e9 \xc3\xa9 \\/" ,\n\t"big": 123456789012345678901234567890 }',
        b'[{"x":[]}]',
        b'"text"',
        b"0",
        b"false",
        b"{}",
    ],
)
def test_the_query_keeps_its_bytes(query: bytes) -> None:
    body = b'[{"query": ' + query + b' ,"provider":"openai","endpoint":"x"}]'
    assert parse_steps(body)[0].query == query


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_any_query_keeps_its_bytes(value: object) -> None:
    query = json.dumps({"q": value}, ensure_ascii=False, indent=1).encode("utf-8", "ignore")
    body = b'{"provider":"openai","endpoint":"x","query":' + query + b"}"
    assert parse_steps(body)[0].query == query


@pytest.mark.parametrize(
    ("given_", "sent"),
    [
        ("text", b"text"),
        (1, b"1"),
        (1.0, b"1.0"),
        (-3, b"-3"),
        (True, b"true"),
        (" a\tb ", b"a\tb"),
        ("", b""),
    ],
)
def test_header_values(given_: object, sent: bytes) -> None:
    assert headers_of(parse_one(headers={"X-A": given_}))[b"x-a"] == sent


def test_a_number_keeps_its_spelling() -> None:
    body = b'{"provider":"a","endpoint":"","query":1,"headers":{"x-a":1.50e+2,"x-b":"caf\\u00e9"}}'
    assert headers_of(parse_steps(body)[0]) == {
        b"x-a": b"1.50e+2",
        b"x-b": "café".encode(),
        b"content-type": b"application/json",
    }


def test_a_content_type_of_its_own_is_kept() -> None:
    assert headers_of(parse_one(headers={"Content-Type": "text/plain"})) == {b"content-type": b"text/plain"}


def test_what_belongs_to_this_hop_or_to_the_gateway_is_not_for_the_provider() -> None:
    headers = {
        "Host": "evil",
        "Content-Length": 5,
        "Content-Encoding": "gzip",
        "Connection": "close",
        "Transfer-Encoding": "chunked",
        "Expect": "100-continue",
        "TE": "trailers",
        "Upgrade": "h2c",
        "cf-access-token": "jwt",
        "CF-AIG-Metadata": '{"user":"a"}',
        "cf-skip-cache": True,
        "cf-aig-authorization": "Bearer g",
        "X-Api-Key": "k",
    }
    step = parse_one(headers=headers)
    assert headers_of(step) == {b"x-api-key": b"k", b"content-type": b"application/json"}
    assert step.controls == parse_controls(
        [
            (b"cf-aig-metadata", b'{"user":"a"}'),
            (b"cf-skip-cache", b"true"),
            (b"cf-aig-authorization", b"Bearer g"),
        ]
    )


def test_authorization_beside_the_headers() -> None:
    assert headers_of(parse_one(authorization="Bearer a"))[b"authorization"] == b"Bearer a"
    both = parse_one(authorization="Bearer a", headers={"authorization": "Bearer b"})
    assert headers_of(both)[b"authorization"] == b"Bearer b"


def test_of_one_name_in_two_spellings_the_later_counts() -> None:
    assert headers_of(parse_one(headers={"X-A": "1", "x-a": "2"}))[b"x-a"] == b"2"


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("chat/completions", "chat/completions"),
        ("/v1/messages", "v1/messages"),
        ("///v1/messages", "v1/messages"),
        ("", ""),
        (
            "res/dep/chat/completions?api-version=2024-10-21",
            "res/dep/chat/completions?api-version=2024-10-21",
        ),
        ("v1beta/models/m:generateContent?key=a..b", "v1beta/models/m:generateContent?key=a..b"),
        ("a%20b", "a%20b"),
    ],
)
def test_endpoints(endpoint: str, expected: str) -> None:
    assert parse_one(endpoint=endpoint).endpoint == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, NO_CONFIG),
        ({}, NO_CONFIG),
        ({"requestTimeout": 1500}, StepConfig(timeout=1.5)),
        ({"maxAttempts": "2", "backoff": "linear"}, StepConfig(max_attempts=2, backoff="linear")),
        ({"retryDelay": 0}, StepConfig(retry_delay=0)),
        ({"maxAttempts": 6, "retryDelay": 60001, "requestTimeout": 0, "backoff": "cubic"}, NO_CONFIG),
        ({"maxAttempts": None, "retryDelay": [5], "requestTimeout": {}, "backoff": 1}, NO_CONFIG),
        ({"maxAttempts": 2.5, "retryDelay": -1, "requestTimeout": True}, NO_CONFIG),
        ({"somethingElse": {"a": 1}, "maxAttempts": 5}, StepConfig(max_attempts=5)),
        ({"retryDelay": 10**400}, NO_CONFIG),
    ],
)
def test_configs(config: object, expected: StepConfig) -> None:
    assert parse_one(config=config).config == expected


def test_unknown_members_are_passed_over() -> None:
    assert parse_one(eventId="my-1", comment=[1]) == parse_one()


# -- what is refused


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b'"text"',
        b"1",
        b"[",
        b"{",
        b"[{}",
        b"[{}]]",
        b"{}{}",
        b"\xff",
        b"\xef\xbb\xbf[]",
        b"[" * 100_000,
        b'{"provider":' * 10_000,
    ],
)
def test_bodies_that_are_no_array(body: bytes) -> None:
    assert refusal(body)


def test_an_empty_array() -> None:
    assert refusal(b"[]") == "the array must have at least one step"


@pytest.mark.parametrize("members", [1, "a", None, [], True])
def test_a_step_that_is_no_object(members: object) -> None:
    assert refusal(json.dumps([step_json(), members]).encode()).startswith("step 1: ")


@pytest.mark.parametrize("name", ["provider", "endpoint", "query"])
def test_a_member_that_is_missing_is_named(name: str) -> None:
    detail = refusal_of(**{name: ...})
    assert detail.startswith("step 1: ")
    assert f"`{name}`" in detail


@pytest.mark.parametrize("name", ["provider", "endpoint", "headers", "authorization", "config"])
@pytest.mark.parametrize("value", [1, ["s3cr3t-value"], True])
def test_a_member_of_the_wrong_type_is_named(name: str, value: object) -> None:
    detail = refusal_of(**{name: value})
    assert detail.startswith("step 1: ")
    assert name in detail
    assert "s3cr3t" not in detail


def test_a_query_of_null() -> None:
    assert refusal_of(query=None) == "step 1: query must be the body for the provider, not null"


@pytest.mark.parametrize(
    "provider", ["", " ", "a b", "../x", "openai/", "open\nai", "é", "-a", ".", "a" * 65, "a?b", "a\x00"]
)
def test_names_that_no_provider_can_have(provider: str) -> None:
    assert refusal_of(provider=provider).startswith("step 1: provider must be")


@pytest.mark.parametrize(
    "endpoint",
    [
        "../admin",
        "a/../b",
        "a/./b",
        "..",
        "%2e%2e/admin",
        "a/%2E%2e%2fb",
        "..\\admin",
        "a/..;x/b",
        "a b",
        "a\r\nHost: evil",
        "a\x00b",
        "a%00b",
        "a%0d%0ab",
        "café",
        "a#b",
        "a?b c",
        "a?b\r\nX: y",
        "a\x7f",
        "\ufeffa",
    ],
)
def test_endpoints_that_could_lead_elsewhere(endpoint: str) -> None:
    assert re.match(r"step 1: the (path|request target) ", refusal_of(endpoint=endpoint))


@pytest.mark.parametrize(
    "value",
    ["a\r\nX-Evil: 1", "a\nb", "a\rb", "\x00", "a\x7f", "\x1b[2J", "s3cr3t-value\x0b"],
)
@pytest.mark.parametrize("name", ["X-A", "Authorization", "cf-aig-event-id", "Host"])
def test_values_that_no_header_can_have(name: str, value: str) -> None:
    assert refusal_of(headers={name: value}) == f"step 1: header {name} has a control character in its value"


def test_an_authorization_that_no_header_can_have() -> None:
    assert (
        refusal_of(authorization="a\nb")
        == "step 1: header authorization has a control character in its value"
    )


@pytest.mark.parametrize("name", ["", " ", "X A", "X:A", "X-A ", "é", "a\r\nb", "a\x00", "(", "a" * 257])
def test_names_that_no_header_can_have(name: str) -> None:
    assert refusal_of(headers={name: "v"}) == "step 1: headers has a name that no header can have"


@pytest.mark.parametrize("value", [None, ["s3cr3t-value"], {"a": "s3cr3t-value"}])
def test_values_that_are_no_text(value: object) -> None:
    assert refusal_of(headers={"X-A": value}) == "step 1: header X-A must be a string"


def test_half_a_character_is_no_text() -> None:
    body = b'{"provider":"a","endpoint":"","query":1,"headers":{"x-a":"\\ud800"}}'
    assert refusal(body).startswith("step 0: ")
