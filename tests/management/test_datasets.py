"""Datasets, evaluations of their logs, and the list of evaluators."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest
from logs_kit import Api, Json, call, call_id, one, problems

GPT = {"name": "gpt", "enable": True, "filters": [one("model", "contains", "gpt")]}
TYPES = ("cost", "speed", "human_feedback")


@pytest.fixture
def api(tmp_path: Path) -> Api:
    found = Api(tmp_path)
    found.store(
        call(0, model="openai/gpt-5", cost_nano=1_000_000, duration_us=10_000),
        call(1, model="openai/gpt-5", cost_nano=2_000_000, duration_us=20_500),
        call(2, model="openai/gpt-4", duration_us=30_000),
        call(3, model="anthropic/claude", cost_nano=50_000_000, duration_us=90_000),
        call(4, gateway="other", model="openai/gpt-5", cost_nano=900_000_000),
    )
    return found


def type_ids(api: Api) -> dict[str, str]:
    url = "/client/v4/accounts/acc/ai-gateway/evaluation-types"
    body = api.ask("GET", url).json()
    return {one["type"]: one["id"] for one in body["result"]}


def names(body: Json) -> list[object]:
    return [row["name"] for row in cast(list[Json], body["result"])]


# -- datasets


def test_a_dataset_from_its_making_to_its_end(api: Api) -> None:
    made = api.post("/datasets", GPT)
    assert {name: made[name] for name in ("name", "enable", "filters", "gateway_id", "account_id")} == {
        **GPT, "gateway_id": "main", "account_id": "acc",
    }  # fmt: skip
    path = f"/datasets/{made['id']}"
    assert api.get(path)["result"] == made
    api.clock.ahead += 60
    changed = api.send("PUT", path, body={"name": "all", "enable": False, "filters": []}).json()["result"]
    assert (changed["id"], changed["name"], changed["enable"], changed["filters"]) == (
        made["id"],
        "all",
        False,
        [],
    )
    assert changed["created_at"] == made["created_at"] < changed["modified_at"]
    assert api.send("DELETE", path).json()["result"] == changed
    assert problems(api.send("GET", path), 404) == [(7002, [])]


def test_a_single_value_goes_out_as_an_array(api: Api) -> None:
    filters = [{"key": "cost", "operator": "gt", "value": 0.5}]
    made = api.post("/datasets", {"name": "dear", "enable": True, "filters": filters})
    assert made["filters"] == [one("cost", "gt", 0.5)]


def test_the_list_can_be_searched(api: Api) -> None:
    api.post("/datasets", GPT)
    api.post("/datasets", {"name": "slow", "enable": False, "filters": [one("duration", "gt", 10)]})
    for query, expected in (
        ("", ["gpt", "slow"]),
        ("enable=false", ["slow"]),
        ("name=gp", []),
        ("name=gpt", ["gpt"]),
        ("search=DURATION", ["slow"]),
        ("per_page=1&page=2", ["slow"]),
        ("page=3", []),
    ):
        assert names(api.get("/datasets", query)) == expected, query
    assert names(api.get("/datasets", gateway="other")) == []


def test_names_are_unique_in_a_gateway(api: Api) -> None:
    first = api.post("/datasets", GPT)
    assert problems(api.send("POST", "/datasets", body=GPT)) == [(7001, [])]
    assert api.send("POST", "/datasets", body=GPT, gateway="other").status_code == 200
    other = api.post("/datasets", {**GPT, "name": "b"})
    assert problems(api.send("PUT", f"/datasets/{other['id']}", body=GPT)) == [(7001, [])]
    assert api.send("PUT", f"/datasets/{first['id']}", body=GPT).status_code == 200


def test_a_gateway_has_ten_datasets(api: Api) -> None:
    for number in range(10):
        api.post("/datasets", {**GPT, "name": str(number)})
    answer = api.send("POST", "/datasets", body=GPT)
    assert problems(answer) == [(7001, [])]
    assert "at most 10" in answer.text


def test_of_many_clients_at_once_nobody_makes_an_eleventh(api: Api) -> None:
    for number in range(7):
        api.post("/datasets", {**GPT, "name": str(number)})

    def make(number: int) -> int:
        return api.send("POST", "/datasets", body={**GPT, "name": f"late {number}"}).status_code

    with api, ThreadPoolExecutor(8) as threads:
        statuses = sorted(threads.map(make, range(12)))
    assert statuses == [200] * 3 + [400] * 9
    assert len(names(api.get("/datasets"))) == 10


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"name": ""}, [["body", "name"]]),
        ({"name": 1, "enable": "yes"}, [["body", "name"], ["body", "enable"]]),
        ({"x": 1}, [["body", "x"]]),
        ({"filters": None}, [["body", "filters"]]),
        ({"filters": [one("id", "eq", "x")]}, [["body", "filters", "0", "key"]]),
        ({"filters": [one("model", "neq", "x")]}, [["body", "filters", "0", "operator"]]),
        ({"filters": [one("model", "eq", None)]}, [["body", "filters", "0", "value", "0"]]),
        ({"name": None, "filters": [one("cost", "gt", "x")]},
         [["body", "name"], ["body", "filters", "0", "value", "0"]]),
    ],
)  # fmt: skip
def test_datasets_that_are_refused(api: Api, change: Json, paths: list[list[str]]) -> None:
    answer = api.send("POST", "/datasets", body={**GPT, **change})
    assert problems(answer) == [(7001, path) for path in paths]


@pytest.mark.parametrize("body", [[], None, "x", {}])
def test_a_dataset_is_an_object(api: Api, body: object) -> None:
    assert (
        problems(api.send("POST", "/datasets", raw=b"null" if body is None else None, body=body))[0][0]
        == 7001
    )


def test_nobody_sees_another_gateways_datasets(api: Api) -> None:
    path = f"/datasets/{api.post('/datasets', GPT)['id']}"
    for method in ("GET", "DELETE"):
        assert problems(api.send(method, path, gateway="other"), 404) == [(7002, [])]
        assert problems(api.send(method, path, account="acc2"), 404) == [(7002, [])]
    token = api.token("read")
    assert problems(api.send("DELETE", path, token=token), 403) == [(10000, [])]
    assert api.send("GET", path, token=token).status_code == 200
    assert problems(api.send("GET", path, token=api.token("metadata_read")), 403) == [(10000, [])]


# -- evaluations


def evaluated(api: Api, *filters: Json) -> tuple[Json, dict[str, Json]]:
    """An evaluation over one dataset, and its results by evaluator."""
    dataset = api.post("/datasets", {"name": "d", "enable": True, "filters": list(filters)})
    ids = type_ids(api)
    body = {"name": "e", "dataset_ids": [dataset["id"]], "evaluation_type_ids": [ids[name] for name in TYPES]}
    made = api.post("/evaluations", body)
    by_id = {row["evaluation_type_id"]: row for row in cast(list[Json], made["results"])}
    return made, {name: by_id[ids[name]] for name in TYPES}


def test_an_evaluation_says_what_the_logs_say(api: Api) -> None:
    for number, feedback in ((0, 1), (1, -1)):
        api.send("PATCH", f"/logs/{call_id(number)}", body={"feedback": feedback})
    made, results = evaluated(api, one("model", "contains", "gpt"))
    assert (made["processed"], made["total_logs"]) == (True, 3)
    assert cast(list[Json], made["datasets"])[0]["name"] == "d"
    assert (results["cost"]["result"], results["cost"]["status_description"]) == (
        "0.001500000", "2 of 3 logs have a known cost",
    )  # fmt: skip
    assert results["speed"]["result"] == "20.167"
    assert results["human_feedback"]["result"] == "50.00"
    assert {one["status"] for one in results.values()} == {1}
    assert {one["evaluation_id"] for one in results.values()} == {made["id"]}


def test_no_logs_are_no_zero(api: Api) -> None:
    made, results = evaluated(api, one("model", "eq", "none"))
    assert (made["processed"], made["total_logs"]) == (True, 0)
    assert {(one["result"], one["status"]) for one in results.values()} == {("", 0)}
    assert results["cost"]["status_description"] == "no logs are in these datasets"


def test_logs_without_feedback_have_no_percentage(api: Api) -> None:
    _, results = evaluated(api)
    assert (results["human_feedback"]["result"], results["human_feedback"]["status"]) == ("", 0)
    assert results["human_feedback"]["status_description"] == "none of 4 logs has feedback"


def test_without_a_ledger_nothing_is_evaluated(tmp_path: Path) -> None:
    made, _ = evaluated(Api(tmp_path))
    assert made["total_logs"] == 0


def test_a_log_in_two_datasets_counts_once(api: Api) -> None:
    ids = [api.post("/datasets", {**GPT, "name": name})["id"] for name in "ab"]
    body = {"name": "e", "dataset_ids": ids, "evaluation_type_ids": [type_ids(api)["speed"]]}
    assert api.post("/evaluations", body)["total_logs"] == 3


def test_only_so_many_logs_are_looked_at(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.management.evaluations.MAX_LOGS", 2)
    made, results = evaluated(api)
    assert made["total_logs"] == 2
    assert str(results["speed"]["status_description"]).endswith(
        "; there are older logs, which were not looked at"
    )


def test_an_evaluation_does_not_refresh_itself_and_can_be_found(api: Api) -> None:
    made, _ = evaluated(api)
    api.store(call(9))
    path = f"/evaluations/{made['id']}"
    assert api.get(path)["result"] == made
    for query, expected in (
        ("", ["e"]), ("processed=false", []), ("name=e", ["e"]), ("search=E", ["e"]), ("search=zz", []),
    ):  # fmt: skip
        assert names(api.get("/evaluations", query)) == expected, query
    assert names(api.get("/evaluations", gateway="other")) == []
    assert problems(api.send("GET", path, gateway="other"), 404) == [(7002, [])]
    assert api.send("DELETE", path).json()["result"] == made
    assert problems(api.send("GET", path), 404) == [(7002, [])]


def test_a_deleted_dataset_leaves_its_evaluations(api: Api) -> None:
    made, _ = evaluated(api)
    api.send("DELETE", f"/datasets/{cast(list[Json], made['datasets'])[0]['id']}")
    left = cast(Json, api.get(f"/evaluations/{made['id']}")["result"])
    assert (left["datasets"], left["results"]) == ([], made["results"])


def test_evaluations_that_are_refused(api: Api) -> None:
    off = api.post("/datasets", {**GPT, "enable": False})["id"]
    body = {"name": "e", "dataset_ids": ["x", off], "evaluation_type_ids": ["y"]}
    assert problems(api.send("POST", "/evaluations", body=body)) == [
        (7001, ["body", "dataset_ids", "0"]),
        (7001, ["body", "dataset_ids", "1"]),
        (7001, ["body", "evaluation_type_ids", "0"]),
    ]
    empty = {"name": "", "dataset_ids": [], "evaluation_type_ids": [1]}
    assert [path[1] for _, path in problems(api.send("POST", "/evaluations", body=empty))] == [
        "name", "dataset_ids", "evaluation_type_ids",
    ]  # fmt: skip
    assert api.get("/evaluations")["result"] == []


# -- evaluators


def test_the_evaluators_are_three_and_stay_the_same(api: Api) -> None:
    assert [*type_ids(api)] == [*TYPES]
    assert type_ids(api) == type_ids(api)


def test_the_evaluators_in_order_and_by_page(api: Api) -> None:
    url = "/client/v4/accounts/acc/ai-gateway/evaluation-types"
    body = api.ask("GET", f"{url}?order_by=name&order_by_direction=desc").json()
    assert names(body) == ["Speed", "Human feedback", "Cost"]
    assert body["result_info"] == {"page": 1, "per_page": 20, "count": 3, "total_count": 3, "total_pages": 1}
    assert api.ask("GET", f"{url}?page=2").json()["result"] == []
    for wrong in ("per_page=4", "per_page=51", "order_by=x"):
        assert problems(api.ask("GET", f"{url}?{wrong}"))[0][0] == 7001
