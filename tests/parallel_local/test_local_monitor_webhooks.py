"""What the webhook of a monitor says of executions (Parallel 2.14): where to read what was found, never what it is."""

from pathlib import Path

import pytest
from local_engine import engine
from local_hooks import SECRET, decoded_key, receiver
from local_monitors import changed, events, made, stream, triggered

from parallel_local.fetch.post import HookSender

INSIDE = HookSender(inside=True)
SURVEY = "# Survey\n\nThe Amber River is 415 kilometers long.\n"


async def test_each_execution_is_told_by_what_it_came_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> object:
        raise ValueError("no")

    async with receiver() as hooks, engine(tmp_path, sender=INSIDE, secrets=[SECRET]) as call:
        body = {**stream(), "webhook": {"url": hooks.url}, "metadata": {"team": "rivers"}}
        monitor = await made(call, body)
        completed = await hooks.next()
        (tmp_path / "docs" / "survey.md").write_text(SURVEY)
        await changed(call, tmp_path, monitor)
        detected = (await hooks.next()).said
        with monkeypatch.context() as patched:
            patched.setattr("parallel_local.runs.monitors.detect", broken)
            await triggered(call, monitor)
        failed = (await hooks.next()).said
        error, event = await events(call, monitor)
        completion = (await events(call, monitor, include_completions="true"))[-1]
        of_group = await events(call, monitor, event_group_id=str(event["event_group_id"]))
    assert completed.verified(decoded_key(SECRET))
    assert completed.said["type"] == "monitor.execution.completed"
    assert completed.said["data"] == {
        "monitor_id": monitor,
        "event": {"type": "completion", "monitor_ts": completion["timestamp"]},
        "metadata": {"team": "rivers"},
    }
    assert detected["type"] == "monitor.event.detected"
    assert detected["data"] == {
        "monitor_id": monitor,
        "event": {"event_group_id": event["event_group_id"]},
        "metadata": {"team": "rivers"},
    }
    assert of_group == [event]
    assert failed["type"] == "monitor.execution.failed"
    data = failed["data"]
    assert isinstance(data, dict)
    assert data["event"]["type"] == "error"
    assert data["event"]["error"] == error["error_message"]
    assert data["event"]["date"] == error["timestamp"]
    assert str(data["event"]["id"]).startswith("mevtgrp_")


async def test_only_what_was_asked_for_is_told(tmp_path: Path) -> None:
    async with receiver() as hooks, engine(tmp_path, sender=INSIDE) as call:
        webhook = {"url": hooks.url, "event_types": ["monitor.event.detected"]}
        monitor = await made(call, {**stream(), "webhook": webhook})
        await triggered(call, monitor)
        (tmp_path / "docs" / "survey.md").write_text(SURVEY)
        await changed(call, tmp_path, monitor)
        assert (await hooks.next()).said["type"] == "monitor.event.detected"
        assert hooks.came.empty()
