"""`penstock demo` as a newcomer runs it: what it shows, what it sends, how it ends.

Two runs with `--exit` serve most tests: a quiet one, and one with made-up traffic. All of them run in one worker: they
share these runs and the usual port.
"""

from __future__ import annotations

import json
import os
import random
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.gateway import PROGRAM, environment

USUAL_PORT = 8787
PAST = "penstock-demo"  # the program that calls of the made-up past name
SECONDS = 120.0  # only a failing test waits so long

BODIES: dict[str, object] = {
    "v1/tasks/runs": {
        "input": "Create a comprehensive market research report on the HVAC industry in the USA including an "
        "analysis of recent M&A activity and other relevant details.",
        "processor": "ultra",
    },
    "v1beta/search": {
        "objective": "When was the United Nations established? Prefer UN's websites.",
        "search_queries": ["Founding year UN", "Year of founding United Nations"],
        "processor": "base",
        "max_results": 10,
        "max_chars_per_result": 6000,
    },
    "v1beta/findall/ingest": {
        "query": "Find all AI companies that recently raised money and get their website, CEO name, "
        "and CTO name."
    },
    "chat/completions": {"model": "parallel/speed", "messages": [{"role": "user", "content": "Hello!"}]},
}


@dataclass(frozen=True)
class Finished:
    """A demonstration that has ended by itself."""

    data: Path
    output: str

    def logs(self, *arguments: str) -> list[dict[str, object]]:
        return self.told("logs", *arguments)

    def told(self, *arguments: str) -> list[dict[str, Any]]:
        """What a command prints, a line of JSON for each thing."""
        command = [*PROGRAM, *arguments, "--data", str(self.data)]
        done = subprocess.run(command, capture_output=True, env=environment(), check=True, timeout=SECONDS)
        return [json.loads(line) for line in done.stdout.splitlines()]


@contextmanager
def running(*arguments: str, here: Path | None = None, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """A demonstration in a process group of its own; whatever is left of the group is killed."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "penstock", "demo", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=here,
        env=environment(environ),
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def read_until(process: subprocess.Popen[bytes], text: str) -> str:
    """What it says, up to the line with `text`, or to its end."""
    assert process.stdout is not None
    said = b""
    deadline = time.monotonic() + SECONDS
    while text.encode() not in said:
        assert select.select([process.stdout], [], [], deadline - time.monotonic())[0], (
            f"no {text!r}: {said!r}"
        )
        piece = os.read(process.stdout.fileno(), 65536)
        if not piece:
            break
        said += piece
    return said.decode()


def assert_nobody_is_left(process: subprocess.Popen[bytes]) -> None:
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def quiet_port() -> int:
    """A free one of those that no connection gets by itself before the gateway has it."""
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("a hundred ports are taken")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """In a folder, and an environment, of an installation that it has nothing to do with."""
    here = tmp_path_factory.mktemp("installation")
    theirs = "[server]\nport = 1\n[accounts.acme.gateways.prod]\nauthentication = true\n"
    (here / "penstock.toml").write_text(theirs)
    environ = {"PENSTOCK_HOST": "0.0.0.0", "PENSTOCK_CONFIG": "gone.toml", "PENSTOCK_ADMIN_TOKEN": "hush"}
    return ended(tmp_path_factory.mktemp("demo"), "--quiet", here=here, **environ)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return ended(tmp_path_factory.mktemp("busy"))


def ended(data: Path, *arguments: str, here: Path | None = None, **environ: str) -> Finished:
    options = ("--exit", "--port", str(quiet_port()), "--data", str(data), *arguments)
    with running(*options, here=here, **environ) as process:
        output, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, output.decode()
        assert_nobody_is_left(process)
    return Finished(data, output.decode())


def test_it_tells_the_four_calls_and_the_result(finished: Finished) -> None:
    told = re.findall(r"^(GET|POST) …/(\S+)  (\d+)$", finished.output, re.MULTILINE)
    assert [call[:2] for call in told[:4]] == [
        ("POST", "parallel/v1/tasks/runs"),
        ("POST", "parallel/v1beta/search"),
        ("POST", "parallel/v1beta/findall/ingest"),
        ("POST", "compat/chat/completions"),
    ]
    assert [status for _, _, status in told] == ["202", "200", "200", "200", "200"]
    (run,) = re.findall(r"task run (\S+) is \w+", finished.output)
    assert told[4][:2] == ("GET", f"parallel/v1/tasks/runs/{run}/result")
    assert re.search(
        r"^    completed: [1-9]\d* fields with a basis, [1-9]\d* sources cited$",
        finished.output,
        re.MULTILINE,
    )
    assert "1945" in finished.output


def test_it_shows_five_rows_of_the_log(finished: Finished) -> None:
    table = finished.output.splitlines()
    (heading,) = [index for index, line in enumerate(table) if line.startswith("TIME ")]
    rows = [line.split() for line in table[heading + 1 :] if line]
    assert len(rows) == 5
    assert {row[4] for row in rows} == {"parallel"}


def test_the_log_holds_exactly_these_calls(finished: Finished) -> None:
    rows = finished.logs("--json")
    assert len(rows) == 5
    for row in rows:
        assert row["provider"] == "parallel"
        assert row["success"] is True


def test_the_bodies_are_the_agreed_ones(finished: Finished) -> None:
    sent = {}
    for row in finished.logs("--json"):
        (shown,) = finished.logs("show", str(row["id"]), "--json")
        if shown["request_head"]:
            assert shown["request_head_complete"] is True
            sent[shown["path"]] = json.loads(str(shown["request_head"]))
    assert sent == BODIES


def test_its_traffic_is_varied(busy: Finished) -> None:
    rows = [row for row in busy.logs("--json", "--limit", "10000") if row["user_agent"] != PAST]

    def told(name: str) -> set[object]:
        return {row[name] for row in rows}

    assert told("provider") >= {
        "parallel",
        "custom-house",
        "openai",
        "anthropic",
        "google-ai-studio",
        "mistral",
    }
    assert told("gateway") == {"default", "support", "batch", "research"}
    assert told("user") == {None, "ann", "bob", "carol", "dave", "erin"}
    assert told("cached") == {True, False}
    assert {200, 429, 500, 503, 529} <= told("status_code")
    assert told("attempts") >= {0, 1, 2}
    assert {"openai/gpt-4o", "openai/dall-e-3", "mistral/an-experiment-7b"} <= told("model")
    assert {
        "openai.responses.create",
        "openai.embeddings.create",
        "openai.images.generations.create",
    } <= told("operation")
    assert any(row["cost"] for row in rows)
    assert any(row["metadata"] for row in rows)
    assert {row["feedback"] for row in rows} == {None, 1, -1}
    assert "text/event-stream" in told("response_content_type")
    assert "unknown" not in {row["operation"] for row in rows if row["success"]}


def test_a_model_that_fails_gives_way_to_the_next_of_its_name(busy: Finished) -> None:
    rows = busy.logs(
        "--json",
        "--limit",
        "10000",
        "--user",
        "ann",
        "--operation",
        "anthropic.messages.create",
        "--status",
        "529",
    )
    assert [row["model"] for row in rows] == ["anthropic/claude-sonnet-4-5"]
    event = rows[0]["event_id"]
    steps = [
        row for row in busy.logs("--json", "--limit", "10000", "--user", "ann") if row["event_id"] == event
    ]
    assert {(row["model"], row["status_code"]) for row in steps} == {
        ("anthropic/claude-sonnet-4-5", 529),
        ("openai/gpt-4o", 200),
    }


def test_its_past_says_that_nobody_made_it(busy: Finished) -> None:
    told = re.search(r"^and before that (\d+) calls of the last 14 days that nobody made", busy.output, re.M)
    assert told
    past = [row for row in busy.logs("--json", "--limit", "10000") if row["user_agent"] == PAST]
    assert len(past) == int(told[1])
    assert all(row["operation"] != "unknown" for row in past)
    assert {row["gateway"] for row in past} == {"default", "support", "batch"}
    days = {str(row["created_at"])[:10] for row in past}
    assert len(days) in (14, 15)
    assert max(str(row["created_at"]) for row in past) < min(
        str(row["created_at"]) for row in busy.logs("--json", "--limit", "10000") if row["user_agent"] != PAST
    )
    assert "nobody made this call" in json.dumps(busy.told("explain", str(past[0]["id"]), "--json"))


def test_it_tells_how_its_traffic_went(busy: Finished) -> None:
    told = re.search(
        r"^and (\d+) made-up calls .*: (\d+) answered, (\d+) failed, (\d+) refused", busy.output, re.M
    )
    assert told
    made, *parts = map(int, told.groups())
    assert made == sum(parts)
    rows = [row for row in busy.logs("--json", "--limit", "10000") if row["user_agent"] != PAST]
    ours = [row for row in rows if row["gateway"] != "research"]
    assert made + 5 == len({row["event_id"] for row in ours})


def test_its_runs_end_differently_and_have_evidence(busy: Finished) -> None:
    runs = busy.told("runs", "--json")
    assert {row["kind"] for row in runs} == {"task", "group", "findall", "monitor"}
    assert {row["state"] for row in runs if row["kind"] == "task"} == {"completed", "failed", "queued"}
    (findall,) = (row for row in runs if row["kind"] == "findall")
    assert 0 < int(str(findall["matched"])) < int(str(findall["generated"]))
    (group,) = (row for row in runs if row["kind"] == "group")
    assert group["counts"] == {"completed": 3, "failed": 1}
    (monitor,) = (row for row in runs if row["kind"] == "monitor")
    assert int(str(monitor["executions"])) > 0
    fields = [
        field
        for run in runs
        if run["processor"] == "core"
        for field in busy.told("runs", "show", str(run["run_id"]), "--json")[0]["evidence"]["fields"]
    ]
    assert {"high", "low"} <= {field["confidence"] for field in fields}
    assert any(cited["excerpts"] for field in fields for cited in field["citations"])


def test_some_webhooks_are_taken_and_some_are_not(busy: Finished) -> None:
    events = busy.told("hooks", "--json")
    assert {event["type"] for event in events} >= {
        "task_run.status",
        "findall.run.completed",
        "monitor.event.detected",
    }
    assert {event["state"] for event in events} == {"sent", "waiting"}
    (waiting,) = (event for event in events if event["state"] == "waiting")
    assert "answers with status 500" in waiting["error"]


def test_its_tokens_have_limits_of_which_some_is_used(busy: Finished) -> None:
    tokens = {token["name"]: token for token in busy.told("keys", "list", "--json")}
    assert tokens["dave's old laptop"]["blocked"] is True
    assert tokens["erin's trial"]["expires_at"]
    assert tokens["newsletter"]["note"]
    assert "demo's own" not in tokens  # what it set things up with is gone
    assert tokens["demo of ann"]["last_used_at"]


def test_who_changed_what_is_in_the_audit(busy: Finished) -> None:
    entries = busy.told("audit", "--json")
    assert {entry["action"] for entry in entries} >= {"create", "update", "delete"}
    assert "made-up-key" not in json.dumps(entries)


def test_made_up_providers_are_gone_afterwards(busy: Finished, finished: Finished) -> None:
    for one in (busy, finished):
        assert "base_url" not in (one.data / "demo.toml").read_text()


def test_it_goes_on_in_a_folder_of_an_earlier_one(busy: Finished) -> None:
    before = busy.logs("--json", "--limit", "10000")
    again = ended(busy.data)
    rows = again.logs("--json", "--limit", "10000")
    assert "that nobody made" not in again.output
    assert sum(row["user_agent"] == PAST for row in rows) == sum(row["user_agent"] == PAST for row in before)
    house = [row["success"] for row in rows if row["provider"] == "custom-house"]
    assert house == [True] * 4


def test_ctrl_c_stops_it_cleanly_and_what_it_printed_worked() -> None:
    with running("--quiet") as process:
        said = read_until(process, "Serving until Ctrl-C.")
        link = re.search(r"^    (http://127\.0\.0\.1:\d+/sign-in\?link=\w+) ", said, re.MULTILINE)
        assert link
        assert httpx.get(link[1], trust_env=False).status_code < 400
        command = re.search(r"^    (\S+) -m penstock logs --data ", said, re.MULTILINE)
        assert command
        assert Path(command[1]).samefile(sys.executable)  # as it is to be typed here
        os.killpg(process.pid, signal.SIGINT)
        rest = read_until(process, "\0")
        assert process.wait(SECONDS) == 0, rest
        assert rest.strip() == "Stopped."
        assert_nobody_is_left(process)


def test_who_is_told_to_end_takes_the_gateway_along() -> None:
    with running("--quiet") as process:
        read_until(process, "Serving until Ctrl-C.")
        process.terminate()
        rest = read_until(process, "\0")
        assert process.wait(SECONDS) == 0, rest
        assert rest.strip() == "Stopped."
        assert_nobody_is_left(process)


def test_a_taken_port_gives_way_to_a_free_one() -> None:
    with socket.socket() as taken:
        with suppress(OSError):  # by somebody else: just as well
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", USUAL_PORT))
            taken.listen()
        with running("--exit", "--quiet") as process:
            output = process.communicate(timeout=SECONDS)[0].decode()
            assert process.returncode == 0, output
    address = re.search(r"serving on http://127\.0\.0\.1:(\d+)", output)
    assert address
    assert int(address[1]) != USUAL_PORT
