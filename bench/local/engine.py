"""The engine under measurement: `parallel-local serve` on a folder, asked over HTTP as programs ask it.

CPU time is what the kernel says of the process; its own end ends the process.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from bench import procfs
from bench.child import Child
from bench.failure import Failed

_START_SECONDS = 900.0
_QUERY_CHARS = 200
_SERVING = re.compile(r"http://127\.0\.0\.1:\d+")
_HEADERS = {"x-api-key": "bench"}


class Engine:
    """A served folder."""

    def __init__(self, child: Child, client: httpx.Client, index_seconds: float, megabytes: float) -> None:
        self._child = child
        self._client = client
        self.index_seconds = index_seconds
        self.index_megabytes = megabytes

    def search(self, question: str, chars: int | None = None) -> list[tuple[str, list[str]]]:
        """The name of each document that was found, and what is quoted of it."""
        body: dict[str, object] = {"objective": question, "search_queries": [question[:_QUERY_CHARS]]}
        if chars:
            body["advanced_settings"] = {"excerpt_settings": {"max_chars_per_result": chars}}
        answer = self._client.post("/v1/search", json=body)
        if answer.status_code != 200:
            raise Failed(f"search answered {answer.status_code}: {answer.text[:200]}")
        results = answer.json()["results"]
        return [(Path(result["url"]).stem, result["excerpts"]) for result in results]

    def cpu_seconds(self) -> float:
        return procfs.cpu_seconds(self._child.group)

    def at_once(self, questions: Sequence[str]) -> float:
        """Seconds until all of them are answered that were asked at the same time."""
        with ThreadPoolExecutor(len(questions)) as pool:
            began = time.monotonic()
            list(pool.map(self.search, questions))
            return time.monotonic() - began

    def megabytes(self) -> float:
        return procfs.memory(self._child.group).best


@contextmanager
def serving(docs: Path, data: Path, log: Path) -> Iterator[Engine]:
    """The engine once it has read the folder."""
    command = [sys.executable, "-m", "parallel_local", "serve", str(docs), "--port", "0", "--data", str(data)]
    child = Child(command, log, os.environ, docs.parent)
    try:
        address = _address(child, log)
        child.settle(_START_SECONDS)
        size = sum(path.stat().st_size for path in data.rglob("*") if path.is_file()) / 1e6
        limits = httpx.Limits(max_connections=100)
        with httpx.Client(base_url=address, headers=_HEADERS, timeout=120.0, limits=limits) as client:
            yield Engine(child, client, procfs.cpu_seconds(child.group), size)
    finally:
        child.stop()


def _address(child: Child, log: Path) -> str:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if found := _SERVING.search(log.read_text(errors="replace")):
            return found.group()
        if not child.alive:
            raise Failed(f"the engine ended: {child.last_words()}")
        time.sleep(0.05)
    raise Failed(f"the engine did not start: {child.last_words()}")
