"""Secrets of gateways: all of them are known, they come apart and together, and stay with their address."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from penstock.settings import GatewaySettings
from penstock.settings.gateway_fields import Fields, field_findings, set_fields, to_settings
from penstock.settings.gateway_secrets import (
    MASK,
    WITH_SECRETS,
    SecretLost,
    join_secrets,
    keep_secrets,
    masked,
    split_secrets,
)

FIELDS: Fields = {
    "cache_ttl": 60,
    "otel": [
        {"url": "https://a.example", "headers": {"x-key": "one", "x~": "two"}, "authorization": "three"},
        {"url": "https://b.example", "headers": {}},
    ],
    "parallel": {
        "max_estimate": 0.5,
        "webhook": {
            "url": "https://c.example",
            "secrets": ["whsec_five", "whsec_six"],
            "signing_secret": "whsec_AAEC",
        },
    },
    "stripe": {"authorization": "four", "usage_events": [{"payload": "{}"}]},
}
SECRETS = {
    "/otel/0/headers/x-key": "one",
    "/otel/0/headers/x~0": "two",
    "/otel/0/authorization": "three",
    "/stripe/authorization": "four",
    "/parallel/webhook/secrets/0": "whsec_five",
    "/parallel/webhook/secrets/1": "whsec_six",
    "/parallel/webhook/signing_secret": "whsec_AAEC",
}

words = st.text(max_size=5)
receivers = st.fixed_dictionaries(
    {
        "url": st.sampled_from(["https://a.example", "https://b.example"]),
        "headers": st.dictionaries(words, words),
    },
    optional={"authorization": st.none() | words},
)
hooks = st.fixed_dictionaries(
    {}, optional={"url": words, "secrets": st.none() | st.lists(words, max_size=3), "signing_secret": words}
)
wholes = st.fixed_dictionaries(
    {},
    optional={
        "cache_ttl": st.integers(0, 9),
        "otel": st.none() | st.lists(receivers, max_size=3),
        "parallel": st.none() | st.fixed_dictionaries({}, optional={"webhook": st.none() | hooks}),
        "stripe": st.none() | st.fixed_dictionaries({"authorization": words, "usage_events": st.just([])}),
    },
)


def secret_places(kind: inspect.Type, path: str = "") -> set[str]:
    """Where the types say that a secret stands; `*` is any place in an array or table."""
    match kind:
        case inspect.Metadata(extra={"secret": True}):
            return {path}
        case inspect.Metadata(type=inner):
            return secret_places(inner, path)
        case inspect.UnionType(types=types):
            return set().union(*(secret_places(part, path) for part in types))
        case inspect.VarTupleType(item_type=inner) | inspect.DictType(value_type=inner):
            return secret_places(inner, f"{path}/*")
        case inspect.StructType(fields=fields):
            return set().union(*(secret_places(one.type, f"{path}/{one.encode_name}") for one in fields))
    return set()


def test_every_secret_of_the_types_is_known() -> None:
    assert secret_places(inspect.type_info(GatewaySettings)) == {
        "/otel/*/headers/*",
        "/otel/*/authorization",
        "/stripe/authorization",
        "/parallel/webhook/secrets/*",
        "/parallel/webhook/signing_secret",
    }
    assert {
        place.split("/")[1] for place in secret_places(inspect.type_info(GatewaySettings))
    } == WITH_SECRETS


def test_secrets_come_apart_and_together() -> None:
    before = copy.deepcopy(FIELDS)
    shown, secrets = split_secrets(FIELDS)
    assert secrets == SECRETS
    assert shown == masked(FIELDS)
    assert not [secret for secret in SECRETS.values() if f"'{secret}'" in repr(shown)]
    assert join_secrets(shown, secrets) == FIELDS == before


@given(wholes)
def test_what_was_split_joins(fields: Fields) -> None:
    assert join_secrets(*split_secrets(fields)) == fields
    assert keep_secrets(masked(fields), fields) == fields


def test_a_secret_that_is_missing_is_told() -> None:
    with pytest.raises(SecretLost, match="/otel/0/headers/x-key"):
        join_secrets(masked(FIELDS), {})


def test_the_mask_keeps_and_a_new_secret_replaces() -> None:
    wanted = masked(FIELDS)
    assert isinstance(wanted["stripe"], dict)
    wanted["stripe"]["authorization"] = "new"
    kept = keep_secrets(wanted, FIELDS)
    assert split_secrets(kept)[1] == {**SECRETS, "/stripe/authorization": "new"}


def test_a_secret_follows_its_address_and_goes_to_no_other() -> None:
    wanted = masked(FIELDS)
    assert isinstance(wanted["otel"], list)
    wanted["otel"].reverse()
    assert split_secrets(keep_secrets(wanted, FIELDS))[1]["/otel/1/headers/x-key"] == "one"
    wanted["otel"][1]["url"] = "https://evil.example"
    with pytest.raises(SecretLost, match="give it") as told:
        keep_secrets(wanted, FIELDS)
    assert told.value.path == "/otel/1/headers/x-key"


def test_the_mask_is_no_secret() -> None:
    with pytest.raises(SecretLost):
        keep_secrets(masked(FIELDS), {})


@given(
    st.recursive(st.none() | st.integers() | st.just(MASK), lambda x: st.lists(x) | st.dictionaries(words, x))
)
def test_fields_of_any_shape_are_taken(value: object) -> None:
    for name in ("otel", "stripe"):
        shown, secrets = split_secrets({name: value})
        assert isinstance(shown, dict)
        assert MASK in secrets.values() or join_secrets(shown, secrets) == {name: value}


def test_fields_are_those_that_differ_from_their_defaults() -> None:
    assert set_fields(to_settings({"cache_ttl": 0, "zdr": False, "collect_logs": False})) == {
        "collect_logs": False
    }
    assert set_fields(to_settings(FIELDS))["cache_ttl"] == 60
    assert field_findings(FIELDS) == []
    assert field_findings({"cache_ttl": None, "otel": None}) == []


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"cache_ttl": -1}, ("cache_ttl",)),
        ({"cache_ttl": 10**400}, ("cache_ttl",)),
        ({"cache_tll": 1}, ("cache_tll",)),
        ({"id": "g"}, ("id",)),
        ({"otel": [{"url": "http://x", "headers": {"a": 1}}]}, ("otel", 0, "headers", "a")),
        ({"otel": {"0": 1}}, ("otel",)),
        ({"logpush_public_key": "\0" * 2000}, ("logpush_public_key",)),
        ({"spend_limits": {"rules": [None]}}, ("spend_limits", "rules", 0)),
    ],
)
def test_what_is_wrong_is_found_where_it_is(fields: Fields, path: tuple[str | int, ...]) -> None:
    assert [finding.path for finding in field_findings(fields)] == [path]
