"""The made-up traffic of `penstock demo`: who calls, what is asked, what goes wrong; and the configuration for it.

Always the same calls, so that two who look at a demonstration see the same. They go over HTTP like anybody's; who
answers them is in `demo_providers.py`.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import httpx
import msgspec

from penstock.access import tokens
from penstock.cli.demo_providers import HEADER, PROVIDERS, DemoAnswer
from penstock.clock import Clock
from penstock.stores.control_store import Add, Token
from penstock.stores.opening import Stores
from penstock.stores.opening.control_store import control_store

CALLS: Final = 320
SECONDS: Final = 8.0
"""No call is begun later than that, however slow the machine is."""

_AT_ONCE: Final = 8
_FAILS_EACH: Final = 18
_ERRORS: Final = (429, 500, 503)
_PEOPLE: Final = (("ann", "support"), ("bob", "support"), ("carol", "research"), ("dave", "web"))
_PROJECTS: Final = ("atlas", "globe", "inbox")
_QUESTIONS: Final = (
    (
        "Summarise this ticket in one sentence.",
        "A customer cannot reset the password, and asks for a new link.",
    ),
    ("Translate to French: the library opens at nine.", "La bibliothèque ouvre à neuf heures."),
    ("Name three uses of beeswax.", "Candles, polish for wood, and a coating for cheese."),
    ("Is this review positive? “It broke after a day.”", "No. The product failed soon after it was bought."),
    ("Write a subject line for our spring newsletter.", "What is new this spring, and what is next"),
    ("What is the capital of Australia?", "Canberra."),
    ("Extract the date: see you on 3 May 2027.", "2027-05-03"),
    (
        "Explain rainbows to a child.",
        "Drops of rain bend sunlight, and each colour bends a little differently.",
    ),
)
_GATEWAYS: Final = """
[accounts.local.gateways.default]

[accounts.local.gateways.support]
cache_ttl = 3600

[accounts.local.gateways.batch]
rate_limiting_limit = 25
rate_limiting_interval = 3600

[accounts.local.gateways.batch.spend_limits]
enabled = true
rules = [{ id = "each-day", limit = 0.02, limitType = "cost", window = 86400 }]
"""


class Traffic(NamedTuple):
    """How the calls went."""

    answered: int
    failed: int  # an error of the provider
    refused: int  # by a limit of the gateway


class _Made(NamedTuple):
    """One call: where below the account, as whom, with what."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, object]


def write_config(file: Path, providers: str | None) -> None:
    """The gateways of the demonstration; with the made-up providers at this address, or without them."""
    lines = (
        []
        if providers is None
        else [f'[providers.{one}]\nbase_url = "{providers}/{one}"\n' for one in PROVIDERS]
    )
    file.write_text("\n".join(lines) + _GATEWAYS)


def make_people(data: Path) -> list[str]:
    """A token for each of some people, in the directory that is to be served; their texts."""
    texts, rows = [], []
    now_us = Clock().now_us()
    for user, team in _PEOPLE:
        text = tokens.new_token_text(os.urandom(tokens.ID_BYTES), os.urandom(tokens.SECRET_BYTES))
        secret = tokens.secret_hash(text, os.urandom(tokens.SALT_BYTES))
        rows.append(
            Token(
                id=tokens.id_of(text),
                name=f"demo of {user}",
                permissions=("run",),
                secrets=(secret,),
                created_us=now_us,
                user=user,
                team=team,
            )
        )
        texts.append(text)
    control_store(Stores(data), "demo").apply(list(map(Add, rows)))
    return texts


def make_traffic(account: str, people: Sequence[str]) -> Traffic:
    """Makes the calls, several at once, at the address of an account."""
    ends = time.monotonic() + SECONDS
    with httpx.Client(base_url=account, timeout=SECONDS, trust_env=False) as client:

        def made(call: _Made) -> str:
            return _outcome(client, call) if time.monotonic() < ends else ""

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = Counter(pool.map(made, _calls(people)))
    return Traffic(found["answered"], found["failed"], found["refused"])


def _outcome(client: httpx.Client, call: _Made) -> str:
    try:
        answer = client.post(call.path, headers=dict(call.headers), json=dict(call.body))
    except httpx.HTTPError:
        return "failed"
    if answer.is_success:
        return "answered"
    is_ours = answer.status_code == httpx.codes.TOO_MANY_REQUESTS and b"internalCode" in answer.content
    return "refused" if is_ours else "failed"


def _calls(people: Sequence[str]) -> Iterator[_Made]:
    dice = random.Random(7)
    for number in range(CALLS):
        question, text = dice.choice(_QUESTIONS)
        kind = dice.choices(
            ("openai", "anthropic", "google", "mistral", "embeddings", "unified"), (34, 22, 12, 10, 14, 8)
        )[0]
        fails = number % _FAILS_EACH == 0
        answer = DemoAnswer(
            text=text,
            status=_ERRORS[number // _FAILS_EACH % len(_ERRORS)] if fails else 200,
            seconds=dice.choice((0.02, 0.04, 0.08, 0.15, 0.3)) if dice.random() < 0.97 else 1.2,
            tokens_in=dice.randrange(40, 900),
            tokens_out=dice.randrange(8, 400),
            stream=kind in ("openai", "anthropic") and dice.random() < 0.4,
        )
        gateway = dice.choices(("default", "support", "batch"), (60, 28, 12))[0]
        person = dice.choice(people) if people and dice.random() < 0.85 else None
        path, headers, body = _asked(kind, question, answer)
        project = {"project": dice.choice(_PROJECTS), "env": dice.choice(("prod", "prod", "test"))}
        own = {HEADER: json.dumps(msgspec.to_builtins(answer))}
        if dice.random() < 0.7:
            own["cf-aig-metadata"] = msgspec.json.encode(project).decode()
        if person is not None:
            own["cf-aig-authorization"] = f"Bearer {person}"
        yield _Made(f"{gateway}/{path}", {**headers, **own}, body)


def _asked(kind: str, question: str, answer: DemoAnswer) -> _Made:
    """Where, and how, each provider is asked."""
    messages = [{"role": "user", "content": question}]
    stream = {"stream": True} if answer.stream else {}
    bearer = {"authorization": "Bearer a-made-up-key"}
    match kind:
        case "anthropic":
            headers = {"x-api-key": "a-made-up-key", "anthropic-version": "2023-06-01"}
            body = {"model": "claude-sonnet-4-5", "max_tokens": 500, "messages": messages, **stream}
            return _Made("anthropic/v1/messages", headers, body)
        case "google":
            path = "google-ai-studio/v1beta/models/gemini-2.5-flash:generateContent"
            contents = [{"role": "user", "parts": [{"text": question}]}]
            return _Made(path, {"x-goog-api-key": "a-made-up-key"}, {"contents": contents})
        case "mistral":
            body = {"model": "mistral-small-latest", "messages": messages}
            return _Made("mistral/v1/chat/completions", bearer, body)
        case "embeddings":
            return _Made(
                "openai/v1/embeddings", bearer, {"model": "text-embedding-3-small", "input": question}
            )
        case "unified":
            return _Made("compat/chat/completions", bearer, {"model": "openai/gpt-4o", "messages": messages})
        case _:
            asks = {"stream_options": {"include_usage": True}} if answer.stream else {}
            body = {"model": "gpt-4o-mini", "messages": messages, **stream, **asks}
            return _Made("openai/v1/chat/completions", bearer, body)
