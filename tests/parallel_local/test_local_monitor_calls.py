"""The monitor endpoints: what is accepted, listed, changed, ended and refused (Parallel 2.13.1, 2.13.2)."""

from pathlib import Path

import pytest
from local_clock import ManualClock
from local_engine import Caller, engine
from local_monitors import Json, changed, events, listed, made, stream, triggered

SNAPSHOT: Json = {"type": "snapshot", "frequency": "1d", "settings": {"task_run_id": "trun_unknown"}}


async def test_creation(tmp_path: Path) -> None:
    clock = ManualClock()
    body = {
        **stream("Amber River", include_backfill=False, advanced_settings={"location": "us"}),
        "metadata": {"team": "rivers"},
        "webhook": {"url": "https://hook.example/x", "event_types": ["monitor.event.detected"]},
        "memory_scope_key": "scope",
        "unknown": 1,
    }
    async with engine(tmp_path, workers=0, clock=clock) as call:
        answer = await call.post("/v1/monitors", body)
        monitor = answer.json()
        same = (await call.get(f"/v1/monitors/{monitor['monitor_id']}")).json()
        page = (await call.get(f"/v1/monitors/{monitor['monitor_id']}/events")).json()
    assert answer.status_code == 201
    assert same == monitor
    assert monitor["monitor_id"].startswith("monitor_")
    assert (monitor["status"], monitor["processor"], monitor["type"]) == ("active", "lite", "event_stream")
    assert (monitor["created_at"], monitor["last_run_at"]) == ("2026-11-01T12:00:00.000000Z", None)
    assert (monitor["metadata"], monitor["webhook"]) == (body["metadata"], body["webhook"])
    assert (monitor["settings"]["query"], monitor["output"]) == ("Amber River", None)
    assert page["events"] == []
    assert "'us'" in page["warnings"][0]["message"]


@pytest.mark.parametrize("frequency", ["1h", "30d", "720h", "4w", "36h"])
async def test_frequencies(tmp_path: Path, frequency: str) -> None:
    async with engine(tmp_path, workers=0) as call:
        answer = await call.post("/v1/monitors", {**stream(), "frequency": frequency})
    assert (answer.status_code, answer.json()["frequency"]) == (201, frequency)


BAD: list[Json] = [
    {},
    {"type": "event_stream"},
    {**stream(), "type": "other"},
    {"type": "event_stream", "frequency": "1d", "settings": {}},
    stream(""),
    stream("  "),
    stream("x" * 5001),
    {**stream(), "processor": "core"},
    {**stream(), "metadata": {"k" * 17: "v"}},
    {**stream(), "metadata": {"k": "v" * 513}},
    {**stream(), "metadata": {"k": 5}},
    {**stream(), "memory_scope_key": "with blank"},
    {**stream(), "webhook": {"url": "https://hook.example", "event_types": ["task_run.status"]}},
    stream(output_schema={"type": "json"}),
    stream(output_schema={"type": "json", "json_schema": {"type": "array"}}),
    stream(advanced_settings={"source_policy": {"after_date": "yesterday"}}),
    stream(advanced_settings={"source_policy": {"include_domains": ["a.example"] * 201}}),
    SNAPSHOT,
    {**SNAPSHOT, "settings": {"query": "x"}},
    *(
        {**stream(), "frequency": text}
        for text in ("", "1", "h", "0h", "31d", "5w", "721h", "1m", "1.5d", "-1d", "١h")
    ),
]


@pytest.mark.parametrize("body", BAD)
async def test_refusals(tmp_path: Path, body: Json) -> None:
    async with engine(tmp_path, workers=0) as call:
        answer = await call.post("/v1/monitors", body)
        listed = (await call.get("/v1/monitors")).json()
    assert (answer.status_code, answer.json()["type"]) == (422, "error")
    assert listed == {"monitors": []}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/monitors/monitor_unknown", 404),
        ("GET", "/v1/monitors/monitor_unknown/events", 404),
        ("POST", "/v1/monitors/monitor_unknown/update", 404),
        ("POST", "/v1/monitors/monitor_unknown/cancel", 404),
        ("POST", "/v1/monitors/monitor_unknown/trigger", 404),
        ("GET", "/v1/monitors/elephant/events", 422),
        ("POST", "/v1/monitors/elephant/cancel", 422),
        ("GET", "/v1/monitors/elephant", 422),
        ("GET", "/v1/monitors?limit=0", 422),
        ("GET", "/v1/monitors?limit=10001", 422),
        ("GET", "/v1/monitors?limit=x", 422),
        ("GET", "/v1/monitors?status=paused", 422),
        ("GET", "/v1/monitors?type=other", 422),
        ("GET", "/v1/monitors?cursor=elephant", 422),
        ("GET", "/v1/monitors/monitor_unknown/events?limit=101", 422),
        ("GET", "/v1/monitors/monitor_unknown/events?cursor=elephant", 422),
        ("GET", "/v1/monitors/monitor_unknown/events?include_completions=perhaps", 422),
    ],
)
async def test_unknown_and_impossible_ones(tmp_path: Path, method: str, path: str, status: int) -> None:
    async with engine(tmp_path, workers=0) as call:
        response = await (call.get(path) if method == "GET" else call.post(path, {"frequency": "2d"}))
    assert response.status_code == status
    # The list and a single monitor have the other body of a refused request (Parallel 1.7 B).
    is_b = status == 422 and method == "GET" and "events" not in path
    assert ("detail" in response.json()) is is_b


async def monitors(call: Caller, query: str = "") -> Json:
    answer = await call.get(f"/v1/monitors{query}")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def ids(page: Json) -> list[str]:
    listed = page["monitors"]
    assert isinstance(listed, list)
    return [monitor["monitor_id"] for monitor in listed]


async def test_the_list_has_the_newest_first_and_active_ones_unless_others_are_asked_for(
    tmp_path: Path,
) -> None:
    async with engine(tmp_path, workers=0, clock=ManualClock()) as call:
        made_ = [(await call.post("/v1/monitors", stream())).json()["monitor_id"] for _ in range(5)]
        await call.post(f"/v1/monitors/{made_[1]}/cancel")
        newest = made_[::-1]
        active = [one for one in newest if one != made_[1]]
        assert ids(await monitors(call)) == active
        assert ids(await monitors(call, "?status=cancelled")) == [made_[1]]
        assert ids(await monitors(call, "?status=cancelled&status=active")) == newest
        assert ids(await monitors(call, "?type=event_stream&limit=1&status=active")) == newest[:1]
        assert ids(await monitors(call, "?type=snapshot")) == []
        paged: list[str] = []
        page = await monitors(call, "?limit=2")
        while True:
            paged += ids(page)
            if "next_cursor" not in page:
                break
            page = await monitors(call, f"?limit=2&cursor={page['next_cursor']}")
    assert paged == active


async def test_an_update_changes_what_it_names(tmp_path: Path) -> None:
    body = {
        **stream("Amber River", advanced_settings={"source_policy": {"exclude_domains": ["a.example"]}}),
        "metadata": {"a": "b"},
        "webhook": {"url": "https://hook.example/"},
    }
    async with engine(tmp_path, workers=0) as call:
        before = (await call.post("/v1/monitors", body)).json()
        path = f"/v1/monitors/{before['monitor_id']}"

        async def update(**change: object) -> Json:
            answer = await call.post(f"{path}/update", change)
            assert answer.status_code == 200, answer.text
            assert (await call.get(path)).json() == answer.json()
            found: Json = answer.json()
            return found

        assert await update(frequency="2d") == {**before, "frequency": "2d"}
        assert (await update(metadata=None))["metadata"] is None
        assert (await update(webhook={"url": "https://other.example/"}))["webhook"] == {
            "url": "https://other.example/",
            "event_types": [],
        }
        assert (await update(webhook=None))["webhook"] is None
        settings = (await update(type="event_stream", settings={"query": "Amber"}))["settings"]
        assert settings == {**before["settings"], "query": "Amber"}
        settings = (await update(type="event_stream", settings={"advanced_settings": None}))["settings"]
        assert settings == {**before["settings"], "query": "Amber", "advanced_settings": None}


@pytest.mark.parametrize(
    "change",
    [
        {},
        None,
        {"unknown": 1},
        {"frequency": None},
        {"frequency": "1m"},
        {"metadata": {"k" * 17: "v"}},
        {"webhook": {"url": "nowhere"}},
        {"settings": {"query": "x"}},
        {"type": "snapshot", "settings": {"query": "x"}},
        {"type": "event_stream"},
        {"type": "event_stream", "settings": {"query": " "}},
        {"processor": "base"},
    ],
)
async def test_an_update_of_nothing_or_to_nonsense_is_refused(tmp_path: Path, change: object) -> None:
    async with engine(tmp_path, workers=0) as call:
        before = (await call.post("/v1/monitors", stream())).json()
        path = f"/v1/monitors/{before['monitor_id']}"
        answer = await call.post(f"{path}/update", change)
        assert (await call.get(path)).json() == before
    assert (answer.status_code, answer.json()["type"]) == (422, "error")


async def test_a_cancelled_monitor_stays_as_it_is(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        monitor = await made(call, stream())
        path = f"/v1/monitors/{monitor}"
        first = await call.post(f"{path}/cancel")
        second = await call.post(f"{path}/cancel")
        refused = [await call.post(f"{path}/trigger"), await call.post(f"{path}/update", {"frequency": "2d"})]
        (tmp_path / "docs" / "rivers.md").unlink()
        await changed(call, tmp_path)
        assert await events(call, monitor) == []
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["status"] == "cancelled"
    assert first.json() == second.json()
    assert [answer.status_code for answer in refused] == [422, 422]


async def test_a_cancel_ends_what_is_queued(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:
        monitor = (await call.post("/v1/monitors", stream(include_backfill=True))).json()["monitor_id"]
        await call.post(f"/v1/monitors/{monitor}/cancel")
    async with engine(tmp_path) as call:
        other = await made(call, stream(include_backfill=True))
        assert await events(call, monitor) == []
        assert await events(call, other) != []
        assert (await call.get(f"/v1/monitors/{monitor}")).json()["last_run_at"] is None


async def test_events_are_paged_without_gaps_or_repeats(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        monitor = await made(call, stream(include_backfill=True))
        for year in range(2027, 2031):
            for part in "ab":
                text = (
                    f"# Survey\n\nIn {year} the Amber River was {year % 100}.{ord(part)} kilometers long.\n"
                )
                (tmp_path / "docs" / f"survey{year}{part}.md").write_text(text)
            await changed(call, tmp_path, monitor)
            await triggered(call, monitor)
        whole = await events(call, monitor, limit=100)
        with_completions = await events(call, monitor, limit=100, include_completions="true")
        for completions, expected in (("false", whole), ("true", with_completions)):
            paged: list[Json] = []
            cursor: dict[str, str] = {}
            while True:
                path = f"/v1/monitors/{monitor}/events"
                page = (await call.get(path, limit=3, include_completions=completions, **cursor)).json()
                paged += page["events"]
                if "next_cursor" not in page:
                    break
                assert len(page["events"]) == 3
                cursor = {"cursor": page["next_cursor"]}
            assert paged == expected
        groups = [str(event["event_group_id"]) for event in whole]
        group = await events(call, monitor, event_group_id=groups[0], limit=1, cursor="1-1")
        unknown = await call.get(f"/v1/monitors/{monitor}/events", event_group_id="mevtgrp_unknown")
    assert len(whole) >= 9
    assert len(with_completions) == len(whole) + 4
    assert len({str(event["event_id"]) for event in whole}) == len(whole)
    assert group == whole[: groups.count(groups[0])]
    assert len(group) == 2
    assert unknown.status_code == 404


async def test_a_bounded_number_of_executions_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parallel_local.runs.monitors._MOST_EXECUTIONS", 3)
    async with engine(tmp_path) as call:
        monitor = await made(call, stream(include_backfill=True))
        detected = await events(call, monitor)
        for _ in range(6):
            await triggered(call, monitor)
        found = await events(call, monitor, include_completions="true")
    assert detected
    assert found[3:] == detected
    assert [event["event_type"] for event in found[:3]] == ["completion"] * 3


async def test_a_bounded_number_of_monitors_is_active_and_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parallel_local.runs.monitor_service._MOST_ACTIVE", 2)
    monkeypatch.setattr("parallel_local.runs.monitor_service._MOST_CANCELLED", 1)
    async with engine(tmp_path) as call:
        first, second = await made(call, stream()), await made(call, stream())
        refused = await call.post("/v1/monitors", stream())
        await call.post(f"/v1/monitors/{first}/cancel")
        third = await made(call, stream())
        await call.post(f"/v1/monitors/{second}/cancel")
        known = ids(await monitors(call, "?status=cancelled&status=active"))
        gone = await call.get(f"/v1/monitors/{first}")
    assert refused.status_code == 422
    assert "2 active monitors" in refused.text
    assert known == [third, second]
    assert gone.status_code == 404


async def test_a_trigger_leaves_the_schedule_as_it_is(tmp_path: Path) -> None:
    clock = ManualClock()
    async with engine(tmp_path, clock=clock) as call:
        monitor = await made(call, {**stream(), "frequency": "1h"})
        await clock.sleepers(1)
        clock.advance(1800)
        await triggered(call, monitor)
        clock.advance(1800)
        found = await listed(call, monitor, 3)
    assert [event["timestamp"] for event in found] == [
        "2026-11-01T13:00:00.000000Z",
        "2026-11-01T12:30:00.000000Z",
        "2026-11-01T12:00:00.000000Z",
    ]
