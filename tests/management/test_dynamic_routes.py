"""Dynamic routes: made, renamed, given versions, deployed, listed and deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs_kit import Api, Json, problems


def elements(provider: str = "openai") -> list[Json]:
    """A start, a model and an end."""
    end = {"elementId": "e"}
    return [
        {"id": "s", "type": "start", "outputs": {"next": {"elementId": "m"}}},
        {
            "id": "m",
            "type": "model",
            "properties": {"provider": provider, "model": "x", "timeout": 1000, "retries": 0},
            "outputs": {"success": end, "fallback": end},
        },
        {"id": "e", "type": "end", "outputs": {}},
    ]


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path)


@pytest.fixture
def route(api: Api) -> Json:
    return api.post("/routes", {"name": "support", "elements": elements()})


def rows(body: Json, name: str) -> list[Json]:
    """The entries of a list, which are in both places."""
    data = cast(Json, body["data"])
    assert data[name] == body["result"]
    assert (data["order_by"], data["order_by_direction"]) == ("created_at", "desc")
    return cast(list[Json], body["result"])


def providers(shown: Json) -> list[object]:
    """Which providers the elements ask."""
    held = [cast(Json, one.get("properties") or {}) for one in cast(list[Json], shown["elements"])]
    return [one["provider"] for one in held if "provider" in one]


def test_a_new_route_has_a_version_that_serves(api: Api, route: Json) -> None:
    version, deployment = cast(Json, route["version"]), cast(Json, route["deployment"])
    assert (route["name"], route["gateway_id"], route["elements"]) == ("support", "main", elements())
    assert (version["active"], version["is_valid"]) == ("true", True)
    assert json.loads(str(version["data"])) == elements()
    assert deployment["version_id"] == version["version_id"]
    assert api.get(f"/routes/{route['id']}")["result"] == route


def test_the_older_dialect_is_kept_in_todays_words(api: Api) -> None:
    older = elements()
    older[0]["outputs"] = {"next": {"elementId": "c"}}
    older.append(
        {
            "id": "c",
            "type": "conditional",
            "properties": {"condition": {"metadata.plan": "paid"}},
            "outputs": {"true": {"elementId": "m"}, "else": {"elementId": "e"}},
        }
    )
    del older[2]["outputs"]
    made = api.post("/routes", {"name": "older", "elements": older})
    kept = cast(list[Json], made["elements"])
    assert kept[3]["properties"] == {"conditions": {"metadata.plan": "paid"}}
    assert kept[3]["outputs"] == {"true": {"elementId": "m"}, "false": {"elementId": "e"}}
    assert kept[2]["outputs"] == {}


def test_a_new_version_serves_once_it_is_deployed(api: Api, route: Json) -> None:
    path = f"/routes/{route['id']}"
    first = cast(Json, route["version"])["version_id"]
    saved = api.post(f"{path}/versions", {"elements": elements("anthropic"), "comment": "try"})
    assert (saved["id"], providers(saved), saved["active"]) == (route["id"], ["anthropic"], "false")
    assert providers(cast(Json, api.get(path)["result"])) == ["openai"]

    deployed = api.post(f"{path}/deployments", {"version_id": saved["version_id"], "comment": "go"})
    assert (providers(deployed), deployed["active"]) == (["anthropic"], "true")
    shown = cast(Json, api.get(path)["result"])
    assert providers(shown) == ["anthropic"]
    assert cast(Json, shown["version"])["version_id"] == saved["version_id"]

    versions = rows(api.get(f"{path}/versions"), "versions")
    assert [(one["version_id"], one["active"], one["comment"]) for one in versions] == [
        (saved["version_id"], "true", "try"), (first, "false", ""),
    ]  # fmt: skip
    api.post(f"{path}/deployments", {"version_id": first})
    deployments = rows(api.get(f"{path}/deployments"), "deployments")
    assert [(one["version_id"], one["comment"]) for one in deployments] == [
        (first, ""), (saved["version_id"], "go"), (first, ""),
    ]  # fmt: skip
    assert providers(cast(Json, api.get(path)["result"])) == ["openai"]


def test_one_version(api: Api, route: Json) -> None:
    version_id = cast(Json, route["version"])["version_id"]
    shown = cast(Json, api.get(f"/routes/{route['id']}/versions/{version_id}")["result"])
    assert (shown["id"], shown["version_id"], shown["active"]) == (route["id"], version_id, "true")
    assert json.loads(str(shown["data"])) == shown["elements"] == elements()
    assert problems(api.send("GET", f"/routes/{route['id']}/versions/x"), 404) == [(7002, [])]
    body = {"version_id": "x"}
    assert problems(api.send("POST", f"/routes/{route['id']}/deployments", body=body), 404) == [(7002, [])]


def test_a_new_name_is_in_both_places(api: Api, route: Json) -> None:
    api.clock.ahead += 1
    body = api.send("PATCH", f"/routes/{route['id']}", body={"name": "help"}).json()
    assert body["success"] is True
    assert body["route"] == body["result"]
    assert (body["route"]["name"], body["route"]["version"]) == ("help", route["version"])
    assert body["route"]["modified_at"] > route["modified_at"]


def test_the_list_is_in_both_places_and_ends(api: Api, route: Json) -> None:
    second = api.post("/routes", {"name": "b", "elements": elements()})
    body = api.get("/routes")
    assert rows(body, "routes") == [second, route]
    assert rows(api.get("/routes", "page=2&per_page=1"), "routes") == [route]
    assert rows(api.get("/routes", "page=2"), "routes") == []
    assert cast(Json, body["result_info"])["total_count"] == 2
    assert rows(api.get("/routes", gateway="other"), "routes") == []


def test_a_route_that_is_deleted(api: Api, route: Json) -> None:
    path = f"/routes/{route['id']}"
    removed = api.send("DELETE", path).json()["result"]
    assert (removed["id"], removed["elements"]) == (route["id"], elements())
    assert problems(api.send("GET", path), 404) == [(7002, [])]
    assert rows(api.get("/routes"), "routes") == []


def test_names_are_unique_in_a_gateway(api: Api, route: Json) -> None:
    body = {"name": "support", "elements": elements()}
    assert problems(api.send("POST", "/routes", body=body)) == [(7001, [])]
    assert api.send("POST", "/routes", body=body, gateway="other").status_code == 200
    other = api.post("/routes", {**body, "name": "b"})
    renamed = api.send("PATCH", f"/routes/{other['id']}", body={"name": "support"})
    assert problems(renamed) == [(7001, [])]


def test_only_the_newest_versions_are_kept_and_the_one_that_serves(
    api: Api, route: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.management.dynamic_route_changes.MAX_KEPT", 3)
    path = f"/routes/{route['id']}"
    saved = [api.post(f"{path}/versions", {"elements": elements(str(n))})["version_id"] for n in range(4)]
    kept = [one["version_id"] for one in rows(api.get(f"{path}/versions"), "versions")]
    assert kept == [saved[3], saved[2], cast(Json, route["version"])["version_id"]]
    for version_id in (saved[2], saved[3], saved[2]):
        api.post(f"{path}/deployments", {"version_id": version_id})
    assert len(rows(api.get(f"{path}/deployments"), "deployments")) == 3
    assert providers(cast(Json, api.get(path)["result"])) == ["2"]


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({"name": "a/b", "elements": elements()}, [["body", "name"]]),
        ({"name": "", "elements": 5}, [["body", "name"], ["body", "elements"]]),
        ({"elements": elements()}, [["body", "name"]]),
        ({"name": "x\n", "elements": elements()}, [["body", "name"]]),
        ({"name": "x", "elements": []}, [["body", "elements"]]),
        ({"name": "x", "elements": elements(), "enabled": True}, [["body", "enabled"]]),
        ({"name": "x", "elements": [*elements(), {}]},
         [["body", "elements", "3", "id"], ["body", "elements", "3", "type"]]),
        ({"name": "x", "elements": [elements()[0], elements()[2]]},
         [["body", "elements", "0", "outputs", "next", "elementId"], ["body", "elements", "1"]]),
    ],
)  # fmt: skip
def test_routes_that_are_refused(api: Api, body: Json, paths: list[list[str]]) -> None:
    assert problems(api.send("POST", "/routes", body=body)) == [(7001, path) for path in paths]
    assert rows(api.get("/routes"), "routes") == []


def test_elements_that_are_wrong_make_no_version(api: Api, route: Json) -> None:
    answer = api.send("POST", f"/routes/{route['id']}/versions", body={"elements": [{}]})
    assert ["body", "elements", "0", "id"] in [path for _, path in problems(answer)]
    assert len(rows(api.get(f"/routes/{route['id']}/versions"), "versions")) == 1


def test_nobody_sees_another_gateways_routes(api: Api, route: Json) -> None:
    for path in (
        f"/routes/{route['id']}",
        f"/routes/{route['id']}/versions",
        f"/routes/{route['id']}/deployments",
    ):
        assert problems(api.send("GET", path, gateway="other"), 404) == [(7002, [])]
        assert problems(api.send("GET", path, account="acc2"), 404) == [(7002, [])]
        assert problems(api.send("GET", path, gateway="none"), 404) == [(7002, [])]
    token = api.token("read")
    assert api.send("GET", "/routes", token=token).status_code == 200
    assert problems(api.send("DELETE", f"/routes/{route['id']}", token=token), 403) == [(10000, [])]
    assert problems(api.send("GET", "/routes", token=api.token("metadata_read")), 403) == [(10000, [])]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "type", "outputs", "properties"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(body=JSON | st.fixed_dictionaries({"name": st.just("x"), "elements": st.lists(JSON, max_size=3)}))
def test_any_json_is_refused(api: Api, body: object) -> None:
    assert problems(api.send("POST", "/routes", body=body, raw=json.dumps(body).encode()))
