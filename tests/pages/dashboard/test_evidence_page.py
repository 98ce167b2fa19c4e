"""What results rest on, by processor and by domain: sums of what the visitor may see, in a span of time."""

from __future__ import annotations

from pathlib import Path

import pytest
from dashboard_kit import AT, Site
from dashboard_runs import FINDALL, MINUTE, NOW, OTHER_GATEWAY, OWNER, candidate, completed, fill, found

from support.kept_runs import basis, make, numbered, result_of
from support.known_runs import task

EVIDENCE = f"{AT}/evidence"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    fill(site)
    site.sign_in()
    return site


def test_processors_are_compared(site: Site) -> None:
    second = numbered(11, NOW - 10 * MINUTE, task("ultra"), OWNER)
    make(site.data, second)
    bases = [basis("x", "medium", "https://a.example/3"), basis("y", "medium", "https://a.example/4")]
    completed(site, second, result_of(second, type="json", content={"x": 1, "y": 2}, basis=bases))
    completed(site, FINDALL, found(candidate(1), candidate(2)))
    told = site.json(EVIDENCE)
    assert (told["runs"], told["since"]) == (3, "30d")
    ultra, findall = told["processors"]
    assert (ultra["name"], ultra["runs"], ultra["fields"], ultra["average_cost"]) == ("ultra", 2, 4, 0.3)
    assert ultra["shares"] == {"high": 0.25, "medium": 0.5, "low": 0.25, "none": 0.0}
    assert (ultra["citations"], ultra["citations_per_field"], ultra["domains"]) == (4, 1.0, 2)
    assert ultra["runs_at"] == "runs?since=30d&processor=ultra"
    assert (findall["name"], findall["fields"], findall["average_cost"]) == ("findall-core", 2, None)
    assert findall["runs_at"] == "runs?since=30d&kind=findall&processor=core"
    for row in told["processors"]:
        query = row["runs_at"].partition("?")[2].split("&")
        rows = site.json(f"{AT}/runs", [tuple(one.split("=")) for one in query])["rows"]
        assert len(rows) >= row["runs"]


def test_domains_are_counted_the_most_cited_first(site: Site) -> None:
    completed(site, FINDALL, found(candidate(1), candidate(2)))
    told = site.json(EVIDENCE)
    assert [(one["name"], one["runs"], one["citations"]) for one in told["domains"]] == [
        ("news.example", 1, 2), ("a.example", 1, 1), ("b.example", 1, 1),
    ]  # fmt: skip
    assert (told["domains_in_all"], told["citations"]) == (3, 4)
    assert told["domains"][0]["runs_at"] == "runs?since=30d&domain=news.example"


@pytest.mark.parametrize(
    ("query", "runs"),
    [
        ([("since", "2h")], 1),
        ([("since", "1h")], 0),
        ([("processor", "ultra")], 1),
        ([("processor", "core")], 0),
        ([("gateway", "other")], 0),
        ([("kind", "findall")], 0),
    ],
)
def test_only_what_is_asked_for(site: Site, query: list[tuple[str, str]], runs: int) -> None:
    assert site.json(EVIDENCE, query)["runs"] == runs


def test_what_cannot_be_asked_is_told(site: Site) -> None:
    assert site.json(EVIDENCE, [("since", "soon")])["wrong"].startswith("since")
    assert 'role="alert"' in site.read(EVIDENCE, [("kind", "search")])


def test_only_gateways_that_the_visitor_may_see(site: Site) -> None:
    completed(site, OTHER_GATEWAY, result_of(OTHER_GATEWAY, content="x", basis=[basis("output", "high")]))
    site.sign_in(site.token("metadata_read", gateways=("acc/other",)))
    assert [row["name"] for row in site.json(EVIDENCE)["processors"]] == ["core"]
    site.sign_in(site.token("run"))
    assert site.get(EVIDENCE).status_code == 403


def test_without_results_the_page_says_so(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.sign_in()
    assert "No results are kept" in site.read(EVIDENCE)
