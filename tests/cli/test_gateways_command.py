"""`penstock gateways` and `penstock audit`: what is there, what is made, what is refused; secrets never come out."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path

import pytest
from control_store_commands import Shell

from penstock.access.limit_counters import LimitCounter, limit_window, rule_key, spend_prefix
from penstock.clock import Clock
from penstock.control.opening import open_catalog
from penstock.pricing.units import to_nano
from penstock.settings import GatewaySettings, Settings
from penstock.settings.server import ServerSettings
from penstock.stores.control_store import Add, Dataset, StoredGateway
from penstock.stores.counters import Claim
from penstock.stores.lmdb.counters import DATABASES, FOLDER, LmdbCounters
from penstock.stores.lmdb.environment import open_environment

HIDDEN = "Bearer VERYSECRETVALUE"
OTEL = [{"url": "https://traces.example", "headers": {"x-key": HIDDEN}}]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def config(tmp_path: Path, text: str) -> tuple[str, str]:
    file = tmp_path / "penstock.toml"
    file.write_text(text)
    return "--config", str(file)


def fields(shell: Shell, name: str, account: str = "local") -> GatewaySettings:
    """As a gateway of this shell would serve it."""
    settings = Settings(server=ServerSettings(data=str(shell.data)))
    found = open_catalog(settings, shell.snapshot(), {}).get(account, name)
    assert found is not None
    return found.fields


# -- look


def test_all_sources_are_listed(shell: Shell, tmp_path: Path) -> None:
    assert [row["source"] for row in shell.run("gateways", "--json").rows()] == ["built-in"]
    shell.run("gateways", "create", "prod", "--set", "cache_ttl=3600", "--set", "authentication=true")
    lines = shell.run("gateways").out.splitlines()
    assert [line.split()[:4] for line in lines] == [
        ["GATEWAY", "FROM", "TOKEN", "CACHE"],
        ["local/default", "built-in", "not", "asked"],
        ["local/prod", "directory", "needed", "1h"],
    ]
    file = config(tmp_path, "[accounts.local.gateways.prod]\nzdr = true")
    said = shell.run("gateways", "list", "--json", *file)
    assert [(row["id"], row["source"], row["zdr"]) for row in said.rows()] == [("prod", "file", True)]
    assert "goes first" in said.err


def test_one_is_shown(shell: Shell) -> None:
    shell.run("gateways", "create", "prod", "--set", "cache_ttl=60", "--account", "acme")
    assert "cache_ttl" in shell.run("gateways", "show", "prod", "--account", "acme").out
    (row,) = shell.run("gateways", "show", "prod", "--account", "acme", "--json").rows()
    assert (row["account_id"], row["cache_ttl"], row["retry_delay"]) == ("acme", 60, None)
    assert row["internal_id"] == shell.snapshot().gateways[0].id
    assert "has no gateway" in shell.run("gateways", "show", "prod", code=1).err


def test_how_limits_stand_is_told(shell: Shell) -> None:
    rules = json.dumps(
        {
            "enabled": True,
            "rules": [
                {"id": "all", "limit": 5, "limitType": "cost", "window": 86400, "technique": "fixed"},
                {"id": "users", "limit": 2, "limitType": "cost", "window": 3600,
                 "metadata": {"user": {"mode": "partition"}, "plan": {"mode": "filter", "values": ["free"]}}},
            ],
        }
    )  # fmt: skip
    rate = ("--set", "rate_limiting_limit=10", "--set", "rate_limiting_interval=60")
    shell.run("gateways", "create", "prod", *rate, "--set", f"spend_limits={rules}")
    assert "10 requests a minute; $5 a day; 1 more" in shell.run("gateways").out
    rule = LimitCounter(rule_key(spend_prefix("local", "prod"), ["all"]), 0, limit_window(86400, "fixed"))
    with open_environment(shell.data / FOLDER, 64 * 1024 * 1024, DATABASES) as environment:
        worker = LmdbCounters(environment, b"worker")
        worker.take([Claim(rule.key, to_nano("4.1"), to_nano("5"), rule.window)], Clock().now_us())
    said = shell.run("gateways", "show", "prod").out
    assert "$4.10 of $5 a day (82 %), resets in" in said
    assert "$2 an hour, trailing, only plan free, each user has its own" in said
    (row,) = shell.run("gateways", "show", "prod", "--json").rows()
    assert [(one["name"], one["use"] and one["use"]["used"]) for one in row["limits"]] == [
        ("requests", 0),
        ("rule all", 4.1),
        ("rule users", None),
    ]
    assert "0 of 10 requests a minute (0 %); $4.10 of $5 a day (82 %)" in shell.run("gateways").out


# -- make and change


def test_fields_come_as_pairs_and_as_json(shell: Shell) -> None:
    text = json.dumps({"otel": OTEL, "cache_ttl": 1})
    pairs = ("--set", "cache_ttl=60", "--set", "rate_limiting_technique=sliding")
    shell.run("gateways", "create", "prod", "--json-file", "-", *pairs, stdin=text)
    found = fields(shell, "prod")
    assert (found.cache_ttl, found.rate_limiting_technique) == (60, "sliding")
    assert found.otel is not None
    assert found.otel[0].headers == {"x-key": HIDDEN}
    shell.run("gateways", "set", "prod", "--set", "zdr=true", "--unset", "cache_ttl")
    found = fields(shell, "prod")
    assert (found.cache_ttl, found.zdr, found.rate_limiting_technique) == (0, True, "sliding")
    assert found.otel is not None
    assert found.otel[0].headers == {"x-key": HIDDEN}


def test_no_secret_comes_out(shell: Shell) -> None:
    shell.run("gateways", "create", "prod", "--json-file", "-", stdin=json.dumps({"otel": OTEL}))
    for command in (("gateways", "list"), ("gateways", "show", "prod"), ("audit",)):
        shell.run(*command)
        shell.run(*command, "--json")
    shell.run("export")
    assert HIDDEN not in shell.said
    assert "********" in shell.said
    assert HIDDEN.encode() not in shell.stored()


def test_secrets_are_not_taken_as_arguments(shell: Shell) -> None:
    said = shell.run("gateways", "create", "prod", "--set", f"otel={json.dumps(OTEL)}", code=1)
    assert "--json-file -" in said.err
    assert HIDDEN not in said.err
    assert shell.snapshot().gateways == ()


def test_the_built_in_gateway_can_be_changed_and_comes_back(shell: Shell) -> None:
    shell.run("gateways", "set", "default", "--set", "authentication=true")
    assert fields(shell, "default").authentication
    assert "built in" not in shell.run("gateways", "delete", "default", "--yes").err
    assert not fields(shell, "default").authentication
    assert "built in" in shell.run("gateways", "delete", "default", "--yes", code=1).err


def test_the_built_in_gateway_is_there_already(shell: Shell) -> None:
    said = shell.run("gateways", "create", "default", "--set", "zdr=true", code=1)
    assert "already: change it with `penstock gateways set`" in said.err
    assert shell.snapshot().gateways == ()


def test_what_the_file_covers_up_can_be_removed(shell: Shell, tmp_path: Path) -> None:
    shell.run("gateways", "create", "prod")
    shell.run("gateways", "delete", "prod", "--yes", *config(tmp_path, "[accounts.local.gateways.prod]"))
    assert shell.snapshot().gateways == ()


def test_two_rules_cannot_have_one_id(shell: Shell) -> None:
    rule = {"id": "a", "limit": 1, "limitType": "cost", "window": 60}
    limits = json.dumps({"rules": [rule, rule]})
    said = shell.run("gateways", "create", "prod", "--set", f"spend_limits={limits}", code=1)
    assert "2 rules have the id 'a'" in said.err


def test_a_gateway_of_the_file_is_changed_there(shell: Shell, tmp_path: Path) -> None:
    file = config(tmp_path, "[accounts.local.gateways.prod]")
    for command in (
        ("create", "prod"),
        ("set", "prod", "--set", "zdr=true"),
        ("delete", "prod", "--yes"),
    ):
        assert "configuration file" in shell.run("gateways", *command, *file, code=1).err
    assert shell.snapshot().gateways == ()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (("--set", "cache_tll=1"), 'did you mean "cache_ttl"?'),
        (("--set", "cache_ttl=soon"), 'cache_ttl: found "soon", allowed: a whole number from 0'),
        (("--set", "cache_ttl=-1", "--set", "retry_max_attempts=9"), "retry_max_attempts"),
        (("--set", f"cache_ttl={10**40}"), "cache_ttl"),
        (("--set", "id=other"), "unknown key"),
        (("--set", "otel=[{}]"), 'lacks "url"'),
    ],
)
def test_what_makes_no_sense_is_told_as_in_the_file(
    given: tuple[str, ...], reason: str, shell: Shell
) -> None:
    assert reason in shell.run("gateways", "create", "prod", *given, code=1).err
    assert shell.snapshot().gateways == ()


@pytest.mark.parametrize("text", ["", "[]", "{", "nonsense", "{}x", "[" * 10_000])
def test_a_json_file_is_an_object(text: str, shell: Shell) -> None:
    said = shell.run("gateways", "create", "prod", "--json-file", "-", stdin=text, code=1)
    assert "not a JSON object" in said.err


@pytest.mark.parametrize("name", ["", "Prod", "a--b", "a/b", "x" * 65, "a\n"])
def test_a_name_that_cannot_be(name: str, shell: Shell) -> None:
    assert "cannot be a gateway" in shell.run("gateways", "create", name, code=2).err


def test_a_gateway_is_made_once(shell: Shell) -> None:
    shell.run("gateways", "create", "prod")
    assert "already" in shell.run("gateways", "create", "prod", code=1).err
    shell.run("gateways", "create", "prod", "--account", "other")
    assert "say what to change" in shell.run("gateways", "set", "prod", code=2).err
    assert "has no gateway" in shell.run("gateways", "set", "none", "--set", "zdr=true", code=1).err


@pytest.mark.parametrize("pair", ["cache_ttl", "=1", "store_id=\udcff"])
def test_a_pair_has_two_parts(pair: str, shell: Shell) -> None:
    assert "FIELD=VALUE" in shell.run("gateways", "create", "prod", "--set", pair, code=2).err


def test_what_changes_nothing_is_no_change(shell: Shell) -> None:
    shell.run("gateways", "create", "prod", "--set", "zdr=true")
    version = shell.snapshot().version
    shell.run("gateways", "set", "prod", "--set", "zdr=true")
    assert shell.snapshot().version == version


def test_a_gateway_goes_with_what_is_its_own(shell: Shell) -> None:
    shell.run("gateways", "create", "prod")
    shell.run("provider-keys", "add", "openai", "--gateway", "prod", stdin="sk-0123456789")
    dataset = Dataset(
        id="d",
        account="local",
        gateway="prod",
        name="n",
        enable=True,
        filters=[],
        created_us=1,
        modified_us=1,
    )
    shell.control_store.apply([Add(dataset)])
    assert "--yes" in shell.run("gateways", "delete", "prod", code=1).err
    assert "2 things that belong to it" in shell.run("gateways", "delete", "prod", "--yes").err
    snapshot = shell.snapshot()
    left = (*snapshot.gateways, *snapshot.provider_keys, *shell.control_store.all(Dataset))
    assert left == ()


def test_a_row_of_another_version_is_told_and_can_be_removed(shell: Shell) -> None:
    odd = StoredGateway(
        id="g", account="local", gateway="odd", fields={"newer": 1}, created_us=1, modified_us=1
    )
    shell.control_store.apply([Add(odd)])
    said = shell.run("gateways")
    assert "local/odd of the directory is not served" in said.err
    assert len(said.out.splitlines()) == 2
    assert "unknown key" in shell.run("gateways", "set", "odd", "--set", "zdr=true", code=1).err
    shell.run("gateways", "set", "odd", "--set", "zdr=true", "--json-file", "-", stdin="{}", code=1)
    shell.run("gateways", "delete", "odd", "--yes")
    assert shell.snapshot().gateways == ()


# -- the audit


def test_the_audit_tells_who_did_what(shell: Shell) -> None:
    shell.run("gateways", "create", "prod", "--set", "cache_ttl=60")
    shell.run("gateways", "set", "prod", "--set", "cache_ttl=61")
    shell.run("keys", "create", "bot")
    lines = shell.run("audit").out.splitlines()
    who = f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    assert [line.split()[3:7] for line in lines[1:]] == [
        [who, "create", "token", shell.snapshot().tokens[0].id],
        [who, "update", "gateway", "local/prod"],
        [who, "create", "gateway", "local/prod"],
    ]
    rows = shell.run("audit", "--json", "--account", "local").rows()
    assert [row["number"] for row in rows] == [2, 1]
    assert rows[0]["before"]["fields"] == {"cache_ttl": 60}
    assert [
        row["number"] for row in shell.run("audit", "--json", "--limit", "1", "--before", "3").rows()
    ] == [2]
    assert shell.run("audit", "--json", "--account", "nobody").out == ""


@pytest.mark.parametrize("command", ["list", "show", "create", "set", "delete"])
def test_help_has_an_example(command: str, shell: Shell) -> None:
    said = shell.run("gateways", command, "--help").out
    assert "penstock gateways" in said.partition("Options:")[0].partition("Example")[2]
