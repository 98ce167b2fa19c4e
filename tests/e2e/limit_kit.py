"""What the tests of rate limits, spend limits and costs share.

Configurations with rules, callers with virtual keys, a clock put where a test wants it in a window, and what a
counter holds now. What is asserted stands in the tests.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import count
from uuid import uuid4

import msgspec

from penstock.access.tokens import ID_BYTES, SALT_BYTES, SECRET_BYTES, id_of, new_token_text, secret_hash
from penstock.calls.log_record import LogRecord
from penstock.metadata import MetadataValue
from penstock.settings import load
from penstock.stores.control_store import Add, Permission, RateLimit, Replace, SpendLimit, Token
from penstock.stores.counters import Window
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore
from support.checks import check_error, check_ids
from support.client import Answer, Client, Header
from support.configuration import providers
from support.gateway import prepare
from support.inprocess import InProcess
from support.replies import Reply, sse, whole

CHAT = "/v1/acct/gw/openai/chat/completions"
SEARCH = "/v1/acct/gw/parallel/v1/search"
TASKS = "/v1/acct/gw/parallel/v1/tasks/runs"
SECOND = 1_000_000
NANO = 1_000_000_000
JSON = ("content-type", "application/json")
GPT = b'{"model":"gpt-5","messages":[]}'

LONG = 1_000_000  # seconds, of a window in which nothing rolls over

Rule = dict[str, object]
_numbers = count(1)


def toml(value: object) -> str:
    """A value as TOML writes it in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def configuration(
    urls: Mapping[str, str], fields: Mapping[str, object], extra: str = "", **others: Mapping[str, object]
) -> str:
    """Gateway `gw` of the account `acct` with these fields, and others; providers at these addresses."""
    text = ""
    for name, values in {"gw": fields, **others}.items():
        lines = "".join(f"{key} = {toml(value)}\n" for key, value in values.items())
        text += f"[accounts.acct.gateways.{name}]\n{lines}"
    return text + providers(urls) + extra


def rated(url: str, limit: int, interval: int, technique: str = "fixed", **fields: object) -> str:
    """A gateway with a rate limit, before one provider for all."""
    rate = {
        "rate_limiting_limit": limit,
        "rate_limiting_interval": interval,
        "rate_limiting_technique": technique,
    }
    return configuration({"openai": url, "anthropic": url, "parallel": url}, {**rate, **fields})


def rule(limit: float, window: int = 3600, technique: str = "fixed", **fields: object) -> Rule:
    """A spend rule, called `r` unless the fields say otherwise."""
    basic = {"id": "r", "limit": limit, "limitType": "cost", "window": window, "technique": technique}
    return {**basic, **fields}


def spending(url: str, *rules: Rule, extra: str = "", enabled: bool = True, **fields: object) -> str:
    """A gateway with spend limits, before one provider for all."""
    limits = {"enabled": enabled, "rules": list(rules)}
    urls = {"openai": url, "anthropic": url, "parallel": url}
    return configuration(urls, {"spend_limits": limits, **fields}, extra)


def limited(url: str, usd: float = 100, extra: str = "", **fields: object) -> str:
    """The spend rule `r` over a long window, and no other."""
    return spending(url, rule(usd, LONG), extra=extra, enabled=True, **fields)


def plain(url: str) -> str:
    """A gateway without limits, before one provider for all."""
    return configuration({"openai": url, "anthropic": url, "parallel": url}, {})


def reload(gateway: InProcess, text: str) -> None:
    """Takes up a changed configuration or directory, as a worker does at SIGHUP."""
    overrides = {"server.data": str(gateway.data)}
    settings = load(prepare(gateway.data.parent, text), environ={}, overrides=overrides)
    gateway.parts.pipeline.world = gateway.parts.world(settings)


# -- callers


def new_key(
    gateway: InProcess,
    *,
    rate: RateLimit | None = None,
    spend: SpendLimit | None = None,
    metadata: Mapping[str, MetadataValue] | None = None,
    permissions: tuple[Permission, ...] = ("run",),
) -> tuple[Header, str]:
    """A virtual key in the directory: the header that shows it, and its id. Known after a `reload`."""
    number = next(_numbers)
    text = new_token_text(number.to_bytes(ID_BYTES, "big"), number.to_bytes(SECRET_BYTES, "big"))
    token = Token(
        id=id_of(text),
        name=f"key {number}",
        permissions=permissions,
        secrets=(secret_hash(text, number.to_bytes(SALT_BYTES, "big")),),
        created_us=1,
        rate_limit=rate,
        spend_limit=spend,
        metadata=dict(metadata or {}),
    )
    SqliteControlStore(gateway.data / FILE_NAME).apply([Add(token)])
    return ("cf-aig-authorization", f"Bearer {text}"), token.id


def change_rate(gateway: InProcess, token_id: str, rate: RateLimit) -> None:
    """Gives a virtual key another limit. Known after a `reload`."""
    store = SqliteControlStore(gateway.data / FILE_NAME)
    (old,) = (token for token in store.snapshot().tokens if token.id == token_id)
    store.apply([Replace(old, msgspec.structs.replace(old, rate_limit=rate))])


def costs(usd: float) -> Header:
    """This call costs so much, whatever it uses."""
    return ("cf-aig-custom-cost", json.dumps({"total_cost": usd}))


def per_token(**usd: float) -> Header:
    """This call's tokens cost so much."""
    return ("cf-aig-custom-cost", json.dumps(usd))


def metadata(**entries: object) -> Header:
    """Metadata of a call."""
    return ("cf-aig-metadata", json.dumps(entries))


# -- time


def place_clock(gateway: InProcess, interval: int, seconds: float) -> None:
    """Moves the clock ahead to the next moment that lies `seconds` into a window aligned to the clock."""
    now, span = gateway.clock.now_us(), interval * SECOND
    _move_to(gateway, now + (round(seconds * SECOND) - now) % span)


def let_pass(gateway: InProcess, seconds: float) -> None:
    """Moves the clock ahead, to the microsecond."""
    _move_to(gateway, gateway.clock.now_us() + round(seconds * SECOND))


def _move_to(gateway: InProcess, target_us: int) -> None:
    clock = gateway.clock
    while (off := target_us - clock.now_us()) != 0:  # the clock counts in floats, whose steps are finer
        clock.ahead += off / SECOND + (1e-7 if off == 1 else 0)


# -- what was spent


def used(gateway: InProcess, *parts: str, name: str = "r", window: int = 3600, sliding: bool = False) -> int:
    """Nano-dollars on a rule's counter now, reservations included; `parts` are `key=value` of partitions."""
    key = spend_key(*parts, name=name)
    return gateway.parts.counters.used(key, Window(window, sliding), gateway.clock.now_us())


def spent(gateway: InProcess, *parts: str) -> int:
    """The same of a rule over a long window."""
    return used(gateway, *parts, window=LONG)


def spend_key(*parts: str, name: str = "r") -> bytes:
    """The name of a rule's counter in the gateway `gw`."""
    pairs = [text for part in parts for text in part.split("=", 1)]
    return b"spend acct\x1fgw" + msgspec.json.encode([name, *pairs])


# -- calls


async def post(client: Client, path: str, body: bytes, *headers: Header) -> int:
    """The status of a POST of JSON."""
    return (await client.ask("POST", path, JSON, *headers, body=body)).status


async def one_row(gateway: InProcess, client: Client, path: str, body: bytes, *headers: Header) -> LogRecord:
    """The row of the only call; a GET where there is no body."""
    sent = await client.ask("POST" if body else "GET", path, JSON, *headers, body=body or None)
    row = await gateway.row()
    assert row.id == check_ids(sent)
    return row


def spend_refused(answer: Answer, text: str) -> None:
    """The refusal of Cloudflare 3.8; `text` is what follows the first words of its message."""
    check_error(answer, 429, 2045, f"Spend limit exceeded: {text}")
    assert answer.header("retry-after") is not None


# -- answers


def answer(usage: Mapping[str, object] | None, model: str = "gpt-5", status: int = 200) -> Reply:
    """A whole chat completion with this usage."""
    body: dict[str, object] = {"id": "c", "object": "chat.completion", "model": model, "choices": []}
    if usage is not None:
        body["usage"] = usage
    return whole(json.dumps(body).encode(), status=status, headers=(JSON,))


def tokens(prompt: int, completion: int, **more: object) -> dict[str, object]:
    """OpenAI's usage."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        **more,
    }


def stream(usage: Mapping[str, object] | None) -> Reply:
    """A streamed completion; the usage comes in an event of its own, as OpenAI sends it when asked."""
    chunk: dict[str, object] = {"id": "c", "object": "chat.completion.chunk", "model": "gpt-5"}
    told: list[dict[str, object]] = [
        {**chunk, "choices": [{"index": 0, "delta": {"content": "a"}}], "usage": None}
    ]
    if usage is not None:
        told.append({**chunk, "choices": [], "usage": usage})
    return sse(*(b"data: %b\n\n" % json.dumps(one).encode() for one in told), b"data: [DONE]\n\n")


def found(results: int, extra: int | None = None) -> Reply:
    """Parallel's answer to a search."""
    body: dict[str, object] = {
        "search_id": "search_1",
        "results": [{"url": f"https://x.test/{number}"} for number in range(results)],
    }
    if extra is not None:
        body["usage"] = [{"name": "sku_search_additional_results", "count": extra}]
    return whole(json.dumps(body).encode(), headers=(JSON,))


def task_run(processor: str = "core", status: int = 202) -> Reply:
    """Parallel's answer to a new task, with an id of its own: a run is paid once, however often one hears of it."""
    body = {"run_id": f"trun_{uuid4().hex}", "status": "queued", "processor": processor, "is_active": True}
    return whole(json.dumps(body).encode(), status=status, headers=(JSON,))


def universal(*steps: tuple[str, Mapping[str, str]], model: str = "gpt-5") -> bytes:
    """A universal request: provider and headers of each step."""
    return json.dumps(
        [
            {
                "provider": provider,
                "endpoint": "chat/completions",
                "headers": dict(headers),
                "query": {"model": model, "messages": []},
            }
            for provider, headers in steps
        ]
    ).encode()
