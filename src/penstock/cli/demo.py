"""`penstock demo`: a gateway with the local Parallel engine, calls through it, the log, and the way to its dashboard.

Starts `penstock serve --local-parallel` as a user would and calls it over HTTP; nothing here reaches into the
gateway. What the answers look like in brief is decided in `brief_answers.py`, and what made-up traffic there is
beside the four calls that are shown, in `demo_traffic.py`.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click
import httpx

from penstock.cli.brief_answers import Json, brief_chat, brief_ingest, brief_report, brief_run, brief_search
from penstock.cli.demo_providers import demo_providers
from penstock.cli.demo_traffic import make_people, make_traffic, write_config
from penstock.cli.output import Cell, Output, SeveralFaults, say, say_body
from penstock.cli.own_command import own_command
from penstock.cli.serve import engine_socket
from penstock.control.unread_variables import READ
from penstock.stores.control_store import ControlStoreError

_PORT = 8787
_SERVING = re.compile(r"^penstock: serving on http://\S+:(\d+) ", re.MULTILINE)
_LINK = re.compile(r"^penstock: dashboard, signed in once: (http://\S+)$", re.MULTILINE)
_KEY = "demo-key-for-the-local-engine"
_START_SECONDS = 60.0  # a machine may be busy with other things
_STOP_SECONDS = 60.0
_RESULT_SECONDS = 120.0
_POLL_SECONDS = 0.05
_API_KEY = {"x-api-key": _KEY}
_BEARER = {"authorization": f"Bearer {_KEY}"}


@dataclass(frozen=True, slots=True)
class DemoCall:
    """A call of the demonstration: where below the gateway, what, and how its answer is told in brief."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, object]
    status: int
    brief: Callable[[Json], str]


TASK = DemoCall(
    "parallel/v1/tasks/runs",
    _API_KEY,
    {
        "input": "Create a comprehensive market research report on the HVAC industry in the USA including an "
        "analysis of recent M&A activity and other relevant details.",
        "processor": "ultra",
    },
    202,
    brief_run,
)
CALLS = (
    TASK,
    DemoCall(
        "parallel/v1beta/search",
        _API_KEY,
        {
            "objective": "When was the United Nations established? Prefer UN's websites.",
            "search_queries": ["Founding year UN", "Year of founding United Nations"],
            "processor": "base",
            "max_results": 10,
            "max_chars_per_result": 6000,
        },
        200,
        brief_search,
    ),
    DemoCall(
        "parallel/v1beta/findall/ingest",
        _API_KEY,
        {
            "query": "Find all AI companies that recently raised money and get their website, CEO name, "
            "and CTO name."
        },
        200,
        brief_ingest,
    ),
    DemoCall(
        "compat/chat/completions",
        _BEARER,
        {"model": "parallel/speed", "messages": [{"role": "user", "content": "Hello!"}]},
        200,
        brief_chat,
    ),
)


class DemoFailed(SeveralFaults):
    """A step did not go well; the text says which and why, maybe with lines of the gateway's own."""

    def __init__(self, text: str) -> None:
        super().__init__(text.splitlines())


@click.command()
@click.option("--exit", "leave", is_flag=True, help="End by itself; exit code 0 if all went well.")
@click.option(
    "--quiet", is_flag=True, help="Only the four calls: no made-up traffic, and no gateways for it."
)
@click.option(
    "--port", type=click.IntRange(1, 65535), help="The gateway's port. [default: 8787, or a free one]"
)
@click.option(
    "--data", type=click.Path(path_type=Path), help="Folder of journal and ledger. [default: a temporary one]"
)
def demo(leave: bool, quiet: bool, port: int | None, data: Path | None) -> None:
    """Start a gateway and a local Parallel engine, send four calls, show the log; offline, without any key.

    Then a few hundred made-up calls to providers that this program plays itself, so that log, costs and dashboard have
    something to show: several people and gateways, streams, cached answers, errors, limits that are reached.

    \b
    Examples:
      penstock demo                 serves on until Ctrl-C
      penstock demo --exit          ends by itself
      penstock demo --quiet         without the made-up calls
    """
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    output = Output()
    port = _usual_port() if port is None else port
    providers = nullcontext("") if quiet else demo_providers()
    with _folder(data) as folder, providers as place:
        people = [] if quiet else _people(folder)
        config = (
            folder / "demo.toml"
        )  # always one of its own: a penstock.toml that lies here is meant for others
        if quiet:
            config.write_text("")
        else:
            write_config(config, place)
        _show(output, folder, port, config, people, leave=leave)


def _as_ctrl_c(_number: int, _frame: FrameType | None) -> None:
    """Who ends this program means the gateway, too."""
    raise KeyboardInterrupt


def _people(folder: Path) -> list[str]:
    try:
        return make_people(folder)
    except ControlStoreError as error:
        raise DemoFailed(str(error)) from None


def _show(output: Output, folder: Path, port: int, config: Path, people: list[str], *, leave: bool) -> None:
    with _gateway(folder, port, config) as gateway:
        base = f"{gateway.address}/v1/local/default"
        output.line(
            Cell("Penstock", "bold"), Cell(f" is serving on {gateway.address}, its data is in {folder}")
        )
        output.line()
        _make_calls(output, base)
        _show_log(folder)
        if people:
            _make_traffic(output, gateway.address, people)
            write_config(config, None)  # the real providers from now on
        if not leave:
            _say_further(gateway, base, folder)
            with suppress(KeyboardInterrupt):
                say_body("\nServing until Ctrl-C.")
                gateway.wait()
            say_body("\nStopped.")


# -- the gateway


@dataclass(slots=True)
class _Gateway:
    """A running `penstock serve`."""

    process: subprocess.Popen[bytes]
    address: str
    link: str  # signs in to the dashboard, once

    def wait(self) -> None:
        """Until the gateway ends: with a failure by itself, else because somebody stopped it, with us or without."""
        code = self.process.wait()
        if code != 0:
            raise DemoFailed(f"the gateway ended by itself with exit code {code}")


@contextmanager
def _gateway(folder: Path, port: int, config: Path) -> Iterator[_Gateway]:
    command = [sys.executable, "-m", "penstock", "serve", "--port", str(port)]
    command += ["--data", str(folder), "--config", str(config), "--local-parallel"]
    environ = {name: value for name, value in os.environ.items() if name not in READ}
    log = folder / "demo.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environ)
        try:
            address = _address_when_ready(process, folder, log)
            link = _LINK.search(log.read_text(errors="replace"))
            yield _Gateway(process, address, link[1] if link else "")
        finally:
            _stop(process)


def _address_when_ready(process: subprocess.Popen[bytes], folder: Path, log: Path) -> str:
    engine = engine_socket(folder)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        said = _SERVING.search(log.read_text(errors="replace"))
        address = said and f"http://127.0.0.1:{said[1]}"
        if address and _listens(engine) and _is_ready(address):
            return address
        time.sleep(_POLL_SECONDS)
    raise DemoFailed(f"the gateway did not start:\n{log.read_text(errors='replace')}")


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Asks the gateway to stop, as Ctrl-C may already have done, and lets it finish even if asked again."""
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        if process.poll() is None:
            process.terminate()
        process.wait(_STOP_SECONDS)
    finally:
        signal.signal(signal.SIGINT, previous)


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        data.mkdir(parents=True, exist_ok=True)
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="penstock-demo-") as name:
        yield Path(name)


def _usual_port() -> int:
    """The usual port; 0, which lets the gateway take a free one, where that is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", _PORT))
        except OSError:
            return 0
    return _PORT


# -- the calls


def _make_calls(output: Output, base: str) -> None:
    with httpx.Client(base_url=base, timeout=_RESULT_SECONDS, trust_env=False) as client:
        answers = [_call(output, client, call) for call in CALLS]
        run_id = answers[0]["run_id"]
        path = f"{TASK.path}/{run_id}/result"
        with output.waiting("waiting for the task's result"):
            result = _json(client.get(path, headers=dict(TASK.headers)), 200, path)
        _tell(output, "GET", path, 200, brief_report(result))


def _call(output: Output, client: httpx.Client, call: DemoCall) -> dict[str, Json]:
    answer = _json(
        client.post(call.path, headers=dict(call.headers), json=dict(call.body)), call.status, call.path
    )
    _tell(output, "POST", call.path, call.status, call.brief(answer))
    return answer


def _json(response: httpx.Response, status: int, path: str) -> dict[str, Json]:
    if response.status_code != status:
        raise DemoFailed(f"{path} answered {response.status_code}, not {status}: {response.text[:500]}")
    answer = response.json()
    if not isinstance(answer, dict):
        raise DemoFailed(f"{path} did not answer with an object: {response.text[:500]}")
    return answer


def _tell(output: Output, method: str, path: str, status: int, brief: str) -> None:
    output.line(Cell(method, "bold cyan"), Cell(f" …/{path}  "), Cell(str(status), "green"))
    for line in brief.splitlines():
        output.line(Cell(f"    {line}"))
    output.line()


def _make_traffic(output: Output, address: str, people: list[str]) -> None:
    with output.waiting("making up some traffic"):
        found = make_traffic(f"{address}/v1/local/", people)
    output.line()
    say(
        f"and {sum(found)} made-up calls of four people to four providers: {found.answered} answered, "
        f"{found.failed} failed, {found.refused} refused by a limit"
    )


# -- the log


def _show_log(folder: Path) -> None:
    """The log table, as `penstock logs` prints it; the ledger is a moment behind the answers."""
    wanted = len(CALLS) + 1
    deadline = time.monotonic() + _START_SECONDS
    command = [sys.executable, "-m", "penstock", "logs", "--data", str(folder)]
    while time.monotonic() < deadline:
        listing = subprocess.run([*command, "--json"], capture_output=True, check=False)
        if listing.returncode == 0 and len(listing.stdout.splitlines()) >= wanted:
            sys.stdout.flush()
            subprocess.run(command, check=True)
            return
        time.sleep(_POLL_SECONDS)
    raise DemoFailed("the calls did not arrive in the ledger")


def _say_further(gateway: _Gateway, base: str, folder: Path) -> None:
    penstock = own_command()
    say_body("\nLook further:")
    if gateway.link:
        say(f"    {gateway.link}   (the dashboard, once)")
    say(f"    {penstock} dashboard --data {folder}   (another such link)")
    say(f"    {penstock} logs --data {folder} --follow")
    say(f"    {penstock} logs show ID --data {folder}")
    say(f"    {penstock} cost --by user --data {folder}")
    say(f"    {penstock} runs --data {folder}")
    say(f"    {base}/parallel/…   {base}/compat   {base}/openai/…")
