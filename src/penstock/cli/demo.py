"""`penstock demo`: a gateway with the local Parallel engine, calls through it, the log, and the way to its dashboard.

Starts `penstock serve` as a user would and calls it over HTTP. Here are the order of things and the
four calls that are shown; what else is made up, and how, is in the `demo_*.py` beside this.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click
import httpx

from penstock.cli.brief_answers import Json, brief_chat, brief_ingest, brief_report, brief_run, brief_search
from penstock.cli.demo_answers import PROVIDERS
from penstock.cli.demo_config import write_config
from penstock.cli.demo_engine import parallel_engine
from penstock.cli.demo_failed import DemoFailed
from penstock.cli.demo_gateway import POLL_SECONDS, START_SECONDS, Gateway, free_port, gateway
from penstock.cli.demo_history import DAYS, write_history
from penstock.cli.demo_people import People, make_people
from penstock.cli.demo_providers import demo_providers
from penstock.cli.demo_runs import look_at_runs, order_runs
from penstock.cli.demo_settings import look_back, set_up
from penstock.cli.demo_traffic import make_traffic, wait_until_known
from penstock.cli.output import Cell, Output, say, say_body
from penstock.cli.own_command import own_command
from penstock.stores.control_store import ControlStoreError

_KEY = "demo-key-for-the-local-engine"
_RESULT_SECONDS = 120.0
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


@click.command()
@click.option("--exit", "leave", is_flag=True, help="End by itself; exit code 0 if all went well.")
@click.option(
    "--quiet", is_flag=True, help="Only the four calls: no made-up traffic or past, and no gateways for it."
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
    something to show: several people and gateways, streams, cached answers, errors, limits that are reached, runs and
    their webhooks, settings. Beside them stands a past of two weeks that nobody made; its calls say "penstock-demo".

    \b
    Examples:
      penstock demo                 serves on until Ctrl-C
      penstock demo --exit          ends by itself
      penstock demo --quiet         without all that is made up
    """
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    port = free_port() if port is None else port
    with _folder(data) as folder:
        config = (
            folder / "demo.toml"
        )  # always one of its own: a penstock.toml that lies here is meant for others
        if quiet:
            config.write_text("")
            with gateway(folder, port, config, with_engine=True) as running:
                _show(running, folder)
                _serve_on(running, folder, leave=leave)
        else:
            _show_all(folder, port, config, leave=leave)


def _as_ctrl_c(_number: int, _frame: FrameType | None) -> None:
    """Who ends this program means the gateway, too."""
    raise KeyboardInterrupt


def _show(running: Gateway, folder: Path) -> None:
    """The four calls, and the log of them."""
    output = Output()
    output.line(Cell("Penstock", "bold"), Cell(f" is serving on {running.address}, its data is in {folder}"))
    output.line()
    _make_calls(output, f"{running.address}/v1/local/default")
    _show_log(folder)


def _show_all(folder: Path, port: int, config: Path, *, leave: bool) -> None:
    """The same, and all that is made up."""
    with demo_providers() as place, parallel_engine(folder) as engine:
        people = _people(folder)
        write_config(config, port, {"parallel": engine, **{one: f"{place}/{one}" for one in PROVIDERS}})
        with gateway(folder, port, config, with_engine=False) as running:
            _show(running, folder)
            _make_up(running, folder, people, place)
            write_config(config, port, {"parallel": engine})  # else the real providers from now on
            _serve_on(running, folder, leave=leave)
        write_config(config, port, {})


def _people(folder: Path) -> People:
    try:
        return make_people(folder, DAYS)
    except ControlStoreError as error:
        raise DemoFailed(str(error)) from None


def _make_up(running: Gateway, folder: Path, people: People, place: str) -> None:
    """Settings and a past, but where an earlier demonstration has left its own there; then runs and calls."""
    account, carol, past = f"{running.address}/v1/local", people.callers[2], 0
    with Output().waiting("making up some traffic"):
        limited = set_up(running.address, people.setter, place)
        if limited is not None:
            past = write_history(folder, people.callers)  # it is taken in while the others are made
            wait_until_known(account, limited)
        ordered = order_runs(account, place, carol)
        found = make_traffic(account, people.callers, limited)
        look_at_runs(account, ordered, carol)
        look_back(running.address, people.setter, found.logs)
    say(
        f"and {found.made} made-up calls of five people to five providers: {found.answered} answered, "
        f"{found.failed} failed, {found.refused} refused by a limit"
    )
    if past:
        say(
            f"and before that {past} calls of the last {DAYS} days that nobody made: they were written into "
            "the log, where they say penstock-demo"
        )
    say("nothing was paid for: all providers are played here, and costs are what they would ask")


def _serve_on(running: Gateway, folder: Path, *, leave: bool) -> None:
    if leave:
        return
    _say_further(running, f"{running.address}/v1/local/default", folder)
    with suppress(KeyboardInterrupt):
        say_body("\nServing until Ctrl-C.")
        running.wait()
    say_body("\nStopped.")


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        data.mkdir(parents=True, exist_ok=True)
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="penstock-demo-") as name:
        yield Path(name)


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


# -- the log


def _show_log(folder: Path) -> None:
    """The log table, as `penstock logs` prints it; the ledger is a moment behind the answers."""
    wanted = len(CALLS) + 1
    deadline = time.monotonic() + START_SECONDS
    command = [sys.executable, "-m", "penstock", "logs", "--data", str(folder), "--provider", "parallel"]
    while time.monotonic() < deadline:
        listing = subprocess.run([*command, "--json"], capture_output=True, check=False)
        if listing.returncode == 0 and len(listing.stdout.splitlines()) >= wanted:
            sys.stdout.flush()
            subprocess.run(command, check=True)
            return
        time.sleep(POLL_SECONDS)
    raise DemoFailed("the calls did not arrive in the ledger")


def _say_further(running: Gateway, base: str, folder: Path) -> None:
    penstock = own_command()
    say_body("\nLook further:")
    if running.link:
        say(f"    {running.link}   (the dashboard, once)")
    say(f"    {penstock} dashboard --data {folder}   (another such link)")
    say(f"    {penstock} logs --data {folder} --follow")
    say(f"    {penstock} logs show ID --data {folder}")
    say(f"    {penstock} cost --by user --data {folder}")
    say(f"    {penstock} runs --data {folder}")
    say(f"    {base}/parallel/…   {base}/compat   {base}/openai/…")
