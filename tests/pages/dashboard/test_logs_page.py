"""The list of calls: filters, chips, paging, columns, files; and whatever stands in a call is shown harmlessly."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from dashboard_kit import AT, START_US, Elements, Site, call, call_id

from penstock.pages.dashboard.logs import LOOKED_AT
from penstock.stores.ledger import Newest, Query
from penstock.stores.sqlite.ledger.reader import SqliteReader

PAGE = 50
USUAL = ("time", "status", "operation", "model", "tokens", "cost", "duration", "path")
LOGS = f"{AT}/logs"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.sign_in()
    return site


def ids(found: dict[str, list[dict[str, str]]]) -> list[str]:
    return [row["id"] for row in found["rows"]]


VARIOUS = [
    call(
        0,
        model="openai/gpt-5",
        cost_nano=2_000_000,
        tokens=(10, 20),
        operation="openai.chat.completions.create",
    ),
    call(1, status=404, user="ann"),
    call(2, status=502, outcome=2, provider="anthropic", gateway="other"),
    call(3, provider="parallel", metadata={"team": "north", "n": 7}, duration_us=3_000_000),
    call(4, cached=True, path="chat/completions?x=needle"),
    call(5, account="acc2"),
]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ([("provider", "anthropc")], "No call has the provider 'anthropc'; did you mean anthropic?"),
        ([("metadata.team", "nort")], "No call has the metadata team 'nort'; did you mean north?"),
        ([("provider", "zzz")], "No call has the provider 'zzz'; there are anthropic, openai, parallel"),
        ([("provider", "anthropic"), ("status", "200")], "No call is so"),
        ([("gateway", "othr")], "No call has the gateway 'othr'; did you mean other?"),
    ],
)
def test_where_there_are_none_the_word_that_was_meant_is_told(
    site: Site, query: list[tuple[str, str]], said: str
) -> None:
    site.store(*VARIOUS)
    assert site.json(LOGS, query)["none"] == said
    assert said.replace("'", "&#39;") in site.read(LOGS, query)


def test_a_page_that_has_not_looked_at_all_says_so_and_leads_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = START_US + 5_000_000
    site.store(*(call(number, created_us=at - number // 2, duration_us=3_000_000) for number in range(9)))
    real, asked = SqliteReader.newest, list[int]()

    def newest(reader: SqliteReader, where: Query, limit: int, offset: int, effort: int) -> Newest:
        asked.append(effort)
        found = real(reader, where, limit, offset, effort)
        return found if len(asked) > 1 else Newest(found.calls[:3], found.calls[2].created_us)

    monkeypatch.setattr(SqliteReader, "newest", newest)
    first = site.json(LOGS, [("duration", ">2s")])
    assert (len(first["rows"]), first["total"], first["looked_at"]) == (3, None, LOOKED_AT)
    rest = site.json(LOGS, parse_qsl(first["older"][1:]))
    assert (len(rest["rows"]), rest["looked_at"], rest["older"]) == (6, 0, "")
    assert len({*ids(first), *ids(rest)}) == 9
    assert asked == [LOOKED_AT] * 2
    asked.clear()
    assert "3 of about 300k that were looked at" in site.read(LOGS, [("duration", ">2s")])


def test_names_that_may_not_be_seen_are_not_meant(site: Site) -> None:
    site.store(*VARIOUS, call(9, account="acc2", provider="secretive"))
    site.sign_in(site.token("metadata_read", gateways=("acc/main",)))
    for word, text in (
        ("provider", "secretiv"),
        ("provider", "anthropi"),
        ("user", "an"),
        ("model", "gpt-6"),
    ):
        said = site.json(LOGS, [(word, text)])["none"]
        assert "secretive" not in said
        assert "anthropic" not in said
    assert "did you mean gpt-5" in site.json(LOGS, [("model", "gpt-6")])["none"]


@pytest.mark.parametrize("path", [LOGS, f"{LOGS}.json"])
@pytest.mark.parametrize(
    ("sent", "address"),
    [
        ("search=&word=status&value=404", "?status=404"),
        ("status=4xx&search=&word=user&value=bob", "?status=4xx&user=bob"),
        ("search=needle&word=status&value=", "?search=needle"),
        ("word=status&value=", "?"),
        ("word=unheard&value=of", "?"),
        ("word=status&value=404&column=time&column=user", "?status=404&column=time&column=user"),
        (f"word=status&value=&{'&'.join(f'column={name}' for name in USUAL)}", "?"),
        ("word=metadata.team&value=a%26b%3Dc", "?metadata.team=a%26b%3Dc"),
    ],
)
def test_what_the_form_sends_becomes_an_address_to_keep(
    site: Site, path: str, sent: str, address: str
) -> None:
    found = site.get(path, parse_qsl(sent, keep_blank_values=True))
    assert (found.status_code, found.headers["location"]) == (303, address)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ([], [4, 3, 2, 1, 0]),
        ([("status", "4xx")], [1]),
        ([("status", "404"), ("status", "502")], [2, 1]),
        ([("status", "error")], [2, 1]),
        ([("provider", "parallel")], [3]),
        ([("provider", "parallel"), ("provider", "anthropic")], [3, 2]),
        ([("gateway", "other")], [2]),
        ([("user", "ann")], [1]),
        ([("user", "none"), ("status", "200")], [4, 3, 0]),
        ([("model", "gpt-5")], [0]),
        ([("model", "openai/gpt-5")], [0]),
        ([("operation", "openai.chat.completions.create")], [0]),
        ([("cost", ">0.001")], [0]),
        ([("cost", "<0.001")], []),
        ([("tokens", ">29")], [0]),
        ([("tokens", "30")], [0]),
        ([("duration", ">2s")], [3]),
        ([("duration", ">2999")], [3]),
        ([("cached", "yes")], [4]),
        ([("cached", "no"), ("status", "200")], [3, 0]),
        ([("metadata.team", "north")], [3]),
        ([("metadata.n", "7")], [3]),
        ([("metadata.team", "south")], []),
        ([("search", "needle")], [4]),
        ([("unheard", "of")], [4, 3, 2, 1, 0]),
        ([("since", "30m")], []),
        ([("until", "30m")], [4, 3, 2, 1, 0]),
    ],
)
def test_filters(site: Site, query: list[tuple[str, str]], numbers: list[int]) -> None:
    site.store(*VARIOUS)
    found = site.json(LOGS, query)
    assert ids(found) == [call_id(number) for number in numbers]
    assert found["total"] == len(numbers)
    text = site.read(LOGS, query)
    assert [number for number in range(6) if f"/logs/{call_id(number)}" in text] == sorted(numbers)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ([("status", "teapot")], "is not a status"),
        ([("cost", "much")], "&gt;0.01"),
        ([("duration", "1e400")], "&gt;2s"),
        ([("cached", "perhaps")], "neither yes nor no"),
        ([("since", "yesterday")], "is no time"),
        ([("cost", ">1s")], "no comparison"),
    ],
)
def test_a_value_that_cannot_be_is_told(site: Site, query: list[tuple[str, str]], said: str) -> None:
    site.store(*VARIOUS)
    text = site.read(LOGS, query)
    assert said in text
    assert "/logs/0" not in text
    assert site.json(LOGS, query)["wrong"]
    assert site.get(f"{LOGS}.csv", query).status_code == 400


def test_each_chip_takes_its_filter_away(site: Site) -> None:
    site.store(*VARIOUS)
    query = [("status", "404"), ("status", "502"), ("user", "ann"), ("column", "user")]
    chips = site.json(LOGS, query)["chips"]
    assert [(chip["word"], chip["text"]) for chip in chips] == [
        ("status", "404"),
        ("status", "502"),
        ("user", "ann"),
    ]
    for place, chip in enumerate(chips):
        left = [pair for other, pair in enumerate(query) if other != place]
        assert parse_qsl(chip["without"].removeprefix("?")) == left


def test_older_pages_have_each_call_once(site: Site) -> None:
    """Also calls of the same moment, which stand next to each other over the edge of a page."""
    same = [call(1000 + number, created_us=START_US + 5_000_000) for number in range(70)]
    site.store(*(call(number) for number in range(80)), *same)
    seen: list[str] = []
    path = LOGS
    pages = 0
    while path:
        pages += 1
        found = site.json(LOGS, parse_qsl(path.partition("?")[2]))
        seen += ids(found)
        assert found["total"] == 150
        path = found["older"]
    assert pages == 3
    assert len(seen) == len(set(seen)) == 150
    assert seen[:PAGE] == [call_id(number) for number in range(79, 79 - PAGE, -1)]


def test_there_is_a_way_back_to_the_newest(site: Site) -> None:
    site.store(*(call(number) for number in range(60)))
    first = site.json(LOGS, [("provider", "openai")])
    older = site.json(LOGS, parse_qsl(first["older"].removeprefix("?")))
    assert older["newest"] == "?provider=openai"
    assert first["newest"] == ""
    assert len(older["rows"]) == 10


@pytest.mark.parametrize("before", ["x", "1.", ".1", "9" * 40, "-1.0", "1.x", "1.999999999"])
def test_a_place_that_is_none(site: Site, before: str) -> None:
    site.store(*VARIOUS)
    assert site.get(LOGS, [("before", before)]).status_code == 200


def test_columns(site: Site) -> None:
    site.store(*VARIOUS)
    text = site.read(LOGS, [("column", "user"), ("column", "time"), ("column", "nothing")])
    assert re.findall(r"<th [^>]*>([^<]*)", text) == ["Time", "User"]
    assert "Duration</th>" in site.read(LOGS, [("column", "nothing")])


def test_a_token_of_one_gateway_sees_this_one(site: Site) -> None:
    site.store(*VARIOUS)
    site.sign_in(site.token("metadata_read", gateways=("acc/other",)))
    assert ids(site.json(LOGS)) == [call_id(2)]
    assert site.get(LOGS, [("gateway", "main")]).status_code == 404
    assert site.get(f"{LOGS}/{call_id(0)}").status_code == 404
    rows = site.get(f"{LOGS}.ndjson").text.splitlines()
    assert [json.loads(row)["id"] for row in rows] == [call_id(2)]


# -- files


def test_a_table_for_spreadsheets(site: Site) -> None:
    site.store(*VARIOUS, call(6, user="=cmd|' /C calc'!A0", metadata={"a": "@SUM(1)"}))
    found = site.get(f"{LOGS}.csv", [("gateway", "main")])
    assert found.headers["content-disposition"] == 'attachment; filename="penstock-logs.csv"'
    rows = list(csv.DictReader(io.StringIO(found.text)))
    assert [row["id"] for row in rows] == [call_id(number) for number in (6, 4, 3, 1, 0)]
    assert rows[0]["user"] == "'=cmd|' /C calc'!A0"
    assert rows[4]["cost"] == "0.002"
    assert json.loads(rows[2]["metadata"]) == {"team": "north", "n": 7}


def test_records_one_a_line(site: Site) -> None:
    site.store(*(call(number) for number in range(2100)))
    lines = site.get(f"{LOGS}.ndjson").text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [call_id(number) for number in reversed(range(2100))]


# -- what others have written

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; alert(1); '",
    "\u202egnp.exe\u202c",
    "{{ 7 * 7 }}{% include 'log.html' %}",
    "\x00\x07\x1b[31m",
    "a" * 2000,
    "javascript:alert(1)",
    "&lt;b&gt;",
    "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_others_is_text(site: Site, text: str) -> None:
    metadata = {"k": text, text[:60]: "v"}
    site.store(
        call(
            1, user=text, path=text, provider="openai", metadata=metadata, user_agent=text, error_detail=text
        )
    )
    columns = [("column", name) for name in ("time", "user", "path", "metadata")]
    for path in (LOGS, f"{LOGS}/{call_id(1)}"):
        page = site.read(path, columns)
        elements = Elements(page)
        assert not [
            one for one in elements.of("script") if not (one.get("src") or "").startswith("/static/live.js")
        ]
        assert not [one for one in elements.of("img") if not (one.get("src") or "").startswith("/static/")]
        assert "\u202e" not in page
        assert "\x1b" not in page
        assert ("{{ 7 * 7 }}" in page) == ("{{" in text)  # as it was written, and not what it comes to
    assert site.get(LOGS, [("search", text)]).status_code == 200
    assert site.get(LOGS, [("user", text), (text[:60] or "x", "y")]).status_code == 200
