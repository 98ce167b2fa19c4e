"""Webhooks in a run ledger: events are taken up once, tell of runs, and wait until they are sent or given up."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from contract.engines import RunsEngine
from penstock.runs.hook_reading import told_by
from penstock.runs.hooks import Hook, HookEvent, HookState
from penstock.runs.run import Money, Outcome, Owner, RunKind, SeenBy
from penstock.stores.hooks import ANY_EVENT, KEPT_US, Arrived, HookDue, HookQuery, Places, Taken
from penstock.stores.runs import OpenRunLedger
from support.parallel_documents import FINDALL, RUN, ended, findall_run, task_run
from support.run_ledgers import CORE, NOW, OWNER, SECOND, create, made, make, run, seen
from support.webhooks import event

URL = "https://hooks.example/mine"
LEASE = 60 * SECOND


def hook(
    name: str = "h1", url: str = URL, *, call_id: str = "call-1", gateway: str = "gw", run: str = ""
) -> Hook:
    return Hook(name, "acct", gateway, url, call_id, NOW, run)


def arrived(
    event_id: str = "whevent_1",
    body: bytes | None = None,
    *,
    hook: str = "h1",
    gateway: str = "gw",
    at: int = 10,
) -> Arrived:
    body = event("task_run.status", ended(run_id="trun_1")) if body is None else body
    return Arrived(
        "acct", gateway, hook, event_id, NOW + at * SECOND, "application/json", body, told_by(body)
    )


def places(limit: int = 16, of_host: int = 4, of_gateway: int = 8, **hosts: int) -> Places:
    return Places(limit, of_host, of_gateway, Counter(hosts), Counter())


def due(runs: OpenRunLedger, at: int = 10, where: Places | None = None) -> list[HookDue]:
    return runs.hooks_due(NOW + at * SECOND, "a", LEASE, where or places())


def one(runs: OpenRunLedger) -> HookEvent:
    (found,) = runs.hook_events(ANY_EVENT, 10)
    return found


# -- taken up


def test_an_event_settles_its_run_and_waits_to_be_sent_on(runs: OpenRunLedger) -> None:
    make(runs, run())
    runs.hooked([hook()])
    told = arrived()
    assert runs.received(told) == Taken()
    found = runs.get("trun_1")
    assert found is not None
    assert (found.state, found.money, found.cost, found.seen_by) == (
        "completed", Money.SETTLED, CORE, SeenBy.WEBHOOK,
    )  # fmt: skip
    waiting = one(runs)
    assert (waiting.id, waiting.url, waiting.run_id, waiting.type) == (
        "whevent_1",
        URL,
        "trun_1",
        "task_run.status",
    )
    assert runs.hook_body(waiting.number) == told.body
    assert [(got.event, got.body) for got in due(runs)] == [(waiting, told.body)]


def test_the_second_of_an_event_changes_nothing(runs: OpenRunLedger) -> None:
    make(runs, run())
    runs.hooked([hook()])
    runs.received(arrived())
    before = runs.get("trun_1"), runs.hook_events(ANY_EVENT, 10)
    failed = event("task_run.status", ended("failed", run_id="trun_1"))
    assert runs.received(arrived(body=failed, at=2 * 86_400)) == Taken(is_new=False)
    assert (runs.get("trun_1"), runs.hook_events(ANY_EVENT, 10)) == before


def test_an_id_is_known_again_within_its_gateway(runs: OpenRunLedger) -> None:
    runs.hooked([hook(), hook("h2", gateway="other")])
    assert runs.received(arrived()).is_new
    assert runs.received(arrived(hook="h2", gateway="other")).is_new


def test_of_a_gateway_that_only_looks_nothing_is_sent_on(runs: OpenRunLedger) -> None:
    make(runs, run())
    runs.hooked([hook(url="")])
    assert runs.received(arrived()) == Taken()
    assert runs.received(arrived("whevent_2", hook="")) == Taken()
    assert runs.hook_events(ANY_EVENT, 10) == []
    found = runs.get("trun_1")
    assert found is not None
    assert found.money is Money.SETTLED


@pytest.mark.parametrize(("name", "gateway"), [("nobodys", "gw"), ("h1", "other")])
def test_an_event_at_an_address_of_nobodys_or_of_another_gateway_is_lost(
    runs: OpenRunLedger, name: str, gateway: str
) -> None:
    runs.hooked([hook()])
    assert runs.received(arrived(hook=name, gateway=gateway)).is_lost
    assert runs.hook_events(ANY_EVENT, 10) == []


def test_another_gateways_secret_tells_nothing_of_a_run(runs: OpenRunLedger) -> None:
    group = run("tgrp_1", RunKind.GROUP, "", call_id="call-2")
    make(runs, run())
    make(runs, group, call_id="call-2")
    before = runs.get("trun_1")
    runs.received(
        arrived(gateway="other", hook="", body=event("task_run.status", ended("failed", run_id="trun_1")))
    )
    assert runs.get("trun_1") == before
    foisted = event("task_run.status", ended(run_id="trun_x", taskgroup_id="tgrp_1"))
    runs.received(arrived("whevent_2", foisted, gateway="other", hook=""))
    assert runs.get("trun_x") is None, "a group's owner pays for what is seen in it"


def test_an_event_before_the_answer_is_merged_with_it(runs: OpenRunLedger) -> None:
    assert runs.intend(create()) is None
    runs.hooked([hook()])
    assert runs.received(arrived()) == Taken()
    assert runs.get("trun_1") is None
    assert len(due(runs)) == 1, "whose it is is known already"
    runs.made(made(run(), at=20))
    found = runs.get("trun_1")
    assert found is not None
    assert (found.owner, found.state, found.money, found.cost) == (OWNER, "completed", Money.SETTLED, CORE)
    assert runs.tidy_hooks(NOW + 30 * SECOND) == 0
    assert runs.get("trun_1") == found


@pytest.mark.parametrize("is_late", [False, True])
def test_a_run_whose_creates_answer_was_lost_is_its_senders(runs: OpenRunLedger, is_late: bool) -> None:
    assert runs.intend(create()) is None
    runs.hooked([hook()])
    if not is_late:
        runs.made(made(outcome=Outcome.UNKNOWN, answer=b""))
    runs.received(arrived())
    if is_late:
        assert runs.get("trun_1") is None
        runs.made(made(outcome=Outcome.UNKNOWN, answer=b""))
        assert runs.tidy_hooks(NOW + 30 * SECOND) == 1
    found = runs.get("trun_1")
    assert found is not None
    assert (found.owner, found.call_id, found.money, found.cost) == (OWNER, "call-1", Money.SETTLED, CORE)
    repeated = runs.intend(create("call-2", attempt=1, at=20))
    assert repeated is not None
    assert (repeated.outcome, repeated.status) == (Outcome.MADE, 202)
    assert json.loads(repeated.answer)["run_id"] == "trun_1"
    assert runs.tidy_hooks(NOW + 40 * SECOND) == 0


def test_a_findall_run_whose_answer_was_lost_is_its_senders(runs: OpenRunLedger) -> None:
    sent = create(path="v1beta/findall/runs")
    assert runs.intend(sent) is None
    runs.hooked([hook(url="")])
    runs.made(made(outcome=Outcome.UNKNOWN, answer=b""))
    runs.received(arrived(body=event("findall.run.completed", findall_run(FINDALL))))
    found = runs.get(FINDALL)
    assert found is not None
    assert (found.owner, found.kind) == (OWNER, RunKind.FINDALL)


def test_a_known_run_is_not_taken_for_what_a_lost_create_has_made(runs: OpenRunLedger) -> None:
    make(runs, run(call_id="call-0"), call_id="call-0")
    assert runs.intend(create()) is None
    runs.hooked([hook()])
    runs.made(made(outcome=Outcome.UNKNOWN, answer=b""))
    runs.received(arrived())
    found = runs.get("trun_1")
    assert found is not None
    assert found.call_id == "call-0"


def test_a_run_of_a_group_is_its_groups_owners(runs: OpenRunLedger) -> None:
    make(runs, run("tgrp_1", RunKind.GROUP, ""))
    runs.received(
        arrived(body=event("task_run.status", ended(run_id="trun_9", taskgroup_id="tgrp_1")), hook="")
    )
    found = runs.get("trun_9")
    assert found is not None
    assert (found.owner, found.state) == (OWNER, "completed")


def test_a_monitors_executions_are_counted_once_however_they_are_told(runs: OpenRunLedger) -> None:
    make(runs, run("monitor_1", RunKind.MONITOR, "lite"))
    detected = event("monitor.event.detected", {"monitor_id": "monitor_1", "event": {"event_group_id": "g1"}})
    runs.received(arrived("whevent_1", detected, hook=""))
    runs.received(arrived("whevent_2", detected, hook=""))
    runs.saw([seen("monitor_1", "active", kind=RunKind.MONITOR, executions=["g1"])])
    found = runs.get("monitor_1")
    assert found is not None
    assert found.executions == 1


def test_an_older_sighting_after_an_event_changes_nothing(runs: OpenRunLedger) -> None:
    make(runs, run())
    runs.received(arrived(hook=""))
    before = runs.get("trun_1")
    runs.saw([seen("trun_1", "running", at=11, is_active=True, modified=1)])
    assert runs.get("trun_1") == before


# -- sent on


def test_an_event_that_is_being_sent_is_nobody_elses_until_its_lease_ends(runs: OpenRunLedger) -> None:
    runs.hooked([hook()])
    runs.received(arrived())
    assert len(due(runs)) == 1
    assert due(runs, at=11) == []
    assert len(due(runs, at=70)) == 1


def test_one_that_was_sent_is_not_sent_again(runs: OpenRunLedger) -> None:
    runs.hooked([hook()])
    runs.received(arrived())
    (sent,) = due(runs)
    runs.hook_sent(sent.event.number, NOW + 11 * SECOND)
    assert due(runs, at=86_400) == []
    found = one(runs)
    assert (found.state, found.tries, found.done_us) == (HookState.SENT, 1, NOW + 11 * SECOND)


def test_one_that_is_not_taken_is_tried_again_after_twice_as_long_each_time_and_given_up(
    runs: OpenRunLedger,
) -> None:
    runs.hooked([hook()])
    runs.received(arrived(at=0))
    at, waits = 0, []
    while found := due(runs, at=at):
        told = runs.hook_failed(found[0].event.number, NOW + at * SECOND, "status 500")
        assert told is not None
        if told.state is not HookState.WAITING:
            break
        pause = (told.next_us - NOW) // SECOND - at
        assert due(runs, at=at + pause - 1) == []
        waits.append(pause)
        at += pause
    assert waits == [5 * 2**doubled for doubled in range(15)]
    assert at <= 48 * 3600
    found_ = one(runs)
    assert (found_.state, found_.tries, found_.error) == (HookState.GIVEN_UP, 16, "status 500")
    assert due(runs, at=10**6) == []


def test_one_waits_for_as_long_as_its_receiver_asks(runs: OpenRunLedger) -> None:
    runs.hooked([hook()])
    runs.received(arrived(at=0))
    (sent,) = due(runs)
    told = runs.hook_failed(sent.event.number, NOW + 10 * SECOND, "status 429", 120.0)
    assert told is not None
    assert told.next_us == NOW + 130 * SECOND
    told = runs.hook_failed(sent.event.number, NOW + 20 * SECOND, "status 429", 1e300)
    assert told is not None
    assert told.state is HookState.GIVEN_UP


def test_a_host_and_a_gateway_have_no_more_than_their_share(runs: OpenRunLedger) -> None:
    runs.hooked([hook(), hook("h2", "https://other.example/x"), hook("h3", gateway="more")])
    for number in range(10):
        runs.received(arrived(f"whevent_{number}"))
    runs.received(arrived("whevent_x", hook="h2"))
    runs.received(arrived("whevent_y", hook="h3", gateway="more"))
    hosts = Counter(found.event.url for found in due(runs))
    assert hosts == {URL: 4, "https://other.example/x": 1}
    busy = Places(16, 4, 8, Counter({"hooks.example": 4}), Counter())
    assert due(runs, where=busy) == []
    full = Places(16, 4, 8, Counter(), Counter({"acct/gw": 8}))
    assert [found.event.gateway for found in due(runs, where=full)] == ["more"]
    assert len(due(runs, where=places(limit=2))) == 2


def test_where_too_many_wait_the_oldest_are_given_up(
    runs: OpenRunLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.stores.sqlite.runs.hooks.MOST_WAITING", 3)
    runs.hooked([hook(), hook("h2", gateway="other")])
    runs.received(arrived("whevent_other", hook="h2", gateway="other"))
    told = [runs.received(arrived(f"whevent_{number}")).given_up for number in range(9)]
    assert told == [0, 0, 0, 1, 1, 1, 1, 1, 1]
    states = [(event.id[-1], event.state) for event in runs.hook_events(HookQuery(gateways=("gw",)), 99)]
    assert states == [(name, HookState.WAITING) for name in "876"] + [
        (name, HookState.GIVEN_UP) for name in "543"
    ]
    assert len(runs.hook_events(HookQuery(gateways=("other",), states=(HookState.WAITING,)), 9)) == 1


def test_their_bodies_come_to_no_more_than_their_share(
    runs: OpenRunLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.stores.sqlite.runs.hooks.MOST_WAITING_BYTES", 2500)
    runs.hooked([hook()])
    for number in range(5):
        runs.received(arrived(f"whevent_{number}", b" " * 1000))
    waiting = runs.hook_events(HookQuery(states=(HookState.WAITING,)), 9)
    assert [event.id for event in waiting] == ["whevent_4", "whevent_3"]


def test_those_that_are_asked_for_are_sent_again_whatever_became_of_them(runs: OpenRunLedger) -> None:
    runs.hooked([hook()])
    for number in range(2):
        runs.received(arrived(f"whevent_{number}"))
    sent, given_up = due(runs)
    runs.hook_sent(sent.event.number, NOW + 11 * SECOND)
    runs.hook_failed(given_up.event.number, NOW + 11 * SECOND, "gone", 1e9)
    later = NOW + 3 * 86_400 * SECOND
    assert runs.replay([sent.event.number, given_up.event.number, 999], later) == 2
    found = runs.hooks_due(later, "b", LEASE, places())
    assert [one.event.id for one in found] == ["whevent_0", "whevent_1"]
    assert found[0].event.until_us > later
    assert {one.body for one in found} == {arrived().body}


def test_old_events_are_forgotten_but_for_those_that_wait(runs: OpenRunLedger) -> None:
    runs.hooked([hook()])
    for number in range(2):
        runs.received(arrived(f"whevent_{number}"))
    first, _ = due(runs)
    runs.hook_sent(first.event.number, NOW + 11 * SECOND)
    runs.tidy_hooks(NOW + KEPT_US)
    assert len(runs.hook_events(ANY_EVENT, 9)) == 2
    runs.tidy_hooks(NOW + KEPT_US + 20 * SECOND)
    assert [found.id for found in runs.hook_events(ANY_EVENT, 9)] == ["whevent_1"]


def test_an_address_lives_as_long_as_its_request_or_its_run(runs: OpenRunLedger) -> None:
    make(runs, run("monitor_1", RunKind.MONITOR, "lite"))
    make(runs, run("trun_2", call_id="call-2"), call_id="call-2")
    hooks = [hook(), hook("h2", call_id="call-2"), hook("h3", call_id="call-9", run="monitor_1")]
    runs.hooked([*hooks, hook("h4", call_id="call-8", run="monitor_nobodys")])
    names = ("h1", "h2", "h3", "h4")

    def known() -> list[str]:
        return sorted(runs.hook_urls("acct", "gw", names))

    later = NOW + KEPT_US + SECOND
    runs.tidy_hooks(later)
    assert known() == [*names], "what is no run that is known may have been made elsewhere"
    runs.saw([seen("trun_2")])
    for found in runs.stale(9):
        runs.told(found.create.call_id, found.version)
    assert runs.forget(later, 9) == 1
    assert known() == ["h1", "h3", "h4"]
    runs.saw([seen("monitor_1", "cancelled", kind=RunKind.MONITOR)])
    for found in runs.stale(9):
        runs.told(found.create.call_id, found.version)
    assert runs.forget(later, 9) == 1
    assert known() == ["h4"]


def test_of_a_run_that_is_changed_again_and_again_the_latest_addresses_are_kept(runs: OpenRunLedger) -> None:
    for number in range(20):
        runs.hooked([hook(f"h{number}", call_id=f"call-{number}", run="monitor_1")])
    lost = [runs.received(arrived(f"whevent_{number}", hook=f"h{number}")).is_lost for number in range(20)]
    assert lost == [True] * 4 + [False] * 16


def test_callers_addresses_are_told_within_their_gateway(runs: OpenRunLedger) -> None:
    runs.hooked([hook(), hook("h2", ""), hook("h3", gateway="other")])
    assert runs.hook_urls("acct", "gw", {"h1", "h2", "h3", "h4"}) == {"h1": URL, "h2": ""}
    assert runs.hook_urls("other", "gw", {"h1"}) == {}


def test_changes_of_runs_that_there_are_not_are_bounded(
    runs: OpenRunLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.stores.sqlite.runs.hooks.MOST_CHANGES", 2)
    runs.hooked([hook("h", gateway="other", run="monitor"), hook("made")])
    for number in range(4):
        runs.hooked([hook(f"h{number}", call_id=f"call-{number}", run=f"monitor_{number}")])
    assert sorted(runs.hook_urls("acct", "gw", {"h0", "h1", "h2", "h3", "made"})) == ["h2", "h3", "made"]
    assert runs.hook_urls("acct", "other", {"h"})


# -- shown


def test_events_are_listed_and_found(run_engine: RunsEngine, runs: OpenRunLedger, tmp_path: Path) -> None:
    runs.hooked([hook(), hook("h2", gateway="other")])
    runs.received(arrived("whevent_abcdef01"))
    runs.received(arrived("whevent_abcdef02", hook="h2", gateway="other", at=20))
    with closing(run_engine.reader(tmp_path)) as reader:
        assert [found.id[-2:] for found in reader.hook_events(ANY_EVENT, 9)] == ["02", "01"]
        assert [found.id[-2:] for found in reader.hook_events(ANY_EVENT, 1)] == ["02"]
        where = HookQuery(account="acct", gateways=("gw",), states=(HookState.WAITING,))
        assert [found.id[-2:] for found in reader.hook_events(where, 9)] == ["01"]
        assert reader.hook_events(HookQuery(account="others"), 9) == []
        assert reader.hook_events(HookQuery(states=(HookState.SENT,)), 9) == []
        since = HookQuery(since_us=NOW + 20 * SECOND)
        assert [found.id[-2:] for found in reader.hook_events(since, 9)] == ["02"]
        assert len(reader.find_hook_events("whevent_abc", 9)) == 2
        assert [found.id[-2:] for found in reader.find_hook_events("ef01", 9)] == ["01"]
        assert reader.find_hook_events("%", 9) == []
        assert reader.hook_body(99) == b""
        for look in (reader, runs):
            second, first = look.hook_events(ANY_EVENT, 9)
            assert look.hook_event(first.number) == first
            assert look.hook_event(99) is None
            assert look.hook_events(HookQuery(before=second.number), 9) == [first]
            assert look.hook_events(HookQuery(before=first.number), 9) == []
            assert look.hook_events(HookQuery(run=first.run_id), 9) == [second, first]
            for other in ("", first.run_id[:-1], f'{first.run_id}"', "%", "\ud800"):
                assert look.hook_events(HookQuery(run=other), 9) == ([] if other else [second, first])


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b'{"type":7,"data":{}}', b'{"type":"task_run.status"}', b"\xff" * 50,
             b'{"type":"task_run.status","data":{"run_id":["x"],"status":{}}}', b'{"type":"\xed\xa0\x80"}',
             b'{"type":"\\ud800","data":{"run_id":"\\ud800","status":"\\udfff"}}', b"[" * 5000],
)  # fmt: skip
def test_whatever_was_signed_goes_on_as_it_came(runs: OpenRunLedger, body: bytes) -> None:
    runs.hooked([hook()])
    assert runs.received(arrived(body=body)) == Taken()
    assert [found.body for found in due(runs)] == [body]


def test_owners_with_other_names_are_no_reason_to_fail(runs: OpenRunLedger) -> None:
    make(runs, replace(run(), owner=Owner("acct", "gw", user="\ud800")))
    runs.hooked([hook(url="https://hooks.example/\ud800")])
    assert runs.received(arrived()) == Taken()


def test_a_task_that_goes_on_is_told_without_an_end(runs: OpenRunLedger) -> None:
    make(runs, run(RUN))
    runs.received(arrived(body=event("task_run.status", task_run()), hook=""))
    found = runs.get(RUN)
    assert found is not None
    assert (found.state, found.money) == ("running", Money.ESTIMATED)
