"""A gateway of which everything is remembered, a mixed load on it, and the places where it can be asked for.

What is asserted stands in the tests.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from penstock.clock import Clock
from penstock.journal.segments import DIRECTORY as JOURNAL
from penstock.journal.segments import list_segments
from penstock.metrics.worker_file import FOLDER as WORKERS
from penstock.metrics.worker_file import read_states
from penstock.stores.ledger import ANY
from penstock.stores.sqlite.ledger.file import ledger_facts
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import FILE_NAME
from support.configuration import gateways, providers
from support.gateway import PROGRAM, Gateway, environment
from support.replies import Act, Reply, chunked, head, sse, whole
from support.upstream import Seen, Upstream
from support.waiting import PATIENCE, comes, eventually

ADMIN = "an-admin-token-for-tests"
JSON = (("content-type", "application/json"),)
COMPLETION = (
    b'{"model":"gpt-4o","choices":[{"message":{"role":"assistant","content":"Hi"}}],'
    b'"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}'
)
EVENT = b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n'
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}\n\n'
CHAT = "openai/v1/chat/completions"

Sums = dict[str, float]


def answer_by_header(seen: Seen) -> Reply:
    """What the caller wishes in `x-mode`: an answer, a stream, a failure, half an answer, silence."""
    match (seen.header("x-mode") or b"").decode():
        case "stream":
            return sse(EVENT, EVENT, USAGE, b"data: [DONE]\n\n")
        case "endless":
            return sse(EVENT, asyncio.Event())
        case "fail":
            return whole(b'{"error":{"message":"no"}}', 500, JSON)
        case "broken":
            return chunked(COMPLETION[:20], Act.CLOSE, headers=JSON, finished=False)
        case "silent":
            return Reply((asyncio.Event(),), early=True)
        case "nothing told":
            return whole(b'{"choices":[]}', headers=JSON)
        case _:
            return whole(COMPLETION, headers=JSON)


def configured(provider: Upstream, *receivers: str, extra: str = "", **fields: object) -> str:
    """Gateways `gw`, `lim` (two calls an hour) and `spent` (whose budget is gone at once) of two accounts."""
    common = {"logpush": True, **fields}
    limited = {**common, "rate_limiting_limit": 2, "rate_limiting_interval": 3600}
    text = extra + gateways(gw=common, lim=limited) + gateways("else", gw=common)
    for account in ("acct", "else"):
        for number, url in enumerate(receivers):
            kind = ("json", "protobuf")[number % 2]
            text += (
                f"[[accounts.{account}.gateways.gw.otel]]\nurl = {json.dumps(url)}\nheaders = {{}}\n"
                f"content_type = {json.dumps(kind)}\n"
            )
    return text + providers({"openai": provider.url, "anthropic": provider.url})


def folder_job(name: str, path: Path, interval: float = 0.05) -> str:
    """A log push job into a folder."""
    return (
        f"[log_push.{name}]\nmax_interval = {interval}\n"
        f"[log_push.{name}.folder]\npath = {json.dumps(str(path))}\n"
    )


def http_job(name: str, url: str, interval: float = 0.05) -> str:
    """A log push job to a server."""
    return f"[log_push.{name}]\nmax_interval = {interval}\n[log_push.{name}.http]\nurl = {json.dumps(url)}\n"


async def ask(
    http: httpx.AsyncClient,
    gateway: Gateway,
    mode: str = "",
    *,
    path: str = CHAT,
    place: str = "acct/gw",
    model: str = "gpt-4o",
    headers: Mapping[str, str | bytes] | None = None,
    body: object = None,
) -> httpx.Response:
    """One call, whatever comes of it."""
    sent = {"model": model, "messages": [{"role": "user", "content": "Hi"}]} if body is None else body
    return await http.post(
        f"{gateway.url}/v1/{place}/{path}", json=sent, headers=_headers({"x-mode": mode, **(headers or {})})
    )


def _headers(given: Mapping[str, str | bytes]) -> dict[bytes, bytes]:
    return {
        name.encode(): value if isinstance(value, bytes) else value.encode() for name, value in given.items()
    }


async def leave(gateway: Gateway) -> None:
    """A client that goes away in the middle of a stream."""
    async with (
        httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http,
        http.stream(
            "POST",
            f"{gateway.url}/v1/acct/gw/{CHAT}",
            json={"model": "gpt-4o", "stream": True, "messages": []},
            headers={"x-mode": "endless"},
        ) as response,
    ):
        async for _ in response.aiter_bytes():
            return


async def mixed_load(gateway: Gateway, rounds: int) -> None:
    """Everything a call can come to, many at a time."""
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
        for number in range(rounds):
            await asyncio.gather(*_round(http, gateway, number), return_exceptions=True)


def _round(http: httpx.AsyncClient, gateway: Gateway, number: int) -> list[Any]:
    steps = [
        {
            "provider": "openai",
            "endpoint": "chat/completions",
            "headers": {"x-mode": mode},
            "query": {"model": "gpt-4o"},
        }
        for mode in ("fail", "")
    ]
    user = {"cf-aig-metadata": json.dumps({"user": f"u{number % 3}", "paid": True})}
    price = {"cf-aig-custom-cost": '{"per_token_in":0.000001,"per_token_out":0.000002}'}
    key = {"x-api-key": "k"}
    cached = {"cf-aig-cache-ttl": "60", "cf-aig-cache-key": f"k{number // 2}"}
    return [
        *(ask(http, gateway, headers=user) for _ in range(3)),
        ask(http, gateway, "stream", headers=user),
        ask(http, gateway, "fail"),
        ask(http, gateway, "broken"),
        ask(http, gateway, "nothing told"),
        ask(http, gateway, "silent", headers={"cf-aig-request-timeout": "30"}),
        ask(http, gateway, model="no-such-model"),
        ask(http, gateway, headers=price),
        ask(http, gateway, headers=cached),
        ask(http, gateway, place="acct/lim"),
        ask(http, gateway, place="else/gw", headers=user),
        ask(http, gateway, headers={"cf-aig-collect-log": "false"}),
        ask(http, gateway, headers={"cf-aig-collect-log-payload": "false"}),
        http.post(f"{gateway.url}/v1/acct/gw", json=steps, headers={"x-mode": ""}),
        ask(http, gateway, path="parallel/v1/search", body={"search_queries": ["Zorblax"]}, headers=key),
        ask(
            http,
            gateway,
            path="parallel/v1/tasks/runs",
            body={"input": "Zorblax?", "processor": "base"},
            headers=key,
        ),
        leave(gateway),
    ]


# -- where it can be asked for


def zero() -> Sums:
    """Of no calls."""
    return dict.fromkeys(("requests", "errors", "cached", "tokens_in", "tokens_out", "cost"), 0)


def run(gateway: Gateway, *arguments: str) -> bytes:
    """What a command prints."""
    command = [*PROGRAM, *arguments, "--data", str(gateway.data)]
    done = subprocess.run(command, env=environment(), capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def by_command(gateway: Gateway, *by: str) -> dict[tuple[object, ...], Sums]:
    """`penstock cost --json`."""
    wanted = [word for name in by for word in ("--by", name)]
    lines = [json.loads(line) for line in run(gateway, "cost", *wanted, "--json").splitlines()]
    groups = {
        tuple(line["dimensions"][name] for name in by): {name: line[name] for name in zero()}
        for line in lines
    }
    assert len(groups) == len(lines), f"asked by {by}, told by more: {lines}"
    return groups


def _reader() -> httpx.AsyncClient:
    """Who may read everything."""
    return httpx.AsyncClient(trust_env=False, timeout=PATIENCE, headers={"authorization": f"Bearer {ADMIN}"})


async def get(gateway: Gateway, path: str, **parameters: str) -> Any:  # noqa: ANN401 (JSON)
    """From the management API."""
    async with _reader() as http:
        answer = await http.get(f"{gateway.url}/client/v4/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def by_analytics(gateway: Gateway, account: str, by: str) -> dict[tuple[object, ...], Sums]:
    """The analytics endpoint."""
    found = await get(gateway, f"accounts/{account}/ai-gateway/analytics", by=by)
    return {
        tuple(group["dimensions"].values()): {name: group[name] for name in zero()}
        for group in found["result"]["groups"]
    }


async def by_graphql(gateway: Gateway, account: str) -> dict[tuple[object, ...], Sums]:
    """Of each gateway, provider and model."""
    query = """query($account: string!) { viewer { accounts(filter: {accountTag: $account}) {
      aiGatewayRequestsAdaptiveGroups(limit: 1000) { count dimensions { gateway provider model statusCode }
        sum { cachedRequests erroredRequests cost cachedTokensIn cachedTokensOut uncachedTokensIn uncachedTokensOut }
    } } } }"""
    async with _reader() as http:
        answer = await http.post(
            f"{gateway.url}/client/v4/graphql", json={"query": query, "variables": {"account": account}}
        )
    found = answer.json()
    assert not found["errors"], found
    groups = found["data"]["viewer"]["accounts"][0]["aiGatewayRequestsAdaptiveGroups"]
    return {
        (*group["dimensions"].values(),): {
            "requests": group["count"],
            "errors": group["sum"]["erroredRequests"],
            "cached": group["sum"]["cachedRequests"],
            "tokens_in": group["sum"]["cachedTokensIn"] + group["sum"]["uncachedTokensIn"],
            "tokens_out": group["sum"]["cachedTokensOut"] + group["sum"]["uncachedTokensOut"],
            "cost": group["sum"]["cost"],
        }
        for group in groups
    }


async def metrics(gateway: Gateway) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """`/metrics`: by name of the sample and labels."""
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
        answer = await http.get(f"{gateway.url}/metrics")
    assert answer.status_code == 200
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            samples = found.setdefault(sample.name, {})
            assert labels not in samples, f"{sample.name} {labels} twice"
            samples[labels] = sample.value
    return found


async def until(gateway: Gateway, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The metrics once they fit: they are written every two seconds."""

    async def ask() -> dict[str, Any] | None:
        found = await metrics(gateway)
        return found if fits(found) else None

    return await comes(ask, "metrics that fit")


def pushed(folder: Path) -> list[dict[str, Any]]:
    """All logs in a folder."""
    files = sorted(folder.rglob("*.gz"))
    return [json.loads(line) for file in files for line in gzip.decompress(file.read_bytes()).splitlines()]


def posted(receiver: Upstream) -> list[dict[str, Any]]:
    """All logs that a server has got."""
    bodies = [gzip.decompress(bytes(seen.body)) for seen in receiver.requests if seen.complete]
    return [json.loads(line) for body in bodies for line in body.splitlines()]


def spans_in(receiver: Upstream) -> dict[str, dict[str, Any]]:
    """All spans that have come as JSON, by the id of their log."""
    bodies = (json.loads(gzip.decompress(bytes(seen.body))) for seen in receiver.requests if seen.complete)
    spans = [span for body in bodies for span in body["resourceSpans"][0]["scopeSpans"][0]["spans"]]
    return {
        one["value"]["stringValue"]: span
        for span in spans
        for one in span["attributes"]
        if one["key"] == "penstock.log_id"
    }


async def spans_of(receiver: Upstream, count: int) -> dict[str, dict[str, Any]]:
    """The spans, once there are so many."""

    def look() -> dict[str, dict[str, Any]] | None:
        found = spans_in(receiver)
        return found if len(found) == count else None

    return await eventually(look, f"{count} spans")


async def settled(gateway: Gateway) -> list[str]:
    """The ids of all calls, once nothing is under way and all of it is in the ledger."""
    since_us = Clock().now_us()
    await eventually(lambda: _are_idle(gateway.data, since_us) or None, "workers without calls")
    await eventually(lambda: _is_shipped(gateway.data) or None, "all calls in the ledger")
    with closing(SqliteReader(gateway.data / FILE_NAME)) as reader:
        return [row.id for row in reader.calls(ANY, 1_000_000)]


def _are_idle(data: Path, since_us: int) -> bool:
    """Whether all workers have said so since then; each tells of itself every five seconds."""
    workers = read_states(data / WORKERS).workers
    return bool(workers) and all(one.written_us > since_us and not one.calls for one in workers)


def _is_shipped(data: Path) -> bool:
    """Whether the ledger has all that stands in the journal, which only the shipper makes shorter."""
    sizes = {}
    for name in list_segments(data / JOURNAL):
        with suppress(FileNotFoundError):
            sizes[name] = (data / JOURNAL / name).stat().st_size
    facts = ledger_facts(data / FILE_NAME)
    return facts is not None and all(facts.positions.get(name, 0) >= size for name, size in sizes.items())


async def cursors(gateway: Gateway, count: int) -> None:
    """Waits until so many exporters have begun."""

    def look() -> bool | None:
        try:
            found = json.loads((gateway.data / "exports.json").read_bytes())
        except FileNotFoundError:
            return None
        return len(found["cursors"]) == count or None

    await eventually(look, f"{count} cursors")


def head_only(status: int, *headers: tuple[str, str]) -> Reply:
    """An answer without a body."""
    return Reply((head(status, (*headers, ("content-length", "0"))),))
