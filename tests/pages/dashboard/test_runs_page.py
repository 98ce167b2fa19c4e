"""The list of runs: what stands there, filtered and counted by states, page by page; who sees which."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from dashboard_kit import AT, Elements, Site
from dashboard_runs import (
    CHILD,
    FAILED,
    FINDALL,
    GROUP,
    MINUTE,
    MONITOR,
    NOW,
    OTHER_GATEWAY,
    OWNER,
    ULTRA,
    fill,
)

from support.kept_runs import make, numbered, see
from support.known_runs import task

RUNS = f"{AT}/runs"
EVIL = "<script>alert(1)</script>\u202e"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    fill(site)
    site.sign_in()
    return site


def ids(site: Site, *query: tuple[str, str]) -> list[str]:
    return [row["id"] for row in site.json(RUNS, query)["rows"]]


def test_a_row_says_how_a_run_stands_and_what_it_costs(site: Site) -> None:
    rows = {row["id"]: row for row in site.json(RUNS)["rows"]}
    assert next(iter(rows)) == OTHER_GATEWAY.id
    ultra = rows[ULTRA.id]
    assert (ultra["state"], ultra["tone"], ultra["processor"], ultra["owner"]) == (
        "completed", "good", "ultra", "ann",
    )  # fmt: skip
    assert (ultra["estimate"], ultra["cost"], ultra["money"], ultra["age"]) == (0.3, 0.3, "settled", 5400.0)
    findall = rows[FINDALL.id]
    assert (findall["estimate"], findall["cost"], findall["owner"]) == (9.5, None, "key f1f1f1f1")
    assert (rows[FAILED.id]["cost"], rows[FAILED.id]["money"]) == (0.0, "void")
    assert (rows[GROUP.id]["estimate"], rows[GROUP.id]["cost"]) == (None, None)
    text = site.read(RUNS)
    assert f'href="{RUNS}/{ULTRA.id}"' in text
    assert "$0.30" in text or "$0.3" in text


def test_late_runs_are_marked(site: Site) -> None:
    """A core task takes some minutes as a rule; a monitor has no end to be late for."""
    rows = {row["id"]: row["late"] for row in site.json(RUNS)["rows"]}
    assert rows == {
        OTHER_GATEWAY.id: False, MONITOR.id: False, CHILD.id: True, GROUP.id: False, FINDALL.id: False,
        FAILED.id: False, ULTRA.id: False,
    }  # fmt: skip
    assert site.read(RUNS).count(">late<") == 1


def test_what_the_form_sends_becomes_an_address_to_keep(site: Site) -> None:
    found = site.get(RUNS, parse_qsl("kind=task&word=processor&value=ultra"))
    assert (found.status_code, found.headers["location"]) == (303, "?kind=task&processor=ultra")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("kind=findall", [FINDALL]),
        ("kind=findall&kind=group", [GROUP, FINDALL]),
        ("state=failed", [FAILED]),
        ("active=no", [FAILED, ULTRA]),
        ("processor=ultra", [ULTRA]),
        ("owner=bob", [OTHER_GATEWAY]),
        ("gateway=other", [OTHER_GATEWAY]),
        (f"parent={GROUP.id}", [CHILD]),
        ("confidence=low", [ULTRA]),
        ("domain=www.B.example", [ULTRA]),
        ("domain=nowhere.example", []),
        ("since=45m&until=25m", [CHILD, GROUP, FINDALL]),
        ("colour=red&state=failed", [FAILED]),
    ],
)
def test_filters_stand_in_the_address(site: Site, query: str, expected: list[object]) -> None:
    found = ids(site, *parse_qsl(query))
    assert found == [one.id for one in expected]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "query", ["kind=search", "active=maybe", "confidence=sure", "domain=%20a%20b", "since=soon"]
)
def test_a_value_that_cannot_be_is_told_and_finds_nothing(site: Site, query: str) -> None:
    found = site.json(RUNS, parse_qsl(query))
    assert found["rows"] == []
    assert found["wrong"].startswith(query.partition("=")[0])
    assert 'role="alert"' in site.read(RUNS, parse_qsl(query))


def test_chips_take_their_filter_away_and_nothing_else(site: Site) -> None:
    found = site.json(RUNS, [("kind", "task"), ("state", "failed"), ("before", "1.1")])
    assert [(one["word"], one["text"], one["without"]) for one in found["chips"]] == [
        ("kind", "task", "?state=failed"), ("state", "failed", "?kind=task"),
    ]  # fmt: skip


def test_states_are_counted_with_all_filters_but_their_own(site: Site) -> None:
    def counts(*query: tuple[str, str]) -> list[tuple[str, int, bool, str]]:
        found = site.json(RUNS, query)["states"]
        return [(one["state"], one["count"], one["chosen"], one["address"]) for one in found]

    assert counts(("kind", "task"), ("state", "failed")) == [
        ("queued", 2, False, "?kind=task&state=queued"),
        ("completed", 1, False, "?kind=task&state=completed"),
        ("failed", 1, True, "?kind=task"),
    ]
    assert counts(("active", "yes")) == [
        ("queued", 4, False, "?active=yes&state=queued"), ("active", 1, False, "?active=yes&state=active"),
    ]  # fmt: skip


def test_pages_go_on_where_the_last_one_ended_though_many_were_made_at_once(site: Site) -> None:
    """As a group's runs are: more of one moment than a page holds."""
    at = NOW - 5 * MINUTE
    many = [numbered(1000 + number, at, task("lite"), OWNER) for number in range(120)]
    make(site.data, *many)
    seen, query = list[str](), [("processor", "lite"), ("kind", "task")]
    for _ in range(5):
        found = site.json(RUNS, query)
        seen += [row["id"] for row in found["rows"]]
        assert (found["newest"] != "") == (len(query) > 2)
        if not found["older"]:
            break
        query = parse_qsl(found["older"][1:])
    assert len(seen) == len(set(seen)) == 120


def test_where_a_page_looks_no_further_it_leads_further_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.pages.dashboard.runs.EFFORT", 2)
    found, query = site.json(RUNS, [("processor", "ultra")]), list[tuple[str, str]]()
    assert (found["is_cut"], found["counted"]) == (True, 0)
    assert "look at older ones" in site.read(RUNS, [("processor", "ultra")])
    for _ in range(5):
        if found["rows"] or not found["older"]:
            break
        query = parse_qsl(found["older"][1:])
        found = site.json(RUNS, query)
    assert [row["id"] for row in found["rows"]] == [ULTRA.id]
    assert found["older"] == ""
    assert ids(site, ("active", "yes"))[-1] == FINDALL.id


def test_of_a_token_for_one_gateway_the_others_are_hidden(site: Site) -> None:
    site.sign_in(site.token("metadata_read", gateways=("acc/other",)))
    assert ids(site) == [OTHER_GATEWAY.id]
    assert [one["count"] for one in site.json(RUNS)["states"]] == [1]
    assert site.get(f"{RUNS}.json", [("gateway", "main")]).status_code == 404
    assert site.get("/accounts/acc2/runs").status_code == 403
    site.sign_in(site.token("run"))
    assert site.get(RUNS).status_code == 403


def test_what_strangers_have_written_does_nothing(site: Site) -> None:
    odd = numbered(77, NOW - MINUTE, task(EVIL), OWNER, metadata={EVIL: EVIL}, parent=EVIL)
    make(site.data, odd)
    see(site.data, odd, f"<b>{EVIL}", after=1, is_active=False, error=EVIL * 100)
    for path in (RUNS, f"{RUNS}/{odd.id}"):
        text = site.read(path)
        assert "alert(1)" in text
        assert not [one for one in Elements(text).of("script") if "src" not in one]
        assert "\u202e" not in text
        assert "<b>" not in text


def test_an_endless_address_makes_no_endless_page(site: Site) -> None:
    answer = site.get(RUNS, [("state", f"<{number}>") for number in range(900)])
    assert answer.status_code == 200
    assert len(answer.content) < 150_000
    assert "at most 20 values" in answer.text


def test_as_long_as_no_run_was_made_the_page_says_so(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.sign_in()
    assert "No runs yet" in site.read(RUNS)
    assert "No run fits" in site.read(RUNS, [("state", "failed")])
    assert not (site.data / "runs.db").exists()


def test_a_run_ledger_that_cannot_be_read_is_told(site: Site) -> None:
    for part in ("-wal", "-shm"):
        (site.data / f"runs.db{part}").unlink(missing_ok=True)
    (site.data / "runs.db").write_bytes(b"no database" * 1000)
    for path in (RUNS, f"{RUNS}/{ULTRA.id}", f"{AT}/evidence", f"{AT}/hooks"):
        assert site.get(path).status_code == 503
