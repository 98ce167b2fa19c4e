"""Universal bodies, whatever they are: steps that can do no harm on the wire, or a refusal (Cloudflare 1.7)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import GatewayError
from penstock.wire.universal import Step, parse_steps

RIGHT = {"provider": "openai", "endpoint": "chat/completions", "query": {"model": "m"}}
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
NEVER_FORWARDED = {
    b"host",
    b"content-length",
    b"connection",
    b"transfer-encoding",
    b"te",
    b"content-encoding",
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=12),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(
        st.sampled_from(["X-A", "Host", "cf-aig-cache-ttl", "maxAttempts", "backoff", "a b", "Content-Type"]),
        st.one_of(
            st.text(max_size=8),
            st.integers(),
            st.booleans(),
            st.none(),
            st.floats(allow_nan=False, allow_infinity=False),
        ),
        max_size=4,
    ),
)
MEMBERS = st.sampled_from(["provider", "endpoint", "headers", "authorization", "query", "config"])


def sound(step: Step) -> bool:
    """Nothing of a step can break the request that it becomes."""
    headers = dict(step.headers)
    return (
        re.fullmatch(r"[\w.-]{1,64}", step.provider, re.ASCII) is not None
        and re.fullmatch(r"[!-~]*", step.endpoint) is not None
        and not step.endpoint.startswith("/")
        and len(headers) == len(step.headers)
        and b"content-type" in headers
        and not NEVER_FORWARDED & headers.keys()
        and not any(name.startswith(b"cf-aig-") for name in headers)
        and all(TOKEN.fullmatch(name) for name in headers)
        and not any(re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", value) for value in headers.values())
        and json.loads(step.query) is not None
    )


def parsed(body: bytes) -> tuple[tuple[Step, ...], str]:
    """The steps of a body, or none and why; a refusal is always a 400."""
    try:
        return parse_steps(body), ""
    except GatewayError as error:
        return (), f"{error.fault.status} {error.detail}"


@given(st.dictionaries(MEMBERS, ODD))
def test_a_step_is_sound_or_refused(members: Mapping[str, object]) -> None:
    steps, refused = parsed(json.dumps([RIGHT, {**RIGHT, **members}]).encode())
    assert len(steps) == 2 or refused.startswith("400 step 1: ")
    assert all(map(sound, steps))


@given(st.binary(max_size=200))
def test_any_bytes_are_steps_or_refused(body: bytes) -> None:
    steps, refused = parsed(body)
    assert steps or refused.startswith("400 ")
    assert all(map(sound, steps))


@given(st.data())
def test_a_body_that_was_cut_is_refused(data: st.DataObject) -> None:
    body = json.dumps([{**RIGHT, "headers": {"a": "b"}}]).encode()
    steps, refused = parsed(body[: data.draw(st.integers(0, len(body) - 1))])
    assert (steps, refused[:4]) == ((), "400 ")
