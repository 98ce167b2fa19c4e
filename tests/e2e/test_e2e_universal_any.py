"""Whatever becomes of the steps: the answer is the first success, or else the last failure.

Random steps with random outcomes go through real sockets, some of which order something. The caller's answer, what the
provider was asked, and the rows must be what a loop of seven lines says they are.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import uvloop
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from penstock.journal.record import CallRecord, Outcome, read_frames
from penstock.journal.segments import DIRECTORY, list_segments
from support.client import Answer, Broken, Client, request
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import Act, Reply, head, raw, whole
from support.upstream import Upstream

BOUNDED = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
NO_BREAKER = "[breaker]\nconnect_failures = 0\nerror_share = 0\n"

ANSWERS = st.sampled_from([200, 201, 204, 302, 400, 401, 404, 408, 422, 429, 500, 502, 503, 529])
BREAKS = st.sampled_from(["refused", "reset", "closed", "head only", "no HTTP"])
OUTCOMES = st.one_of(ANSWERS, BREAKS)


@dataclass(frozen=True)
class Plan:
    """One step: what becomes of each of its attempts, of which the last one stands for all that follow."""

    attempts: int
    outcomes: tuple[int | str, ...]
    orders: bool = False

    def tried(self) -> list[int | str]:
        """The outcomes that come about: an attempt is followed by another while it is worth one."""
        done: list[int | str] = []
        for number in range(self.attempts):
            outcome = self.outcomes[min(number, len(self.outcomes) - 1)]
            done.append(outcome)
            if isinstance(outcome, int) and outcome < 500 and outcome not in (408, 429):
                break
            if self.stands(outcome):
                break
        return done

    def stands(self, outcome: int | str) -> bool:
        """Whether something may have been ordered, so that nothing else is sent."""
        if isinstance(outcome, str):
            return self.orders and outcome != "refused"
        return self.orders and (outcome < 400 or outcome == 408 or outcome >= 500)


def plans(*outcomes: int | str) -> list[Plan]:
    """Steps of one attempt each."""
    return [Plan(1, (outcome,)) for outcome in outcomes]


@st.composite
def any_plan(draw: st.DrawFn) -> Plan:
    """A step; where nobody listens, nobody listens the next time either."""
    outcomes = draw(st.lists(OUTCOMES, min_size=1, max_size=3))
    if "refused" in outcomes:
        outcomes = ["refused"]
    return Plan(draw(st.integers(1, 3)), tuple(outcomes), draw(st.booleans()))


def status_of(outcome: int | str) -> int:
    return outcome if isinstance(outcome, int) else 502


def expected(steps: Sequence[Plan]) -> list[list[int | str]]:
    """The outcomes of the attempts of each step that is tried."""
    done: list[list[int | str]] = []
    for plan in steps:
        done.append(plan.tried())
        if status_of(done[-1][-1]) < 400 or plan.stands(done[-1][-1]):
            break
    return done


def reply(outcome: int | str, name: str) -> Reply:
    match outcome:
        case "reset":
            return raw(Act.RESET)
        case "closed":
            return raw(Act.CLOSE)
        case "head only":
            return raw(head(200, (("content-length", "5"),)), Act.CLOSE)
        case "no HTTP":
            return raw(b"220 ready\r\n", Act.CLOSE)
        case 204:
            return raw(head(204))
        case int():
            return whole(name.encode(), outcome)
    raise AssertionError(outcome)


def rows(gateway: InProcess) -> list[CallRecord]:
    """What stands in the journal."""
    found: list[CallRecord] = []
    for name in list_segments(gateway.data / DIRECTORY):
        found += [entry.record for entry in read_frames((gateway.data / DIRECTORY / name).read_bytes())]
    return found


class Scene:
    """A gateway before a provider, and before an address where nobody listens."""

    def __init__(self, gateway: InProcess, provider: Upstream) -> None:
        self.gateway = gateway
        self.provider = provider

    async def check(self, steps: Sequence[Plan]) -> None:
        """One request, and all that must be true of it."""
        gateway, provider = self.gateway, self.provider
        before, asked = len(rows(gateway)), len(provider.requests)
        done = expected(steps)
        names = [f"{index}" for index in range(len(steps))]
        sent = [
            (name, outcome)
            for name, outcomes in zip(names, done, strict=False)
            for outcome in outcomes
            if outcome != "refused"
        ]
        provider.will(*[reply(outcome, name) for name, outcome in sent])
        body = [
            {
                "provider": "groq" if "refused" in plan.outcomes else "openai",
                "endpoint": "batches" if plan.orders else "chat/completions",
                "query": {"name": name},
                "config": {"maxAttempts": plan.attempts, "retryDelay": 0},
            }
            for name, plan in zip(names, steps, strict=True)
        ]
        last = done[-1][-1]
        is_cut = last == "head only" and len(done) == len(steps) and steps[-1].attempts == 1
        answer = await self._ask(json.dumps(body).encode(), is_cut=is_cut)
        assert answer.header("cf-aig-step") == str(len(done) - 1)
        if isinstance(last, int):
            assert answer.status == last
            assert answer.body == (b"" if last == 204 else str(len(done) - 1).encode())
        elif not is_cut:
            assert answer.status == 502
            assert answer.json()["internalCode"] == 2005

        asked_for = [json.loads(seen.body)["name"] for seen in provider.requests[asked:]]
        assert asked_for == [name for name, _ in sent]
        found = rows(gateway)[before:]
        assert [row.step for row in found] == list(range(len(done)))
        statuses = [status_of(outcomes[-1]) for outcomes in done]
        assert [row.status for row in found] == [*statuses[:-1], 200 if is_cut else statuses[-1]]
        assert (found[-1].outcome == Outcome.COMPLETE) is isinstance(last, int)
        assert [row.attempts for row in found] == [len(outcomes) for outcomes in done]
        assert {row.event_id for row in found} == {answer.header("cf-aig-event-id")}
        assert len({row.id for row in found}) == len(found)
        assert found[-1].id == answer.header("cf-aig-log-id")

    async def _ask(self, body: bytes, *, is_cut: bool) -> Answer:
        """The answer. A lone attempt is not held back for its first byte: it can only be cut."""
        client = await Client.connect(self.gateway.url)
        try:
            await client.send(request("POST", "/v1/acct/gw", body=body))
            if not is_cut:
                return await client.answer()
            answer = Answer(await client.head(), b"", [])
            with pytest.raises(Broken):
                await client.exactly(1)
            return answer
        finally:
            await client.close()


async def _with_scene(folder: Path, steps: Sequence[Plan]) -> None:
    provider = await Upstream.start()
    text = gateways() + providers({"openai": provider.url, "groq": "http://127.0.0.1:1"}) + NO_BREAKER
    gateway = await InProcess.start(folder, text)
    try:
        await Scene(gateway, provider).check(steps)
    finally:
        await gateway.stop()
        await provider.close()


@BOUNDED
@example(plans(503, 200))
@example(plans("refused", "reset", "closed", "head only", "no HTTP", 400, 204))
@example(plans(500, "refused"))
@example(plans(400, "head only"))
@example([Plan(3, (429, 500, 200), orders=True), *plans(200)])
@example([Plan(2, ("refused",), orders=True), Plan(1, ("head only",), orders=True), *plans(200)])
@example([Plan(3, (503, "reset", 401)), Plan(2, ("refused",)), Plan(3, (500, 429, 200))])
@given(st.lists(any_plan(), min_size=1, max_size=6))
def test_first_success_or_last_failure(steps: list[Plan]) -> None:
    with TemporaryDirectory() as folder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_with_scene(Path(folder), steps))
