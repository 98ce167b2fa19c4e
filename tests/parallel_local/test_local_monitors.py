"""Monitors over a folder that changes: what is an event and what is none (Parallel 2.13.3)."""

from pathlib import Path

import pytest
from local_clock import ManualClock
from local_engine import DOCUMENTS, engine
from local_monitors import Json, changed, events, executed, listed, made, output, seen, stream, triggered

RIVERS = "https://geo.example/rivers"
SECOND = "# Surveys\n\nA survey of 2027 found that the Amber River is 415 kilometers long.\n"
UNRELATED = "# Soup\n\nPotatoes are cooked for twenty minutes.\n"


def write(base: Path, name: str, text: str) -> None:
    path = base / "docs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


async def test_a_new_document_that_answers_is_an_event_with_its_sentence(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        monitor = await made(call, stream())
        write(tmp_path, "survey.md", SECOND)
        await changed(call, tmp_path, monitor)
        (event,) = await events(call, monitor)
        again = await events(call, monitor)
    assert again == [event]
    assert event["event_type"] == "event_stream"
    assert str(event["event_id"]).startswith("evt_")
    assert str(event["event_group_id"]).startswith("mevtgrp_")
    said = output(event)
    assert "415 kilometers" in str(said["content"])
    entry = said["basis"][0]  # type: ignore[index]
    assert entry["field"] == "output"
    (citation,) = entry["citations"]
    assert citation["url"] == "https://docs.local/survey.md"
    assert all(excerpt in SECOND for excerpt in citation["excerpts"])


async def test_the_beginning_is_no_event_unless_a_backfill_is_wanted(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        plain = await made(call, stream())
        full = await made(call, stream(include_backfill=True))
        assert await events(call, plain) == []
        (completion,) = await events(call, plain, include_completions="true")
        backfill = await events(call, full)
        await triggered(call, full)
        assert await events(call, full) == backfill
    assert completion["event_type"] == "completion"
    assert "412 kilometers" in str(output(backfill[0])["content"])


async def test_a_sentence_that_was_changed_is_an_event_and_the_old_one_is_gone(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        monitor = await made(call, stream())
        write(tmp_path, "rivers.md", DOCUMENTS["rivers.md"].replace("412", "413"))
        await changed(call, tmp_path, monitor)
        (event,) = await events(call, monitor)
    assert "413 kilometers" in str(output(event))
    assert "412" not in str(output(event))
    assert event["event_date"] == "2025-03-04"


async def test_a_sentence_that_was_removed_is_an_event_without_a_quotation(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        monitor = await made(call, stream())
        text = DOCUMENTS["rivers.md"].replace("The Amber River is 412 kilometers long. ", "")
        text = text.replace("The Amber River was dammed on 3 May 1961.", "The archive is closed.")
        write(tmp_path, "rivers.md", text)
        await changed(call, tmp_path, monitor)
        (event,) = await events(call, monitor)
    assert RIVERS in str(output(event)["content"])
    assert "412" not in str(event["output"])
    assert output(event)["basis"][0]["citations"] == []  # type: ignore[index]


async def test_a_document_that_went_is_an_event_without_a_quotation(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        monitor = await made(call, stream())
        (tmp_path / "docs" / "rivers.md").unlink()
        await changed(call, tmp_path, monitor)
        (event,) = await events(call, monitor)
        write(tmp_path, "rivers.md", DOCUMENTS["rivers.md"])
        await changed(call, tmp_path, monitor)
        back, gone = await events(call, monitor)
    assert gone == event
    assert "is gone" in str(output(event)["content"])
    assert "412" not in str(event["output"])
    assert output(event)["basis"][0]["citations"] == []  # type: ignore[index]
    assert "412 kilometers" in str(output(back)["content"])


@pytest.mark.parametrize("change", ["unrelated", "touched", "elsewhere in it", "another name", "line breaks"])
async def test_what_tells_nothing_about_the_query_is_no_event(tmp_path: Path, change: str) -> None:
    async with engine(tmp_path) as call:
        write(tmp_path, "plain.md", SECOND)
        seen(call)
        monitor = await made(call, stream())
        match change:
            case "unrelated":
                for number in range(5):
                    write(tmp_path, f"soup{number}.md", UNRELATED)
            case "touched":
                write(tmp_path, "plain.md", SECOND)
            case "elsewhere in it":
                write(tmp_path, "plain.md", f"{SECOND}\n## Soup\n\nPotatoes are cooked for twenty minutes.\n")
            case "another name":
                (tmp_path / "docs" / "plain.md").rename(tmp_path / "docs" / "other.md")
            case "line breaks":
                write(tmp_path, "plain.md", SECOND.replace("that the", "that\nthe"))
        await changed(call, tmp_path, monitor)
        assert await events(call, monitor) == []
        # Nor is it listed that there was nothing to tell: nobody has asked, and no time has come.
        assert len(await events(call, monitor, include_completions="true")) == 1


async def test_after_a_rename_the_document_is_still_known(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        write(tmp_path, "plain.md", SECOND)
        seen(call)
        monitor = await made(call, stream())
        (tmp_path / "docs" / "plain.md").rename(tmp_path / "docs" / "other.md")
        await changed(call, tmp_path, monitor)
        write(tmp_path, "other.md", f"{SECOND}\nIn winter the Amber River is 400 kilometers long.\n")
        await changed(call, tmp_path, monitor)
        (event,) = await events(call, monitor)
    assert "400 kilometers" in str(output(event)["content"])
    assert "415" not in str(output(event)["content"])


async def test_what_happened_while_the_program_was_not_running_is_an_event(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        monitor = await made(call, stream())
    write(tmp_path, "rivers.md", DOCUMENTS["rivers.md"].replace("412", "413"))
    async with engine(tmp_path, docs=tmp_path / "docs") as call:
        await triggered(call, monitor)
        (event,) = await events(call, monitor)
    assert "413 kilometers" in str(output(event)["content"])
    async with engine(tmp_path, docs=tmp_path / "docs") as call:
        assert await events(call, monitor) == [event]


async def test_an_execution_that_was_queued_when_the_program_ended_is_carried_out(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:
        monitor = (await call.post("/v1/monitors", stream(include_backfill=True))).json()["monitor_id"]
    async with engine(tmp_path) as call:
        await executed(call, monitor)
        found = await events(call, monitor)
    assert "412 kilometers" in str(output(found[0])["content"])


SCHEMA: Json = {
    "type": "json",
    "json_schema": {
        "type": "object",
        "properties": {
            "ceo": {"type": ["string", "null"]},
            "employees": {"type": ["integer", "null"]},
        },
        "required": ["ceo", "employees"],
        "additionalProperties": False,
    },
}


async def test_an_event_fills_the_schema_out_of_its_own_document(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        monitor = await made(call, stream("Acme Robotics CEO and employees", output_schema=SCHEMA))
        text = DOCUMENTS["acme.md"].replace("https://www.news.example/acme", "https://b.example/acme")
        write(tmp_path, "again.md", text.replace("45 employees", "52 employees"))
        await changed(call, tmp_path, monitor)
        (event,) = await events(call, monitor)
        (tmp_path / "docs" / "again.md").unlink()
        await changed(call, tmp_path, monitor)
        gone, _ = await events(call, monitor)
    said = output(event)
    assert said["type"] == "json"
    assert said["content"] == {"ceo": "Ada Fairweather", "employees": 52}
    basis = said["basis"]
    assert isinstance(basis, list)
    assert {citation["url"] for entry in basis for citation in entry["citations"]} == {
        "https://b.example/acme"
    }
    assert output(gone)["content"] == {"ceo": None, "employees": None}


async def test_a_source_policy_says_which_documents_count(tmp_path: Path) -> None:
    policy = {"source_policy": {"exclude_domains": ["docs.local"]}}
    async with engine(tmp_path) as call:
        monitor = await made(call, stream(advanced_settings=policy))
        write(tmp_path, "survey.md", SECOND)
        write(tmp_path, "other.md", f"---\nurl: https://geo.example/other\n---\n{SECOND}")
        await changed(call, tmp_path, monitor)
        (event,) = await events(call, monitor)
    assert "https://geo.example/other" in str(output(event)["content"])


@pytest.mark.parametrize(
    "query",
    [
        "Extract recent news about the length of the Amber River",
        "Tell me when the Amber River length changes",
        "updates on Amber River length",
        "amber river length",
    ],
)
async def test_the_order_to_watch_is_no_part_of_what_is_watched(tmp_path: Path, query: str) -> None:
    async with engine(tmp_path) as call:
        monitor = await made(call, stream(query))
        write(tmp_path, "survey.md", "# Survey\n\nThe length of the Amber River is 415 kilometers.\n")
        write(tmp_path, "soup.md", UNRELATED)
        await changed(call, tmp_path, monitor)
        (event,) = await events(call, monitor)
    assert "415 kilometers" in str(output(event)["content"])


# -- while documents are being taken up


async def test_an_execution_waits_until_all_documents_are_taken_up(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        call.engine.documents_changing()
        monitor = await made(call, stream())
        assert (await call.get(f"/v1/monitors/{monitor}")).json()["last_run_at"] is None
        write(tmp_path, "survey.md", SECOND)
        await changed(call, tmp_path, monitor)
        # It was on its way when the monitor was made: it is no news.
        assert [one["event_type"] for one in await events(call, monitor, include_completions="true")] == [
            "completion"
        ]
        call.engine.documents_changing()
        (tmp_path / "docs" / "survey.md").unlink()
        seen(call)
        await triggered(call, monitor)
        write(tmp_path, "other.md", SECOND)
        await changed(call, tmp_path, monitor)
        assert await events(call, monitor) == []


async def test_a_look_that_finds_no_change_lets_executions_go_on(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        call.engine.documents_changing()
        monitor = await made(call, stream())
        call.engine.documents_changed(changed=False)
        await executed(call, monitor)
        assert len(await events(call, monitor, include_completions="true")) == 1
        call.engine.documents_changing()
        await triggered(call, monitor)
    # What was held when the program ended is carried out after the next start.
    async with engine(tmp_path) as call:
        await executed(call, monitor)
        assert len(await events(call, monitor, include_completions="true")) == 2


# -- schedule and trigger


async def test_it_runs_at_its_frequency_and_what_was_missed_is_done_once(tmp_path: Path) -> None:
    clock = ManualClock()
    async with engine(tmp_path, clock=clock) as call:
        monitor = await made(call, {**stream(), "frequency": "2h"})
        await clock.sleepers(1)
        clock.advance(2 * 3600 - 1)
        await clock.sleepers(1)
        assert len(await listed(call, monitor, 1)) == 1
        clock.advance(1)
        assert len(await listed(call, monitor, 2)) == 2
        found = (await call.get(f"/v1/monitors/{monitor}")).json()
        assert found["last_run_at"] == "2026-11-01T14:00:00.000000Z"
    clock.advance(24 * 3600)
    async with engine(tmp_path, clock=clock) as call:
        await listed(call, monitor, 3)
        await clock.sleepers(1)
        assert len(await listed(call, monitor, 3)) == 3


async def test_each_trigger_is_one_execution(tmp_path: Path) -> None:
    async with engine(tmp_path, workers=0) as call:
        monitor = (await call.post("/v1/monitors", stream())).json()["monitor_id"]
        for _ in range(3):
            assert (await call.post(f"/v1/monitors/{monitor}/trigger")).status_code == 204
    async with engine(tmp_path) as call:
        await executed(call, monitor)
        assert len(await events(call, monitor, include_completions="true")) == 4


async def test_a_failed_execution_is_an_event_and_the_next_one_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> object:
        raise ValueError("412 kilometers")

    async with engine(tmp_path) as call:
        with monkeypatch.context() as patched:
            patched.setattr("parallel_local.runs.monitors.detect", broken)
            monitor = await made(call, stream())
        (error,) = await events(call, monitor)
        write(tmp_path, "survey.md", SECOND)
        await triggered(call, monitor)
        assert (await events(call, monitor, include_completions="true"))[0]["event_type"] == "completion"
    assert error["event_type"] == "error"
    assert "ValueError in runs/monitors.py:" in str(error["error_message"])
    assert f"an execution of {monitor} failed: ValueError in runs/monitors.py:" in caplog.text
    assert "412" not in caplog.text + str(error)


async def test_a_changed_query_is_followed_from_then_on(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        monitor = await made(call, stream())
        body = {"type": "event_stream", "settings": {"query": "How many steps has the lighthouse?"}}
        assert (await call.post(f"/v1/monitors/{monitor}/update", body)).status_code == 200
        await triggered(call, monitor)
        assert await events(call, monitor) == []
        write(tmp_path, "survey.md", SECOND)
        write(tmp_path, "tower.md", "# Tower\n\nThe new lighthouse has 330 steps.\n")
        await changed(call, tmp_path, monitor)
        (event,) = await events(call, monitor)
    assert "330 steps" in str(output(event)["content"])


async def test_an_event_can_be_continued_from(tmp_path: Path) -> None:
    async with engine(tmp_path) as call:
        monitor = await made(call, stream(include_backfill=True))
        event = (await events(call, monitor))[0]
        answer = await call.post(
            "/v1/tasks/runs",
            {
                "input": "And when was it dammed?",
                "processor": "base",
                "previous_interaction_id": event["event_id"],
            },
        )
    assert not answer.json().get("warnings")
