"""Runs over the management API: listed, shown, with their results; whose they are, and who may see what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest
from logs_kit import Api, Json, problems

from penstock.runs.run import Owner, RunKind
from support.kept_runs import basis, make, numbered, result_of, see
from support.known_runs import SECOND, findall, made, task

NOW = 1_780_000_000_000_000
MINUTE = 60 * SECOND
OWNER = Owner("acc", "main", token="tok1", user="ann")

ULTRA = numbered(1, NOW - 90 * MINUTE, task("ultra"), OWNER, metadata={"case": "7"})
FAILED = numbered(2, NOW - 50 * MINUTE, task("core"), OWNER)
FINDALL = numbered(3, NOW - 40 * MINUTE, findall("core", 50), Owner("acc", "main", credential="f1"))
GROUP = numbered(4, NOW - 30 * MINUTE, made(RunKind.GROUP), OWNER)
CHILD = numbered(5, NOW - 29 * MINUTE, task("core"), OWNER, parent=GROUP.id)
OTHER_GATEWAY = numbered(6, NOW - 10 * MINUTE, task("core"), Owner("acc", "other", user="ann"))
OTHER_ACCOUNT = numbered(7, NOW - 9 * MINUTE, task("core"), Owner("acc2", "main", user="ann"))
RESULT = result_of(ULTRA, type="json", content={"a": 1}, basis=[basis("a", "high", "https://a.example/1")])


@pytest.fixture
def api(tmp_path: Path) -> Api:
    found = Api(tmp_path)
    found.clock.ahead = (NOW - found.clock.now_us()) / 1e6
    make(found.data, ULTRA, FAILED, FINDALL, GROUP, CHILD, OTHER_GATEWAY, OTHER_ACCOUNT)
    see(found.data, ULTRA, "completed", after=660, result=RESULT)
    see(found.data, FAILED, "failed", after=30, error="no such schema")
    return found


def listed(api: Api, query: str = "") -> list[str]:
    rows = cast(list[Json], api.get("/runs", query)["result"])
    return [str(row["run_id"]) for row in rows]


def one(api: Api, run_id: str, token: str = "") -> Json:
    answer = api.get(f"/runs/{run_id}", token=token) if token else api.get(f"/runs/{run_id}")
    return cast(Json, answer["result"])


def test_a_list_has_the_newest_first_and_what_they_cost(api: Api) -> None:
    body = api.get("/runs", "per_page=2&page=2")
    assert body["result_info"] == {"page": 2, "per_page": 2, "count": 2, "total_count": 5, "total_pages": 3}
    first, second = cast(list[Json], body["result"])
    assert (first["run_id"], first["money"], first["estimate"], first["cost"]) == (
        FINDALL.id, "estimated", 9.5, None,
    )  # fmt: skip
    assert (second["run_id"], second["money"], second["cost"]) == (FAILED.id, "void", 0.0)
    assert (second["error"], second["ended_at"]) == ("no such schema", "2026-05-28T19:37:10.000Z")
    assert listed(api, "page=4&per_page=2") == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [CHILD, GROUP, FINDALL, FAILED, ULTRA]),
        ("active=true", [CHILD, GROUP, FINDALL]),
        ("active=false", [FAILED, ULTRA]),
        ("kind=task", [CHILD, FAILED, ULTRA]),
        ("state=failed", [FAILED]),
        ("processor=ultra", [ULTRA]),
        ("owner=ann&kind=group", [GROUP]),
        ("owner=tok1&active=true", [CHILD, GROUP]),
        (f"parent={GROUP.id}", [CHILD]),
        ("parent=&kind=task", [FAILED, ULTRA]),
        ("confidence=high", [ULTRA]),
        ("confidence=low", []),
        ("domain=a.example", [ULTRA]),
        ("domain=https://www.A.example/2&confidence=high", [ULTRA]),
        ("domain=example", []),
        ("since=45m", [CHILD, GROUP, FINDALL]),
        ("since=1h&until=35m", [FINDALL, FAILED]),
    ],
)
def test_a_list_holds_what_is_asked_for(api: Api, query: str, found: list[object]) -> None:
    assert listed(api, query) == [one.id for one in found]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("kind=search", "kind"),
        ("active=maybe", "active"),
        ("confidence=sure", "confidence"),
        ("domain=", "domain"),
        ("domain=a%20b", "domain"),
        ("since=soon", "since"),
        ("until=9999-99-99", "until"),
        ("state=" + "x" * 257, "state"),
        ("page=0", "page"),
        ("per_page=101", "per_page"),
        ("colour=red", "colour"),
    ],
)
def test_what_cannot_be_asked_is_refused(api: Api, query: str, name: str) -> None:
    assert problems(api.send("GET", "/runs", query)) == [(7001, ["query", name])]


def test_one_run_with_how_it_went_and_what_it_rests_on(api: Api) -> None:
    found = one(api, ULTRA.id)
    assert (found["state"], found["cost"], found["metadata"]) == ("completed", 0.3, {"case": "7"})
    assert found["charges"] == [
        {"what": "run", "processor": "ultra", "count": 1, "estimate": 0.3, "final": 0.3, "call_id": "call-1"}
    ]
    assert found["timeline"] == [
        {"at": "2026-05-28T18:56:40.000Z", "state": "queued", "seen_by": "create", "seconds": 660.0},
        {"at": "2026-05-28T19:07:40.000Z", "state": "completed", "seen_by": "poll", "seconds": None},
    ]
    assert (found["result_size"], found["result_content_type"]) == (len(RESULT), "application/json")
    rests_on = cast(Json, found["evidence"])
    assert {**rests_on, "fields": []} == {
        "counted": 1, "confidences": {"high": 1}, "cited": 1, "uncited": 0, "domains": {"a.example": 1},
        "fields": [],
    }  # fmt: skip
    assert rests_on["fields"] == [
        {
            "name": "a", "confidence": "high", "reasoning": "It is said so.",
            "citations": [
                {
                    "url": "https://a.example/1", "title": "Title of https://a.example/1",
                    "excerpts": ["as it is written"],
                }
            ],
        }
    ]  # fmt: skip


def test_one_run_that_goes_on(api: Api) -> None:
    found = one(api, CHILD.id)
    assert (found["is_active"], found["ended_at"], found["parent"]) == (True, None, GROUP.id)
    assert (found["result_size"], found["evidence"]) == (None, None)
    assert cast(list[Json], found["timeline"])[-1]["seconds"] == pytest.approx(29 * 60)


def test_a_result_goes_out_byte_for_byte_and_without_an_envelope(api: Api) -> None:
    answer = api.send("GET", f"/runs/{ULTRA.id}/result")
    assert (answer.status_code, answer.content) == (200, RESULT)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert problems(api.send("GET", f"/runs/{CHILD.id}/result"), 404) == [(7002, [])]


@pytest.mark.parametrize("path", ["", "/result"])
@pytest.mark.parametrize(
    "run_id",
    [OTHER_GATEWAY.id, OTHER_ACCOUNT.id, ULTRA.id[:-1], ULTRA.id[:20], "x", "' OR 1=1 --", "%00", "%FF"],
)
def test_others_runs_and_ids_of_no_run(api: Api, run_id: str, path: str) -> None:
    assert problems(api.send("GET", f"/runs/{run_id}{path}"), 404) == [(7002, [])]


def test_each_gateway_lists_its_own(api: Api) -> None:
    rows = cast(list[Json], api.get("/runs", gateway="other")["result"])
    assert [row["run_id"] for row in rows] == [OTHER_GATEWAY.id]
    rows = cast(list[Json], api.get("/runs", account="acc2")["result"])
    assert [row["run_id"] for row in rows] == [OTHER_ACCOUNT.id]
    assert problems(api.send("GET", "/runs", gateway="nowhere"), 404) == [(7002, [])]


def test_metadata_read_sees_how_runs_stand_and_nothing_of_what_came_of_them(api: Api) -> None:
    token = api.token("metadata_read")
    assert len(cast(list[object], api.get("/runs", token=token)["result"])) == 5
    found = one(api, ULTRA.id, token)
    assert (found["cost"], found["result_size"], found["evidence"]) == (0.3, len(RESULT), None)
    assert problems(api.send("GET", f"/runs/{ULTRA.id}/result", token=token), 403) == [(10000, [])]
    for other in (api.token("read", gateways=("other",)), api.token("run")):
        for path in ("", f"/{ULTRA.id}", f"/{ULTRA.id}/result"):
            assert problems(api.send("GET", f"/runs{path}", token=other), 403) == [(10000, [])]


def test_as_long_as_no_run_was_made_there_are_none(tmp_path: Path) -> None:
    api = Api(tmp_path / "empty")
    assert listed(api) == []
    for path in (f"/runs/{ULTRA.id}", f"/runs/{ULTRA.id}/result"):
        assert problems(api.send("GET", path), 404) == [(7002, [])]
    assert not (api.data / "runs.db").exists()


def test_a_run_ledger_that_cannot_be_read_is_unavailable(api: Api) -> None:
    for part in ("-wal", "-shm"):
        (api.data / f"runs.db{part}").unlink(missing_ok=True)
    (api.data / "runs.db").write_bytes(b"no database" * 1000)
    for path in ("", f"/{ULTRA.id}", f"/{ULTRA.id}/result"):
        answer = api.send("GET", f"/runs{path}")
        assert problems(answer, 503) == [(7009, [])]
        assert int(answer.headers["retry-after"]) > 0


def test_a_result_that_is_a_page_does_nothing_in_a_browser(api: Api) -> None:
    odd = numbered(9, NOW - MINUTE, task("core"), OWNER)
    make(api.data, odd)
    see(api.data, odd, "completed", after=1, result=b"<script>\xff")
    answer = api.send("GET", f"/runs/{odd.id}/result")
    assert answer.content == b"<script>\xff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert json.loads(api.send("GET", f"/runs/{odd.id}").content)["result"]["evidence"] is None
