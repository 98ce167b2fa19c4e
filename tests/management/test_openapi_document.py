"""The OpenAPI document is sound and complete, and everybody may read it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest
from jsonschema import Draft202012Validator
from management_kit import ENVIRON, Api

from conftest import OpenGateway
from penstock.management.api import ENDPOINTS
from penstock.management.endpoint import Endpoint
from penstock.management.examples import given_example
from penstock.management.reading import read_body, read_query

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
            "description": "The account.",
            "schema": {
                "type": "string",
                "pattern": "^[A-Za-z0-9_-]{1,64}$",
                "description": "up to 64 letters, digits, _ and -",
            },
            "example": "local",
        },
        {
            "name": "page",
            "in": "query",
            "required": False,
            "description": "Which page; they count from 1.",
            "schema": {"type": "integer", "minimum": 1, "maximum": 10**9, "default": 1},
        },
        {
            "name": "per_page",
            "in": "query",
            "required": False,
            "description": "How many on a page.",
            "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
        },
        {
            "name": "search",
            "in": "query",
            "required": False,
            "description": "A part of the id.",
            "schema": {"type": "string", "default": ""},
        },
    ]


# -- words and examples


def operations(document: Json) -> Iterator[tuple[Endpoint, Json]]:
    for endpoint in ENDPOINTS:
        yield endpoint, at(document, "paths", endpoint.path, endpoint.method.lower())


def schemas(document: Json) -> Iterator[Json]:
    """All schemas; what stands in examples is none."""
    waiting: list[object] = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting += [item for name, item in value.items() if name not in ("example", "const", "default")]
        elif isinstance(value, list):
            waiting += value


def content(document: Json, body: Json) -> tuple[object, Draft202012Validator]:
    """The one example of a body, and what it must be like."""
    (found,) = at(body, "content").values()
    assert isinstance(found, dict)
    return found["example"], validator(document, found["schema"])


def validator(document: Json, schema: object) -> Draft202012Validator:
    assert isinstance(schema, dict)
    return Draft202012Validator({**schema, "components": document["components"]})


async def test_every_property_says_what_it_is(document: Json) -> None:
    told = 0
    for schema in schemas(document):
        properties = schema.get("properties")
        for name, one in properties.items() if isinstance(properties, dict) else ():
            assert one.get("description", "").endswith((".", "?")), (schema.get("title"), name)
            told += 1
    assert told > 400


async def test_parameters_and_headers_say_what_they_are(document: Json) -> None:
    for endpoint, operation in operations(document):
        parameters = operation["parameters"]
        assert isinstance(parameters, list)
        assert all(one["description"] for one in parameters), endpoint.name
    for name, header in at(document, "components", "headers").items():
        assert isinstance(header, dict)
        assert header["description"], name


async def test_every_operation_has_examples_that_fit(document: Json) -> None:
    for endpoint, operation in operations(document):
        if endpoint.body is not None:
            example, shape = content(document, at(operation, "requestBody"))
            shape.validate(example)
        if not endpoint.refuses:
            example, shape = content(document, at(operation, "responses", "200"))
            assert example
            shape.validate(example)
    for name in at(document, "components", "responses"):
        example, shape = content(document, at(document, "components", "responses", name))
        shape.validate(example)


async def test_examples_of_parameters_fit(document: Json) -> None:
    for endpoint, operation in operations(document):
        parameters = operation["parameters"]
        assert isinstance(parameters, list)
        for one in parameters:
            found = one["content"]["application/json"] if "content" in one else one
            if "example" in found:
                validator(document, found["schema"]).validate(found["example"])
        assert endpoint.query is None or is_paging(endpoint) or any(map(has_example, parameters)), (
            endpoint.name
        )


def is_paging(endpoint: Endpoint) -> bool:
    """Is there nothing to ask for but a page and a word?"""
    assert endpoint.query is not None
    return set(endpoint.query.__struct_fields__) <= {"page", "per_page", "search"}


def has_example(parameter: Json) -> bool:
    return parameter["in"] == "query" and ("example" in parameter or "content" in parameter)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_what_an_example_sends_is_taken(endpoint: Endpoint) -> None:
    if endpoint.body is not None:
        read_body(msgspec.json.encode(given_example(endpoint.body)), endpoint.given["body"])
    if endpoint.query is not None:
        given = given_example(endpoint.query).items()
        pairs = [(name, one if isinstance(one, str) else json.dumps(one)) for name, one in given]
        read_query(pairs, endpoint.given["query"])


SECRETS = re.compile(
    r"(?:sk|pk|rk|ghp|pst|AKIA|AIza|xox[bp])[-_]?[A-Za-z0-9]{8}|Bearer|^[A-Za-z0-9+/=_]{24,}$"
)


async def test_no_example_holds_what_looks_like_a_secret(document: Json) -> None:
    examples = [one["example"] for one in schemas(document) if "example" in one]
    assert len(examples) > len(ENDPOINTS)
    for text in texts(examples):
        assert not SECRETS.search(text), text


def texts(value: object) -> Iterator[str]:
    """All texts in a JSON value, but for its names."""
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(item)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_every_endpoint_wants_a_token(api: Api, method: str) -> None:
    for endpoint in ENDPOINTS:
        if endpoint.method == method:
            path = re.sub(r"{\w+}", "x", endpoint.path)
            (await api.call(method, path, {})).problem(401, 10000)
