"""Files that change while they are served: edits, files that come, go and get other names, bursts, and signals."""

import asyncio
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from local_engine import HEADERS, engine
from test_local_serving import process

from parallel_local.clock import SystemClock
from parallel_local.documents.folders import Folder
from parallel_local.retrieval.library import Changes, Indexed, Library
from parallel_local.retrieval.meaning import Embedded, Meaning, Passages, WordsOnly
from parallel_local.watcher import Watcher

WHERE = {"model": "base", "messages": [{"role": "user", "content": "Where is the office key?"}]}
LONG = 120.0  # of a machine that does other things


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A watcher in this process looks around more often, so that nobody waits for it."""
    monkeypatch.setattr("parallel_local.watcher._TICK_MS", 100)
    monkeypatch.setattr("parallel_local.watcher._POLL_SECONDS", 0.1)


class Looks:
    """Waits for what a watcher says, without asking again and again."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.count = 0
        self.progress_seen: list[Indexed] = []
        self.embedded_seen: list[Embedded] = []

    def progress(self, indexed: Indexed) -> None:
        self.progress_seen.append(indexed)

    def embedded(self, embedded: Embedded) -> None:
        self.embedded_seen.append(embedded)

    def settled(self, *, changed: bool) -> None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def until(self, holds: Callable[[], bool]) -> None:
        """Return once something holds, looked at after each look of the watcher."""
        with self._changed:
            assert self._changed.wait_for(holds, LONG)


@contextmanager
def watched(
    folders: list[Folder], data: Path, *, poll: bool = False, meaning: Meaning | None = None
) -> Iterator[tuple[Library, Looks, Watcher]]:
    """A library that follows its folders, once it has looked at them twice: the second time in its usual way."""
    with closing(Library.ready(folders, data, meaning)) as library:
        looks = Looks()
        watcher = Watcher(library, SystemClock(), poll=poll, data=data)
        watcher.tell(looks)
        watcher.start()
        try:
            looks.until(lambda: looks.count >= 1)
            watcher.rescan()
            looks.until(lambda: looks.count >= 2)
            yield library, looks, watcher
        finally:
            watcher.stop()


def paths(library: Library) -> list[str]:
    """What is served."""
    return [card.path for card in library.cards]


def text_of(library: Library, path: str) -> str:
    """What can be quoted of a file."""
    return "".join(library.text(card) for card in library.cards if card.path == path)


@pytest.mark.parametrize("poll", [False, True])
def test_edits_new_files_renames_and_deletions_are_followed(tmp_path: Path, poll: bool) -> None:
    docs = tmp_path / "docs"
    (docs / "sub").mkdir(parents=True)
    (docs / "a.md").write_text("The office key is with Ines.\n")
    with watched([Folder(docs)], tmp_path / "data", poll=poll) as (library, looks, _):
        (docs / "a.md").write_text("The office key is at the desk.\n")
        looks.until(lambda: "desk" in text_of(library, "a.md"))
        (docs / "sub" / "b.md").write_text("Sand.\n")
        looks.until(lambda: paths(library) == ["a.md", "sub/b.md"])
        (docs / "sub" / "b.md").rename(docs / "c.md")
        looks.until(lambda: paths(library) == ["a.md", "c.md"])
        (docs / "new" / "deep").mkdir(parents=True)
        (docs / "new" / "deep" / "d.md").write_text("Deep.\n")
        looks.until(lambda: paths(library) == ["a.md", "c.md", "new/deep/d.md"])
        shutil.rmtree(docs / "new")
        (docs / "a.md").unlink()
        looks.until(lambda: paths(library) == ["c.md"])
        assert library.search([library.query("office key")]) == []


def test_an_edit_that_leaves_size_and_time_is_seen(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("Room 11.\n")
    before = (docs / "a.md").stat()
    with watched([Folder(docs)], tmp_path / "data") as (library, looks, _):
        (docs / "new.tmp").write_text("Room 12.\n")
        os.utime(docs / "new.tmp", ns=(before.st_atime_ns, before.st_mtime_ns))
        (docs / "new.tmp").replace(docs / "a.md")
        looks.until(lambda: "Room 12." in text_of(library, "a.md"))


def test_a_folder_that_goes_comes_or_becomes_another(tmp_path: Path) -> None:
    for version in ("one", "two"):
        (tmp_path / version).mkdir()
        (tmp_path / version / f"{version}.md").write_text("words\n")
    docs = tmp_path / "docs"
    docs.symlink_to(tmp_path / "one")
    with watched([Folder(docs)], tmp_path / "data") as (library, looks, _):
        assert paths(library) == ["one.md"]
        (tmp_path / "next").symlink_to(tmp_path / "two")
        (tmp_path / "next").replace(docs)
        looks.until(lambda: paths(library) == ["two.md"])
        (tmp_path / "two").rename(tmp_path / "away")
        looks.until(lambda: paths(library) == [])
        (tmp_path / "away").rename(tmp_path / "two")
        looks.until(lambda: paths(library) == ["two.md"])


def test_a_burst_is_few_looks_and_hidden_files_are_none(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    with watched([Folder(docs)], docs / "data") as (library, looks, watcher):
        before = looks.count
        for number in range(300):
            (docs / f"{number:03}.md").write_text("words\n")
            (docs / f".{number}.swp").write_text("x")
        looks.until(lambda: len(library.cards) == 300)
        assert looks.count - before < 300
        watcher.rescan()
        last = looks.count
        looks.until(lambda: looks.count > last and watcher.reading is None)


def test_what_comes_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (tmp_path / "broken.json").write_text("{")  # and moved whole: an empty one is broken in another way
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    with watched([Folder(docs)], tmp_path / "data") as (library, looks, watcher):
        (tmp_path / "broken.json").rename(docs / "broken.json")
        (tmp_path / "photo.png").rename(docs / "photo.png")
        looks.until(lambda: len(library.skipped) == 2)
        last = looks.count
        watcher.rescan()
        looks.until(lambda: looks.count > last)
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if "broken.json" in line]) == 1
    assert "left out photo.png: files of the kind .png are not read" in said


def test_a_refresh_that_fails_is_said_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    with watched([Folder(docs)], tmp_path / "data") as (library, looks, _):
        failing = threading.Event()
        real = library.refresh

        def refresh(
            progress: Callable[[Indexed], None] | None = None, tell: Callable[[Embedded], None] | None = None
        ) -> Changes:
            if not failing.is_set():
                failing.set()
                raise OSError("the disk is full")
            return real(progress, tell)

        library.refresh = refresh  # type: ignore[method-assign, assignment]
        (docs / "a.md").write_text("words\n")
        looks.until(lambda: paths(library) == ["a.md"])
        assert failing.is_set()
    assert "the disk is full" in caplog.text


@pytest.mark.parametrize("error", [OSError("limit reached"), RuntimeError("too many open files")])
def test_where_the_system_tells_of_nothing_it_looks_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def refused(*_: object, **_more: object) -> object:
        raise error

    monkeypatch.setattr("parallel_local.watcher.watch", refused)
    docs = tmp_path / "docs"
    docs.mkdir()
    with watched([Folder(docs)], tmp_path / "data") as (library, looks, _):
        (docs / "a.md").write_text("words\n")
        looks.until(lambda: paths(library) == ["a.md"])
    assert str(error) in caplog.text


def test_reading_is_ended_by_stopping(tmp_path: Path) -> None:
    """Between two files, without their index being harmed."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(50):
        (docs / f"{number:02}.md").write_text("words\n")
    with closing(Library.ready([Folder(docs)], tmp_path / "data")) as library:
        watcher = Watcher(library, SystemClock(), poll=False, data=tmp_path / "data")

        class Stopper:
            def progress(self, indexed: Indexed) -> None:
                if indexed.done == 10:
                    watcher._stop.set()

            def embedded(self, embedded: Embedded) -> None:
                raise AssertionError("it was stopped")

            def settled(self, *, changed: bool) -> None:
                raise AssertionError("it was stopped")

        watcher.tell(Stopper())
        watcher.start()
        assert watcher._thread is not None
        watcher._thread.join(LONG)
        assert not watcher._thread.is_alive()
        library.refresh()
        assert len(library.cards) == 50


class Unsteady(WordsOnly):
    """Knows passages by their meaning when it is asked for the third time."""

    def __init__(self) -> None:
        self.tries = 0

    def refresh(self, passages: Passages, tell: Callable[[Embedded], None]) -> bool:
        self.tries += 1
        tell(Embedded(self.tries, 3))
        return self.tries == 3


@pytest.mark.parametrize("poll", [False, True])
def test_a_model_that_failed_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, poll: bool
) -> None:
    monkeypatch.setattr("parallel_local.watcher._RELEARN_TICKS", 1)
    docs = tmp_path / "docs"
    docs.mkdir()
    model = Unsteady()
    with watched([Folder(docs)], tmp_path / "data", poll=poll, meaning=model) as (library, looks, watcher):
        looks.until(lambda: library.is_learnt)
        assert model.tries == 3
        assert watcher.embedding is None
        assert looks.embedded_seen == [Embedded(1, 3), Embedded(2, 3), Embedded(3, 3)]


async def test_the_right_line_is_quoted_after_an_edit(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "handbook.md").write_text("The office key is with Ines.\n")
    async with engine(tmp_path, docs=docs, watch=True) as call:
        (docs / "handbook.md").write_text("The office key is at the desk.\n")
        await quoted(call.client, "at the desk")


async def test_sighup_looks_again(tmp_path: Path) -> None:
    async with process(tmp_path, "--port", "0") as (child, line):
        async with httpx.AsyncClient(
            base_url=line.rpartition(" ")[2], headers=HEADERS, timeout=LONG, trust_env=False
        ) as client:
            child.send_signal(signal.SIGHUP)
            (tmp_path / "docs" / "handbook.md").write_text("The office key is at the desk.\n")
            child.send_signal(signal.SIGHUP)
            await quoted(client, "at the desk")
        assert child.returncode is None
        child.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(child.wait(), LONG) in (0, -signal.SIGTERM)


async def quoted(client: httpx.AsyncClient, words: str) -> None:
    """Asks until the answer says so."""
    async with asyncio.timeout(LONG):
        while True:
            answer = await client.post("/v1beta/chat/completions", json=WHERE)
            if words in answer.json()["choices"][0]["message"]["content"]:
                return
            await asyncio.sleep(0.1)
