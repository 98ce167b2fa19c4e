"""Orders as providers have them, for the laws of what they cost: how each is made and read, what its work is worth."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from penstock.pricing.units import to_nano
from penstock.wire.usage_counts import Usage
from support.listed_prices import Listed

PRICES = Listed(
    '["replicate/priced"]\ninput = 1\noutput = 2\n["replicate/by-request"]\nrequest = 0.25\n'
    '["replicate/both"]\ninput = 1\noutput = 2\nrequest = 0.25\n["fal/*"]\nrequest = 0.5\n'
)
SSE = "text/event-stream"
LINES = "application/jsonl"
MESSAGE_LINES = "application/x-jsonl"
DAY_US = 1_760_000_000_000_000
Json = dict[str, Any]


@dataclass(frozen=True)
class Exchange:
    """One request and its answer."""

    method: str
    path: str
    request: bytes
    answer: bytes
    kind: str = "application/json"
    tells: bool = False  # what the work has used


@dataclass(frozen=True)
class Order:
    """How to order, to read what is under way, and to read the end in all ways there are; what the work is worth.

    `at_once`: nano-dollars that the order itself costs. `leads`: what must have been read as well before an end tells.
    """

    provider: str
    make: Exchange
    pending: tuple[Exchange, ...]
    ends: tuple[Exchange, ...]
    worth: int
    tokens: tuple[int, int] | None = None
    at_once: int | None = None
    leads: tuple[Exchange, ...] = ()


def document(**members: object) -> bytes:
    return json.dumps(members).encode()


def events(*told: Json) -> bytes:
    return b"".join(b"data: %b\n\n" % json.dumps(one).encode() for one in told)


def listed(provider: str, model: str, tokens: tuple[int, int], tier: str | None = None) -> int:
    """What one answer costs by the list."""
    usage = Usage(*tokens, sum(tokens), service_tier=tier)
    bill = PRICES.full().cost(provider, model, usage, DAY_US)
    assert bill is not None
    return bill.nano


Parts = list[tuple[int, int]]
Maker = Callable[[str, Parts], Order]


def _sum(parts: Parts) -> tuple[int, int]:
    return sum(tokens for tokens, _ in parts), sum(tokens for _, tokens in parts)


def _used(tokens: tuple[int, int]) -> Json:
    return {"input_tokens": tokens[0], "output_tokens": tokens[1], "total_tokens": sum(tokens)}


def background(provider: str, root: str) -> Maker:
    """A response in the background."""

    def made(name: str, parts: Parts) -> Order:
        tokens = _sum(parts)

        def told(status: str, usage: Json | None = None) -> Json:
            return {
                "id": name,
                "object": "response",
                "background": True,
                "status": status,
                "model": "gpt-4o",
                "usage": usage,
            }

        read = f"{root}/{name}"
        last = told("completed", _used(tokens))
        stream = events(
            {"type": "response.created", "response": told("in_progress")},
            {"type": "response.output_text.delta", "delta": "x"},
            {"type": "response.completed", "response": last},
        )
        asked = document(model="gpt-4o", input="x", background=True)
        return Order(
            provider,
            Exchange("POST", root, asked, document(**told("queued"))),
            (Exchange("GET", read, b"", document(**told("in_progress"))),),
            (
                Exchange("GET", read, b"", document(**last), tells=True),
                Exchange("GET", f"{read}?stream=true", b"", stream, SSE, tells=True),
                Exchange(
                    "POST", f"{read}/cancel", b"", document(**{**last, "status": "cancelled"}), tells=True
                ),
            ),
            listed("openai", "gpt-4o", tokens),
            tokens,
        )

    return made


def _lines(name: str, model: str, parts: Parts) -> bytes:
    lines: list[Json] = [
        {
            "id": f"{name}-{at}",
            "custom_id": str(at),
            "response": {
                "status_code": 200,
                "body": {
                    "model": model,
                    "usage": {"prompt_tokens": one, "completion_tokens": other, "total_tokens": one + other},
                },
            },
            "error": None,
        }
        for at, (one, other) in enumerate(parts)
    ]
    lines.append({"custom_id": "bad", "response": {"status_code": 400, "body": {"error": {"message": "x"}}}})
    lines.append({"custom_id": "late", "response": None, "error": {"code": "batch_expired"}})
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def openai_batch(name: str, parts: Parts) -> Order:
    """Which tells its use itself, and in its file of results once more."""
    tokens = _sum(parts)
    batch = {"id": name, "object": "batch", "output_file_id": f"out-{name}", "model": "gpt-4o"}
    counts = {"total": len(parts) + 2, "completed": len(parts), "failed": 2}
    last = {
        **batch,
        "status": "completed",
        "request_counts": counts,
        "usage": _used(tokens),
    }  # half of it tells none
    return Order(
        "openai",
        Exchange("POST", "v1/batches", b'{"input_file_id":"f"}', document(id=name, status="validating")),
        (Exchange("GET", f"v1/batches/{name}", b"", document(**{**batch, "status": "in_progress"})),),
        (
            Exchange("GET", f"v1/batches/{name}", b"", document(**last), tells=True),
            Exchange("GET", f"v1/files/out-{name}/content", b"", _lines(name, "gpt-4o", parts), LINES),
        ),
        listed("openai", "gpt-4o", tokens, "batch"),
        tokens,
    )


def file_batch(provider: str, root: str, results: str, model: str) -> Maker:
    """One that leaves it to its file of results."""

    def made(name: str, parts: Parts) -> Order:
        last = {"id": name, "object": "batch", "status": "completed", results: f"out-{name}"}
        if provider == "mistral":
            last["status"] = "SUCCESS"
        files = root.rpartition("batch")[0]
        lead = Exchange("GET", f"{root}/{name}", b"", document(**last))
        body = _lines(name, model, parts)
        end = Exchange("GET", f"{files}files/out-{name}/content", b"", body, LINES, tells=True)
        return Order(
            provider,
            Exchange("POST", root, b'{"input_file_id":"f"}', document(id=name, status="validating")),
            (Exchange("GET", f"{root}/{name}", b"", document(id=name, status="in_progress")),),
            (end,),
            sum(listed(provider, model, one, "batch") for one in parts),
            _sum(parts),
            leads=(lead,),
        )

    return made


def message_batch(name: str, parts: Parts) -> Order:
    """Anthropic's, of two models."""
    models = ["claude-sonnet-4-20250514", "claude-3-5-haiku-20241022"]
    lines: list[Json] = [
        {
            "custom_id": str(at),
            "result": {
                "type": "succeeded",
                "message": {
                    "type": "message",
                    "model": models[at % 2],
                    "usage": {"input_tokens": one, "output_tokens": other, "service_tier": "batch"},
                },
            },
        }
        for at, (one, other) in enumerate(parts)
    ]
    lines.append({"custom_id": "e", "result": {"type": "errored", "error": {"type": "error"}}})
    body = b"\n".join(json.dumps(line).encode() for line in lines)
    read = f"v1/messages/batches/{name}"
    return Order(
        "anthropic",
        Exchange(
            "POST",
            "v1/messages/batches",
            b'{"requests":[]}',
            document(id=name, processing_status="in_progress"),
        ),
        (Exchange("GET", read, b"", document(id=name, processing_status="ended")),),
        (Exchange("GET", f"{read}/results", b"", body, MESSAGE_LINES, tells=True),),
        sum(listed("anthropic", models[at % 2], one, "batch") for at, one in enumerate(parts)),
        _sum(parts),
    )


def prediction(model: str, *, waits: bool = False) -> Maker:
    """Replicate's; one that `waits` has its end in the answer to the order."""

    def made(name: str, parts: Parts) -> Order:
        tokens = _sum(parts)
        metrics = {"input_token_count": tokens[0], "output_token_count": tokens[1], "predict_time": 1.5}
        last = document(id=name, model=model, status="succeeded", metrics=metrics)
        first = document(id=name, model=model, status="starting")
        asked = document(version=model)
        by_request = to_nano("0.25") if model != "priced" else 0
        by_tokens = tokens[0] * 1000 + tokens[1] * 2000 if model != "by-request" else 0
        read = f"v1/predictions/{name}"
        return Order(
            "replicate",
            Exchange("POST", "v1/predictions", asked, last if waits else first, tells=waits),
            (Exchange("GET", read, b"", document(id=name, model=model, status="processing")),),
            (
                Exchange("GET", read, b"", last, tells=True),
                Exchange("POST", f"{read}/cancel", b"", last, tells=True),
            ),
            by_request + by_tokens,
            tokens,
            by_request if model == "by-request" else None,
        )

    return made


def queued(name: str, _parts: Parts) -> Order:
    """Fal's, by an operator's own price."""
    target = f"fal-ai/flux/requests/{name}"
    return Order(
        "fal",
        Exchange("POST", "fal-ai/flux", b'{"prompt":"x"}', document(request_id=name, status="IN_QUEUE")),
        (Exchange("GET", f"{target}/status", b"", document(request_id=name, status="IN_PROGRESS")),),
        (Exchange("GET", target, b"", document(images=[{"url": "x"}])),),
        to_nano("0.5"),
        at_once=to_nano("0.5"),
    )


def _run(name: str, status: str) -> Json:
    return {"run_id": name, "status": status, "processor": "core"}


def task(name: str, _parts: Parts) -> Order:
    """Parallel's, whose price is known when it is ordered."""
    read = f"v1/tasks/runs/{name}"
    done = {"type": "task_run.state", "event_id": "1", "run": _run(name, "completed")}
    return Order(
        "parallel",
        Exchange(
            "POST", "v1/tasks/runs", document(processor="core", input="x"), document(**_run(name, "queued"))
        ),
        (Exchange("GET", read, b"", document(**_run(name, "running"))),),
        (
            Exchange("GET", read, b"", document(**_run(name, "completed"))),
            Exchange("GET", f"{read}/result", b"", document(run=_run(name, "completed"), output={})),
            Exchange("GET", f"{read}/events", b"", events(done), SSE),
        ),
        to_nano("0.025"),
        at_once=to_nano("0.025"),
    )


def task_group(name: str, parts: Parts) -> Order:
    """A run for each part."""
    runs = [f"{name}-{at}" for at in range(len(parts))]
    asked = document(inputs=[{"processor": "core", "input": "x"} for _ in runs])
    read = f"v1/tasks/groups/{name}"
    states = events(
        *({"type": "task_run.state", "event_id": run, "run": _run(run, "completed")} for run in runs)
    )
    return Order(
        "parallel",
        Exchange("POST", f"{read}/runs", asked, document(status={"num_task_runs": len(runs)}, run_ids=runs)),
        (Exchange("GET", read, b"", document(taskgroup_id=name, status={"is_active": True})),),
        (
            Exchange("GET", f"{read}/runs", b"", states, SSE),
            Exchange("GET", f"{read}/events", b"", states, SSE),
            *(Exchange("GET", f"{read}/runs/{run}", b"", document(**_run(run, "completed"))) for run in runs),
        ),
        to_nano("0.025") * len(runs),
        at_once=to_nano("0.025") * len(runs),
    )


def deferred(name: str, parts: Parts) -> Order:
    """Grok's, which tells its price."""
    tokens = _sum(parts)
    answer = document(model="grok-4", usage={**_used(tokens), "cost_in_usd_ticks": 70})
    read = f"v1/chat/deferred-completion/{name}"
    return Order(
        "grok",
        Exchange(
            "POST", "v1/chat/completions", document(model="grok-4", deferred=True), document(request_id=name)
        ),
        (),
        (Exchange("GET", read, b"", answer, tells=True),),
        7,
        tokens,
    )


ORDERS: dict[str, Maker] = {
    "a response": background("openai", "v1/responses"),
    "a response at Azure": background("azure-openai", "res/openai/v1/responses"),
    "a batch": openai_batch,
    "a batch at Groq": file_batch("groq", "openai/v1/batches", "output_file_id", "llama-3.3-70b-versatile"),
    "a batch at Mistral": file_batch("mistral", "v1/batch/jobs", "output_file", "mistral-small-latest"),
    "a batch of messages": message_batch,
    "a prediction": prediction("priced"),
    "a prediction that is waited for": prediction("priced", waits=True),
    "a prediction by request": prediction("by-request"),
    "one by request that is waited for": prediction("by-request", waits=True),
    "a prediction by both": prediction("both"),
    "a queue": queued,
    "a task": task,
    "a group": task_group,
    "a deferred completion": deferred,
}  # fmt: skip
