"""What a page takes of the server and of the wire: no more than it shows, whatever there is."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from dashboard_kit import AT, START_US, Site, call, call_id
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from penstock.pages.dashboard import overview
from penstock.pages.dashboard.charts import Bar, columns
from penstock.stores.control_store import Snapshot
from penstock.stores.ledger import Query
from penstock.stores.rollups import Question
from penstock.stores.sqlite.control_store.store import SqliteControlStore
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.rollups.reader import SqliteRollups

MOST_BYTES = 150_000
OVERVIEW = f"{AT}/overview"
NAMES = ("operation", "provider", "model", "gateway", "token", "user")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.sign_in()
    return site


def several(number: int) -> list[dict[str, str]]:
    """What calls may differ by."""
    return [
        {
            "provider": f"p{one % 3}",
            "model": f"p{one % 3}/m{one % 7}",
            "operation": f"o{one % 5}",
            "gateway": ("main", "other")[one % 2],
            "user": f"u{one % 11}" if one % 4 else "",
            "token": f"t{one % 13}" if one % 3 else "",
        }
        for one in range(number)
    ]


# -- the overview


def test_each_table_is_what_would_be_counted(site: Site) -> None:
    given_names = several(200)
    site.store(*(call(number, **names, cost_nano=number) for number, names in enumerate(given_names)))  # type: ignore[arg-type]
    tables = {table["by"]: table["slices"] for table in site.json(OVERVIEW)["tables"]}
    for by in NAMES:
        counted: dict[str, int] = {}
        for names in given_names:
            counted[names[by]] = counted.get(names[by], 0) + 1
        told = {one["value"]: one["requests"] for one in tables[by] if not one["others"]}
        assert told == {value: counted[value] for value in told}
        assert sum(one["requests"] for one in tables[by]) == 200
        assert sum(one["cost"] for one in tables[by]) * 1e9 == pytest.approx(sum(range(200)))
        assert len(tables[by]) == min(len(counted), 9)
        assert sum(one["others"] for one in tables[by]) == max(len(counted) - 8, 0)


def test_the_ledger_is_opened_once_and_asked_little(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many tables there are: those of what is kept together come of one answer."""
    site.store(*(call(number, **names) for number, names in enumerate(several(20))))  # type: ignore[arg-type]
    opened: list[SqliteRollups] = []
    asked: list[Question] = []

    class Watched(SqliteRollups):
        def __init__(self, path: Path, busy_seconds: float = 5.0) -> None:
            super().__init__(path, busy_seconds)
            opened.append(self)

        def ask(self, question: Question) -> list[object]:  # type: ignore[override]
            asked.append(question)
            return list(super().ask(question))

    monkeypatch.setattr("penstock.stores.opening.ledger.SqliteRollups", Watched)
    assert len(site.json(OVERVIEW, [("span", "30d")])["tables"]) == len(NAMES)
    assert len(opened) == 1
    assert len(asked) == 8
    assert [question.by for question in asked if question.latencies] == [(), ()]


def test_more_values_than_can_be_told_apart(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a table says so, and the others stay."""
    site.store(*(call(number, provider=f"p{number % 2}", user=f"u{number}") for number in range(8)))
    monkeypatch.setattr(overview, "MAX_GROUPS", 4)
    tables = {table["by"]: table for table in site.json(OVERVIEW)["tables"]}
    assert (tables["user"]["too_many"], tables["user"]["slices"]) == (4, [])
    assert tables["provider"]["too_many"] == 0
    assert [one["requests"] for one in tables["provider"]["slices"]] == [4, 4]
    page = site.read(OVERVIEW)
    assert "More than 4 different ones" in page
    assert page.count("too many for a table") == 1


def test_what_is_too_many_together_is_told_apart_one_by_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two providers with three models each, in two gateways, are twelve together."""
    site.store(
        *(
            call(
                number,
                provider=f"p{number % 2}",
                model=f"m{number % 3}",
                gateway=("main", "other")[number // 6 % 2],
            )
            for number in range(12)
        )
    )
    monkeypatch.setattr(overview, "MAX_GROUPS", 5)
    tables = {table["by"]: table["slices"] for table in site.json(OVERVIEW)["tables"]}
    assert {by: len(slices) for by, slices in tables.items()} == {
        "operation": 1, "provider": 2, "model": 3, "gateway": 2,
    }  # fmt: skip


@pytest.mark.parametrize("span", ["1h", "24h", "7d", "30d"])
def test_an_overview_full_of_long_names_has_a_size(site: Site, span: str) -> None:
    long = "名" * 300
    site.store(
        *(
            call(
                number,
                model=f"openai/{number}{long}",
                user=f"{number}{long}",
                token=f"{number}{long}",
                provider=f"{number}{long}",
                operation=f"{number}{long}",
                created_us=START_US - number * 3_600_000_000,
            )
            for number in range(20)
        )
    )
    page = site.get(OVERVIEW, [("span", span)])
    assert page.status_code == 200
    assert len(page.content) < MOST_BYTES


@given(
    st.lists(st.tuples(st.text(), st.floats(0, 1e12), st.floats(0, 1e12)), max_size=20),
    st.sampled_from([("ok", "failed"), ('"><b>', "&")]),
)
def test_a_chart_is_marks_and_escaped_titles(
    bars: list[tuple[str, float, float]], names: tuple[str, str]
) -> None:
    drawn = columns([Bar(title, parts) for title, *parts in bars], names, "what it is")  # type: ignore[arg-type]
    assert isinstance(drawn, Markup)
    assert drawn.count("<g>") == drawn.count("</g>") == len(bars)
    assert re.findall("<[a-z]+", drawn.replace("<svg", "")) == [
        mark
        for _, *parts in bars
        for mark in ("<g", "<title", *("<rect" for part in parts if part > 0), "<rect")
    ]
    titles = re.findall("<title>(.*?)</title>", drawn, re.DOTALL)
    assert [Markup(title).unescape() for title in titles] == [
        Markup.escape(title).unescape() for title, *_ in bars
    ]


# -- every page


def test_pages_do_not_read_a_directory_that_is_the_same(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.store(call(1))
    for number in range(20):
        site.access.token(f"n{number}", accounts=("acc",))
    site.read(OVERVIEW)
    read: list[str] = []
    whole = SqliteControlStore.own_snapshot

    def watched(store: SqliteControlStore) -> Snapshot:
        read.append("all")
        return whole(store)

    monkeypatch.setattr(SqliteControlStore, "own_snapshot", watched)
    for path in (
        OVERVIEW,
        f"{AT}/logs",
        f"{AT}/logs/{call_id(1)}",
        f"{AT}/gateways",
        f"{AT}/tokens",
        f"{AT}/start",
    ):
        assert site.read(path)
    assert read == []
    site.access.token("one more")
    assert "one more" in site.read(f"{AT}/tokens")
    assert read == ["all"]


# -- bodies


def test_of_a_body_that_unpacks_to_very_much_the_beginning_is_shown(site: Site) -> None:
    body = gzip.compress(b'{"a": "' + b"z" * 100_000_000)
    site.store(call(1, (b"{}", body), response_encoding="gzip", response_size=len(body)))
    found = site.json(f"{AT}/logs/{call_id(1)}")["bodies"][1]
    assert (found["kind"], found["is_whole"]) == ("text", False)
    assert found["text"].startswith('{"a": "zzz')
    assert len(site.get(f"{AT}/logs/{call_id(1)}").content) < MOST_BYTES


@pytest.mark.parametrize(
    "body",
    [b"\0\xff" * 2_000_000, "名".encode() * 1_000_000, b"\n".join([b"x"] * 1_000_000), b'"<>&' * 1_000_000],
    ids=["no text", "wide", "lines", "marks"],
)
def test_a_large_body_is_cut(site: Site, body: bytes) -> None:
    site.store(call(1, (body, body), request_size=len(body), response_size=len(body)))
    assert len(site.get(f"{AT}/logs/{call_id(1)}").content) < MOST_BYTES
    assert not any(one["is_whole"] for one in site.json(f"{AT}/logs/{call_id(1)}")["bodies"])
    assert site.get(f"{AT}/logs/{call_id(1)}/request").content == body


# -- files


def test_a_file_of_many_calls_is_whole(site: Site) -> None:
    site.store(*(call(number) for number in range(2500)))
    lines = site.get(f"{AT}/logs.csv").text.splitlines()
    assert len(lines) == 2501
    assert [line.partition(",")[0] for line in lines[1:]] == [
        call_id(number) for number in reversed(range(2500))
    ]


# -- lists


@pytest.mark.parametrize(("stored", "counts"), [(0, 0), (50, 0), (51, 1)])
def test_calls_that_fit_on_a_page_are_not_counted_once_more(
    site: Site, monkeypatch: pytest.MonkeyPatch, stored: int, counts: int
) -> None:
    """To find that there are no more was to look through all of them."""
    site.store(
        *(call(number, user="ann") for number in range(stored)), *(call(100 + number) for number in range(5))
    )
    counted: list[object] = []
    real = SqliteReader.count

    def count(reader: SqliteReader, where: Query, effort: int | None = None) -> int | None:
        counted.append(where)
        return real(reader, where, effort)

    monkeypatch.setattr(SqliteReader, "count", count)
    found = site.json(f"{AT}/logs", [("user", "ann")])
    assert (found["total"], len(counted)) == (stored, counts)
