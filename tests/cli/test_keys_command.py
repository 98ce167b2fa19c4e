"""`penstock keys`: tokens are printed once, and everything asked for is in the directory."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from control_store_commands import Shell

from penstock.access.tokens import allows, matches, parse
from penstock.clock import Clock
from penstock.control.limits import token_limits
from penstock.pricing.units import to_nano
from penstock.stores.control_store import Add, RateLimit, Replace, SpendLimit, Token
from penstock.stores.counters import Claim
from penstock.stores.lmdb.counters import DATABASES, FOLDER, LmdbCounters
from penstock.stores.lmdb.environment import open_environment

_DAY_US = 86_400 * 1_000_000
FORM = re.compile(r"pst_[0-9a-z]{16}_[0-9A-Za-z]{43}\n")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def fits(text: str, token: Token, now_us: int | None = None) -> bool:
    parsed = parse(text.strip().encode())
    assert parsed is not None
    assert parsed[0] == token.id
    return matches(token, parsed[1], token.created_us if now_us is None else now_us)


def secret(text: str) -> str:
    return text.strip().rpartition("_")[2]


# -- what is used


def test_how_limits_stand_is_told(shell: Shell) -> None:
    shell.run(
        "keys", "create", "bot", "--rate-limit", "20/1h", "--spend-limit", "0.5/1d", "--max-active", "4"
    )
    shell.run("keys", "create", "free")
    (token, _) = shell.snapshot().tokens
    assert "20 requests an hour; $0.5 a day; 4 runs at once" in shell.run("keys", "list").out
    with open_environment(shell.data / FOLDER, 64 * 1024 * 1024, DATABASES) as environment:
        worker = LmdbCounters(environment, b"worker")
        for limit, amount in zip(token_limits(token), (10, to_nano("0.45")), strict=False):
            assert limit.counter is not None
            claim = Claim(limit.counter.key, amount, limit.counter.limit, limit.counter.window)
            worker.take([claim], Clock().now_us())
    told = "10 of 20 requests an hour (50 %); $0.45 of $0.5 a day (90 %); 4 runs at once"
    assert told in shell.run("keys", "list").out
    assert told in shell.run("keys", "show", "bot").out
    bot, free = shell.run("keys", "list", "--json").rows()
    assert (bot["requests"]["used"], bot["spend"]["left"], free["requests"]) == (
        10,
        pytest.approx(0.05),
        None,
    )


# -- create


def test_a_token_stands_alone_on_standard_output(shell: Shell) -> None:
    said = shell.run("keys", "create", "ci")
    (token,) = shell.snapshot().tokens
    assert FORM.fullmatch(said.out)
    assert fits(said.out, token)
    assert "shown this once" in said.err
    assert secret(said.out) not in said.err
    assert (token.name, token.permissions, token.expires_us) == ("ci", ("run",), None)
    assert allows(token, "run", "any", "any")


def test_all_that_was_asked_for_is_in_the_token(shell: Shell) -> None:
    shell.run("gateways", "create", "prod", "--account", "acme")
    shell.run("gateways", "create", "test", "--account", "acme")
    shell.run(
        *("keys", "create", "bot", "--permission", "run", "--permission", "read", "--account", "acme"),
        *("--gateway", "prod", "--gateway", "acme/test", "--expires", "30d", "--user", "ada"),
        *("--team", "research", "--rate-limit", "100/60s", "--spend-limit", "2.5/1d", "--provider", "azure"),
        *("--provider", "custom-own", "--model", "openai/gpt-*", "--model", "o1"),
        *("--operation", "chat", "--operation", "Token-Count", "--operation", "parallel.tasks.*"),
        *("--metadata", "team=x", "--metadata", "n=3", "--metadata", 'zip="01234"', "--metadata", "on=true"),
        *("--max-estimate", "0.30", "--max-active", "20", "--note", "for the night"),
    )
    (token,) = shell.snapshot().tokens
    assert token.expires_us == token.created_us + 30 * _DAY_US
    assert msgspec.structs.replace(token, id="", secrets=(), created_us=0, expires_us=None) == Token(
        id="",
        name="bot",
        permissions=("run", "read"),
        accounts=("acme",),
        gateways=("prod", "acme/test"),
        secrets=(),
        created_us=0,
        user="ada",
        team="research",
        rate_limit=RateLimit(100, 60, "fixed"),
        spend_limit=SpendLimit(2.5, 86_400, "fixed"),
        providers=("azure-openai", "custom-own"),
        models=("openai/gpt-*", "o1"),
        operations=("chat", "token count", "parallel.tasks.*"),
        metadata={"team": "x", "n": 3, "zip": "01234", "on": True},
        max_estimate=0.3,
        max_active=20,
        note="for the night",
    )


def test_limits_slide_when_told(shell: Shell) -> None:
    shell.run("keys", "create", "a", "--rate-limit", "1/5m", "--spend-limit", "1/1w", "--sliding")
    (token,) = shell.snapshot().tokens
    assert token.rate_limit == RateLimit(1, 300, "sliding")
    assert token.spend_limit == SpendLimit(1.0, 604_800, "sliding")


def test_json_has_id_and_token(shell: Shell) -> None:
    (row,) = shell.run("keys", "create", "a", "--json").rows()
    (token,) = shell.snapshot().tokens
    assert row["id"] == token.id
    assert fits(row["token"], token)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--expires", "5y"), "30d"),
        (("--expires", "-5d"), "30d"),
        (("--expires", "999999999w"), "hundred years"),
        (("--operation", "chatt"), 'did you mean "chat"?'),
        (("--operation", "parallel.task.*"), 'did you mean "parallel.tasks.*"?'),
        (("--operation", "unknown"), "stands for no operation"),
        (("--rate-limit", "100"), "100/60s"),
        (("--rate-limit", "0/60s"), "number of requests"),
        (("--rate-limit", "1e3/60s"), "number of requests"),
        (("--rate-limit", "²/60s"), "number of requests"),
        (("--rate-limit", "9" * 5000 + "/60s"), "number of requests"),
        (("--rate-limit", "1/0s"), "longer than nothing"),
        (("--spend-limit", "nan/1d"), "US dollars"),
        (("--spend-limit", "inf/1d"), "US dollars"),
        (("--spend-limit", "-1/1d"), "US dollars"),
        (("--spend-limit", "0/1d"), "US dollars"),
        (("--max-estimate", "0"), "for example 0.50"),
        (("--max-estimate", "nan"), "US dollars"),
        (("--max-estimate", "dear"), "US dollars"),
        (("--max-active", "0"), "1<=x<=1000000"),
        (("--sliding",), "--rate-limit"),
        (("--account", "a b"), "up to 64 letters"),
        (("--gateway", "Prod"), "lower-case letters"),
        (("--gateway", "a/b/c"), "up to 64 letters"),
        (("--gateway", "a/"), "lower-case letters"),
        (("--provider", "opena"), '"openai"'),
        (("--provider", "custom-"), "after custom-"),
        (("--model", "a b"), "no blanks"),
        (("--model", ""), "no blanks"),
        (("--metadata", "team"), "key=value"),
        (("--metadata", "=x"), "key=value"),
        (("--metadata", "cf.user=x"), "reserved"),
        (("--metadata", "a=1", "--metadata", "a=2"), "twice"),
        (tuple(f"--metadata={number}=1" for number in range(6)), "at most 5"),
        (("--user", "\x1b[31m"), "printed"),
        (("--permission", "fly"), "fly"),
    ],
)
def test_what_makes_no_sense_is_told_and_nothing_is_made(
    arguments: tuple[str, ...], reason: str, shell: Shell
) -> None:
    said = shell.run("keys", "create", "a", *arguments, code=2)
    assert reason in said.err
    assert said.out == ""
    assert shell.snapshot().tokens == ()


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\x1b]0;x\x07", "x" * 201, "\udcff"])
def test_a_name_can_be_printed(name: str, shell: Shell) -> None:
    assert "can be printed" in shell.run("keys", "create", name, code=2).err


def test_numbers_too_large_for_json_readers_stay_texts(shell: Shell) -> None:
    shell.run("keys", "create", "a", "--metadata", "a=1e999", "--metadata", "b=99999999999999999999")
    assert shell.snapshot().tokens[0].metadata == {"a": "1e999", "b": "99999999999999999999"}


# -- list and show


def test_tokens_are_listed_and_shown_without_secrets(shell: Shell) -> None:
    texts = [shell.run("keys", "create", f"token {number}").out for number in range(3)]
    shell.said = ""
    lines = shell.run("keys", "list").out.splitlines()
    assert lines[0].split() == [
        "ID",
        "NAME",
        "USER",
        "TEAM",
        "MAY",
        "WHERE",
        "EXPIRES",
        "LIMITS",
        "LAST",
        "USED",
    ]
    assert [token.id for token in shell.snapshot().tokens] == [line.split()[0] for line in lines[1:]]
    shell.run("keys", "list", "--json")
    for token in shell.snapshot().tokens:
        assert f"id          {token.id}" in shell.run("keys", "show", token.id).out
        shell.run("keys", "show", token.id, "--json")
        assert repr(token.secrets[0].digest) not in shell.said
    for text in texts:
        assert secret(text) not in shell.said


def test_json_says_what_a_token_may(shell: Shell) -> None:
    shell.run("keys", "create", "a", "--rate-limit", "10/1m", "--team", "t")
    (row,) = shell.run("keys", "list", "--json").rows()
    assert row["team"] == "t"
    assert row["rate_limit"] == {"limit": 10, "interval": 60, "technique": "fixed"}
    assert row["live"] is True
    assert [row] == shell.run("keys", "show", row["id"], "--json").rows()


def test_a_name_cannot_drive_the_terminal(shell: Shell) -> None:
    shell.run("keys", "create", "a")
    (token,) = shell.snapshot().tokens
    shell.control_store.apply([Replace(token, msgspec.structs.replace(token, name="\x1b[31m\nx"))])
    assert "\x1b" not in shell.run("keys", "list").out
    assert len(shell.run("keys", "list").out.splitlines()) == 2
    assert "\x1b" not in shell.run("keys", "show", token.id).out


def test_the_beginning_of_an_id_is_enough_when_it_is_the_only_one(shell: Shell) -> None:
    shell.run("keys", "create", "a")
    (token,) = shell.snapshot().tokens
    assert token.id in shell.run("keys", "show", token.id[:4]).out
    assert "no token has the id or the name" in shell.run("keys", "show", token.id[:3], code=1).err
    twin = msgspec.structs.replace(token, id=token.id[:-1] + ("a" if token.id[-1] != "a" else "b"))
    shell.control_store.apply([Add(twin)])
    assert twin.id in shell.run("keys", "show", token.id[:8], code=1).err
    assert token.id in shell.run("keys", "show", token.id).out


def test_a_token_given_for_an_id_is_not_repeated(shell: Shell) -> None:
    text = shell.run("keys", "create", "a").out
    said = shell.run("keys", "show", text.strip(), code=1)
    assert shell.snapshot().tokens[0].id in said.err
    assert secret(text) not in said.err


def test_on_a_terminal_lines_keep_to_its_width(shell: Shell) -> None:
    shell.run("keys", "create", "a" * 100, "--metadata", "a=[b]x[/b]")
    controller, terminal = pty.openpty()
    program = "from penstock.cli.main import main; main()"
    environ = {**os.environ, "PENSTOCK_DATA": str(shell.data), "COLUMNS": "60", "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-c", program, "keys", "list"], stdout=terminal, stderr=terminal, env=environ
    ) as child:
        assert child.wait(timeout=60) == 0
    os.close(terminal)
    seen = os.read(controller, 65536).decode()
    os.close(controller)
    lines = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in seen.splitlines()]
    assert len(lines) == 2
    assert all(len(line) <= 60 for line in lines)
    assert "\x1b[1m" in seen


# -- rotate and revoke


def test_a_rotated_token_ends_its_old_secret_at_once(shell: Shell) -> None:
    old = shell.run("keys", "create", "a", "--team", "t").out
    (before,) = shell.snapshot().tokens
    said = shell.run("keys", "rotate", before.id)
    (after,) = shell.snapshot().tokens
    assert FORM.fullmatch(said.out)
    assert fits(said.out, after)
    assert not fits(old, after)
    assert "has ended" in said.err
    assert after == msgspec.structs.replace(before, secrets=after.secrets)


def test_with_an_overlap_both_are_good_for_a_while(shell: Shell) -> None:
    old = shell.run("keys", "create", "a").out
    (token,) = shell.snapshot().tokens
    (row,) = shell.run("keys", "rotate", token.id, "--overlap", "1h", "--json").rows()
    (token,) = shell.snapshot().tokens
    assert fits(old, token)
    assert fits(row["token"], token)
    later = token.created_us + _DAY_US
    assert not fits(old, token, later)
    assert fits(row["token"], token, later)
    assert "2 (1 of them only until" in shell.run("keys", "show", token.id).out


def test_a_revoked_token_is_gone(shell: Shell) -> None:
    shell.run("keys", "create", "a")
    (token,) = shell.snapshot().tokens
    assert "--yes" in shell.run("keys", "revoke", token.id, code=1).err
    assert shell.snapshot().tokens == (token,)
    shell.run("keys", "revoke", token.id, "--yes")
    assert shell.snapshot().tokens == ()
    assert "list them" in shell.run("keys", "revoke", token.id, "--yes", code=1).err


# -- changing and blocking


def test_a_change_leaves_what_it_does_not_name(shell: Shell) -> None:
    text = shell.run("keys", "create", "ci", "--user", "ada", "--rate-limit", "10/60s", "--model", "a/*").out
    shell.run(
        "keys", "change", "ci", "--spend-limit", "5/1d", "--name", "bot", "--note", "x", "--model", "b/*"
    )
    (token,) = shell.snapshot().tokens
    assert fits(text, token)
    assert (token.name, token.user, token.note, token.models) == ("bot", "ada", "x", ("b/*",))
    assert (token.rate_limit, token.spend_limit) == (RateLimit(10, 60), SpendLimit(5.0, 86_400))
    shell.run(
        "keys", "change", "bot", "--sliding", "--unset", "spend-limit", "--unset", "user", "--unset", "model"
    )
    (token,) = shell.snapshot().tokens
    assert (token.rate_limit, token.spend_limit) == (RateLimit(10, 60, "sliding"), None)
    assert (token.user, token.models) == ("", ())
    assert "--help" in shell.run("keys", "change", "bot", code=2).err
    assert "already" in shell.run("keys", "change", "bot", "--note", "x").err


def test_operations_are_changed_shown_and_taken_away(shell: Shell) -> None:
    shell.run("keys", "create", "ci", "--operation", "chat")
    shell.run("keys", "change", "ci", "--operation", "search", "--operation", "exa.*")
    assert "operations  search, exa.*" in shell.run("keys", "show", "ci").out
    assert shell.run("keys", "show", "ci", "--json").rows()[0]["operations"] == ["search", "exa.*"]
    shell.run("keys", "change", "ci", "--unset", "operation")
    assert shell.snapshot().tokens[0].operations == ()
    assert "operations  all" in shell.run("keys", "show", "ci").out


def test_a_blocked_token_lets_nobody_in_until_it_is_let_in_again(shell: Shell) -> None:
    text = shell.run("keys", "create", "ci").out
    shell.run("keys", "block", "ci")
    (token,) = shell.snapshot().tokens
    assert not fits(text, token)
    assert "blocked" in shell.run("keys", "list").out
    assert shell.run("keys", "list", "--json").rows()[0]["live"] is False
    assert "blocked" in shell.run("keys", "rotate", "ci").err
    shell.run("keys", "unblock", "ci")
    (token,) = shell.snapshot().tokens
    assert token.blocked is False
    assert "blocked" not in shell.run("keys", "list").out


def test_two_new_tokens_are_not_called_alike(shell: Shell) -> None:
    shell.run("keys", "create", "ci")
    assert "take another name" in shell.run("keys", "create", "ci", code=1).err
    shell.run("keys", "create", "bot")
    assert "take another name" in shell.run("keys", "change", "bot", "--name", "ci", code=1).err
    assert len(shell.snapshot().tokens) == 2


def test_a_name_that_two_old_tokens_have_is_not_guessed_at(shell: Shell) -> None:
    shell.run("keys", "create", "ci")
    (token,) = shell.snapshot().tokens
    twin = msgspec.structs.replace(token, id=token.id[::-1])
    shell.control_store.apply([Add(twin)])
    said = shell.run("keys", "show", "ci", code=1).err
    assert token.id in said
    assert twin.id in said
    assert token.id in shell.run("keys", "show", token.id).out


def test_a_gateway_that_there_is_not_is_refused_with_the_nearest(shell: Shell) -> None:
    shell.run("gateways", "create", "production")
    said = shell.run("keys", "create", "ci", "--gateway", "producton", code=2)
    assert 'did you mean "production"?' in said.err
    assert said.out == ""
    assert (
        'did you mean "local/production"?'
        in shell.run("keys", "create", "ci", "--gateway", "local/prodution", code=2).err
    )
    shell.run("keys", "create", "ci", "--gateway", "production", "--gateway", "default")
    shell.run("gateways", "delete", "production", "--yes")
    shell.run("keys", "change", "ci", "--note", "its gateway has gone")
    assert len(shell.snapshot().tokens) == 1


# -- where


def test_a_directory_that_is_not_there_is_not_made(shell: Shell, tmp_path: Path) -> None:
    for command in (("create", "a"), ("list",), ("show", "a"), ("rotate", "a"), ("revoke", "a", "--yes")):
        said = shell.run("keys", *command, "--data", str(tmp_path / "gone"), code=1)
        assert "penstock serve --data" in said.err
        assert said.out == ""
    assert not (tmp_path / "gone").exists()


def test_root_does_not_leave_files_that_the_gateway_cannot_read(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() == 0:
        os.chown(shell.data, 12345, -1)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "run this as that user" in shell.run("keys", "create", "a", code=1).err
    assert list(shell.data.iterdir()) == []


def test_an_empty_directory_has_no_tokens(shell: Shell) -> None:
    assert shell.run("keys", "list", "--json").out == ""
    assert len(shell.run("keys", "list").out.splitlines()) == 1
    assert list(shell.data.iterdir()) == []


def test_a_directory_that_cannot_be_read_is_told_in_a_sentence(shell: Shell) -> None:
    (shell.data / "directory.db").write_bytes(b"not a database at all" * 100)
    for command in (("create", "a"), ("list",)):
        assert "restore a copy" in shell.run("keys", *command, code=1).err


def test_no_secret_of_a_token_is_ever_stored(shell: Shell) -> None:
    text = shell.run("keys", "create", "a").out
    assert secret(text).encode() not in shell.stored()


@pytest.mark.parametrize("command", ["create", "list", "show", "rotate", "revoke"])
def test_help_has_an_example(command: str, shell: Shell) -> None:
    assert f"penstock keys {command}" in shell.run("keys", command, "--help").out
