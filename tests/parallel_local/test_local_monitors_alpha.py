"""Monitors by their former paths, and by the official SDK (Parallel 2.13.6)."""

from pathlib import Path

import pytest
from local_clock import ManualClock
from local_engine import Caller, engine, served
from local_hooks import receiver
from local_monitors import QUERY, Json, changed, events, executed, stream, triggered
from parallel import AsyncParallel

from parallel_local.fetch.post import HookSender

ALPHA = "/v1alpha/monitors"
SURVEY = "# Survey\n\nThe Amber River is 415 kilometers long.\n"


async def made(call: Caller, **more: object) -> Json:
    """A monitor made by the former path, after its first execution."""
    answer = await call.post(ALPHA, {"query": QUERY, "cadence": "daily", **more})
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    await executed(call, str(found["monitor_id"]))
    return found


async def test_it_is_the_same_monitor_by_both_paths(tmp_path: Path) -> None:
    policy = {"include_domains": [], "exclude_domains": ["a.example"], "after_date": None}
    async with engine(tmp_path) as call:
        alpha = await made(call, source_policy=policy, metadata={"a": "b"})
        monitor = (await call.get(f"/v1/monitors/{alpha['monitor_id']}")).json()
        other = (await call.post("/v1/monitors", {**stream(), "frequency": "3h"})).json()
        listed = (await call.get(f"{ALPHA}/list", limit=1)).json()
        rest = (await call.get(f"{ALPHA}/list", limit=1, cursor=listed["next_cursor"])).json()
        everyone = (await call.get(ALPHA)).json()
    assert (alpha["status"], alpha["cadence"], alpha["frequency"]) == ("active", "daily", "1d")
    assert monitor["settings"]["advanced_settings"]["source_policy"] == policy
    assert (monitor["frequency"], monitor["metadata"]) == ("1d", {"a": "b"})
    assert [one["monitor_id"] for one in listed["data"]] == [other["monitor_id"]]
    assert listed["data"][0]["cadence"] is None
    assert [one["monitor_id"] for one in rest["data"]] == [alpha["monitor_id"]]
    assert "next_cursor" not in rest
    assert {one["monitor_id"] for one in everyone} == {alpha["monitor_id"], other["monitor_id"]}


async def test_its_events_have_the_former_shape(tmp_path: Path) -> None:
    clock = ManualClock()
    async with engine(tmp_path, clock=clock) as call:
        monitor = str((await made(call))["monitor_id"])
        path = f"{ALPHA}/{monitor}"
        (tmp_path / "docs" / "survey.md").write_text(SURVEY)
        await changed(call, tmp_path, monitor)
        detection, completion = (await call.get(f"{path}/events")).json()["events"]
        group = (await call.get(f"{path}/event_groups/{detection['event_group_id']}")).json()
        await clock.sleepers(1)
        clock.advance(11 * 24 * 3600)
        await executed(call, monitor)
        await triggered(call, monitor)
        recent = (await call.get(f"{path}/events", lookback_period="1d")).json()["events"]
        older = (await call.get(f"{path}/events", lookback_period="2w")).json()["events"]
    assert group == {"events": [detection]}
    assert detection["type"] == "event"
    assert detection["source_urls"] == ["https://docs.local/survey.md"]
    assert detection["result"] == {"type": "text", "content": detection["output"]}
    assert "415 kilometers" in detection["output"]
    assert completion == {"type": "completion", "monitor_ts": "2026-11-01T12:00:00.000000Z"}
    assert detection not in recent
    assert detection in older


async def test_update_and_delete(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:
        monitor = (await call.post(ALPHA, {"query": QUERY, "frequency": "1h"})).json()
        path = f"{ALPHA}/{monitor['monitor_id']}"
        updated = (await call.post(path, {"query": "Amber", "cadence": "weekly", "metadata": None})).json()
        empty = await call.post(path, {"query": None})
        ended = (await call.delete(path)).json()
        refused = await call.post(path, {"query": "x"})
        same = (await call.get(path)).json()
    assert updated == {**monitor, "query": "Amber", "frequency": "1w", "cadence": "weekly"}
    assert empty.status_code == 422
    assert ended == same == {**updated, "status": "canceled"}
    assert refused.status_code == 422


@pytest.mark.parametrize(
    "body", [{}, {"query": QUERY}, {"query": QUERY, "cadence": "yearly"}, {"query": QUERY, "frequency": "1m"}]
)
async def test_refusals(tmp_path: Path, body: Json) -> None:
    async with engine(tmp_path, workers=0) as call:
        assert (await call.post(ALPHA, body)).status_code == 422
        assert (await call.get(f"{ALPHA}/monitor_unknown")).status_code == 404
        assert (await call.get(f"{ALPHA}/monitor_unknown/events", lookback_period="1h")).status_code == 404
        assert (await call.get(ALPHA)).json() == []


async def test_a_simulated_event_is_sent_to_the_webhook(tmp_path: Path) -> None:
    async with receiver() as hooks, engine(tmp_path, sender=HookSender(inside=True), workers=0) as call:
        with_hook = (
            await call.post(ALPHA, {"query": QUERY, "cadence": "daily", "webhook": {"url": hooks.url}})
        ).json()
        without = (await call.post(ALPHA, {"query": QUERY, "cadence": "daily"})).json()
        path = f"{ALPHA}/{with_hook['monitor_id']}/simulate_event"
        for kind in ("", "?event_type=monitor.execution.completed", "?event_type=monitor.execution.failed"):
            assert (await call.post(path + kind)).status_code == 204
        said = [(await hooks.next()).said for _ in range(3)]
        assert (await call.post(f"{path}?event_type=other")).status_code == 422
        refused = await call.post(f"{ALPHA}/{without['monitor_id']}/simulate_event")
    assert sorted(str(one["type"]) for one in said) == [
        "monitor.event.detected",
        "monitor.execution.completed",
        "monitor.execution.failed",
    ]
    assert refused.status_code == 400


async def test_snapshots_are_not_seen_here(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        run = (await call.post("/v1/tasks/runs", {"input": "Amber River", "processor": "lite"})).json()
        await call.get(f"/v1/tasks/runs/{run['run_id']}/result")
        body = {"type": "snapshot", "frequency": "1d", "settings": {"task_run_id": run["run_id"]}}
        monitor = (await call.post("/v1/monitors", body)).json()["monitor_id"]
        await executed(call, monitor)
        assert await events(call, monitor) == []
        assert (await call.get(f"{ALPHA}/{monitor}")).status_code == 404
        assert (await call.get(ALPHA)).json() == []


async def test_every_method_of_the_sdk(tmp_path: Path) -> None:
    async with served(tmp_path) as url, AsyncParallel(api_key="k", base_url=url, max_retries=0) as client:
        monitor = await client.monitor.create(
            type="event_stream",
            frequency="1d",
            settings={"query": QUERY, "include_backfill": True},
            metadata={"team": "rivers"},
        )
        listed = await client.monitor.list()
        changed_ = await client.monitor.update(monitor.monitor_id, frequency="2d")
        await client.monitor.trigger(monitor.monitor_id)
        page = await client.monitor.events(monitor.monitor_id, include_completions=True)
        ended = await client.monitor.cancel(monitor.monitor_id)
        found = await client.monitor.retrieve(monitor.monitor_id)
        after = await client.monitor.list()
        run = await client.task_run.execute(input="How long is the Amber River?", processor="base")
        snapshot = await client.monitor.create(
            type="snapshot", frequency="1w", settings={"task_run_id": run.run.run_id}
        )
    assert [one.monitor_id for one in listed.monitors] == [monitor.monitor_id]
    assert changed_.frequency == "2d"
    assert page.events is not None
    assert (ended.status, found.status, after.monitors) == ("cancelled", "cancelled", [])
    assert snapshot.settings.query == "How long is the Amber River?"
