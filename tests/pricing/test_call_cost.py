"""Which prices go before which; what is set aside before a call; and the model that a request asks for."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.pricing import parallel_prices
from penstock.pricing.asked import asked_model
from penstock.pricing.call_cost import CUSTOM, call_cost
from penstock.pricing.custom_cost import CustomCost, parse_custom_cost
from penstock.pricing.estimate import UNSAID_OUTPUT_TOKENS, estimate
from penstock.pricing.overrides import parse_overrides
from penstock.pricing.price_book import PriceBook
from penstock.providers.base import operations_at
from penstock.providers.registry import Registry, native
from penstock.providers.request_reading import Request
from penstock.settings.layers import Layer
from penstock.wire.usage import Usage

REGISTRY = Registry({})
OWN = """
["openai/gpt"]
input = 1000
output = 1000000

["parallel/*"]
request = 7
"""


def book(text: str) -> PriceBook:
    return PriceBook(None, parse_overrides(Layer(tomllib.loads(text), path="own", text=text)))


BOOK = book(OWN.partition('["parallel')[0])
BOOK_WITH_PARALLEL = book(OWN)
TASK = b'{"input":"x","processor":"core"}'


def custom(**usd: float) -> CustomCost:
    parsed = parse_custom_cost(json.dumps(usd).encode())
    assert parsed is not None
    return parsed


def cost(
    provider: str,
    usage: Usage | None,
    *,
    prices: PriceBook = BOOK,
    model: str | None = "gpt",
    said: CustomCost | None = None,
) -> tuple[int, str] | None:
    bill = call_cost(prices, provider, "v1/tasks/runs", model, TASK, usage, said, 0)
    return None if bill is None else (bill.nano, bill.source)


def test_what_the_caller_said_goes_first() -> None:
    said = custom(total_cost=0.5)
    for provider in ("openai", "parallel", "custom-x"):
        assert cost(provider, None, said=said) == (500_000_000, CUSTOM)
        assert cost(provider, None, said=said, prices=BOOK_WITH_PARALLEL) == (500_000_000, CUSTOM)


def test_a_callers_rates_that_come_to_nothing_are_not_replaced() -> None:
    assert cost("parallel", None, said=custom(per_token_in=1)) is None


def test_then_the_operator_then_the_card() -> None:
    assert cost("parallel", None, model=None) == (25_000_000, f"{parallel_prices.SOURCE}, estimate")
    assert cost("parallel", None, model=None, prices=BOOK_WITH_PARALLEL) == (7_000_000_000, "own")


def test_then_the_book() -> None:
    assert cost("openai", Usage(2, 3)) == (2 * 1_000_000 + 3 * 1_000_000_000, "own")
    assert cost("openai", None) is None
    assert cost("openai", Usage(2, 3), model=None) is None
    assert cost("custom-x", Usage(2, 3)) is None


# -- estimates


def set_aside(body: bytes, path: str = "v1/chat/completions", said: CustomCost | None = None) -> int | None:
    return estimate(BOOK, "openai", path, "gpt", body, said, 0)


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({}, UNSAID_OUTPUT_TOKENS),
        ({"max_tokens": 10}, 10),
        ({"max_completion_tokens": 20, "max_tokens": 10}, 20),
        ({"max_output_tokens": 30}, 30),
        ({"generationConfig": {"maxOutputTokens": 40}}, 40),
        ({"inferenceConfig": {"maxTokens": 50}}, 50),
        ({"max_tokens": None}, UNSAID_OUTPUT_TOKENS),
        ({"max_tokens": 0}, UNSAID_OUTPUT_TOKENS),
        ({"max_tokens": -5}, UNSAID_OUTPUT_TOKENS),
        ({"max_tokens": 10**12}, UNSAID_OUTPUT_TOKENS),
        ({"max_tokens": "many"}, UNSAID_OUTPUT_TOKENS),
    ],
)
def test_what_is_asked_for_is_set_aside(fields: dict[str, object], output: int) -> None:
    body = json.dumps({"messages": [], **fields}).encode()
    tokens_in = -(-len(body) // 4)
    assert set_aside(body) == tokens_in * 1_000_000 + output * 1_000_000_000


def test_embeddings_generate_nothing() -> None:
    assert set_aside(b"12345", "v1/embeddings") == 2 * 1_000_000


def test_a_callers_rates_are_used_for_the_guess() -> None:
    said = custom(per_token_in=0.001, per_token_out=0.002)
    assert set_aside(b'{"max_tokens":5}', said=said) == 4 * 1_000_000 + 5 * 2_000_000
    assert set_aside(b"x", said=custom(total_cost=1)) == 1_000_000_000


def test_an_estimate_of_parallels() -> None:
    assert estimate(BOOK, "parallel", "v1/tasks/runs", None, TASK, None, 0) == 25_000_000
    assert estimate(BOOK, "parallel", "v1/decisions", None, b"{}", None, 0) is None


def test_an_unknown_price_sets_nothing_aside() -> None:
    assert estimate(BOOK, "groq", "chat/completions", "gpt", b"{}", None, 0) is None


@given(st.binary(max_size=100))
def test_no_body_can_break_an_estimate(body: bytes) -> None:
    assert set_aside(body) is not None
    assert set_aside(b'{"max_tokens":' + body) is not None


# -- the model asked for


def asked(provider: str, path: str, body: bytes, *, is_cut: bool = False) -> str | None:
    tail = path.partition("?")[0]
    found = REGISTRY.find(provider)
    assert found is not None
    operation = operations_at(found, native(found, tail, no_header))[b"POST"]
    return asked_model(provider, operation, path, Request("", no_header, "", body, is_cut))


def no_header(_name: str) -> None:
    """None of them is there."""


@pytest.mark.parametrize(
    ("provider", "path", "body", "model"),
    [
        ("openai", "v1/chat/completions", b'{"model":"gpt"}', "gpt"),
        ("openai", "v1/chat/completions", b'{"model":7}', None),
        ("openai", "v1/chat/completions", b"", None),
        ("openai", "v1/chat/completions", b'{"model":""}', None),
        ("openai", "v1/audio/transcriptions", b"--boundary", None),
        ("google-ai-studio", "v1beta/models/gemini-2.5-pro:generateContent", b"{}", "gemini-2.5-pro"),
        ("aws-bedrock", "bedrock-runtime/us-east-1/model/a.b-v1%3A0/invoke", b"{}", "a.b-v1:0"),
        ("workers-ai", "@cf/meta/llama?x=1", b'{"prompt":"x"}', "@cf/meta/llama"),
        ("azure-openai", "res/gpt-4o/chat/completions?api-version=1", b"{}", "gpt-4o"),
        ("azure-openai", "res/my%20own/chat/completions", b'{"model":"gpt-4o"}', "gpt-4o"),
        ("azure-openai", "res/openai/deployments/gpt-4o/chat/completions", b"{}", "gpt-4o"),
        ("azure-openai", "res/openai/v1/chat/completions", b"{}", None),
        ("openai", "res/gpt-4o/chat/completions", b"{}", None),
    ],
)
def test_the_model_of_a_request(provider: str, path: str, body: bytes, model: str | None) -> None:
    assert asked(provider, path, body) == model


def test_the_model_of_a_cut_request() -> None:
    chat = "v1/chat/completions"
    assert asked("openai", chat, b'{"model":"gpt","messages":[{"con', is_cut=True) == "gpt"
    assert asked("openai", chat, b'{"messages":[],"model":"gpt","x', is_cut=True) is None
