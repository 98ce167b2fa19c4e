"""Why a run failed: told to its caller and logged with the place, without a word of documents or keys."""

import logging
from pathlib import Path

import pytest
from local_engine import engine

from parallel_local.runs.failures import RunFailure, cause, trace

SECRET = "the office key is with Ines"


async def test_a_failed_task_says_why_and_where_and_so_does_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> object:
        raise KeyError(SECRET)

    monkeypatch.setattr("parallel_local.retrieval.library.Library.query", broken)
    async with engine(tmp_path) as call:
        run_id = (await call.post("/v1/tasks/runs", {"input": "Amber River", "processor": "base"})).json()[
            "run_id"
        ]
        refused = await call.get(f"/v1/tasks/runs/{run_id}/result")
        run = (await call.get(f"/v1/tasks/runs/{run_id}")).json()
    assert refused.status_code == 404
    assert run["status"] == "failed"
    assert "KeyError in answers/compose.py:" in run["error"]["message"]
    assert "KeyError in answers/compose.py:" in refused.json()["error"]["message"]
    (line,) = [record for record in caplog.records if record.name == "parallel_local.runs"]
    assert line.levelno == logging.ERROR
    assert f"task run {run_id} failed: KeyError in answers/compose.py:" in line.getMessage()
    assert "runs/tasks.py:" in line.getMessage()
    for told in (caplog.text, str(run), refused.text):
        assert SECRET not in told


async def test_a_failed_findall_run_is_logged_with_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> object:
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr("parallel_local.findall.entity_index.EntityIndex.now", broken)
    asked = {
        "objective": "robotics companies",
        "entity_type": "companies",
        "match_conditions": [{"name": "a", "description": "raised money"}],
        "generator": "base",
        "match_limit": 5,
    }
    async with engine(tmp_path) as call:
        findall_id = (await call.post("/v1beta/findall/runs", asked)).json()["findall_id"]
        events = await call.events(f"/v1beta/findall/runs/{findall_id}/events")
    assert "error_occurred" in str(events[-1])
    assert f"findall run {findall_id} failed: ZeroDivisionError in " in caplog.text
    assert SECRET not in caplog.text


def test_words_for_callers_are_told_and_others_are_not() -> None:
    assert cause(RunFailure("the model did not answer")) == "the model did not answer"
    assert cause(ValueError("key sk-1234")) == "ValueError"
    assert trace(ValueError("key sk-1234")) == "ValueError (outside of this package)"
    error = TypeError("sk-5678")
    error.__cause__ = OSError("sk-1234")
    assert cause(error) == "TypeError; because of OSError"
