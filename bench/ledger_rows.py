"""Calls as a busy gateway would have them: for filling a ledger to any size, in tests and measurements.

The same seed gives the same calls. Nothing is stored and nothing is measured here.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from random import Random
from typing import Final, NamedTuple

from penstock.journal.record import CallRecord
from penstock.metadata import MetadataValue
from penstock.stores.ledger import Derived, NewCall

ACCOUNT: Final = "main"
GATEWAYS: Final = ("production", "staging", "batch")
BEGIN_US: Final = 1_790_000_000_000_000
MONTH_US: Final = 30 * 86_400_000_000

_STATUSES: Final = (429, 500, 502, 400, 404)
_AGENTS: Final = tuple(
    f"{name}/{number}" for name in ("OpenAI/Python 2", "curl/8", "axios/1") for number in range(4)
)
_PLANS: Final = ("free", "pro", "enterprise")
_USERS: Final = 1000
_LAST: Final = 1 << 62


class _Model(NamedTuple):
    provider: str
    name: str
    path: str
    price_in: int  # nano-dollars a token
    price_out: int


_CHAT, _EMBED = "chat/completions", "embeddings"
_MODELS: Final = (
    _Model("openai", "openai/gpt-4o-mini", _CHAT, 150, 600),
    _Model("openai", "openai/gpt-4o", _CHAT, 2500, 10_000),
    _Model("anthropic", "anthropic/claude-sonnet-4-5", "v1/messages", 3000, 15_000),
    _Model(
        "google-ai-studio", "google-ai-studio/gemini-2.5-flash", "v1beta/models/gemini-2.5-flash", 300, 2500
    ),
    _Model("openai", "openai/text-embedding-3-small", _EMBED, 20, 0),
    _Model("anthropic", "anthropic/claude-haiku-4-5", "v1/messages", 1000, 5000),
    _Model("openai", "openai/gpt-5", _CHAT, 1250, 10_000),
    _Model("openai", "openai/gpt-5-mini", _CHAT, 250, 2000),
    _Model("mistral", "mistral/mistral-small", "v1/chat/completions", 100, 300),
    _Model(
        "google-ai-studio", "google-ai-studio/gemini-2.5-pro", "v1beta/models/gemini-2.5-pro", 1250, 10_000
    ),
    _Model("groq", "groq/llama-3.3-70b", _CHAT, 590, 790),
    _Model("deepseek", "deepseek/deepseek-chat", _CHAT, 280, 420),
    _Model("openai", "openai/o4-mini", _CHAT, 1100, 4400),
    _Model("openai", "openai/gpt-4.1", _CHAT, 2000, 8000),
    _Model("anthropic", "anthropic/claude-opus-4-5", "v1/messages", 5000, 25_000),
    _Model("mistral", "mistral/mistral-large", "v1/chat/completions", 2000, 6000),
    _Model("groq", "groq/llama-3.1-8b", _CHAT, 50, 80),
    _Model("deepseek", "deepseek/deepseek-reasoner", _CHAT, 280, 420),
    _Model("openai", "openai/text-embedding-3-large", _EMBED, 130, 0),
    _Model("openai", "openai/gpt-3.5-turbo", _CHAT, 500, 1500),
)
# Each is asked for less often than the one before it.
_SHARES: Final = tuple(accumulate(0.8**place for place in range(len(_MODELS))))


class Bodies(NamedTuple):
    """What a call's request and answer are filled up to, in bytes; 0: none are kept."""

    size: int
    text: bytes


NO_BODIES: Final = Bodies(0, b"")


def rows(count: int, seed: int = 1, bodies: Bodies = NO_BODIES, span_us: int = MONTH_US) -> Iterator[NewCall]:
    """`count` calls over a span of time, in the order in which they ended."""
    random = Random(seed)
    gap_us = span_us // count
    for number in range(count):
        ended_us = BEGIN_US + number * gap_us + random.randrange(gap_us)
        yield _call(random, ended_us, bodies)


def texts(size: int, seed: int = 1) -> Bodies:
    """Bodies of `size` bytes that read, and compress, about like those of a chat."""
    random = Random(seed)
    words = ["".join(random.choices("aeinorstl", k=random.randrange(2, 9))) for _ in range(2000)]
    text = " ".join(random.choices(words, k=1 << 16)).encode()
    return Bodies(size, text)


def _call(random: Random, ended_us: int, bodies: Bodies) -> NewCall:
    model = random.choices(_MODELS, cum_weights=_SHARES)[0]
    failed, cached = random.random() < 0.03, random.random() < 0.2
    duration_us = 2000 if cached else int(random.lognormvariate(13.6, 0.9))
    tokens_in = int(random.lognormvariate(6.2, 1.1)) + 1
    tokens_out = None if failed else 0 if model.path == _EMBED else int(random.lognormvariate(5.2, 1.0)) + 1
    derived = _derived(model, tokens_in, tokens_out, failed=failed, cached=cached)
    created_us = ended_us - duration_us
    record = _record(random, model, created_us, duration_us, failed=failed, cached=cached)
    if not bodies.size:
        record.bodies = False
        return NewCall(record, derived, b"", b"")
    return NewCall(record, derived, *_bodies(random, model, derived, bodies))


def _derived(model: _Model, tokens_in: int, tokens_out: int | None, *, failed: bool, cached: bool) -> Derived:
    kind = ("embeddings", "embeddings") if model.path == _EMBED else ("text generation", "chat")
    if tokens_out is None:
        return Derived(model.name, *kind, None, None, None, None, None)
    total = tokens_in + tokens_out
    usage = f'{{"input_tokens":{tokens_in},"output_tokens":{tokens_out},"total_tokens":{total}}}'
    cost = 0 if cached else tokens_in * model.price_in + tokens_out * model.price_out
    source = "cache" if cached else f"{model.provider} 2026-11-01"
    return Derived(model.name, *kind, tokens_in, tokens_out, usage, None if failed else cost, source)


def _record(
    random: Random, model: _Model, created_us: int, duration_us: int, *, failed: bool, cached: bool
) -> CallRecord:
    digits = f"{created_us // 1000:012x}"
    tail = f"{random.randrange(_LAST):016x}"
    call_id = f"{digits[:8]}-{digits[8:]}-7{tail[:3]}-8{tail[3:6]}-{tail[4:]}"
    user = int(random.paretovariate(0.7)) % _USERS
    metadata: dict[str, MetadataValue] = {
        "user": f"user-{user}", "team": f"team-{user % 20}", "plan": _PLANS[user % 3],
    }  # fmt: skip
    return CallRecord(
        call_id, call_id, created_us, ACCOUNT, random.choices(GATEWAYS, (6, 3, 1))[0], model.provider, "POST",
        model.path, random.choice(_STATUSES) if failed else 200, 0, duration_us, duration_us // 3, 1024, 1024,
        False, False, True, "application/json", "application/json", "", "", random.choice(_AGENTS), 0, False,
        True, None, "", metadata, {}, "", cached, 0 if cached else 1, "", f"token-{user % 50}",
        f"user-{user % 200}", f"team-{user % 20}",
    )  # fmt: skip


def _bodies(random: Random, model: _Model, derived: Derived, bodies: Bodies) -> tuple[bytes, bytes]:
    start = random.randrange(len(bodies.text) - bodies.size)
    text = bodies.text[start : start + bodies.size].decode()
    name = model.name.partition("/")[2]
    asked = f'{{"model":"{name}","messages":[{{"role":"user","content":"{text}"}}]}}'
    usage = f'{{"prompt_tokens":{derived.tokens_in or 0},"completion_tokens":{derived.tokens_out or 0}}}'
    told = (
        f'{{"id":"chatcmpl-{start}","model":"{name}","choices":[{{"index":0,"message":{{"role":"assistant",'
    )
    told += f'"content":"{text}"}},"finish_reason":"stop"}}],"usage":{usage}}}'
    return asked.encode(), told.encode()
