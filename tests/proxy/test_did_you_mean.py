"""What was probably meant: bounded, and never more than may be told."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from penstock.providers.registry import Registry
from penstock.proxy.did_you_mean import place_meant, provider_meant

REGISTRY = Registry({"custom-mine": "http://127.0.0.1:9"})
OPEN = [("local", "default"), ("acme", "prod"), ("acme", "staging")]
NAMES = st.sampled_from(
    ["local", "loca", "acme", "acm", "openai", "opnai", "compat", "prod", "prd", "v1", "", "x"]
)


@given(NAMES, NAMES, st.lists(NAMES, max_size=4))
def test_whatever_is_asked_there_is_a_sentence_or_none(account: str, name: str, rest: list[str]) -> None:
    said = place_meant(account, name, [name, *rest], REGISTRY, OPEN)
    assert not said or said.startswith("; ")
    assert "did you mean /v1/" in said or not said
    closed = place_meant(account, name, [name, *rest], REGISTRY, ())
    assert "acme" not in closed or "acme" in (account, name, *rest)
    assert "local" not in closed or "local" in (account, name, *rest)


def test_thousands_of_gateways_and_long_names_take_no_time() -> None:
    many = [(f"account-{number}", f"gateway-{number}") for number in range(20_000)]
    began = time.perf_counter()
    for name in ("a" * 60_000, "account-", "gateway-9"):
        place_meant(name, name, [name] * 50, REGISTRY, many)
        provider_meant("/v1/a/b", name, "x/" * 20_000, REGISTRY)
    assert time.perf_counter() - began < 2


def test_what_may_be_a_secret_is_not_repeated() -> None:
    for tail in ("sk-0123456789abcdef0123456789", "x?key=1", "pst_0123456789abcdef_abc", "a" * 30, "A/B"):
        assert tail not in provider_meant("/v1/a/b", "opnai", tail, REGISTRY)
    assert provider_meant("/v1/a/b", "opnai", "v1/chat/completions", REGISTRY).endswith(
        "/v1/a/b/openai/v1/chat/completions?"
    )
