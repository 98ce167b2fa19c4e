"""Old calls and bodies go, in small steps; what is still to be delivered stays."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from penstock.processes.retention import PAUSE, STEP, GatewayPath, Retention, stopping
from penstock.settings import GatewaySettings, RetentionSettings
from penstock.settings.telemetry import age_seconds
from support.clock import FakeClock
from support.export_kit import BASE, Store, an_empty_store

store = pytest.fixture(an_empty_store)

DAY = 86_400
NOTHING = RetentionSettings(logs="forever", bodies="forever")
OLDEST = GatewaySettings(log_management=10_000, log_management_strategy="DELETE_OLDEST")


class At(FakeClock):
    """So many seconds after the first call of a store would have begun."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.ahead = (BASE.created_us - super().now_us()) / 1e6 + seconds


def nobody(path: GatewayPath | None) -> int | None:
    return None


async def enforce(
    store: Store,
    settings: RetentionSettings,
    gateways: Mapping[GatewayPath, GatewaySettings] | None = None,
    clock: FakeClock | None = None,
) -> int:
    retention = Retention(store.reader, store.editor, clock or At(100 * DAY), nobody)
    return await retention.enforce(settings, gateways or {})


def numbers(store: Store) -> list[int]:
    return [int(row.id[-12:], 16) for row in store.rows()]


def few(limit: int, strategy: str = "DELETE_OLDEST") -> GatewaySettings:
    """With fewer calls than Cloudflare would allow to ask for."""
    return GatewaySettings(log_management=limit, log_management_strategy=strategy)  # type: ignore[arg-type]


async def test_by_default_all_stays(store: Store) -> None:
    store.add(20)
    assert await enforce(store, NOTHING, {("acct", "gw"): GatewaySettings()}) == 0
    assert len(numbers(store)) == 20


async def test_old_calls_go_by_when_they_began(store: Store) -> None:
    store.add(20)
    clock = At(DAY + 10.5)
    assert await enforce(store, RetentionSettings(logs="1d"), clock=clock) == 10
    assert numbers(store) == list(range(11, 21))
    assert store.writer.stored("acct", "gw") == 10


async def test_bodies_go_by_themselves(store: Store) -> None:
    store.add(20)
    await enforce(store, RetentionSettings(bodies="1d"), clock=At(DAY + 10.5))
    kept = [row.arrival for row in store.rows() if store.reader.bodies(row.id) is not None]
    assert (len(numbers(store)), kept) == (20, list(range(11, 21)))


async def test_gateways_may_have_an_age_of_their_own(store: Store) -> None:
    store.add(3)
    store.add(3, gateway="short")
    store.add(3, gateway="long")
    store.add(3, gateway="gone")
    settings = RetentionSettings(logs="2d", gateways={"acct/short": "1d", "acct/long": "3d"})
    gateways = {("acct", name): GatewaySettings() for name in ("gw", "short", "long")}
    left = []
    for days in (1.5, 2.5, 3.5):
        await enforce(store, settings, gateways, At(days * DAY))
        left.append(sorted({row.gateway for row in store.rows()}))
    assert left == [["gone", "gw", "long"], ["gone", "long"], []]


async def test_only_so_many_calls_of_a_gateway(store: Store) -> None:
    store.add(30)
    store.add(30, gateway="other")
    gateways = {("acct", "gw"): few(12), ("acct", "other"): few(12, "STOP_INSERTING")}
    assert await enforce(store, NOTHING, gateways) == 18
    assert [row.arrival for row in store.rows()] == list(range(19, 61))
    assert await enforce(store, NOTHING, gateways) == 0


async def test_many_go_in_small_steps_with_pauses(store: Store) -> None:
    store.add(STEP * 3 + 10)
    clock = At(2 * DAY)
    assert await enforce(store, RetentionSettings(logs="1d"), clock=clock) == STEP * 3 + 10
    assert clock.slept == [PAUSE] * 3


async def test_what_is_still_to_be_delivered_stays(store: Store) -> None:
    store.add(10)
    asked: list[GatewayPath | None] = []

    def held(path: GatewayPath | None) -> int:
        asked.append(path)
        return BASE.created_us + 4_000_000

    retention = Retention(store.reader, store.editor, At(9 * DAY), held)
    settings = RetentionSettings(logs="1d", bodies="1d")
    assert await retention.enforce(settings, {("acct", "gw"): few(1)}) == 3
    assert numbers(store) == list(range(4, 11))
    assert asked == [None, ("acct", "gw"), None]
    assert all(store.reader.bodies(row.id) for row in store.rows())


def test_who_stores_no_more() -> None:
    stop = few(10, "STOP_INSERTING")
    plain = GatewaySettings(log_management=20)
    gateways = {
        ("a", "stop"): stop,
        ("a", "plain"): plain,
        ("a", "old"): OLDEST,
        ("a", "x"): GatewaySettings(),
    }
    assert stopping(gateways) == {("a", "stop"): 10, ("a", "plain"): 20}


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("2h", 7200), ("3d", 259_200), ("1w", 604_800)]
)
def test_durations(text: str, seconds: int) -> None:
    assert age_seconds(text) == seconds
