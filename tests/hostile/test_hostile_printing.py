"""Whatever others wrote into a ledger and a directory: no command lets it drive a terminal, or forge a line."""

from __future__ import annotations

import json
import logging
import re
import sys
import unicodedata
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from penstock.cli.main import main
from penstock.journal.record import CallRecord, Event
from penstock.stores.control_store import Add
from penstock.stores.ledger import Query
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import FILE_NAME as LEDGER
from penstock_common.log_lines import LogFormatter
from penstock_common.printable import ascii_json, lines, one_line
from support.control_store_nouns import EVERYTHING, NASTY
from support.export_kit import BASE, DERIVED, Store, new_call

FORGED = "2026-11-29 09:00:00  deadbeef0001"
COLOUR = "\x1b[35;7m"
HOSTILE = (
    f"x\n{FORGED}\r\v\f\0\x07\x1b]0;pwn\x07{COLOUR}\x9b31m\x7f\x85\u061c\u200b\u200e\u200f\u2028{FORGED}\u2029"
    "\u202a\u202e\u2060\u2066\u2069\ufeff\ufff9\U000e0001\U000e0041\t[bold]y[/]"
)
ARGUMENT = HOSTILE.replace("\0", "")  # as one can be given
EVENT = Event(HOSTILE, 1, HOSTILE)
_COLOURS = re.compile(r"\x1b\[(?:[0-9;]*m|[0-9]*[AKGh]|\?25[lh])|\x1b\[[0-9]*K|\r")


def spoiled(value: Any) -> Any:  # noqa: ANN401 - any noun, or a part of one
    """With hostile text wherever there was a nasty one."""
    match value:
        case str():
            return HOSTILE if value == NASTY else value
        case msgspec.Struct():
            names = value.__struct_fields__
            return msgspec.structs.replace(value, **{name: spoiled(getattr(value, name)) for name in names})
        case tuple() | list():
            return type(value)(map(spoiled, value))
        case dict():
            return {spoiled(key): spoiled(item) for key, item in value.items()}
    return value


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A ledger and a directory in which every text is hostile."""
    store = Store(tmp_path)
    kept = ("id", "event_id", "gateway", "account")
    texts = {name: HOSTILE for name in CallRecord.__struct_fields__ if isinstance(getattr(BASE, name), str)}
    texts = {name: text for name, text in texts.items() if name not in kept}
    more = {"metadata": {HOSTILE: HOSTILE}, "controls": {HOSTILE: HOSTILE}, "trail": (EVENT,)}
    body = json.dumps({"model": HOSTILE, "raw": "\x9b\u202e\u2028"}, ensure_ascii=False).encode()
    for number, kind in enumerate(("text/plain", "application/json", "text/event-stream"), 1):
        types = {"request_type": kind, "response_type": kind}
        for gateway in ("gw", HOSTILE):
            one = new_call(number, (HOSTILE.encode(), body), **{**texts, **more, **types, "gateway": gateway})
            record = msgspec.structs.replace(one.record, id=f"{one.record.id[:-1]}{len(store.rows())}")
            derived = msgspec.structs.replace(
                DERIVED, model=HOSTILE, model_type=HOSTILE, request_type=HOSTILE, price_source=HOSTILE
            )
            store.append([one._replace(record=record, derived=derived)])
    store.close()
    SqliteControlStore(tmp_path / FILE_NAME).apply([Add(spoiled(noun)) for noun in EVERYTHING])
    (tmp_path / "plan.toml").write_text(
        f"[accounts.local.gateways.new.datasets.{json.dumps(HOSTILE)}]\nfilters = []\n"
        f"[accounts.local.providers.acme]\nbase_url = 'https://a.example'\nname = {json.dumps(HOSTILE)}\n"
    )
    (tmp_path / "wrong.toml").write_text(f"[accounts.local.gateways.new]\n{json.dumps(HOSTILE)} = 1\n")
    return tmp_path


COMMANDS: tuple[tuple[str, ...], ...] = (
    ("logs",),
    ("logs", "show", "{id}"),
    ("explain", "{id}"),
    ("cost",),
    ("cost", "--by", "model"),
    ("cost", "--by", "gateway,provider,user,team"),
    ("reprice", "--since", "1000d"),
    ("keys", "list"),
    ("keys", "show", "0123456789abcdef"),
    ("provider-keys", "list"),
    ("providers", "list"),
    ("gateways", "list"),
    ("gateways", "show", "default"),
    ("audit",),
    ("cache", "stats"),
    ("doctor",),
    ("plan", "{data}/plan.toml"),
    ("plan", "{data}/wrong.toml"),
)
PLAIN_ONLY: tuple[tuple[str, ...], ...] = (
    ("export",),
    ("logs", "show", ARGUMENT + ARGUMENT),
    ("logs", "--status", ARGUMENT),
    ("explain", ARGUMENT),
    ("cost", "--by", ARGUMENT),
    ("keys", "show", ARGUMENT),
    ("gateways", "show", ARGUMENT),
    ("gateways", "create", "g", "--set", ARGUMENT),
    ("providers", "add", ARGUMENT, ARGUMENT),
    ("providers", "remove", ARGUMENT, "--yes"),
    ("provider-keys", "remove", ARGUMENT, "--yes"),
    ("plan", ARGUMENT),
    (ARGUMENT,),
    ("logs", f"--{ARGUMENT}"),
    ("keys", "revoke", "0123456789abcdef", "--yes"),
    ("providers", "remove", "acme", "--yes"),
)


def call_id(data: Path) -> str:
    with closing(SqliteReader(data / LEDGER)) as reader:
        return reader.calls(Query(), 1)[0].id


def run(data: Path, command: tuple[str, ...]) -> tuple[str, str]:
    values = {
        "{id}": call_id(data),
        "{data}/plan.toml": f"{data}/plan.toml",
        "{data}/wrong.toml": f"{data}/wrong.toml",
    }
    arguments = [values.get(part, part) for part in command]
    environ = {"PENSTOCK_DATA": str(data), "PENSTOCK_CONFIG": None, "XDG_CACHE_HOME": str(data)}
    done = CliRunner().invoke(main, arguments, env=environ)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.stdout, done.stderr


def check(text: str) -> None:
    """Lines of our own, of characters that can be printed."""
    wrong = {c for c in text if c not in "\n\t" and not c.isprintable() and unicodedata.category(c) != "Zs"}
    assert not wrong, ascii(text)
    assert not [line for line in text.split("\n") if line.startswith(FORGED)]


@pytest.mark.parametrize(
    "command", [*COMMANDS, *PLAIN_ONLY], ids=lambda command: ascii(" ".join(command))[:40]
)
def test_in_a_pipe(data: Path, command: tuple[str, ...]) -> None:
    out, err = run(data, command)
    assert out + err
    body = command[:2] == ("logs", "show") and command[2] == "{id}"
    check(out.partition("\n\nrequest (")[0] if body else out)  # a body has lines of its own
    check(out.replace(FORGED, "") if body else err)
    if not body and command[0] != "export":
        assert "\t" not in out


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command))
def test_as_json(data: Path, command: tuple[str, ...]) -> None:
    out, err = run(data, (*command, "--json"))
    check(out)
    check(err)
    assert "\t" not in out
    for line in out.splitlines():
        json.loads(line)


def test_as_json_it_is_all_there(data: Path) -> None:
    rows = [json.loads(line) for line in run(data, ("logs", "--json"))[0].splitlines()]
    assert len(rows) == 6
    assert {row["model"] for row in rows} == {HOSTILE}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command))
def test_on_a_terminal(data: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")
    out, err = run(data, command)
    assert COLOUR not in out + err
    check(
        _COLOURS.sub("", out).replace(FORGED, "")
        if command[:2] == ("logs", "show")
        else _COLOURS.sub("", out)
    )
    check(_COLOURS.sub("", err))


# -- the log of the processes


def test_a_record_of_the_log_is_one_line() -> None:
    formatter = LogFormatter("%(asctime)s %(message)s")
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        found = sys.exc_info()
    record = logging.LogRecord("penstock", 40, "", 0, "%s %r", (HOSTILE, HOSTILE), found, HOSTILE)
    text = formatter.format(record)
    check(text)
    assert "\n" not in text
    assert "ValueError" in text


# -- the laws


@given(st.text())
def test_a_line_is_one_line_of_what_can_be_printed(text: str) -> None:
    found = one_line(text)
    check(found)
    assert not {"\n", "\t"} & {*found}
    assert one_line(found) == found
    assert lines(text).replace("\n", "\\x0a").replace("\t", "\\x09") == found


@given(st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_stays_the_same_json(value: object) -> None:
    for text in (json.dumps(value, ensure_ascii=False), json.dumps(value)):
        found = ascii_json(text)
        check(found)
        assert json.loads(found) == value
