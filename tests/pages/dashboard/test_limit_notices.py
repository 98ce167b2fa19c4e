"""Limits on the overview: near, used up, refusing calls; whose they are, and who is told of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lmdb
import pytest
from dashboard_kit import AT, HOUR_US, START_US, Elements, Site, call
from msgspec.structs import replace

from penstock.access.limit_counters import (
    LimitCounter,
    gateway_rate_counter,
    limit_window,
    rate_counter,
    rule_family,
    rule_key,
    spend_counter,
    spend_prefix,
    stored_key_counter,
)
from penstock.journal.record import Outcome
from penstock.pricing.units import to_nano
from penstock.runs.run import Owner
from penstock.stores.control_store import Add, RateLimit, Replace, SecretHash, SpendLimit, Token
from penstock.stores.counters import Claim, Family
from penstock.stores.ledger import NewCall
from penstock.stores.lmdb.counters import DATABASES, LmdbCounters
from penstock.stores.lmdb.environment import open_environment
from penstock.stores.sqlite.control_store.store import SqliteControlStore
from support.kept_runs import make, numbered
from support.known_runs import task

OVERVIEW = f"{AT}/overview"
MINUTE_US = 60_000_000
DAY = 86_400
CONFIG = """
[accounts.acc.gateways.main]
rate_limiting_limit = 100
rate_limiting_interval = 3600

[accounts.acc.gateways.main.spend_limits]
enabled = true
rules = [
    { id = "all", limit = 50, limitType = "cost", window = 2592000 },
    { id = "gpt", limit = 5, limitType = "cost", window = 86400, technique = "fixed", provider = { mode = "filter", \
values = ["openai"] } },
    { id = "users", limit = 2, limitType = "cost", window = 86400, metadata = { user = { mode = "partition" } } },
    { id = "both", limit = 2, limitType = "cost", window = 86400, metadata = { user = { mode = "partition" }, \
team = { mode = "partition" } } },
    { id = "off", enabled = false, limit = 1, limitType = "cost", window = 86400 },
]

[accounts.acc.gateways.other]
parallel = { max_active = 5 }
[accounts.acc2.gateways.main]
[pricing]
"""
RATE = RateLimit(20, 3600)
SPEND = SpendLimit(50.0, 30 * DAY)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[lmdb.Environment]:
    with open_environment(tmp_path / "counters", 64 * 1024 * 1024, DATABASES) as environment:
        yield environment


@pytest.fixture
def worker(environment: lmdb.Environment) -> LmdbCounters:
    """Another worker than the one that shows the pages."""
    return LmdbCounters(environment, b"another worker")


@pytest.fixture
def site(tmp_path: Path, environment: lmdb.Environment) -> Site:
    site = Site(tmp_path, config=CONFIG, counters=LmdbCounters(environment, b"this worker"))
    site.sign_in()
    return site


def limited(site: Site, name: str = "ci", **limits: object) -> str:
    """A token with limits; its id."""
    token_id = site.access.token(name).split("_")[1]
    old = next(one for one in site.access.control_store.all(Token) if one.id == token_id)
    site.access.control_store.apply([Replace(old, replace(old, **limits))])
    return token_id


def use(worker: LmdbCounters, site: Site, counter: LimitCounter, part: float) -> None:
    """So much of a limit is used."""
    worker.take(
        [Claim(counter.key, round(counter.limit * part), 1 << 60, counter.window)], site.clock.now_us()
    )


def of_rule(rule: str, usd: float, seconds: int, *values: str, fixed: bool = False) -> LimitCounter:
    key = rule_key(spend_prefix("acc", "main"), [rule, *values])
    return LimitCounter(key, to_nano(usd), limit_window(seconds, "fixed" if fixed else "sliding"))


def use_value(
    worker: LmdbCounters, site: Site, user: str, part: float, *more: str, rule: str = "users"
) -> None:
    counter = of_rule(rule, 2, DAY, *more, "user", user)
    family: Family = rule_family("acc", "main", rule)
    amount = round(counter.limit * part)
    worker.take([Claim(counter.key, amount, 1 << 60, counter.window, family)], site.clock.now_us())


def notices(site: Site) -> list[dict[str, Any]]:
    return [one for one in site.json(OVERVIEW)["notices"] if one["use"] or "limit" in one["text"]]


def told(site: Site) -> list[tuple[str, str, str]]:
    """Level, what is told before the time when there is room again, and where it leads."""
    return [(one["level"], one["text"].partition(", ")[0], one["place"]) for one in notices(site)]


# -- what is near


def test_without_limits_nothing_is_said(site: Site) -> None:
    site.access.token()
    assert notices(site) == []
    site.read(OVERVIEW)


def test_a_token_near_what_it_may_spend(site: Site, worker: LmdbCounters) -> None:
    token = limited(site, spend_limit=SPEND, rate_limit=RATE)
    use(worker, site, spend_counter(token, SPEND), 0.79)
    assert notices(site) == []
    use(worker, site, spend_counter(token, SPEND), 0.03)
    ((level, text, place),) = told(site)
    assert (level, text, place) == ("warn", "token ci: 82 % of $50 in 30 d (spend)", f"tokens/{token}")
    (found,) = notices(site)
    assert (found["use"]["used"], found["use"]["limit"]) == (41.0, 50.0)
    assert found["use"]["resets_us"] > site.clock.now_us()
    assert "resets in" in found["text"]
    assert f"{AT}/tokens/{token}" in [one.get("href") for one in Elements(site.read(OVERVIEW)).of("a")]


@pytest.mark.parametrize(
    ("used", "level", "part"), [(16, "warn", "80 %"), (19, "warn", "95 %"), (20, "bad", "100 %")]
)
def test_from_four_fifths_on_a_limit_is_near(
    site: Site, worker: LmdbCounters, used: int, level: str, part: str
) -> None:
    token = limited(site, rate_limit=RATE)
    use(worker, site, rate_counter(token, RATE), (used - 1) / 20)
    assert (not notices(site)) == (used == 16)
    use(worker, site, rate_counter(token, RATE), 1 / 20)
    assert told(site) == [(level, f"token ci: {part} of 20 requests an hour", f"tokens/{token}")]


def test_a_window_that_has_ended_is_near_no_more(site: Site, worker: LmdbCounters) -> None:
    token = limited(site, rate_limit=RATE)
    use(worker, site, rate_counter(token, RATE), 1)
    assert len(notices(site)) == 1
    site.clock.ahead += 3600
    assert notices(site) == []


def test_what_a_gateway_may(site: Site, worker: LmdbCounters) -> None:
    use(worker, site, gateway_rate_counter("acc", "main", RateLimit(100, 3600)), 0.9)
    use(worker, site, of_rule("all", 50, 30 * DAY), 0.85)
    use(worker, site, of_rule("gpt", 5, DAY, fixed=True), 1.2)
    use(worker, site, of_rule("off", 1, DAY), 1)
    assert told(site) == [
        ("bad", "gateway main: 120 % of $5 a day (rule gpt)", "gateways/main"),
        ("warn", "gateway main: 90 % of 100 requests an hour", "gateways/main"),
        ("warn", "gateway main: 85 % of $50 in 30 d", "gateways/main"),
    ]
    assert "trailing (rule all), more room in" in notices(site)[2]["text"]


def test_a_stored_key_of_the_account_and_of_a_gateway(site: Site, worker: LmdbCounters) -> None:
    every = site.access.key("openai", "sk-1", account="acc", rate=(10, 60))
    one = site.access.key("exa", "sk-2", alias="x", account="acc", gateway="other", rate=(10, 60))
    theirs = site.access.key("exa", "sk-3", account="acc2", rate=(10, 60))
    for key in (every, one, theirs):
        use(worker, site, stored_key_counter(key, 10, 60), 0.8)
    assert sorted(told(site)) == [
        ("warn", "stored key exa (x): 80 % of 10 requests a minute", "gateways/other"),
        ("warn", "stored key openai (default): 80 % of 10 requests a minute", "keys"),
    ]


def test_runs_under_way_of_a_token_and_of_a_gateway(site: Site) -> None:
    token = limited(site, max_active=5)
    free = limited(site, "free", max_active=50)
    owner = Owner("acc", "other", token=token)
    runs = [numbered(number, START_US, task("core"), owner) for number in range(1, 5)]
    make(site.data, *runs, numbered(9, START_US, task("core"), replace(owner, token=free, gateway="main")))
    assert sorted(told(site)) == [
        ("warn", "gateway other: 80 % of 5 runs at once", "gateways/other"),
        ("warn", "token ci: 80 % of 5 runs at once", f"tokens/{token}"),
    ]


# -- values that are counted apart


def test_the_fullest_of_many_values_is_named(site: Site, worker: LmdbCounters) -> None:
    late = START_US + HOUR_US - MINUTE_US
    site.store(
        *(
            call(number, created_us=late, metadata={"user": name}, cost_nano=1)
            for number, name in enumerate("abc")
        )
    )
    for user, part in (("a", 0.5), ("b", 0.9), ("c", 0.8), ("gone", 0.85)):
        use_value(worker, site, user, part)
    ((level, text, place),) = told(site)
    assert (level, text) == ("warn", "gateway main")
    assert notices(site)[0]["text"].startswith("gateway main, user b and 2 more: 90 % of $2 a day")
    assert place == "logs?gateway=main&metadata.user=b"
    page = site.read(OVERVIEW)
    assert f'href="{AT}/logs?gateway=main&amp;metadata.user=b"' in page


def test_who_has_not_called_lately_has_no_name(site: Site, worker: LmdbCounters) -> None:
    use_value(worker, site, "ada", 1)
    assert notices(site)[0]["text"].startswith("gateway main, one of user: 100 % of $2 a day")
    use_value(worker, site, "bob", 0.9)
    assert "the fullest of 2 for user: 100 %" in notices(site)[0]["text"]
    assert told(site)[0][2] == "gateways/main"


def test_values_of_two_names_are_told_without_one(site: Site, worker: LmdbCounters) -> None:
    use_value(worker, site, "ada", 0.9, "team", "x", rule="both")
    assert "one of team, user: 90 %" in notices(site)[0]["text"]


# -- what refuses calls


def refused(number: int, token: str, code: int = 2003, gateway: str = "main") -> NewCall:
    return call(
        number,
        created_us=START_US + HOUR_US - MINUTE_US + number,
        status=429,
        outcome=Outcome.REFUSED,
        error_code=code,
        cost_nano=0,
        token=token,
        gateway=gateway,
    )


def test_what_has_been_refusing_calls(site: Site, worker: LmdbCounters) -> None:
    token, other = limited(site, rate_limit=RATE), limited(site, "other one", spend_limit=SPEND)
    site.store(
        *(refused(number, token) for number in range(3)),
        refused(3, other, 2045, "other"),
        refused(4, other, 2009),  # for want of a token
    )
    use(worker, site, rate_counter(token, RATE), 1)
    found = notices(site)
    assert [(one["level"], one["text"].partition(" an hour")[0]) for one in found[:1]] == [
        ("bad", "token ci: 100 % of 20 requests")
    ]
    assert found[0]["text"].endswith("; 3 calls refused for a limit in the last 24h")
    assert [(one["level"], one["text"], one["place"]) for one in found[1:]] == [
        (
            "warn",
            "gateway main: 3 calls refused for a limit in the last 24h",
            "logs?status=429&gateway=main&since=24h",
        ),
        (
            "warn",
            "gateway other: one call refused for a limit in the last 24h",
            "logs?status=429&gateway=other&since=24h",
        ),
        (
            "warn",
            "token other one: one call refused for a limit in the last 24h",
            f"logs?status=429&token={other}&since=24h",
        ),
    ]
    query = [("status", "429"), ("token", other), ("since", "24h")]
    assert {row["status"] for row in site.json(f"{AT}/logs", query)["rows"]} == {"429"}


# -- who is told


def test_who_may_not_read_is_not_told(site: Site, worker: LmdbCounters) -> None:
    token = limited(site, rate_limit=RATE)
    site.access.key("openai", "sk-1", account="acc", rate=(10, 60))
    use(worker, site, rate_counter(token, RATE), 1)
    use(worker, site, gateway_rate_counter("acc", "main", RateLimit(100, 3600)), 1)
    site.store(refused(1, token))
    assert len(notices(site)) == 2
    site.sign_in(site.token("metadata_read"))
    assert notices(site) == []
    site.sign_in(site.token("read", gateways=("acc/other",)))
    assert notices(site) == []
    site.sign_in(site.token("read", gateways=("acc/main",)))
    assert [one[2] for one in told(site)] == ["gateways/main"]
    site.sign_in(site.token("read", accounts=("acc",)))
    assert [one[2] for one in told(site)] == ["gateways/main"]  # the token is good for all accounts


def test_a_token_that_lets_nobody_in_is_not_told(site: Site, worker: LmdbCounters) -> None:
    token = limited(site, rate_limit=RATE, blocked=True)
    use(worker, site, rate_counter(token, RATE), 1)
    assert notices(site) == []


def test_hostile_names_are_text(site: Site, worker: LmdbCounters) -> None:
    token = limited(site, "<script>alert(1)</script>", rate_limit=RATE)
    use(worker, site, rate_counter(token, RATE), 1)
    late = START_US + HOUR_US - MINUTE_US
    user = "\"'><img src=x>&a=1"
    site.store(call(1, created_us=late, metadata={"user": user}, cost_nano=1))
    use_value(worker, site, user, 1)
    page = site.read(OVERVIEW)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "logs?gateway=main&amp;metadata.user=%22%27%3E%3Cimg+src%3Dx%3E%26a%3D1" in page


# -- how much that costs


def counting(verb: Callable[..., Any], reads: dict[str, int], name: str) -> Callable[..., Any]:
    def counted(*given: object) -> Any:  # noqa: ANN401 - whatever the verb gives
        reads[name] += 1
        return verb(*given)

    return counted


def test_of_many_the_fullest_are_told_and_all_are_looked_at_once(
    site: Site, worker: LmdbCounters, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = [
        Token(
            id=f"{number:016d}", name=f"t{number}", permissions=("run",), secrets=(SecretHash(b"s", b"d"),),
            created_us=1, rate_limit=RATE, spend_limit=SPEND,
        )
        for number in range(2000)
    ]  # fmt: skip
    site.access.control_store.apply([Add(one) for one in some])
    for number, one in enumerate(some):
        use(worker, site, rate_counter(one.id, RATE), 0.85 if number % 100 == 7 else 0.5)
    use(worker, site, rate_counter(some[3].id, RATE), 1)
    site.read(OVERVIEW)
    reads = {"standings": 0, "snapshot": 0}
    for kind, name in ((LmdbCounters, "standings"), (SqliteControlStore, "snapshot")):
        monkeypatch.setattr(kind, name, counting(getattr(kind, name), reads, name))
    found = told(site)
    assert reads == {"standings": 1, "snapshot": 0}  # the directory has not changed since
    assert len(found) == 9
    assert found[0] == ("bad", "token t3: 150 % of 20 requests an hour", f"tokens/{some[3].id}")
    assert found[-1] == ("warn", "13 more limits are near", "tokens")


def test_counters_that_cannot_be_read_say_nothing(tmp_path: Path) -> None:
    site = Site(tmp_path, config=CONFIG)
    site.sign_in()
    limited(site, rate_limit=RATE)
    assert notices(site) == []
