"""Runs of `penstock demo` at the engine that plays Parallel: tasks, a group, FindAll, a monitor, webhooks of theirs.

They are ordered before the made-up calls and looked at after them, so that nobody waits while they go on. One task is
not looked at again: the gateway knows it as it was ordered.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import httpx

from penstock.cli.demo_failed import DemoFailed
from penstock.cli.demo_people import Person
from penstock.cli.demo_providers import FAILS, TAKES

SECONDS: Final = 20.0
"""So long at most the runs are waited for, when all else is done."""

_TIMEOUT: Final = 60.0
_POLL_SECONDS: Final = 0.1
_KEY: Final = "demo-key-for-the-local-engine"
_FAILS_HERE: Final[Mapping[str, str]] = {"x-local-fail": "run"}  # the engine rehearses a failure
_COMPANIES: Final = ("Lumenfold", "Quorvane")
_FIELDS: Final[Mapping[str, str]] = {
    "ceo_name": "Name of the CEO",
    "amount_raised": "How much money it raised in the latest round",
    "website": "Website of the company",
    "founding_year": "Year in which it was founded",
    "favourite_colour": "The favourite colour of its founder",  # of which no document tells
}
_GROUP: Final = (
    ("When was the United Nations established?", "lite"),
    ("Where is the headquarters of the United Nations?", "base"),
    ("How many member states has the United Nations?", "base"),
)
_CONDITIONS: Final[Mapping[str, str]] = {
    "ai_check": "Must be AI companies.",
    "raised_in_2026_check": "Must have raised money in 2026.",
}


class Ordered(NamedTuple):
    """The ids of what was ordered and is to be looked at."""

    tasks: Sequence[str]
    group: str
    findall: str
    monitor: str


def order_runs(account: str, receivers: str, person: Person) -> Ordered:
    """Orders them at the address of an account; webhooks go to the receivers below that address."""
    takes, fails = f"{receivers}/{TAKES}", f"{receivers}/{FAILS}"
    with _client(account, person) as client:
        tasks = [_task(client, name, takes) for name in _COMPANIES]
        group = _text(_post(client, "v1/tasks/groups", {"metadata": {"project": "globe"}}), "taskgroup_id")
        inputs = [{"input": question, "processor": processor} for question, processor in _GROUP]
        into = f"v1/tasks/groups/{group}/runs"
        spec = {"output_schema": "a short answer"}
        added = _post(client, into, {"default_task_spec": spec, "inputs": inputs})["run_ids"]
        tasks += map(str, added if isinstance(added, list) else ())
        failing = {"input": "Who was the first Secretary-General?", "processor": "base"}
        _post(client, into, {"inputs": [{**failing, "webhook": {"url": fails}}]}, _FAILS_HERE)
        findall = _text(_post(client, "v1beta/findall/runs", _findall(takes)), "findall_id")
        monitor = _text(_post(client, "v1/monitors", _monitor(takes)), "monitor_id")
        question = "Create a comprehensive report on heat pumps in the USA"
        _post(client, "v1/tasks/runs", {"input": question, "processor": "pro"})
    return Ordered(tasks, group, findall, monitor)


def look_at_runs(account: str, ordered: Ordered, person: Person) -> None:
    """Reads what came of them, and a few documents. Raises `DemoFailed`."""
    with _client(account, person) as client:
        for task in ordered.tasks:
            _get(client, f"v1/tasks/runs/{task}/result")
        _when_ended(client, f"v1beta/findall/runs/{ordered.findall}")
        _get(client, f"v1beta/findall/runs/{ordered.findall}/result")
        _when_ended(client, f"v1/tasks/groups/{ordered.group}")
        _checked(client.get(f"v1/tasks/groups/{ordered.group}/runs", params={"include_output": "true"}))
        _get(client, f"v1/monitors/{ordered.monitor}/events")
        _get(client, f"v1/monitors/{ordered.monitor}")
        url = "https://un-history.example/founding-of-the-united-nations"
        _post(client, "v1/extract", {"urls": [url], "objective": "When was it founded?"})
        _post(client, "v1/search", {"search_queries": ["heat pump incentives", "refrigerant transition"]})


def _task(client: httpx.Client, company: str, webhook: str) -> str:
    properties = {name: {"type": "string", "description": text} for name, text in _FIELDS.items()}
    schema = {"type": "object", "properties": properties, "required": list(_FIELDS)}
    body = {
        "input": {"company": company},
        "processor": "core",
        "task_spec": {
            "output_schema": {"type": "json", "json_schema": {**schema, "additionalProperties": False}}
        },
        "metadata": {"project": "atlas"},
        "webhook": {"url": webhook, "event_types": ["task_run.status"]},
    }
    return _text(_post(client, "v1/tasks/runs", body), "run_id")


def _findall(webhook: str) -> Mapping[str, object]:
    conditions = [{"name": name, "description": text} for name, text in _CONDITIONS.items()]
    return {
        "objective": "Find all AI companies that raised money in 2026.",
        "entity_type": "companies",
        "match_conditions": conditions,
        "generator": "base",
        "match_limit": 20,
        "webhook": {"url": webhook, "event_types": ["findall.run.completed"]},
    }


def _monitor(webhook: str) -> Mapping[str, object]:
    return {
        "type": "event_stream",
        "frequency": "1d",
        "settings": {"query": "Which AI companies raised money?", "include_backfill": True},
        "webhook": {"url": webhook, "event_types": ["monitor.event.detected"]},
    }


def _client(account: str, person: Person) -> httpx.Client:
    return httpx.Client(
        base_url=f"{account}/research/parallel/",
        headers={"x-api-key": _KEY, "cf-aig-authorization": f"Bearer {person.token}"},
        timeout=_TIMEOUT,
        trust_env=False,
    )


def _when_ended(client: httpx.Client, path: str) -> None:
    """Waits for the end of what has a status there, but not for ever."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        status = _get(client, path)["status"]
        if not (isinstance(status, dict) and status["is_active"]):
            return
        time.sleep(_POLL_SECONDS)


def _post(
    client: httpx.Client, path: str, body: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> Mapping[str, object]:
    return _object(client.post(path, json=dict(body), headers=dict(headers or {})))


def _get(client: httpx.Client, path: str) -> Mapping[str, object]:
    return _object(client.get(path))


def _object(answer: httpx.Response) -> Mapping[str, object]:
    found = _checked(answer).json()
    return found if isinstance(found, dict) else {}


def _checked(answer: httpx.Response) -> httpx.Response:
    if not answer.is_success:
        raise DemoFailed(f"{answer.url.path} answered {answer.status_code}: {answer.text[:500]}")
    return answer


def _text(answer: Mapping[str, object], name: str) -> str:
    return str(answer[name])
