"""The keeper follows runs beside everything else: with the keys of the directory, and into log and limits."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from penstock.metrics.worker_file import FOLDER, StateFile
from penstock.metrics.worker_state import WorkerState
from penstock.processes.follow_plan import kept_seconds, serving_since
from penstock.processes.keeper import Keeper
from penstock.processes.keeper_process import configuration, make_keeper
from penstock.runs.run import Run
from penstock.settings import GatewaySettings, RetentionSettings, ServerSettings, Settings
from penstock.settings.gateways import AccountSettings
from penstock.settings.parallel_rules import ParallelRules
from penstock.settings.server import ProviderSettings
from penstock.stores.control_store import Replace
from penstock.stores.counters import OpenCounters
from penstock.stores.opening import Stores
from penstock.stores.opening.runs import has_runs, run_ledger
from penstock.stores.opening.shared import counters
from penstock.stores.runs import RunLedger
from support.access import Access
from support.export_kit import Store
from support.follow_kit import Provider, Then
from support.parallel_documents import ended
from support.run_ledgers import CORE, NOW, make, run
from support.told_costs import Books
from support.upstream import Upstream
from support.waiting import eventually, soon

ONE = "/v1/tasks/runs/trun_1"


class Quick(Then):
    """Time stands where the runs were made, nobody waits longer than a moment, and how often anybody has is told."""

    waits = 0

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.01))
        self.waits += 1


def settings(data: Path, url: str, **more: object) -> Settings:
    providers = {"parallel": ProviderSettings(base_url=url)}
    return Settings(server=ServerSettings(data=str(data)), providers=providers, **more)  # type: ignore[arg-type]


def made_with(alias: str, url: str, gateway: str = "gw") -> Run:
    found = run("trun_1", stored_key=alias)
    assert found.owner is not None
    owner = msgspec.structs.replace(found.owner, gateway=gateway)
    return msgspec.structs.replace(found, origin=url, owner=owner)


@pytest.fixture
def clock() -> Quick:
    return Quick(60)


class Running:
    """A keeper that runs."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(keeper.run(self._stop))

    async def end(self) -> None:
        self._stop.set()
        await soon(self._task)


@pytest.fixture
async def keepers() -> AsyncIterator[list[Running]]:
    found: list[Running] = []
    yield found
    for one in found:
        await one.end()


async def test_what_becomes_of_a_run_comes_into_log_and_limits(
    tmp_path: Path, upstream: Upstream, clock: Quick, keepers: list[Running]
) -> None:
    Access(tmp_path).key("parallel", "secret-1", alias="main")
    Provider(upstream, {ONE: ended("failed", run_id="trun_1")})
    limits = counted(tmp_path, b"worker")
    books = Books(tmp_path, limits.counters, clock)
    name = books.order(made_with("main", upstream.url))
    assert books.used == CORE
    limits.close()  # the keeper is a process of its own as a rule
    keepers.append(one := Running(make_keeper(settings(tmp_path, upstream.url), {}, clock)))
    await eventually(lambda: books.logged(name)[0] == 0 or None, "what the run has cost in the log")
    await eventually(lambda: not books.runs.stale(1) or None, "the end of telling")
    await one.end()
    limits = counted(tmp_path, b"another worker")
    books.counters = limits.counters
    assert books.used == 0
    limits.close()
    books.log.close()


def counted(data: Path, owner: bytes) -> OpenCounters:
    """The limits of a data folder, opened."""
    found = counters(Stores(data), owner)
    found.tend()
    return found


async def test_keys_that_have_changed_are_taken_up(
    tmp_path: Path, upstream: Upstream, clock: Quick, keepers: list[Running]
) -> None:
    access, told = Access(tmp_path), settings(tmp_path, upstream.url)
    Store(tmp_path).close()
    Provider(upstream, {ONE: ended(run_id="trun_1")})
    with closing(run_ledger(Stores(tmp_path))) as runs:
        make(runs, made_with("main", upstream.url))
        keepers.append(one := Running(make_keeper(told, {}, clock)))
        await eventually(lambda: flags(runs) == ("unreachable",) or None, "that there is no key")
        access.key("parallel", "secret-2", alias="main")
        one.keeper.take_up(configuration(told, {}))
        clock.ahead += 4000
        await eventually(lambda: flags(runs) == () or None, "a look at the run")
        assert [seen.header("x-api-key") for seen in upstream.requests][:1] == [b"secret-2"]


def flags(runs: RunLedger) -> tuple[str, ...]:
    found = runs.get("trun_1")
    assert found is not None
    return found.flags


async def test_as_long_as_there_are_no_runs_nothing_is_made(
    tmp_path: Path, clock: Quick, keepers: list[Running]
) -> None:
    Store(tmp_path).close()
    keepers.append(Running(make_keeper(settings(tmp_path, "http://127.0.0.1:1"), {}, clock)))
    await eventually(lambda: clock.waits >= 9 or None, "several rounds")
    assert not has_runs(Stores(tmp_path))


# -- what it goes by


def test_keys_stand_by_account_gateway_and_alias(tmp_path: Path) -> None:
    access = Access(tmp_path)
    for alias, gateway, secret in (
        ("main", "", "a"),
        ("main", "", "b"),
        ("main", "gw", "c"),
        ("eu", "", "d"),
    ):
        access.key("parallel", secret, alias=alias, gateway=gateway)
    access.key("openai", "e", alias="main")
    plan = configuration(settings(tmp_path, "https://api.example"), {}).follow
    url = "https://api.example"

    def secrets(alias: str, gateway: str) -> list[bytes]:
        return sorted(key.secret for key in plan.keys_of(made_with(alias, url, gateway)))

    assert secrets("main", "gw") == [b"c"], "a gateway's own go before those of its account"
    assert secrets("main", "other") == [b"a", b"b"]
    assert secrets("eu", "gw") == [b"d"]
    assert secrets("none", "gw") == []
    assert "b'" not in repr(plan)


def test_keys_that_cannot_be_opened_keep_their_place(tmp_path: Path) -> None:
    access = Access(tmp_path)
    access.key("parallel", "a", alias="main")
    access.key("parallel", "b", alias="main", gateway="gw")
    store = access.control_store
    access.key("parallel", '{"client_email":"x"}', alias="parts")
    (broken,) = (key for key in store.snapshot().provider_keys if key.gateway)
    store.apply([Replace(broken, msgspec.structs.replace(broken, sealed=broken.sealed[:-1] + b"?"))])
    plan = configuration(settings(tmp_path, "https://api.example"), {}).follow
    assert plan.keys_of(made_with("main", "https://api.example")) == ()
    assert len(plan.keys_of(made_with("main", "https://api.example", "other"))) == 1
    assert plan.keys_of(made_with("parts", "https://api.example")) == (), "it is no line of a header"


def test_gateways_say_whether_they_are_followed_and_logged(tmp_path: Path) -> None:
    gateways = {
        "on": GatewaySettings(),
        "off": GatewaySettings(parallel=ParallelRules(follow=False)),
        "dark": GatewaySettings(parallel=ParallelRules(), collect_logs=False),
    }
    told = settings(tmp_path, "https://api.example", accounts={"acct": AccountSettings(gateways=gateways)})
    plan = configuration(told, {}).follow
    assert [plan.follows(made_with("main", "", gateway)) for gateway in (*gateways, "gone")] == [
        True,
        False,
        True,
        True,
    ]
    assert plan.unlogged == {("acct", "dark")}


def test_runs_are_kept_as_long_as_the_calls_of_any_gateway() -> None:
    day = 86_400
    assert kept_seconds(RetentionSettings()) == 400 * day
    assert kept_seconds(RetentionSettings(logs="forever", gateways={"a/b": "1d"})) is None
    assert kept_seconds(RetentionSettings(logs="1d", gateways={"a/b": "forever"})) is None
    assert kept_seconds(RetentionSettings(logs="2d", bodies="90d")) == 2 * day
    assert kept_seconds(RetentionSettings(logs="2d", gateways={"a/b": "30d"})) == 30 * day


def test_since_when_somebody_serves_is_told_by_who_does(tmp_path: Path) -> None:
    assert serving_since(tmp_path) is None
    file = StateFile(tmp_path / FOLDER, os.getpid())
    state = WorkerState(
        pid=os.getpid(),
        birth=file.birth,
        started_us=NOW,
        written_us=NOW,
        address="",
        directory_version=0,
        calls=0,
        connections=0,
        journal_healthy=True,
        unwritten=0,
    )
    file.publish(state)
    assert serving_since(tmp_path) == NOW
