"""One run: how it went, what it costs, what came of it and what that rests on; and who may see that."""

from __future__ import annotations

from pathlib import Path

import pytest
from dashboard_kit import AT, Elements, Site, call, call_id
from dashboard_runs import (
    CHILD,
    FAILED,
    FINDALL,
    GROUP,
    MINUTE,
    MONITOR,
    NOW,
    OTHER_ACCOUNT,
    OTHER_GATEWAY,
    OWNER,
    RESULT,
    ULTRA,
    arrive,
    candidate,
    completed,
    fill,
    found,
)

from support.kept_runs import basis, make, numbered, result_of, see
from support.known_runs import SECOND, task

EVIL = "<script>alert(1)</script>\u202e"
MOST_PAGE = 150_000


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    fill(site)
    site.sign_in()
    return site


def at(run_id: str) -> str:
    return f"{AT}/runs/{run_id}"


def test_how_it_went_and_what_it_costs(site: Site) -> None:
    told = site.json(at(ULTRA.id))
    assert (told["row"]["state"], told["detail"]["cost"], told["money_said"]) == ("completed", 0.3, "settled")
    assert [(one["state"], one["seconds"], one["seen_by"]) for one in told["steps"]] == [
        ("queued", 660.0, "the call that made it"), ("completed", None, "the gateway's own look"),
    ]  # fmt: skip
    assert told["whole"] == 660.0
    assert told["detail"]["charges"][0]["final"] == 0.3
    text = site.read(at(ULTRA.id))
    assert f'href="{AT}/logs/{ULTRA.call_id}"' in text
    assert "case=7" in text
    assert "no such &lt;schema&gt;" in site.read(at(FAILED.id))


def test_its_output_and_what_each_field_rests_on(site: Site) -> None:
    result = site.json(at(ULTRA.id))["result"]
    assert '"capital": "Lisbon"' in result["output"]
    assert (result["counted"], result["confidences"], result["uncited"]) == (2, {"high": 1, "low": 1}, 1)
    first, second = result["fields"]
    assert (first["name"], first["value"], first["confidence"]) == ("capital", "Lisbon", "high")
    assert first["reasoning"] == "It is said so."
    assert [one["url"] for one in first["citations"]] == ["https://a.example/1", "https://www.b.example/2"]
    assert (second["name"], second["value"], second["citations"]) == ("rivers.0", "Tagus", [])
    links = {one.get("href"): one for one in Elements(site.read(at(ULTRA.id))).of("a")}
    assert "noreferrer" in (links["https://a.example/1"]["rel"] or "")
    answer = site.get(f"{at(ULTRA.id)}/result")
    assert (answer.status_code, answer.content) == (200, RESULT)
    assert answer.headers["content-disposition"] == "attachment"


def test_an_address_that_is_none_of_the_web_is_no_link(site: Site) -> None:
    odd = numbered(20, NOW - MINUTE, task("core"), OWNER)
    make(site.data, odd)
    urls = ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//evil.example", "http://a b")
    completed(site, odd, result_of(odd, content="x", basis=[basis("output", "high", *urls, excerpt=EVIL)]))
    text = site.read(at(odd.id))
    hrefs = [one.get("href") or "" for one in Elements(text).of("a")]
    assert all(href.startswith(("/", "#", "?")) for href in hrefs), hrefs
    assert "javascript:alert(1)" in text
    assert not [one for one in Elements(text).of("script") if "src" not in one]
    assert "\u202e" not in text


def test_a_page_stays_small_whatever_a_result_holds(site: Site) -> None:
    odd = numbered(21, NOW - MINUTE, task("core"), OWNER)
    make(site.data, odd)
    quotes = '"<\u202e\u6f22' * 100
    bases = [
        basis(f"f{n}", "high", *(f"https://a.example/{quotes}",) * 9, excerpt=quotes) for n in range(300)
    ]
    content = {f"f{n}": quotes for n in range(300)}
    completed(site, odd, result_of(odd, type="json", content=content, basis=bases))
    answer = site.get(at(odd.id))
    assert len(answer.content) < MOST_PAGE
    assert "more fields are in the result" in answer.text
    assert "All of it, as it came" in answer.text


def test_what_is_no_json_is_shown_as_it_is(site: Site) -> None:
    odd = numbered(22, NOW - MINUTE, task("core"), OWNER)
    make(site.data, odd)
    completed(site, odd, b"<script>\xff{{ 7 * 7 }}")
    text = site.read(at(odd.id))
    assert "&lt;script&gt;" in text
    assert "{{ 7 * 7 }}" in text


def test_who_may_not_read_bodies_sees_that_there_is_a_result(site: Site) -> None:
    site.sign_in(site.token("metadata_read"))
    told = site.json(at(ULTRA.id))
    assert (told["may_read"], told["has_result"], told["result"]) == (False, True, None)
    assert (told["detail"]["cost"], "Lisbon" in site.read(at(ULTRA.id))) == (0.3, False)
    assert site.get(f"{at(ULTRA.id)}/result").status_code == 403
    site.sign_in(site.token("metadata_read", "read", gateways=("acc/other",)))
    assert site.get(at(OTHER_GATEWAY.id)).status_code == 200
    for path in (at(ULTRA.id), f"{at(ULTRA.id)}/result"):
        assert site.get(path).status_code == 404


@pytest.mark.parametrize("path", ["", "/result", ".json"])
@pytest.mark.parametrize("run_id", [OTHER_ACCOUNT.id, ULTRA.id[:-1], "x", "' OR 1=1 --", "%00", "%FF"])
def test_others_runs_and_ids_of_no_run_are_not_here(site: Site, run_id: str, path: str) -> None:
    assert site.get(f"{at(run_id)}{path}").status_code == 404


def test_a_group_has_its_runs_and_how_they_stand(site: Site) -> None:
    told = site.json(at(GROUP.id))
    assert [(one["state"], one["count"]) for one in told["states"]] == [("queued", 1)]
    assert [row["id"] for row in told["children"]] == [CHILD.id]
    see(site.data, GROUP, "active", after=60, counts={"completed": 3, "running": 1})
    told = site.json(at(GROUP.id))
    assert [(one["state"], one["count"]) for one in told["states"]] == [("completed", 3), ("running", 1)]
    assert told["children_counted"] == 4
    assert f"{AT}/runs?parent={GROUP.id}&amp;state=completed" in site.read(at(GROUP.id))


def test_candidates_are_a_table_with_what_is_known_of_them(site: Site) -> None:
    completed(
        site, FINDALL, found(candidate(1), candidate(2, "unmatched"), candidate(3, url="javascript:alert(1)"))
    )
    told = site.json(at(FINDALL.id))["result"]["candidates"]
    assert [(one["match"], one["count"]) for one in told["counts"]] == [("matched", 2), ("unmatched", 1)]
    assert told["columns"] == ["is_old", "ceo"]
    assert [row["record"]["name"] for row in told["rows"]] == ["Company 1", "Company 2", "Company 3"]
    second = told["rows"][1]["record"]["output"]
    assert second == {
        "is_old": {"value": "yes", "is_matched": False}, "ceo": {"value": "Person 2", "is_matched": None},
    }  # fmt: skip
    only = site.json(at(FINDALL.id), [("match", "unmatched")])["result"]["candidates"]
    assert ([row["record"]["id"] for row in only["rows"]], only["number"]) == (["candidate_2"], 1)
    hrefs = {one.get("href") or "" for one in Elements(site.read(at(FINDALL.id))).of("a")}
    assert "https://c1.example" in hrefs
    assert not [href for href in hrefs if "javascript" in href]


def test_the_evidence_of_one_candidate_at_a_time(site: Site) -> None:
    completed(site, FINDALL, found(candidate(1), candidate(2)))
    assert site.json(at(FINDALL.id))["result"]["fields"] == []
    shown = site.json(at(FINDALL.id), [("candidate", "candidate_2")])["result"]
    assert shown["about"] == "candidate_2"
    assert [(one["name"], one["citations"][0]["url"]) for one in shown["fields"]] == [
        ("ceo", "https://news.example/2")
    ]
    assert site.json(at(FINDALL.id), [("candidate", "nobody")])["result"]["fields"] == []


def test_many_candidates_come_page_by_page(site: Site) -> None:
    completed(site, FINDALL, found(*(candidate(number) for number in range(60))))
    names, query = list[str](), list[tuple[str, str]]()
    for first in ("25", "50", ""):
        told = site.json(at(FINDALL.id), query)["result"]["candidates"]
        names += [row["record"]["name"] for row in told["rows"]]
        assert told["behind"] == (f"?from={first}" if first else "")
        query = [("from", first)]
    assert names == [f"Company {number}" for number in range(60)]
    for odd in ("-1", "x", "9" * 50, "1e9"):
        assert len(site.json(at(FINDALL.id), [("from", odd)])["result"]["candidates"]["rows"]) == 25


def test_events_of_a_monitor_are_those_that_came_by_webhook(site: Site) -> None:
    assert "No event has come by webhook" in site.read(at(MONITOR.id))
    number = arrive(site.data, 1, MONITOR)
    arrive(site.data, 2, ULTRA)
    told = site.json(at(MONITOR.id))
    assert [(one["number"], one["event"]["type"]) for one in told["events"]] == [
        (number, "monitor.event.detected")
    ]
    text = site.read(at(MONITOR.id))
    assert f'href="{AT}/hooks/{number}"' in text
    assert "secret" not in text


def test_a_call_leads_to_the_runs_that_it_has_made_or_is_about(site: Site) -> None:
    begun_us = NOW - 5 * MINUTE
    maker, reader, other = call_id(1, begun_us), call_id(2), call_id(3)
    site.store(
        call(1, provider="parallel", path="v1/tasks/groups/tgrp_x/runs", created_us=begun_us),
        call(2, provider="parallel", path=f"v1/tasks/runs/{ULTRA.id}/result", method="GET"),
        call(3, provider="parallel", path=f"v1/tasks/runs/{OTHER_ACCOUNT.id}", method="GET"),
    )
    ours = [numbered(30 + n, begun_us + SECOND, task("lite"), OWNER, call_id=maker) for n in range(3)]
    make(site.data, *ours, numbered(40, begun_us + SECOND, task("lite"), OWNER))
    assert sorted(site.json(f"{AT}/logs/{maker}")["runs"]) == sorted(one.id for one in ours)
    assert site.json(f"{AT}/logs/{reader}")["runs"] == [ULTRA.id]
    assert site.json(f"{AT}/logs/{other}")["runs"] == []
    assert f'href="{at(ULTRA.id)}"' in site.read(f"{AT}/logs/{reader}")
