"""Which data folder a command takes: the same that the server takes, and errors say which and why."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from penstock.cli.main import main
from penstock.config_place import data_place
from penstock.settings import load
from penstock.stores.opening import Stores
from penstock.stores.opening.ledger_changes import make_ledger


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working directory, and nothing said by the environment."""
    for name in ("PENSTOCK_DATA", "PENSTOCK_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def called(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environment)


def config(folder: Path, data: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "penstock.toml"
    file.write_text(f'[server]\ndata = "{data}"\n')
    return file


def test_option_environment_file_default_in_this_order(tmp_path: Path) -> None:
    file = config(tmp_path / "etc", "kept")
    environ = {"PENSTOCK_DATA": "said", "PENSTOCK_CONFIG": str(file)}
    assert data_place(Path("given"), None, environ).path == Path("given")
    assert data_place(None, None, environ).path == Path("said")
    assert data_place(None, None, {"PENSTOCK_CONFIG": str(file)}).path == tmp_path / "etc" / "kept"
    assert data_place(None, None, {}).path == Path("penstock-data")
    config(Path(), "../beside")
    assert data_place(None, None, {}).path == tmp_path / "beside"
    assert data_place(None, file, {}).path == tmp_path / "etc" / "kept"


@pytest.mark.parametrize("environ", [{}, {"PENSTOCK_DATA": "said"}])
@pytest.mark.parametrize("named", [True, False])
def test_the_server_takes_the_same(tmp_path: Path, environ: dict[str, str], named: bool) -> None:
    file = config(tmp_path / "etc" if named else Path(), "kept")
    given = file if named else None
    settings = load(given, environ=environ, overrides={})
    assert Path(settings.server.data) == data_place(None, given, environ).path


def test_paths_in_a_file_are_meant_from_where_it_is(tmp_path: Path) -> None:
    file = config(tmp_path / "etc", "/srv/kept")
    text = '[pricing]\nfile = "prices.toml"\n[log_push.one.folder]\npath = "../pushed"\n'
    file.write_text(file.read_text() + text)
    settings = load(file, environ={}, overrides={"server.data": "elsewhere"})
    pushed = settings.log_push["one"].folder
    assert settings.pricing.file == str(tmp_path / "etc" / "prices.toml")
    assert pushed is not None
    assert pushed.path == str(tmp_path / "pushed")
    assert settings.server.data == "elsewhere"  # the command line's is meant from here


@pytest.mark.parametrize("command", [["logs"], ["cost"], ["runs"], ["keys", "list"]])
def test_errors_say_where_was_looked_and_why(tmp_path: Path, command: list[str]) -> None:
    here = tmp_path / "here"
    default = "by default: no --data, no PENSTOCK_DATA, and there is no penstock.toml here"
    for arguments, environment, said in (
        ((), {}, f"{here / 'penstock-data'} ({default})"),
        ((), {"PENSTOCK_DATA": "there"}, f"{here / 'there'} (by PENSTOCK_DATA)"),
        (("--data", "given"), {"PENSTOCK_DATA": "there"}, f"{here / 'given'} (by --data)"),
    ):  # fmt: skip
        done = called(*command, *arguments, **environment)
        assert done.exit_code == 1
        assert said in done.stderr
    config(here, "kept")
    assert f"{here / 'kept'} (by [server] data in penstock.toml)" in called(*command).stderr


def test_a_ledger_that_the_file_names_is_read(tmp_path: Path) -> None:
    file = config(tmp_path / "etc", "kept")
    (tmp_path / "etc" / "kept").mkdir()
    make_ledger(Stores(tmp_path / "etc" / "kept"))
    done = called("logs", PENSTOCK_CONFIG=str(file))
    assert (done.exit_code, done.stderr) == (0, "no calls yet\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "no such file"), ("[server", "not valid TOML"), ("x = '\xff'", "not valid TOML")],
)
def test_a_file_that_cannot_be_read_is_not_passed_over(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "other.toml"
    if text is not None:
        file.write_bytes(text.encode("latin-1"))
    done = called("logs", PENSTOCK_CONFIG=str(file))
    assert done.exit_code == 1
    assert f"{file}: {said}" in done.stderr


@pytest.mark.parametrize(
    "command", ["serve", "doctor", "logs", "runs", "hooks", "cost", "explain", "plan", "keys list"]
)
def test_every_help_shows_the_variable(command: str) -> None:
    assert "PENSTOCK_DATA" in called(*command.split(), "--help").stdout
