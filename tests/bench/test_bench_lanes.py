"""The lanes of a race: what each gateway is held to, and what the real wrk sends and sees in them.

The test with wrk is skipped where wrk is not installed.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from bench.checks import refuse_failures
from bench.child import Child
from bench.gateways.base import Running
from bench.installs import missing_program
from bench.race import Lane
from bench.works import cache_hit, policies_on

from bench import payload, wrk

Start = Callable[[str, int], Running]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Start]:
    """A gateway of that name at that port, as far as anybody asks; its program has nothing to do."""
    child = Child(["true"], tmp_path / "output.log", {"PATH": os.environ["PATH"]}, tmp_path)
    yield lambda name, port: Running(name, port, "/v1/chat/completions", child)
    child.stop()


def test_new_bodies_cost_the_load_the_same_for_every_gateway(running: Start) -> None:
    assert all(policies_on.lane(running(name, 1), 64).fresh for name in ("penstock", "envoy"))


def test_only_penstock_is_held_to_its_cache(running: Start) -> None:
    both = running("penstock", 1), running("envoy", 1)
    assert cache_hit.lane(both[1]).check is refuse_failures
    assert [cache_hit.lane(one).expected for one in both] == ["HIT", None]
    assert [policies_on.lane(one, 64).expected for one in both] == ["MISS", None]


def test_only_unmeasured_loads_look(running: Start) -> None:
    lane = Lane(running("penstock", 1), expected="HIT")
    assert "cf-aig-cache-status" in lane.script(looking=True)
    assert "cf-aig-cache-status" not in lane.script(looking=False)


class Recorder(ThreadingHTTPServer):
    """Keeps the bodies it gets; every tenth answer is a hit, all others are misses."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: list[bytes] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Recorder

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("CF-AIG-Cache-Status", "MISS" if len(self.server.bodies) % 10 else "HIT")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Nothing to standard error."""


@contextmanager
def recorder() -> Iterator[Recorder]:
    with Recorder() as server:
        server.daemon_threads = True
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield server
        finally:
            server.shutdown()
            serving.join(5)


@pytest.mark.skipif(
    missing_program("wrk", "wrk", "taskset") is not None and "CI" not in os.environ,
    reason="wrk is not installed",
)
def test_wrk_sends_no_body_twice_and_counts_what_it_did_not_expect(tmp_path: Path, running: Start) -> None:
    lua = tmp_path / "post.lua"
    with recorder() as server:
        lane = Lane(running("penstock", server.server_port), expected="MISS", fresh=True)
        for lane.loads in range(2):
            lua.write_text(lane.script(looking=True))
            before = len(server.bodies)
            report = wrk.run(lane.running.url, lua, 1, 1, min(os.sched_getaffinity(0)))
            assert report.first_unexpected == "200 with HIT"
            assert report.unexpected is not None
            assert abs(report.unexpected - report.requests / 10) <= 1
            assert report.requests <= len(server.bodies) - before <= report.requests + 1
    assert len(set(server.bodies)) == len(server.bodies)
    assert {len(body) for body in server.bodies} == {len(payload.COUNTED_REQUEST)}
    users = [int(json.loads(body)["user"]) for body in server.bodies]
    assert users == sorted(users)
    assert users[0] < payload.COUNTED_PER_LOAD < users[-1]
