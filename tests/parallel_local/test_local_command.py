"""`parallel-local serve`: what it takes, what it says of what it does, and what it says when it cannot."""

import asyncio
import io
import re
import signal
import socket
import stat
import threading
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from local_engine import HEADERS
from rich.console import Console
from test_local_serving import process

from parallel_local.cli import data_of, default_data, main, served_folders
from parallel_local.progress import ReadingProgress, Ticker
from parallel_local.retrieval.library import Indexed
from parallel_local.retrieval.meaning import Embedded

MUCH = 10_000_000
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "parallel-local.md"


def progress(count: int, console: Console) -> ReadingProgress:
    return ReadingProgress("http://127.0.0.1:1", lambda: count, console)


def plain() -> Console:
    return Console(file=io.StringIO(), force_terminal=False)  # whatever the environment forces


def test_of_few_documents_it_is_said_when_they_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    shown = progress(1, plain())
    shown.serving()
    shown.progress(Indexed(0, 1, 0, 100))
    assert capsys.readouterr().out == ""
    shown.progress(Indexed(1, 1, 100, 100))
    shown.settled(changed=True)
    shown.settled(changed=True)
    said = capsys.readouterr()
    assert said.out == "parallel-local: 1 document, serving on http://127.0.0.1:1\n"
    assert said.err == ""


@pytest.mark.parametrize("serves_first", [True, False])
def test_of_many_it_is_said_at_once_and_how_far_it_is(
    capsys: pytest.CaptureFixture[str], serves_first: bool
) -> None:
    shown = progress(2000, plain())
    if serves_first:
        shown.serving()
        shown.progress(Indexed(0, 4000, 0, MUCH))
    else:
        shown.progress(Indexed(0, 4000, 0, MUCH))
        shown.serving()
    assert (
        capsys.readouterr().out == "parallel-local: 2,000 documents so far, serving on http://127.0.0.1:1\n"
    )
    shown.tick()
    shown.progress(Indexed(500, 4000, MUCH // 8, MUCH))
    shown.tick()
    shown.settled(changed=True)
    shown.tick()
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "parallel-local: 0 of 4,000 files are read (0 %)",
        "parallel-local: 500 of 4,000 files are read (12 %)",
        "parallel-local: all is read: 2,000 documents",
    ]


def test_how_far_vectors_are_is_said_when_it_takes_long(capsys: pytest.CaptureFixture[str]) -> None:
    shown = progress(2000, plain())
    shown.serving()
    shown.progress(Indexed(0, 4000, 0, MUCH))
    capsys.readouterr()
    shown.embedded(Embedded(0, 3000))
    shown.tick()
    shown.embedded(Embedded(1500, 3000))
    shown.tick()
    shown.embedded(Embedded(3000, 3000))
    shown.settled(changed=True)
    shown.tick()
    assert capsys.readouterr().err.splitlines() == [
        "parallel-local: all is read: 2,000 documents",
        "parallel-local: vectors of 0 of 3,000 passages are made (0 %)",
        "parallel-local: vectors of 1,500 of 3,000 passages are made (50 %)",
        "parallel-local: all vectors are made",
    ]


def test_vectors_that_are_made_soon_or_never_are_not_announced(capsys: pytest.CaptureFixture[str]) -> None:
    shown = progress(20, plain())
    shown.serving()
    shown.embedded(Embedded(30, 30))
    shown.settled(changed=True)
    assert capsys.readouterr().err == ""
    shown.embedded(Embedded(0, 30))
    shown.tick()
    shown.settled(changed=True)
    assert capsys.readouterr().err == "parallel-local: vectors of 0 of 30 passages are made (0 %)\n"


def test_a_ticker_calls_until_it_is_ended() -> None:
    calls = threading.Semaphore(0)
    ticker = Ticker(calls.release, 0.01)
    for _ in range(3):
        assert calls.acquire(timeout=120)
    ticker.end()


def test_on_a_terminal_there_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    shown = progress(5, console)
    shown.serving()
    shown.progress(Indexed(0, 4000, 0, MUCH))
    shown.progress(Indexed(2000, 4000, MUCH // 2, MUCH))
    shown.embedded(Embedded(512, 3000))
    shown.settled(changed=True)
    shown.ended()
    assert isinstance(console.file, io.StringIO)
    assert "2,000 of 4,000 files" in console.file.getvalue()
    assert "vectors of 512 of 3,000 passages" in console.file.getvalue()


async def test_a_large_folder_is_served_while_it_is_read(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(400):
        (docs / f"{number:03}.md").write_text(f"# Note {number}\n\nThe lamp number {number} is lit.\n")
    async with process(tmp_path, "--port", "0") as (child, line):
        assert re.fullmatch(
            r"parallel-local: \d+ documents( so far)?, serving on http://127\.0\.0\.1:\d+", line
        )
        async with httpx.AsyncClient(
            base_url=line.rpartition(" ")[2], headers=HEADERS, timeout=120, trust_env=False
        ) as client:
            async with asyncio.timeout(120):
                page = (await client.get("/v1/local/documents")).json()
                while page["total"] < 405:
                    assert page["indexing"]["of_files"] in (0, 405)
                    page = (await client.get("/v1/local/documents")).json()
        child.send_signal(signal.SIGTERM)
        await asyncio.wait_for(child.wait(), 120)


async def test_stopping_while_it_reads(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(1000):
        (docs / f"{number}.md").write_text("# Note\n\nwords about lamps and sand\n" * 5)
    async with process(tmp_path, "--port", "0") as (child, _line):
        child.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(child.wait(), 120) in (0, -signal.SIGTERM)
        assert child.stderr
        assert b"Traceback" not in await child.stderr.read()


async def test_folders_globs_and_private_files(tmp_path: Path) -> None:
    (tmp_path / "wiki").mkdir()
    (tmp_path / "wiki" / "a.md").write_text("The lamp is lit.\n")
    (tmp_path / "wiki" / "b.txt").write_text("The lamp is out.\n")
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    wiki = f"{tmp_path / 'wiki'}=https://wiki.example/"
    async with process(tmp_path, wiki, "--exclude", "*.txt", "--port", "0") as (child, line):
        assert line.startswith("parallel-local: 5 documents, serving on ")
        async with httpx.AsyncClient(
            base_url=line.rpartition(" ")[2], headers=HEADERS, trust_env=False
        ) as client:
            found = (await client.get("/v1/local/documents", timeout=120)).json()["documents"]
        assert {item["url"] for item in found} >= {"https://wiki.example/a.md", "https://geo.example/rivers"}
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in data.rglob("*") if path.is_file()}
        assert {name for name, mode in modes.items() if mode != 0o600} == set()
        child.send_signal(signal.SIGTERM)
        await asyncio.wait_for(child.wait(), 120)


async def test_a_data_folder_is_one_process_s_at_a_time(tmp_path: Path) -> None:
    async with process(tmp_path, "--port", "0", "--poll") as (child, line):
        assert line.startswith("parallel-local: ")
        arguments = ["serve", str(tmp_path / "docs"), "--port", "0", "--data", str(tmp_path / "data")]
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 1
        said = f"Error: another parallel-local has the data folder {tmp_path / 'data'}; stop it, or choose another"
        assert result.output.strip() == f"{said} with --data"
        child.kill()
        await asyncio.wait_for(child.wait(), 120)
    async with process(tmp_path, "--port", "0", "--poll") as (child, line):
        assert line.startswith("parallel-local: ")


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        arguments = ["serve", str(tmp_path), "--port", str(port), "--data", str(tmp_path / "data")]
        result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    said = f"Error: cannot listen on 127.0.0.1:{port}: Address already in use; choose another --port"
    assert result.output.strip() == said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "there is no folder nothing"),
        (["nothing.toml"], "there is no folder nothing.toml"),
        (["docs", "docs"], "given twice"),
        (["docs=https://x.example/?a"], "no address"),
        (["broken.toml"], "broken.toml"),
    ],
)
def test_folders_that_cannot_be_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "broken.toml").write_text("[[folders")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["serve", *arguments, "--port", "0", "--data", str(tmp_path / "data")])
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


def test_the_guide_names_the_new_options() -> None:
    guide = GUIDE.read_text()
    shown = CliRunner().invoke(main, ["serve", "--help"]).output
    for option in ("--include", "--exclude", "--poll"):
        assert option in shown
        assert f"`{option}" in guide


def test_data_of_several_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    places = [[str(tmp_path / "a")], [str(tmp_path / "b")], [str(tmp_path / "a"), str(tmp_path / "b")]]
    kept = [data_of(docs, served_folders(docs)) for docs in places]
    assert len(set(kept)) == 3
    assert kept[0] == default_data(tmp_path / "a")
    turned = [str(tmp_path / "b"), str(tmp_path / "a")]
    assert data_of(turned, served_folders(turned)) == kept[2]
    settings = tmp_path / "s.toml"
    settings.write_text("[[folders]]\npath = 'a'\n")
    assert data_of([str(settings)], served_folders([str(settings)])) == default_data(settings)


def test_samples_are_served_without_a_word_of_their_sources() -> None:
    (folder,) = served_folders([])
    assert not folder.wants("SOURCES.txt")
    assert folder.wants("un-headquarters.md")
