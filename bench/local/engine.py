"""The engine under measurement: `parallel-local serve` on a folder, asked over HTTP as programs ask it.

CPU time is what the kernel says of the process; its own end ends the process. It counts as started when all is read and
every passage has its vector. One whose vectors failed gives no figures: they would be those of words alone.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench import procfs
from bench.child import Child
from bench.failure import Failed

_START_SECONDS = 3600.0  # vectors of a slow model take long
_SECOND_LOOK_SECONDS = 1.5
_QUERY_CHARS = 200
_SERVING = re.compile(r"serving on (http://127\.0\.0\.1:\d+)")
_PARTLY_READ = "so far, serving on"
_ALL_READ = "all is read"
_WORDS_ALONE = "words alone decide"
_HEADERS = {"x-api-key": "bench"}
_OWN_VARIABLES = "PARALLEL_LOCAL_"  # what whoever measures has set for an engine of theirs


@dataclass(frozen=True, slots=True)
class Embeddings:
    """What makes vectors, as the engine's own options name it."""

    place: str
    model: str = ""

    @property
    def arguments(self) -> tuple[str, ...]:
        return (
            *("--embeddings", self.place),
            *(("--embeddings-model", self.model) if self.model else ()),
        )


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

    def answer(self, question: str, schema: Mapping[str, object]) -> tuple[object, str]:
        """What a run answers to a question, and the confidence of the first thing that it says."""
        body = {"input": question, "processor": "base", "task_spec": {"output_schema": schema}}
        created = self._client.post("/v1/tasks/runs", json=body)
        if created.status_code != 202:
            raise Failed(f"a run was answered with {created.status_code}: {created.text[:200]}")
        result = self._client.get(f"/v1/tasks/runs/{created.json()['run_id']}/result")
        if result.status_code != 200:
            raise Failed(f"a result was answered with {result.status_code}: {result.text[:200]}")
        output = result.json()["output"]
        return output["content"], str(output["basis"][0]["confidence"])

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
def serving(docs: Path, base: Path, embeddings: Embeddings | None = None) -> Iterator[Engine]:
    """The engine once it has read the folder; its data and its log lie in `base`."""
    data, log = base / "data", base / "log"
    command = [sys.executable, "-m", "parallel_local", "serve", str(docs), "--port", "0", "--data", str(data)]
    command += embeddings.arguments if embeddings else ()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(_OWN_VARIABLES)}
    child = Child(command, log, environment, Path.cwd())  # where a place of vectors may be relative to
    try:
        address = _address(child, log)
        limits = httpx.Limits(max_connections=100)
        with httpx.Client(base_url=address, headers=_HEADERS, timeout=120.0, limits=limits) as client:
            for _ in range(2):  # soon after the first look at the folder it takes another one
                _wait_for_vectors(client)
                child.settle(_START_SECONDS)
                time.sleep(_SECOND_LOOK_SECONDS)
            size = sum(path.stat().st_size for path in data.rglob("*") if path.is_file()) / 1e6
            yield Engine(child, client, procfs.cpu_seconds(child.group), size)
        _refuse_words_alone(log)
    except httpx.HTTPError as error:
        raise Failed(f"the engine gave no answer ({type(error).__name__}): {child.last_words()}") from error
    finally:
        child.stop()


def _address(child: Child, log: Path) -> str:
    """Where it serves, as soon as all is read."""
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        said = log.read_text(errors="replace")
        if (found := _SERVING.search(said)) and (_PARTLY_READ not in said or _ALL_READ in said):
            return found[1]
        if not child.alive:
            raise Failed(f"the engine ended: {child.last_words()}")
        time.sleep(0.05)
    raise Failed(f"the engine did not start: {child.last_words()}")


def _wait_for_vectors(client: httpx.Client) -> None:
    """Until they are made: their model may be elsewhere, and the engine has nothing to do meanwhile."""
    while client.get("/v1/local/documents", params={"limit": 1}).json()["making_vectors"] is not None:
        time.sleep(0.5)


def _refuse_words_alone(log: Path) -> None:
    said = [line for line in log.read_text(errors="replace").splitlines() if _WORDS_ALONE in line]
    if said:
        raise Failed(f"the engine had no vectors: {said[0].strip()[:200]}")
