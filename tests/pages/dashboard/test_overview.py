"""The overview: sums of a span and of the one before, by what, and what needs attention."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dashboard_kit import AT, HOUR_US, START_US, Elements, Site, call

from penstock.access.tokens import id_of
from penstock.export.cursors import FILE_NAME as CURSORS
from penstock.export.cursors import Cursor, CursorFile
from penstock.metrics.worker_file import FOLDER, process_birth
from penstock.metrics.worker_state import BreakerState, WorkerState, encode
from penstock.stores.control_store import Permission

OVERVIEW = f"{AT}/overview"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.sign_in()
    return site


def told(site: Site, span: str = "24h") -> list[tuple[str, str]]:
    return [(one["level"], one["text"]) for one in site.json(OVERVIEW, [("span", span)])["notices"]]


def test_sums_of_a_span_and_of_the_one_before(site: Site) -> None:
    day_us = 24 * HOUR_US
    site.store(
        call(0, cost_nano=1_500_000_000, tokens=(10, 5), model="openai/gpt-5"),
        call(1, cost_nano=500_000_000, tokens=(1, 1), cached=True),
        call(2, status=500),
        call(3, created_us=START_US - day_us, cost_nano=4_000_000_000),
        call(4, account="acc2", cost_nano=9_000_000_000),
    )
    found = site.json(OVERVIEW)
    now, before = found["now"], found["before"]
    assert (now["requests"], now["errors"], now["cost"], now["tokens_in"]) == (3, 1, 2.0, 11)
    assert (before["requests"], before["cost"]) == (1, 4.0)
    assert sum(part["requests"] for part in found["parts"]) == 3
    assert len(found["parts"]) == 96
    text = site.read(OVERVIEW)
    assert "$2.00" in text
    assert "-50 %" in text
    assert "3 requests, 1 of them failed" in text


@pytest.mark.parametrize(
    ("span", "parts"), [("1h", 60), ("24h", 96), ("7d", 168), ("30d", 120), ("nonsense", 96)]
)
def test_spans(site: Site, span: str, parts: int) -> None:
    site.store(call(0))
    assert len(site.json(OVERVIEW, [("span", span)])["parts"]) == parts


def test_by_what(site: Site) -> None:
    several = [call(number, provider=f"p{number}") for number in range(12)]
    site.store(call(20, user="ann"), call(21, user="ann"), call(22), *several)
    tables = {table["by"]: table["slices"] for table in site.json(OVERVIEW)["tables"]}
    assert [(one["value"], one["requests"]) for one in tables["provider"]][:2] == [("openai", 3), ("p0", 1)]
    assert tables["provider"][-1]["others"] == 5
    assert sum(one["requests"] for one in tables["provider"]) == 15
    assert {one["value"]: one["requests"] for one in tables["user"]} == {"ann": 2, "": 13}
    page = site.read(OVERVIEW)
    assert f'href="{AT}/logs?user=ann&amp;since=24h"' in page


@pytest.mark.parametrize(
    ("permissions", "name"), [(("metadata_read",), ""), (("metadata_read", "read"), "of <i>ann</i>")]
)
def test_tokens_are_told_by_name_to_who_may_see_them(
    site: Site, permissions: tuple[Permission, ...], name: str
) -> None:
    ann = id_of(site.access.token(name="of <i>ann</i>"))
    site.store(call(0, token=ann), call(1))
    site.sign_in(site.token(*permissions))
    (table,) = [one for one in site.json(OVERVIEW)["tables"] if one["by"] == "token"]
    assert [(one["value"], one["name"]) for one in table["slices"] if one["value"]] == [(ann, name)]
    text = site.read(OVERVIEW)
    assert (name or ann).replace("<", "&lt;").replace(">", "&gt;") in text
    assert "<i>ann" not in text


def test_a_token_of_one_gateway_sees_the_sums_of_this_one(site: Site) -> None:
    site.store(call(0), call(1, gateway="other"), call(2, gateway="other"))
    site.sign_in(site.token("metadata_read", gateways=("acc/other",)))
    found = site.json(OVERVIEW)
    assert found["now"]["requests"] == 2
    assert [
        one["value"] for one in next(one for one in found["tables"] if one["by"] == "gateway")["slices"]
    ] == ["other"]


# -- what needs attention


def test_a_burst_of_errors(site: Site) -> None:
    late = site.clock.now_us() - 60_000_000
    site.store(
        *(
            call(number, created_us=late + number, status=502 if number < 5 else 200, cost_nano=0)
            for number in range(20)
        )
    )
    assert told(site) == [("bad", "25 % of the calls of the last 15 minutes failed (5 of 20)")]
    links = [one.get("href") for one in Elements(site.read(OVERVIEW)).of("a")]
    assert f"{AT}/logs?status=error&since=15m" in links


def test_errors_of_long_ago_and_few_are_no_burst(site: Site) -> None:
    site.store(*(call(number, status=502) for number in range(20)))
    late = site.clock.now_us() - 1000
    site.store(*(call(100 + number, created_us=late + number, status=502) for number in range(5)))
    assert told(site) == []


def test_breakers_receivers_and_a_journal_that_cannot_be_written(site: Site) -> None:
    site.store(call(0, cost_nano=0))
    pid = os.getpid()
    state = WorkerState(
        pid=pid, birth=process_birth(pid), started_us=1, written_us=1, address="http://127.0.0.1:1",
        directory_version=1, calls=0, connections=0, journal_healthy=False, unwritten=1,
        breakers=(BreakerState("https://api.example", "open", 1, 2),), open_breakers=1,
    )  # fmt: skip
    cursors = CursorFile(site.data / CURSORS)
    cursors.put("traces", Cursor(0, failures=3))
    cursors.save()
    write_state(site, state)
    assert told(site) == [
        ("bad", "calls cannot be written down: is the disk full?"),
        ("warn", "https://api.example keeps failing, and is left alone for a while"),
        ("warn", "the receiver traces has not taken calls 3 times in a row"),
    ]
    site.sign_in(site.token("metadata_read", accounts=("acc",)))
    assert told(site) == []  # the installation is not this token's business


def write_state(site: Site, state: WorkerState) -> None:
    folder = site.data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{os.getpid()}.json").write_bytes(encode(state))
