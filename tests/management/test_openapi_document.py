"""The OpenAPI document is sound and complete, and everybody may read it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator
from management_kit import ENVIRON, Api

from conftest import OpenGateway
from penstock.management.api import ENDPOINTS
from penstock.management.endpoint import Endpoint

Json = dict[str, object]


@pytest.fixture
async def api(open_gateway: OpenGateway) -> Api:
    """A client without a token."""
    return Api(await open_gateway("", ENVIRON), token=None)


@pytest.fixture
async def document(api: Api) -> Json:
    """The document as it is served."""
    reply = await api.get("/openapi.json")
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    found: Json = reply.json
    return found


def at(document: Json, *names: str) -> Json:
    found = document
    for name in names:
        inner = found[name]
        assert isinstance(inner, dict), names
        found = inner
    return found


def within(value: object) -> Iterator[Json]:
    """All objects in a JSON value."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from within(item)


async def test_all_endpoints_are_in_it_by_names_of_their_own(document: Json) -> None:
    paths = at(document, "paths")
    operations = [
        (path, method, at(document, "paths", path, method)["operationId"])
        for path, methods in paths.items()
        for method in (methods if isinstance(methods, dict) else ())
    ]
    assert sorted(operations, key=str) == sorted(
        [(one.path, one.method.lower(), one.name) for one in ENDPOINTS], key=str
    )
    assert Counter(name for _, _, name in operations).most_common(1)[0][1] == 1


async def test_it_is_openapi_with_schemas_that_are_schemas(document: Json) -> None:
    assert document["openapi"] == "3.1.0"
    schemas = at(document, "components", "schemas")
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)  # type: ignore[arg-type]
    for one in within(document):
        reference = one.get("$ref")
        if isinstance(reference, str):
            assert at(document, *reference.removeprefix("#/").split("/"))
        pattern = one.get("pattern")
        if isinstance(pattern, str):
            assert "\\Z" not in pattern
            re.compile(pattern)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_every_endpoint_says_what_it_is(endpoint: Endpoint) -> None:
    assert endpoint.summary
    assert not endpoint.summary.endswith(".")
    assert (endpoint.body is not None) == (endpoint.method in ("POST", "PUT", "PATCH"))


async def test_parameters_say_their_defaults(document: Json) -> None:
    operation = at(document, "paths", "/accounts/{account_id}/ai-gateway/gateways", "get")
    assert operation["parameters"] == [
        {
            "name": "account_id",
            "in": "path",
            "required": True,
            "schema": {
                "type": "string",
                "pattern": "^[A-Za-z0-9_-]{1,64}$",
                "description": "up to 64 letters, digits, _ and -",
            },
        },
        {
            "name": "page",
            "in": "query",
            "required": False,
            "schema": {"type": "integer", "minimum": 1, "maximum": 10**9, "default": 1},
        },
        {
            "name": "per_page",
            "in": "query",
            "required": False,
            "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
        },
        {"name": "search", "in": "query", "required": False, "schema": {"type": "string", "default": ""}},
    ]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_every_endpoint_wants_a_token(api: Api, method: str) -> None:
    for endpoint in ENDPOINTS:
        if endpoint.method == method:
            path = re.sub(r"{\w+}", "x", endpoint.path)
            (await api.call(method, path, {})).problem(401, 10000)
