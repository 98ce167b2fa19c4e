"""Webhook events on pages: listed, shown and sent again, by who may; and no address of a caller's is shown whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from dashboard_kit import AT, Elements, Site
from dashboard_runs import CHILD, MONITOR, NOW, OTHER_ACCOUNT, OTHER_GATEWAY, ULTRA, arrive, fill

from penstock.runs.hooks import HookEvent
from penstock.stores.hooks import ANY_EVENT
from support.kept_runs import written

HOOKS = f"{AT}/hooks"
AGAIN = f"{HOOKS}/again"
EVIL = "<script>alert(1)</script>\u202e"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Events: 1 was sent, 2 was given up, 3 waits, 4 is of another gateway, 5 of another account."""
    site = Site(tmp_path)
    fill(site)
    for number, run in enumerate((ULTRA, CHILD, MONITOR, OTHER_GATEWAY, OTHER_ACCOUNT), 1):
        assert arrive(site.data, number, run) == number
    with written(site.data) as ledger:
        ledger.hook_sent(1, NOW)
        ledger.hook_failed(2, NOW, "hooks.example answers with status 500", 1e9)
        ledger.hook_failed(4, NOW, "hooks.example answers with status 500", 1e9)
        ledger.hook_failed(5, NOW, "hooks.example answers with status 500", 1e9)
    site.sign_in()
    return site


def states(site: Site) -> dict[int, str]:
    with written(site.data) as ledger:
        found: list[HookEvent] = ledger.hook_events(ANY_EVENT, 100)
    return {event.number: event.state.value for event in sorted(found, key=lambda event: event.number)}


def listed(site: Site, *query: tuple[str, str]) -> list[int]:
    return [row["number"] for row in site.json(HOOKS, query)["rows"]]


def test_events_are_listed_those_that_came_last_first(site: Site) -> None:
    assert listed(site) == [4, 3, 2, 1]
    assert listed(site, ("state", "given-up")) == [4, 2]
    assert listed(site, ("state", "waiting")) == [3]
    assert listed(site, ("state", "nonsense")) == [4, 3, 2, 1]
    row = site.json(HOOKS, [("state", "sent")])["rows"][0]
    assert (row["event"]["run_id"], row["event"]["host"], row["next_us"]) == (
        ULTRA.id, "hooks.example:8443", None,
    )  # fmt: skip
    for text in (site.read(HOOKS), site.read(f"{HOOKS}/1"), site.get(f"{HOOKS}.json").text):
        assert "secret" not in text
        assert "user:pass" not in text


def test_pages_go_on_where_the_last_one_ended(site: Site) -> None:
    for number in range(6, 70):
        arrive(site.data, number, ULTRA)
    first = site.json(HOOKS)
    assert (len(first["rows"]), first["newest"]) == (50, "")
    assert first["older"] == f"?before={first['rows'][-1]['number']}"
    second = site.json(HOOKS, [("before", str(first["rows"][-1]["number"]))])
    numbers = [row["number"] for row in [*first["rows"], *second["rows"]]]
    assert numbers == sorted({*range(1, 70)} - {5}, reverse=True)
    assert (second["older"], second["newest"]) == ("", "?")


def test_one_event_with_what_it_says(site: Site) -> None:
    told = site.json(f"{HOOKS}/3")
    assert MONITOR.id in told["body"]
    assert f'href="{AT}/runs/{MONITOR.id}"' in site.read(f"{HOOKS}/3")
    site.sign_in(site.token("metadata_read"))
    told = site.json(f"{HOOKS}/3")
    assert (told["may_read"], told["body"]) == (False, "")


@pytest.mark.parametrize("number", ["5", "99", "0", "x", "1.5", "9" * 40, "-1"])
def test_others_events_and_what_is_none_are_not_here(site: Site, number: str) -> None:
    assert site.get(f"{HOOKS}/{number}").status_code == 404
    assert site.send(HOOKS, AGAIN, {"number": number}).status_code == 404
    assert states(site)[5] == "given-up"


def test_an_event_is_sent_again(site: Site) -> None:
    done = site.send(f"{HOOKS}/1", AGAIN, {"number": "1"})
    assert (done.status_code, done.headers["location"]) == (303, f"{HOOKS}/1")
    assert states(site)[1] == "waiting"
    assert "One event will be sent again." in site.read(f"{HOOKS}/1")


def test_all_that_were_given_up_are_sent_again_where_the_visitor_may(site: Site) -> None:
    site.send(HOOKS, AGAIN, {})
    assert states(site) == {1: "sent", 2: "waiting", 3: "waiting", 4: "waiting", 5: "given-up"}
    assert "2 events will be sent again." in site.read(HOOKS)
    site.send(HOOKS, AGAIN, {})
    assert "There is nothing to be sent again." in site.read(HOOKS)


def test_of_one_gateway_only(site: Site) -> None:
    site.sign_in(site.token("metadata_read", "edit", gateways=("acc/other",)))
    assert listed(site) == [4]
    assert site.get(f"{HOOKS}/2").status_code == 404
    assert site.send(HOOKS, AGAIN, {"number": "2"}).status_code == 404
    site.send(HOOKS, AGAIN, {})
    assert states(site) == {1: "sent", 2: "given-up", 3: "waiting", 4: "waiting", 5: "given-up"}


def test_who_may_only_look_sends_nothing(site: Site) -> None:
    form = Elements(site.read(HOOKS)).of("input")[0]["value"] or ""
    site.sign_in(site.token("metadata_read", "read"))
    text = site.read(HOOKS)
    assert 'action="/accounts/acc/hooks/again"' not in text
    assert site.browser.post(AGAIN, data={"form": form, "number": "1"}).status_code == 403
    assert states(site)[1] == "sent"


def test_a_form_of_no_page_of_ours_sends_nothing(site: Site) -> None:
    for form in ({}, {"form": ""}, {"form": "x" * 43}):
        assert site.browser.post(AGAIN, data={**form, "number": "1"}).status_code == 403
    assert site.get(AGAIN).status_code == 404
    assert states(site)[1] == "sent"


def test_what_strangers_have_written_does_nothing(site: Site) -> None:
    number = arrive(site.data, 6, ULTRA, EVIL, text=EVIL)
    for path in (HOOKS, f"{HOOKS}/{number}"):
        text = site.read(path)
        assert "alert(1)" in text
        assert not [one for one in Elements(text).of("script") if "src" not in one]
        assert "\u202e" not in text


def test_without_runs_there_are_no_events(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.sign_in()
    assert "No events yet" in site.read(HOOKS)
    assert site.get(f"{HOOKS}/1").status_code == 404
    assert not (site.data / "runs.db").exists()
