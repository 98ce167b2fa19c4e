"""Limits as the doctor sees them: none, some, some that are near."""

from __future__ import annotations

from pathlib import Path

from doctor_kit import NOW, case_of, told

from penstock.access.limit_counters import LimitCounter, gateway_rate_counter, rate_counter
from penstock.doctor.limits import limits
from penstock.stores.control_store import Add, RateLimit, SecretHash, Token
from penstock.stores.counters import Claim
from penstock.stores.lmdb.counters import DATABASES, FOLDER, LmdbCounters
from penstock.stores.lmdb.environment import open_environment
from support.access import Access
from support.configuration import gateways

RATE = RateLimit(20, 3600)
CONFIG = gateways(gw={"rate_limiting_limit": 100, "rate_limiting_interval": 3600})


def tokens(data: Path, count: int) -> list[Token]:
    found = [
        Token(
            id=f"{number:016d}",
            name=f"t{number}",
            permissions=("run",),
            secrets=(SecretHash(b"s", b"d"),),
            created_us=1,
            rate_limit=RATE,
        )
        for number in range(count)
    ]
    Access(data).control_store.apply([Add(one) for one in found])
    return found


def use(data: Path, *used: tuple[LimitCounter, int]) -> None:
    with open_environment(data / FOLDER, 64 * 1024 * 1024, DATABASES) as environment:
        counters = LmdbCounters(environment, b"worker")
        for counter, amount in used:
            counters.take([Claim(counter.key, amount, 1 << 60, counter.window)], NOW)


def test_without_limits_nothing_is_said_and_nothing_made(tmp_path: Path) -> None:
    assert told(limits(case_of(tmp_path / "data", gateways(gw={})))) == []
    assert not (tmp_path / "data").exists()


def test_limits_that_are_not_near(tmp_path: Path) -> None:
    data = tmp_path / "data"
    tokens(data, 1)
    assert told(limits(case_of(data, CONFIG))) == [("ok", "2 limits, none of them near")]
    use(data, (rate_counter("0" * 16, RATE), 3))
    assert told(limits(case_of(data, CONFIG))) == [("ok", "2 limits, none of them near")]


def test_those_that_are_near_are_told_the_fullest_first(tmp_path: Path) -> None:
    data = tmp_path / "data"
    some = tokens(data, 12)
    use(
        data,
        (gateway_rate_counter("acct", "gw", RateLimit(100, 3600)), 100),
        *((rate_counter(one.id, RATE), 16) for one in some),
    )
    found = told(limits(case_of(data, CONFIG)))
    assert found[0] == ("warning", "gateway acct/gw: 100 % of 100 requests an hour, resets in 6 min 40 s")
    assert found[1] == ("warning", "token t0: 80 % of 20 requests an hour, resets in 6 min 40 s")
    assert len(found) == 11
    assert found[-1] == ("warning", "3 more are near, or used up")
