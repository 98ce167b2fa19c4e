"""A name that nothing has, beside one that was probably meant: an error that says so, in every command."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from stored_costs import add

from penstock.cli.main import main
from penstock.clock import Clock
from penstock.runs.hook_reading import told_by
from penstock.runs.hooks import Hook
from penstock.runs.run import Owner
from penstock.stores.hooks import ANY_EVENT, Arrived
from support.access import Access
from support.kept_runs import basis, make, numbered, result_of, see, written
from support.known_runs import NOW, SECOND, task
from support.webhooks import BODY

ANN = Owner("acct", "research", token="tok1", user="ann")
RUN = numbered(1, NOW - 90 * SECOND, task("ultra"), ANN)


def called(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env={"PENSTOCK_DATA": str(data)})


def refused(data: Path, *arguments: str) -> str:
    done = called(data, *arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    return done.stderr


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A call, a run with its result, an event."""
    add(tmp_path, 1, model="openai/gpt-4o")
    monkeypatch.setattr(Clock, "now_us", lambda _: NOW)
    make(tmp_path, RUN)
    bases = [basis("founded", "high", "https://a.example/1")]
    see(tmp_path, RUN, "completed", after=60, result=result_of(RUN, type="json", content={}, basis=bases))
    with written(tmp_path) as ledger:
        ledger.hooked([Hook("h1", "acct", "research", "https://hooks.example/x", "c", NOW)])
        told = told_by(BODY)
        ledger.received(Arrived("acct", "research", "h1", "whevent_1", NOW, "application/json", BODY, told))
    return tmp_path


@pytest.mark.parametrize("command", [["logs"], ["cost", "--since", "2000-01-01", "--until", "2200-01-01"]])
@pytest.mark.parametrize(
    ("option", "value", "meant"),
    [
        ("--provider", "opnai", "openai"),
        ("--model", "gpt-4", "gpt-4o"),
        ("--model", "openai/gpt-4", "openai/gpt-4o"),
        ("--gateway", "mian", "main"),
        ("--account", "ac", "acc"),
        ("--operation", "unknwon", "unknown"),
    ],
)
def test_of_calls(data: Path, command: list[str], option: str, value: str, meant: str) -> None:
    for more in ([], ["--json"]):
        said = refused(data, *command, option, value, *more)
        assert f"no call has the {option[2:]} '{value}'; did you mean {meant}?" in said


@pytest.mark.parametrize("command", [["logs"], ["cost", "--since", "2000-01-01", "--until", "2200-01-01"]])
def test_one_of_several_is_not_passed_over(data: Path, command: list[str]) -> None:
    said = refused(data, *command, "--provider", "openai", "--provider", "opnai")
    assert "did you mean openai?" in said
    assert called(data, *command, "--provider", "openai", "--provider", "zzzzzz").exit_code == 0


def test_keys_of_metadata_are_names_too(data: Path) -> None:
    add(data, 2, metadata={"project": "maps"})
    assert "no call has the metadata key 'projct'; did you mean project?" in refused(
        data, "logs", "--metadata", "projct=maps"
    )
    assert "no call has the metadata project 'mpas'; did you mean maps?" in refused(
        data, "logs", "--metadata", "project=mpas"
    )


@pytest.mark.parametrize(
    ("command", "value", "meant"),
    [
        (["runs", "--processor"], "utra", "ultra"),
        (["runs", "--state"], "complete", "completed"),
        (["runs", "--owner"], "anne", "ann"),
        (["runs", "--gateway"], "reserch", "research"),
        (["runs", "--gateway"], "acc/research", "acct"),
        (["evidence", "--processor"], "utra", "ultra"),
        (["evidence", "--gateway"], "acct/reserch", "research"),
        (["hooks", "--gateway"], "reserch", "research"),
        (["hooks", "replay", "--since", "1d", "--gateway"], "reserch", "research"),
    ],
)
def test_of_runs_and_events(data: Path, command: list[str], value: str, meant: str) -> None:
    assert f"did you mean {meant}?" in refused(data, *command, value)


def test_what_is_like_nothing_is_said_with_what_there_is(data: Path) -> None:
    for command, noun in (("logs", "call"), ("cost", "call"), ("runs", "run"), ("hooks", "event")):
        done = called(data, command, "--gateway", "zzzzzz")
        assert done.exit_code == 0
        assert f"no {noun} has the gateway 'zzzzzz'; there are " in done.stderr


def test_nothing_at_all_is_said_too(tmp_path: Path) -> None:
    with written(tmp_path) as ledger:
        ledger.hook_events(ANY_EVENT, 1)
    assert called(tmp_path, "runs").stderr == "no runs yet\n"
    assert called(tmp_path, "hooks").stderr == "no events yet\n"


def test_empty_lists_of_the_directory_say_so(tmp_path: Path) -> None:
    Access(tmp_path)
    for command, said in (
        ("provider-keys", "no key is stored yet"),
        ("models", "no model has a name of yours"),
    ):
        done = called(tmp_path, command, "list")
        assert done.exit_code == 0
        assert said in done.stderr


def test_of_what_the_directory_holds(tmp_path: Path) -> None:
    access = Access(tmp_path)
    access.token("deploy bot")
    assert called(tmp_path, "gateways", "create", "research").exit_code == 0
    assert called(tmp_path, "models", "set", "fast", "openai/gpt-4o").exit_code == 0
    added = called(tmp_path, "providers", "add", "internal", "https://models.example.com")
    assert added.exit_code == 0, added.output
    for arguments, meant in (
        (("gateways", "show", "reserch"), "did you mean research?"),
        (("gateways", "set", "reserch", "--set", "cache_ttl=60"), "did you mean research?"),
        (("gateways", "delete", "reserch", "--yes"), "did you mean research?"),
        (("gateways", "show", "research", "--account", "locl"), "did you mean local?"),
        (("models", "remove", "fats", "--yes"), "did you mean fast?"),
        (("providers", "remove", "internl", "--yes"), "did you mean custom-internal?"),
        (("export", "--account", "locl"), "did you mean local?"),
        (("keys", "show", "deploy bott"), 'did you mean "deploy bot"?'),
    ):
        assert meant in refused(tmp_path, *arguments)
