"""Counters of a stored gateway's spend rules: each stays with its rule when an older file is brought up to date, and
when a rule is put in front, by the management API, by command or by `penstock apply`."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from typing import Any

import httpx
import msgspec
import pytest
from click.testing import CliRunner
from limit_kit import CHAT, GPT, NANO, costs, place_clock, spend_refused, toml, used

from conftest import Connect, OpenGateway
from penstock.cli.main import main
from penstock.stores.control_store import Add, StoredGateway
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore
from support.access import take_up
from support.client import Client
from support.configuration import providers
from support.inprocess import InProcess
from support.upstream import Upstream

ADMIN = "the-admin-token"
ENVIRON = {"PENSTOCK_ADMIN_TOKEN": ADMIN}
OLD = {"limit": 5, "limitType": "cost", "window": 3600, "technique": "fixed"}
FRONT = {**OLD, "limit": 4}

Rules = list[dict[str, Any]]
SetRules = Callable[[InProcess, Rules], Awaitable[None]]


async def by_api(gateway: InProcess, rules: Rules) -> None:
    """All fields of the gateway as they are shown, but for its rules."""
    url = f"{gateway.url}/client/v4/accounts/acct/ai-gateway/gateways"
    async with httpx.AsyncClient(trust_env=False, headers={"authorization": f"Bearer {ADMIN}"}) as http:
        shown = (await http.get(f"{url}/gw")).json()["result"]
        limits = {"enabled": True, "rules": rules}
        if shown is None:
            plain = {"cache_invalidate_on_update": False, "cache_ttl": 0, "collect_logs": True}
            rates = {"rate_limiting_interval": 0, "rate_limiting_limit": 0}
            answer = await http.post(url, json={"id": "gw", **plain, **rates, "spend_limits": limits})
        else:
            answer = await http.put(f"{url}/gw", json={**shown, "spend_limits": limits})
        assert answer.status_code == 200, answer.text


async def by_command(gateway: InProcess, rules: Rules) -> None:
    verb = "set" if SqliteControlStore(gateway.data / FILE_NAME).all(StoredGateway) else "create"
    text = msgspec.json.encode({"enabled": True, "rules": rules}).decode()
    run(gateway, "gateways", verb, "gw", "--account", "acct", "--set", f"spend_limits={text}")


async def by_apply(gateway: InProcess, rules: Rules) -> None:
    """A file that is applied twice: the second time there is nothing to do."""
    file = gateway.data / "gateway.toml"
    limits = toml({"enabled": True, "rules": rules})
    file.write_text(f"[accounts.acct.gateways.gw]\nspend_limits = {limits}\n")
    run(gateway, "apply", str(file), "--yes")
    version = SqliteControlStore(gateway.data / FILE_NAME).snapshot().version
    run(gateway, "apply", str(file), "--yes")
    assert SqliteControlStore(gateway.data / FILE_NAME).snapshot().version == version


def run(gateway: InProcess, *arguments: str) -> None:
    done = CliRunner().invoke(main, arguments, env={"PENSTOCK_DATA": str(gateway.data)})
    assert done.exit_code == 0, done.output


def stored_ids(gateway: InProcess) -> list[str]:
    (row,) = SqliteControlStore(gateway.data / FILE_NAME).all(StoredGateway)
    limits = row.fields["spend_limits"]
    assert isinstance(limits, Mapping)
    return [rule["id"] for rule in limits["rules"]]


def make_older(gateway: InProcess) -> None:
    """As if a version had written the file that did not give each rule an id."""
    with closing(sqlite3.connect(gateway.data / FILE_NAME)) as db:
        db.execute("DROP TABLE model_aliases")  # which came later, as these did
        for column in ("max_estimate", "max_active", "note", "blocked", "operations"):
            db.execute(f"ALTER TABLE tokens DROP COLUMN {column}")
        db.execute("UPDATE alembic_version SET version_num = '0002'")
        db.commit()


async def admitted(client: Client) -> int:
    """How many dollars are left."""
    count = 0
    while (await client.ask("POST", CHAT, costs(1), body=GPT)).status == 200:
        count += 1
    return count


@pytest.fixture
async def gateway(open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    found = await open_gateway(providers({"openai": upstream.url}), ENVIRON)
    place_clock(found, 3600, 60)
    return found


ways = pytest.mark.parametrize("set_rules", [by_api, by_command, by_apply])


@ways
async def test_what_was_counted_by_place_stays_with_its_rule(
    set_rules: SetRules, gateway: InProcess, connect: Connect
) -> None:
    row = StoredGateway(
        id="g",
        account="acct",
        gateway="gw",
        fields={"spend_limits": {"enabled": True, "rules": [OLD]}},
        created_us=1,
        modified_us=1,
    )
    SqliteControlStore(gateway.data / FILE_NAME).apply([Add(row)])
    take_up(gateway)
    client = await connect(gateway.url)
    for _ in range(2):
        assert (await client.ask("POST", CHAT, costs(1), body=GPT)).status == 200
    make_older(gateway)
    take_up(gateway)
    assert stored_ids(gateway) == ["rule-1"]
    assert used(gateway, name="rule-1") == 2 * NANO
    await set_rules(gateway, [FRONT, OLD])
    take_up(gateway)
    front, old = stored_ids(gateway)
    assert old == "rule-1"
    assert (used(gateway, name=front), used(gateway, name=old)) == (0, 2 * NANO)
    assert await admitted(client) == 3
    assert (used(gateway, name=front), used(gateway, name=old)) == (3 * NANO, 5 * NANO)
    refused = await client.ask("POST", CHAT, costs(1), body=GPT)
    spend_refused(refused, "rule 'rule-1' (cost limit 5 per 3600s, fixed) for openai gpt-5")


@ways
async def test_a_rule_keeps_its_counter_whatever_is_put_in_front(
    set_rules: SetRules, gateway: InProcess, connect: Connect
) -> None:
    await set_rules(gateway, [OLD])
    take_up(gateway)
    (old,) = stored_ids(gateway)
    client = await connect(gateway.url)
    for _ in range(2):
        assert (await client.ask("POST", CHAT, costs(1), body=GPT)).status == 200
    await set_rules(gateway, [FRONT, OLD])
    take_up(gateway)
    front, same = stored_ids(gateway)
    assert same == old
    assert (used(gateway, name=front), used(gateway, name=old)) == (0, 2 * NANO)
    assert await admitted(client) == 3
    await set_rules(
        gateway, [{**OLD, "limit": 6}, FRONT, {**OLD, "id": "mine"}]
    )  # raised, and behind it two more
    take_up(gateway)
    assert stored_ids(gateway) == [old, front, "mine"]
    assert await admitted(client) == 1
