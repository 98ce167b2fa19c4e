"""The keeper starts what is configured, leaves alone what has not changed, and tidies up behind everybody."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

import penstock.export.plan
import penstock.processes.keeper
from penstock.clock import Clock
from penstock.exits.sender import Sender
from penstock.export.cursors import FILE_NAME, CursorFile, read_cursors
from penstock.export.ledger_access import LedgerAccess
from penstock.export.plan import Means, planned
from penstock.metrics.call_tally import Tally, new_tally
from penstock.metrics.tally_file import FILE_NAME as TALLY
from penstock.metrics.tally_file import write_tally
from penstock.processes.keeper import Configuration, Keeper
from penstock.settings import GatewaySettings, LogPushSettings, RetentionSettings, Settings, TelemetrySettings
from penstock.settings.gateways import OtelExporter
from penstock.settings.telemetry import FolderDestination, OtlpMetricsSettings
from penstock.stores.ledger import LedgerUnavailable, NewCall, Query
from penstock.stores.sqlite.ledger.editor import SqliteEditor
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import FILE_NAME as LEDGER
from support.clock import FakeClock
from support.export_kit import Store, an_empty_store, new_call
from support.replies import silence, whole
from support.upstream import Upstream
from support.waiting import eventually, soon

store = pytest.fixture(an_empty_store)

GW = ("acct", "gw")


class Quick(Clock):
    """Real time, in which nobody waits longer than a moment."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.01))


def configuration(gateways: Mapping[tuple[str, str], GatewaySettings], **tables: object) -> Configuration:
    return Configuration(Settings(**tables), gateways)  # type: ignore[arg-type]


def otel(*urls: str) -> GatewaySettings:
    return GatewaySettings(otel=tuple(OtelExporter(url=url, headers={}) for url in urls))


def pushing(folder: Path, **more: object) -> LogPushSettings:
    return LogPushSettings(folder=FolderDestination(path=str(folder)), **more)  # type: ignore[arg-type]


Make = Callable[[Configuration, Clock], Keeper]


@pytest.fixture
async def keeper(store: Store) -> AsyncIterator[Make]:
    """Keepers of the store; what they run is ended."""
    made: list[Keeper] = []

    def make(current: Configuration, clock: Clock) -> Keeper:
        path = store.folder / LEDGER
        means = Means(CursorFile(store.folder / FILE_NAME), Sender(), clock, {}, lambda size: bytes(size))
        access = LedgerAccess(lambda: SqliteReader(path), lambda: SqliteEditor(path))
        made.append(Keeper(access, means, store.folder / TALLY, current))
        return made[-1]

    yield make
    for one in made:
        stop = asyncio.Event()
        stop.set()
        one.current = configuration({})
        await one.run(stop)


def span_ids(upstream: Upstream) -> set[str]:
    bodies = (json.loads(gzip.decompress(bytes(seen.body))) for seen in upstream.requests if seen.complete)
    return {
        span["spanId"]
        for body in bodies
        for scope in body["resourceSpans"][0]["scopeSpans"]
        for span in scope["spans"]
    }


async def test_one_that_is_down_holds_up_nobody(
    store: Store, keeper: Make, upstream: Upstream, tmp_path: Path
) -> None:
    dead = await Upstream.start()
    await dead.close()
    gateways = {GW: otel(f"{dead.url}/v1/traces", f"{upstream.url}/v1/traces")}
    jobs = {"archive": pushing(tmp_path / "logs", gateways=("acct/gw",), max_interval=0.001)}
    one = keeper(configuration(gateways, log_push=jobs), Quick())
    stop = asyncio.Event()
    running = asyncio.create_task(one.run(stop))
    await eventually(lambda: len(one.means.cursors._file.cursors) == 3 or None, "three cursors")
    store.add(3)
    await upstream.request(1)
    await eventually(lambda: len(list((tmp_path / "logs").rglob("*.gz"))) or None, "an object")
    stop.set()
    await soon(running)
    assert len(span_ids(upstream)) == 3
    cursors = read_cursors(store.folder / FILE_NAME)
    assert {name: (one.after, one.delivered, one.failures > 0) for name, one in cursors.items()} == {
        f"otel acct/gw {dead.url}/v1/traces": (0, 0, True),
        f"otel acct/gw {upstream.url}/v1/traces": (3, 3, False),
        "log_push archive": (3, 3, False),
    }


async def test_at_a_stop_nothing_waits_for_its_interval(store: Store, keeper: Make, tmp_path: Path) -> None:
    jobs = {"archive": pushing(tmp_path / "logs", max_interval=3600.0)}
    one = keeper(configuration({GW: GatewaySettings(logpush=True)}, log_push=jobs), Quick())
    stop = asyncio.Event()
    running = asyncio.create_task(one.run(stop))
    await eventually(lambda: one.means.cursors.get("log_push archive"), "a cursor")
    store.add(2)
    stop.set()
    await soon(running)
    assert read_cursors(store.folder / FILE_NAME)["log_push archive"].delivered == 2


async def test_a_receiver_that_hangs_does_not_hold_up_the_end(
    store: Store, keeper: Make, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(penstock.processes.keeper, "FLUSH_SECONDS", 0.05)
    gate = asyncio.Event()
    upstream.otherwise = lambda seen: whole(b"") if gate.is_set() else silence()
    one = keeper(configuration({GW: otel(upstream.url)}), Quick())
    stop = asyncio.Event()
    running = asyncio.create_task(one.run(stop))
    await eventually(lambda: len(one.means.cursors._file.cursors) or None, "a cursor")
    store.add(2)
    await upstream.request(1)
    stop.set()
    await soon(running)
    (cursor,) = read_cursors(store.folder / FILE_NAME).values()
    assert (cursor.after, cursor.pending is not None) == (0, True)


async def test_a_changed_configuration(
    store: Store, keeper: Make, upstream: Upstream, tmp_path: Path
) -> None:
    first = configuration({GW: otel(upstream.url)})
    one = keeper(first, Quick())
    one.take_up(first)
    (before,) = one._running.values()
    jobs = {"archive": pushing(tmp_path / "logs", gateways=("acct/gw",), max_interval=0.001)}
    one.take_up(configuration({GW: otel(upstream.url)}, log_push=jobs))
    assert set(one._running) == {before.exporter.name, "log_push archive"}
    assert one._running[before.exporter.name] is before
    one.take_up(configuration({GW: GatewaySettings()}, log_push=jobs))
    assert set(one._running) == {"log_push archive"}
    await asyncio.wait([before.task])
    assert before.task.cancelled()
    one.take_up(configuration({}))
    assert not one._running


async def test_without_anything_to_do_a_bounded_tail_of_arrivals_stays(
    store: Store, keeper: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(penstock.processes.keeper, "KEPT_ARRIVALS", 10)
    one = keeper(configuration({}), FakeClock())
    await one.tidy()
    store.add(30)
    await one.tidy()
    assert [row.arrival for row in store.rows()] == list(range(21, 31))
    assert len(store.reader.calls(Query(), 100)) == 30


async def test_arrivals_stay_for_the_slowest_within_a_bound(
    store: Store,
    keeper: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(penstock.processes.keeper, "KEPT_ARRIVALS", 0)
    (tmp_path / "logs").write_text("not a folder")
    jobs = {"archive": pushing(tmp_path / "logs", gateways=("acct/gw",), max_interval=0.001)}
    clock = Quick()
    retention = RetentionSettings(undelivered=25, logs="1s")
    one = keeper(configuration({GW: GatewaySettings()}, log_push=jobs, retention=retention), clock)
    one.take_up(one.current)
    await eventually(lambda: one.means.cursors.get("log_push archive"), "a cursor")
    store.add(20)
    await one.tidy()
    assert len(store.rows()) == 20
    store.add(20)
    caplog.set_level(logging.INFO)
    await one.tidy()
    await one.tidy()
    assert store.rows() == []
    assert (
        caplog.text.count("log_push archive is 40 calls behind: the oldest are not kept for it any longer")
        == 1
    )
    assert "retention has deleted 40 calls" in caplog.text
    assert one.means.cursors.forgotten_until == 15


async def test_metrics_are_reported(store: Store, keeper: Make, upstream: Upstream) -> None:
    tally = Tally(new_tally(1_000_000), 10)
    write_tally(store.folder / TALLY, tally.state())
    receiver = OtlpMetricsSettings(url=f"{upstream.url}/v1/metrics", headers={"x": "y"}, interval=1.0)
    current = configuration({}, telemetry=TelemetrySettings(otlp_metrics=receiver))
    one = keeper(current, Quick())
    one.take_up(current)
    tally.add(_calls(3))
    write_tally(store.folder / TALLY, tally.state())
    upstream.will(whole(b"", 500))
    seen = await upstream.request(2)
    body = json.loads(gzip.decompress(await seen.whole_body()))
    metrics = {one["name"]: one for one in body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]}
    (point,) = metrics["penstock.requests"]["sum"]["dataPoints"]
    assert (point["asInt"], point["startTimeUnixNano"]) == ("3", "1000000000")
    (spread,) = metrics["penstock.request.duration"]["histogram"]["dataPoints"]
    assert spread["count"] == "3"
    assert metrics["penstock.cost"]["sum"]["dataPoints"][0]["asDouble"] == pytest.approx(0.099)


def test_plans(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    gateways = {
        GW: otel("https://u:p@a.example/v1?key=k", "https://a.example/v1"),
        ("acct", "two"): GatewaySettings(logpush=True, logpush_public_key="k" * 20),
    }
    jobs = {
        "named": pushing(tmp_path, gateways=("acct/gw", "acct/none")),
        "marked": pushing(tmp_path),
        "empty": pushing(tmp_path, gateways=("acct/none",)),
    }
    plans = planned(jobs, gateways)
    assert [(one.name, one.gateways, one.keys) for one in plans] == [
        ("otel acct/gw https://a.example/v1", (GW,), ()),
        ("otel acct/gw https://a.example/v1 #2", (GW,), ()),
        ("log_push named", (GW,), ()),
        ("log_push marked", (("acct", "two"),), ((("acct", "two"), "k" * 20),)),
    ]
    assert "[log_push.named]: there is no gateway acct/none" in caplog.text


def _calls(count: int) -> list[NewCall]:
    return [new_call(number) for number in range(1, count + 1)]


async def test_in_a_new_installation_the_first_call_counts(upstream: Upstream, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    means = Means(CursorFile(folder / FILE_NAME), Sender(), Quick(), {}, lambda size: bytes(size))
    path = folder / LEDGER
    access = LedgerAccess(lambda: SqliteReader(path), lambda: SqliteEditor(path))
    one = Keeper(access, means, folder / TALLY, configuration({GW: otel(upstream.url)}))
    stop = asyncio.Event()
    running = asyncio.create_task(one.run(stop))
    await eventually(lambda: read_cursors(folder / FILE_NAME) or None, "a cursor")
    store = Store(folder)
    store.add(2)
    await upstream.request(1)
    stop.set()
    await soon(running)
    store.close()
    assert len(span_ids(upstream)) == 2


@pytest.mark.parametrize(("since", "expected"), [(None, 0), (0, 3), (2, 1), (7, 0)])
async def test_calls_of_before_its_turn_are_for_whom_it_begins_with(
    store: Store, keeper: Make, upstream: Upstream, tmp_path: Path, since: int | None, expected: int
) -> None:
    """Behind the last one of before anybody served. Who is configured later begins with the calls to come."""
    store.add(3)
    one = keeper(configuration({GW: otel(upstream.url)}), Quick())
    one.since = since
    stop = asyncio.Event()
    running = asyncio.create_task(one.run(stop))
    await eventually(lambda: read_cursors(store.folder / FILE_NAME) or None, "a cursor")
    later = {"archive": pushing(tmp_path / "logs", gateways=("acct/gw",), max_interval=0.01)}
    one.take_up(configuration({GW: otel(upstream.url)}, log_push=later))
    await eventually(lambda: len(read_cursors(store.folder / FILE_NAME)) == 2 or None, "two cursors")
    store.add(1)
    await eventually(lambda: len(span_ids(upstream)) == expected + 1 or None, "all that is to come")
    await eventually(
        lambda: read_cursors(store.folder / FILE_NAME)["log_push archive"].delivered == 1 or None,
        "the last one",
    )
    stop.set()
    await soon(running)


async def test_one_that_cannot_be_made_does_not_end_the_others(
    keeper: Make,
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(settings: object, sender: object) -> None:
        raise RuntimeError("no such library")

    monkeypatch.setattr(penstock.export.plan, "OtlpTraces", broken)
    jobs = {"archive": pushing(tmp_path / "logs", gateways=("acct/gw",))}
    one = keeper(configuration({GW: otel("http://127.0.0.1:9")}, log_push=jobs), Quick())
    one.take_up(one.current)
    assert set(one._running) == {"log_push archive"}
    assert "otel acct/gw http://127.0.0.1:9 cannot be started" in caplog.text


async def test_a_ledger_that_fails_is_opened_again(
    store: Store, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    path, opened = store.folder / LEDGER, [0]

    def reader() -> SqliteReader:
        opened[0] += 1
        if opened[0] in (1, 2):
            raise LedgerUnavailable("locked")
        return SqliteReader(path)

    means = Means(CursorFile(store.folder / FILE_NAME), Sender(), Quick(), {}, lambda size: bytes(size))
    access = LedgerAccess(reader, lambda: SqliteEditor(path))
    one = Keeper(access, means, store.folder / TALLY, configuration({GW: otel(upstream.url)}))
    stop = asyncio.Event()
    running = asyncio.create_task(one.run(stop))
    await eventually(lambda: read_cursors(store.folder / FILE_NAME) or None, "a cursor")
    store.add(1)
    await upstream.request(1)
    stop.set()
    await soon(running)
    assert caplog.text.count("exporters and retention wait: locked") == 1
    assert caplog.text.count("the ledger can be read again") == 1
