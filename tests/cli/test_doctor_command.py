"""`penstock doctor` as people and programs use it: beside a real gateway, and over folders that are broken."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from conftest import Serve
from penstock.stores.facts import Unreadable
from penstock.stores.sqlite.ledger.file import ledger_facts
from penstock.stores.sqlite.ledger.writer import FILE_NAME
from support.gateway import PROGRAM, Gateway, environment
from support.waiting import eventually

Findings = dict[str, list[dict[str, str]]]


def run(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    done = subprocess.run(
        [*PROGRAM, "doctor", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(environ),
        cwd=folder,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def examined(folder: Path, *arguments: str, code: int = 0) -> Findings:
    """The findings by their check."""
    done, out, err = run(folder, "--json", *arguments)
    assert done == code, out + err
    found: Findings = {}
    for finding in json.loads(out):
        assert finding.keys() == {"check", "state", "text", "remedy"}
        found.setdefault(finding["check"], []).append(finding)
    return found


async def examine(gateway: Gateway, code: int = 0, *arguments: str) -> Findings:
    """The findings about a gateway on its own address."""
    options = ["--data", str(gateway.data), "--url", gateway.url, *arguments]
    if gateway.config.exists():
        options += ["--config", str(gateway.config)]
    return await asyncio.to_thread(lambda: examined(gateway.folder, *options, code=code))


def bad(found: Findings) -> set[str]:
    return {check for check, findings in found.items() for one in findings if one["state"] == "problem"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder


# -- beside a gateway


async def test_a_gateway_that_is_well(serve: Serve) -> None:
    gateway = await serve("[server]\nworkers = 2\n")
    found = await examine(gateway)
    assert bad(found) == set()
    for check in (
        "configuration",
        "running",
        "health",
        "readiness",
        "ledger",
        "journal",
        "directory",
        "tokens",
    ):
        assert [one["state"] for one in found[check]] == ["ok"], check
    assert {"counters", "kept answers", "prices", "open files", "clock", "proxies"} <= found.keys()


async def test_every_worker_tells_of_itself(serve: Serve) -> None:
    gateway = await serve("[server]\nworkers = 2\n")
    pids = await gateway.workers(2)
    folder = gateway.data / "workers"
    await eventually(lambda: all((folder / f"{pid}.json").exists() for pid in pids) or None, "both states")
    found = await examine(gateway)
    assert [one["state"] for one in found["worker"]] == ["ok", "ok"]
    assert all(f"worker {pid} " in str(found["worker"]) for pid in pids)
    # It knows its address itself, though the port was chosen by the system.
    options = ("--data", str(gateway.data), "--config", str(gateway.config))
    found = await asyncio.to_thread(lambda: examined(gateway.folder, *options))
    assert gateway.url in found["health"][0]["text"]


async def test_a_worker_that_was_killed_is_forgotten(serve: Serve) -> None:
    gateway = await serve()
    (pid,) = await gateway.workers(1)
    state = gateway.data / "workers" / f"{pid}.json"
    await eventually(lambda: state.exists() or None, "the state")
    os.kill(pid, signal.SIGKILL)
    await eventually(lambda: None if str(pid) in _children(gateway) else True, "its end")
    found = await examine(gateway)
    assert f"worker {pid} " not in str(found["worker"])
    assert not state.exists()


def _children(gateway: Gateway) -> list[str]:
    path = Path(f"/proc/{gateway.process.pid}/task/{gateway.process.pid}/children")
    return path.read_text().split()


async def test_after_its_end(serve: Serve) -> None:
    gateway = await serve()
    await gateway.stop()
    folder = gateway.data / "workers"
    assert not folder.exists() or list(folder.iterdir()) == []
    found = await asyncio.to_thread(lambda: examined(gateway.folder, "--data", str(gateway.data)))
    assert [one["state"] for one in found["running"]] == ["warning"]
    assert not found.keys() & {"health", "readiness", "worker"}


async def test_a_gateway_at_another_address_than_asked(serve: Serve) -> None:
    gateway = await serve()
    found = await asyncio.to_thread(
        lambda: examined(gateway.folder, "--data", str(gateway.data), "--url", "http://127.0.0.1:1", code=1)
    )
    assert bad(found) == {"health"}


async def test_a_ledger_that_breaks_beside_a_gateway(serve: Serve) -> None:
    gateway = await serve()
    await eventually(lambda: _calls_in(gateway), "the ledger")
    shipper = re.search(r"shipper started \(process (\d+)\)", gateway.stderr)
    assert shipper
    os.kill(int(shipper[1]), signal.SIGSTOP)  # it would put a new one in its place before anybody looks
    for path in gateway.data.glob(f"{FILE_NAME}*"):
        path.unlink()
    (gateway.data / FILE_NAME).write_bytes(b"no database at all" * 1000)
    found = await examine(gateway, 1)
    os.kill(int(shipper[1]), signal.SIGCONT)
    assert "ledger" in bad(found)


def _calls_in(gateway: Gateway) -> int | None:
    """How many calls the ledger has; None as long as it is being made."""
    try:
        facts = ledger_facts(gateway.data / FILE_NAME)
    except Unreadable:
        return None
    return None if facts is None else facts.calls


# -- over a folder


def test_a_new_folder_has_warnings_and_no_problems(data: Path) -> None:
    code, out, err = run(data.parent, "--data", str(data))
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[-1] == "no problems, 2 warnings"
    assert lines[0].startswith("ok       configuration  ")
    assert "\x1b" not in out
    assert list(data.iterdir()) == []


def test_what_to_do_stands_below_what_is_wrong(data: Path) -> None:
    _, out, _ = run(data.parent, "--data", str(data))
    lines = out.splitlines()
    index = next(number for number, line in enumerate(lines) if line.startswith("warning  running"))
    assert lines[index + 1].strip() == f"start it: `{sys.executable} -m penstock serve --data {data}`"
    assert len(lines[index + 1]) - len(lines[index + 1].lstrip()) == lines[index].index("no Penstock")


def test_on_a_terminal_it_has_colours_and_fits(data: Path) -> None:
    (data.parent / "penstock.toml").write_text("[server]\nprot = 1\n")
    ours, theirs = pty.openpty()
    environ = environment({"COLUMNS": "70", "TERM": "xterm"})
    command = [*PROGRAM, "doctor", "--data", str(data)]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, cwd=data.parent
    ) as process:
        os.close(theirs)
        seen = b""
        while select.select([ours], [], [], 60)[0]:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            seen += piece
        assert process.wait(60) == 1
    os.close(ours)
    text = seen.decode()
    assert "\x1b[32mok" in text
    assert "\x1b[1;31mproblem" in text
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert "-m penstock serve" in " ".join(plain.split())  # a long sentence is wrapped, not cut


def test_the_data_folder_of_the_environment_and_of_the_file(data: Path) -> None:
    _, out, _ = run(data.parent, environ={"PENSTOCK_DATA": str(data)})
    assert f"{data} is there" in out
    (data.parent / "other.toml").write_text(f'[server]\ndata = "{data}"\n')
    _, out, _ = run(data.parent, "--config", "other.toml")
    assert f"{data} is there" in out


def test_a_broken_configuration_is_one_of_the_findings(data: Path) -> None:
    (data.parent / "penstock.toml").write_text("[server]\nprot = 1\n")
    found = examined(data.parent, "--data", str(data), code=1)
    assert bad(found) == {"configuration"}
    assert found["configuration"][0]["text"].startswith("penstock.toml:2: ")
    assert {"data folder", "ledger", "directory"} <= found.keys()


def test_a_named_file_that_is_not_there(data: Path) -> None:
    found = examined(data.parent, "--data", str(data), "--config", "none.toml", code=1)
    assert found["configuration"][0]["text"] == "none.toml: no such file"


def test_a_wrong_data_folder(tmp_path: Path) -> None:
    code, out, _ = run(tmp_path, "--data", "nowhere")
    assert code == 1
    assert "nowhere does not exist" in out
    assert not (tmp_path / "nowhere").exists()


def test_nothing_of_a_file_drives_the_terminal(data: Path) -> None:
    (data.parent / "penstock.toml").write_bytes(b'[server]\n"\\u001b[2J" = 1\n')
    code, out, _ = run(data.parent, "--data", str(data))
    assert code == 1
    assert "\x1b" not in out


@pytest.mark.parametrize(
    "url", ["ftp://x", "127.0.0.1:80", "http://me:hidden@x", "http://[", "http://x:many", "http://x/?a=b", ""]
)
def test_an_address_that_is_none(data: Path, url: str) -> None:
    code, out, err = run(data.parent, "--data", str(data), "--url", url)
    assert (code, out) == (2, "")
    assert "must be like http://127.0.0.1:8787" in err
    assert "hidden" not in err
