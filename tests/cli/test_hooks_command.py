"""`penstock hooks`: events are listed, shown and sent again, and no address of a caller's is shown whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from penstock.cli.main import main
from penstock.clock import Clock
from penstock.runs.hook_reading import told_by
from penstock.runs.hooks import Hook, HookState
from penstock.stores.hooks import ANY_EVENT, Arrived
from support.kept_runs import written
from support.run_ledgers import NOW, SECOND
from support.webhooks import BODY

URL = "https://hooks.example:8443/mine?token=secret"
EVIL = b'{"type":"\\u001b]0;owned\\u0007","data":{}}'
HOUR = 3600 * SECOND


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three events: one that was sent, one that was given up, one that waits, of two gateways."""
    monkeypatch.setattr(Clock, "now_us", lambda _: NOW)
    with written(tmp_path) as ledger:
        ledger.hooked([Hook("h1", "acct", "gw", URL, "c", NOW), Hook("h2", "acct", "lab", URL, "c", NOW)])
        for number, (name, gateway, body) in enumerate(
            [("h1", "gw", BODY), ("h1", "gw", BODY), ("h2", "lab", EVIL)]
        ):
            at = NOW - (5 - 2 * number) * HOUR
            event_id = f"whevent_{number}{number}{number}aaa{number}"
            ledger.received(
                Arrived("acct", gateway, name, event_id, at, "application/json", body, told_by(body))
            )
        waiting, given_up, sent = ledger.hook_events(ANY_EVENT, 9)
        ledger.hook_sent(sent.number, NOW)
        ledger.hook_failed(given_up.number, NOW, "hooks.example answers with status 500", 1e9)
        assert waiting.state is HookState.WAITING
    return tmp_path


def run(data: Path, *arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, ["hooks", *arguments], env={"PENSTOCK_DATA": str(data)})
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.stderr


def listed(data: Path, *arguments: str) -> list[tuple[str, str]]:
    lines = run(data, "--json", *arguments).splitlines()
    return [(one["id"], one["state"]) for one in map(json.loads, lines)]


ALL = [("whevent_222aaa2", "waiting"), ("whevent_111aaa1", "given-up"), ("whevent_000aaa0", "sent")]


def test_events_are_listed_the_newest_first_without_addresses(data: Path) -> None:
    text = run(data)
    assert [line.split()[0] for line in text.splitlines()] == ["ID", *(name[-12:] for name, _ in ALL)]
    assert "hooks.example:8443" in text
    assert "secret" not in text
    assert "\x1b" not in text


def test_they_are_filtered(data: Path) -> None:
    assert listed(data) == ALL
    assert listed(data, "--state", "sent", "--state", "waiting") == [ALL[0], ALL[2]]
    assert listed(data, "--gateway", "acct/gw") == ALL[1:]
    assert listed(data, "--since", "4h") == ALL[:2]
    assert listed(data, "-n", "1") == ALL[:1]
    assert listed(data, "--gateway", "acct/nobody") == []


def test_one_is_shown_with_what_it_says(data: Path) -> None:
    text = run(data, "show", "111aaa1")
    for told in (
        "task_run.status",
        "given-up",
        "status 500",
        "trun_0123456789abcdef0123456789abcdef",
        BODY.decode(),
    ):
        assert told in text
    assert "secret" not in text
    told_ = json.loads(run(data, "show", "whevent_000aaa0", "--json"))
    assert (told_["body"], told_["state"], told_["next_at"]) == (json.loads(BODY), "sent", None)
    assert "secret" not in json.dumps(told_)
    assert "\x1b" not in run(data, "show", "222aaa2")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("show", "aaa0"), "at least 6 characters"),
        (("show", "nobody"), "no event's id"),
        (("show", "whevent_"), "several events fit"),
        (("replay",), "--since"),
        (("replay", "111aaa1", "--since", "2h"), "--since"),
        (("replay", "111aaa1", "--state", "sent"), "go with --since"),
        (("replay", "nobody"), "no event's id"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(data: Path, arguments: tuple[str, ...], told: str) -> None:
    found = CliRunner().invoke(main, ["hooks", *arguments], env={"PENSTOCK_DATA": str(data)})
    assert found.exit_code != 0
    assert told in found.stderr


def test_without_a_ledger_that_is_said(tmp_path: Path) -> None:
    assert "no runs in" in run(tmp_path, code=1)


def test_events_are_sent_again_by_their_ids(data: Path) -> None:
    assert "2 events" in (done := CliRunner().invoke(
        main, ["hooks", "replay", "111aaa1", "000aaa0", "whevent_111aaa1"], env={"PENSTOCK_DATA": str(data)}
    )).output  # fmt: skip
    assert done.exit_code == 0
    assert {state for _, state in listed(data)} == {"waiting"}


@pytest.mark.parametrize(
    ("arguments", "states"),
    [
        (("--since", "1d"), ["waiting", "waiting", "waiting"]),
        (("--since", "4h", "--gateway", "acct/gw"), ["waiting", "waiting", "sent"]),
        (("--since", "1d", "--state", "sent"), ["waiting", "given-up", "waiting"]),
        (("--since", "30m"), ["waiting", "given-up", "sent"]),
    ],
)
def test_all_of_some_time_are_sent_again(data: Path, arguments: tuple[str, ...], states: list[str]) -> None:
    run(data, "replay", *arguments)
    assert [state for _, state in listed(data)] == states
