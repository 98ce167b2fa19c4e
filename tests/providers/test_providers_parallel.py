"""Parallel's credentials, Bedrock's like them, and bodies without secrets (Parallel 1.2)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.pieces import finished
from penstock.providers.aws_bedrock import PROVIDER as BEDROCK
from penstock.providers.base import Provider
from penstock.providers.parallel import PROVIDER as PARALLEL
from penstock.providers.registry import BUILT_IN

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

MESSAGES = "bedrock-mantle/us-east-1/anthropic/v1/messages"


def redact(body: bytes) -> bytes:
    assert PARALLEL.redact is not None
    return finished(PARALLEL.redact(body))


@pytest.mark.parametrize(
    ("provider", "tail", "sent", "added"),
    [
        (PARALLEL, "v1/tasks/runs", {"authorization": "Bearer K"}, (("x-api-key", "K"),)),
        (PARALLEL, "v1beta/search", {"authorization": "bearer  K "}, (("x-api-key", "K"),)),
        (PARALLEL, "v1alpha/monitors", {"authorization": "Bearer K"}, (("x-api-key", "K"),)),
        (PARALLEL, "v1/tasks/runs", {"authorization": "Bearer K", "x-api-key": "L"}, ()),
        (PARALLEL, "v1/tasks/runs", {"authorization": "Bearer K", "x-api-key": ""}, ()),
        (PARALLEL, "v1/tasks/runs", {"authorization": "Basic K"}, ()),
        (PARALLEL, "v1/tasks/runs", {"authorization": "Bearer "}, ()),
        (PARALLEL, "v1/tasks/runs", {"authorization": "Bearer"}, ()),
        (PARALLEL, "v1/tasks/runs", {}, ()),
        (PARALLEL, "account/service/v1/balance", {"authorization": "Bearer K"}, ()),
        (PARALLEL, "chat/completions", {"authorization": "Bearer K"}, ()),
        (BEDROCK, MESSAGES, {"authorization": "Bearer K"}, (("x-api-key", "K"),)),
        (BEDROCK, MESSAGES, {"authorization": "AWS4-HMAC-SHA256 Credential=x"}, ()),
        (BEDROCK, "bedrock-mantle/us-east-1/v1/responses", {"authorization": "Bearer K"}, ()),
        (BEDROCK, "bedrock-runtime/us-east-1/model/m/invoke", {"authorization": "Bearer K"}, ()),
    ],
)
def test_a_bearer_key_is_sent_as_an_api_key_where_the_upstream_wants_that(
    provider: Provider, tail: str, sent: dict[str, str], added: tuple[tuple[str, str], ...]
) -> None:
    assert provider.credentials is not None
    assert provider.credentials(tail, sent.get) == added


def test_which_providers_add_credentials_and_hold_secrets() -> None:
    assert [p.slug for p in BUILT_IN if p.credentials is not None] == ["aws-bedrock", "parallel"]
    assert {p.slug: p.secret_fields for p in BUILT_IN if p.secret_fields} == {
        "parallel": ("mcp_servers", "webhook"),
        "tavily": ("api_key",),
    }
    assert [p.slug for p in BUILT_IN if p.redact is not None] == ["parallel", "tavily"]


@pytest.mark.parametrize(
    ("body", "clean"),
    [
        (b"", b""),
        (b'{"input": "x"}', b'{"input": "x"}'),
        (b"not json", b"not json"),
        (
            b'{ "in":"a",\n "mcp_servers":[{"url":"u","headers":{"Authorization":"Bearer s"}}], "n":1.0 }',
            b'{ "in":"a",\n "mcp_servers":[{"url":"u","headers":{"Authorization":"[redacted]"}}], "n":1.0 }',
        ),
        (
            b'{"webhook":{"url":"https://h.example/?token=s","event_types":["task_run.status"]}}',
            b'{"webhook":{"url":"[redacted]","event_types":["task_run.status"]}}',
        ),
        (
            b'{"inputs":[{"webhook":{"url":"s"}},{"mcp_servers":[{"headers":{"a":"s"}},{"headers":{"b":"s"}}]}]}',
            b'{"inputs":[{"webhook":{"url":"[redacted]"}},'
            b'{"mcp_servers":[{"headers":{"a":"[redacted]"}},{"headers":{"b":"[redacted]"}}]}]}',
        ),
        (
            b'{"mcp_servers":[{"headers":{"a":"s\\"s, ]}","b":1,"c":null,"d":["s",{"e":"s"}]}}]}',
            b'{"mcp_servers":[{"headers":{"a":"[redacted]","b":"[redacted]","c":null,'
            b'"d":["[redacted]",{"e":"[redacted]"}]}}]}',
        ),
        (b'{"mcp_servers":null,"webhook":null}', b'{"mcp_servers":null,"webhook":null}'),
        (b'{"webhook":"https://h.example/s"}', b'{"webhook":"[redacted]"}'),
        (b'{"webhook":[{"url":"s"}]}', b'{"webhook":[{"url":"[redacted]"}]}'),
        (
            b'{"mcp_servers":[],"headers":{"a":"kept"},"url":"kept"}',
            b'{"mcp_servers":[],"headers":{"a":"kept"},"url":"kept"}',
        ),
        (
            b'{"webhook":null,"mcp_server\\u0073":[{"he\\u0061ders":{"a":"s"}}]}',
            b'{"webhook":null,"mcp_server\\u0073":[{"he\\u0061ders":{"a":"[redacted]"}}]}',
        ),
        (
            b'{"mcp_servers":[{"headers":{"a":"1"},"headers":{"a":"2"}}]}',
            b'{"mcp_servers":[{"headers":{"a":"[redacted]"},"headers":{"a":"[redacted]"}}]}',
        ),
        (b'{"input":"about the \\"webhook\\" word"}', b'{"input":"about the \\"webhook\\" word"}'),
        (b'["webhook","url"]', b'["webhook","url"]'),
        (b'"webhook"', b'"webhook"'),
        (
            '{"input":"é😀","webhook":{"url":"s"}}'.encode(),
            '{"input":"é😀","webhook":{"url":"[redacted]"}}'.encode(),
        ),
    ],
)
def test_secrets_are_replaced_and_the_rest_stays_as_it_came(body: bytes, clean: bytes) -> None:
    assert redact(body) == clean
    assert redact(clean) == clean


@pytest.mark.parametrize(
    ("body", "clean"),
    [
        (b'{"input":"x","mcp_servers":[{"headers":{"a":"secre', b'{"input":"x","[redacted]'),
        (b'{"input":"x",,"webhook":{"url":"secret"}}', b'{"input":"x",,"[redacted]'),
        (b"{'webhook': {'url': 'secret'}}", b"{'[redacted]"),
        (b'data: {"mcp_servers":[{"headers":{"a":"secret"}}]}\n\n', b'data: {"[redacted]'),
        (b'{"webhook":null}{"mcp_servers":[{"headers":{"a":"secret"}}]}', b'{"[redacted]'),
        (b'{"webhook":{"url":"secret"},"\\ud800":1}', b'{"[redacted]'),
        (b'{"webhook":{"url":"secret"},"\xff":1}', b'{"[redacted]'),
        (b"[" * 100_000 + b'"webhook"', b"[" * 100_000 + b'"[redacted]'),
    ],
)
def test_what_is_no_json_document_ends_at_the_first_name(body: bytes, clean: bytes) -> None:
    assert redact(body) == clean


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
)
NAMES = st.one_of(
    st.sampled_from(["mcp_servers", "webhook", "headers", "url", "inputs"]), st.text(max_size=4)
)
DOCUMENTS: st.SearchStrategy[Json] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=20,
)


def without_secrets(value: Json, place: str = "") -> Json:
    """The plain, decoding way to say what `redact` does to bytes."""
    if isinstance(value, list):
        return [without_secrets(item, place) for item in value]
    if isinstance(value, dict):
        return {name: without_secrets(item, below(place, name)) for name, item in value.items()}
    secret = place in ("secret", "webhook") and not (value is None or isinstance(value, bool))
    return "[redacted]" if secret else value


def below(place: str, name: str) -> str:
    if place == "secret" or (place, name) in {("mcp_servers", "headers"), ("webhook", "url")}:
        return "secret"
    return name if name in {"mcp_servers", "webhook"} else ""


@given(DOCUMENTS, st.booleans(), st.sampled_from([None, 1]))
def test_law_redacting_bytes_is_redacting_the_document(
    document: Json, escaped: bool, indent: int | None
) -> None:
    body = json.dumps(document, ensure_ascii=escaped, indent=indent).encode()
    assert redact(body) == json.dumps(without_secrets(document), ensure_ascii=escaped, indent=indent).encode()


@given(DOCUMENTS, st.integers(min_value=0))
def test_law_a_body_cut_anywhere_keeps_its_secrets(document: Json, where: int) -> None:
    secret = "c0ffee-c0ffee"
    whole = json.dumps({"input": document, "webhook": {"url": f"https://h.example/{secret}"}}).encode()
    assert secret.encode() not in redact(whole[: where % (len(whole) + 1)])
