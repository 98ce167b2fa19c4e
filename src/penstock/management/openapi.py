"""The OpenAPI 3.1 document of the management API, made of its endpoints and the types they name.

Nothing is written by hand twice: a field, a range, a default and a word about them stand in a type, and from there
get into the check, the error text and this document. Examples are values, in `examples.py`, and go through the
encoder that answers go through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from penstock import __version__
from penstock.access.standing import Standing
from penstock.management.endpoint import Endpoint
from penstock.management.examples import NAMES, given_example, result_example
from penstock.management.field_docs import field_docs
from penstock.management.openapi_schemas import REF, Schema, Schemas, described
from penstock.management.paging import ResultInfo
from penstock.management.problem import (
    INVALID,
    NO_ROUTE,
    NOT_FOUND,
    UNAVAILABLE,
    Message,
    Problem,
    forbidden,
    unauthenticated,
)
from penstock.management.response import JSON
from penstock.settings.gateways import AnyAccountId

_IN_BRACES: Final = re.compile(r"{(\w+)}")
_PYTHON_END: Final = r"\Z"
_ABOUT: Final = "The management API of Penstock, with the paths and shapes of Cloudflare AI Gateway's."
_ERRORS: Final[Mapping[str, tuple[str, Problem]]] = {
    "400": (
        "Something in the request is not as it should be: every entry of `errors` says what, and where",
        Problem(INVALID, "body.cache_ttl: found -1, allowed: a whole number", ("body", "cache_ttl")),
    ),
    "401": ("No token, or none that is good: it says which", unauthenticated(Standing.EXPIRED).problems[0]),
    "403": ("A good token that may not do this", forbidden().problems[0]),
    "404": ("There is no such thing", Problem(NOT_FOUND, "gateway not found")),
    "405": ("Not a method of this path", Problem(NO_ROUTE, "PUT is not for this path; it takes GET, HEAD")),
    "409": (
        "Somebody else changed it meanwhile: read it again",
        Problem(INVALID, "it was changed meanwhile: read it again"),
    ),
    "503": (
        "A store cannot be reached for the moment: try again",
        Problem(UNAVAILABLE, "the directory is locked"),
    ),
    "default": (
        "Something else went wrong",
        Problem(UNAVAILABLE, "internal error; the gateway's log has the details"),
    ),
}
_HEADERS: Final[Mapping[str, tuple[str, str]]] = {
    "cache-control": ("Always `no-store`: answers are kept by nobody.", "no-store"),
    "allow": ("The methods of this path.", "GET, HEAD"),
    "retry-after": ("Seconds after which it is worth trying again.", "1"),
    "content-encoding": ("Of a body that could not be unpacked: how it came.", "br"),
    "penstock-body": ("`cut`: the body was longer than what is kept.", "cut"),
    "x-content-type-options": ("Always `nosniff`.", "nosniff"),
    "content-security-policy": (
        "Keeps a browser from running what was recorded.",
        "default-src 'none'; sandbox",
    ),
}
_ALWAYS: Final = frozenset(("cache-control", "x-content-type-options", "content-security-policy"))
_OF_ERRORS: Final = {"405": ("allow",), "503": ("retry-after",)}
_OF_BYTES: Final = ("content-encoding", "penstock-body", "x-content-type-options", "content-security-policy")


def document(endpoints: Sequence[Endpoint]) -> bytes:
    """The document as JSON."""
    schemas = Schemas(_kinds(endpoints))
    paths: dict[str, dict[str, object]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Penstock", "version": __version__, "description": _ABOUT},
        "servers": [{"url": "/client/v4"}],
        "security": [{"token": []}, {"key": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(endpoint.tag for endpoint in endpoints)],
        "paths": paths,
        "components": {
            "schemas": {**schemas.components, "Failure": _failure(schemas)},
            "responses": dict(_error_responses()),
            "headers": {name: _header(name) for name in _HEADERS},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token, or the admin's."},
                "key": {"type": "apiKey", "in": "header", "name": "X-Auth-Key", "description": "The same."},
            },
        },
    }
    return msgspec.json.encode(_portable(whole))


def _kinds(endpoints: Iterable[Endpoint]) -> Iterator[object]:
    """All types that have schemas."""
    yield from (AnyAccountId, Message, ResultInfo, Problem)
    for endpoint in endpoints:
        yield from (kind for kind in (endpoint.body, endpoint.result) if kind is not None)
        yield from (field.type for field in _query_fields(endpoint))


def _query_fields(endpoint: Endpoint) -> Sequence[msgspec.structs.FieldInfo]:
    return msgspec.structs.fields(endpoint.query) if endpoint.query else ()


# -- operations


def _operation(endpoint: Endpoint, schemas: Schemas) -> Schema:
    answered = {} if endpoint.refuses else {"200": _success(endpoint, schemas)}
    operation: Schema = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": [*_path_parameters(endpoint.path, schemas), *_query_parameters(endpoint, schemas)],
        "responses": answered | {status: {"$ref": f"#/components/responses/{status}"} for status in _ERRORS},
        "x-permission": endpoint.permission,
    }
    if endpoint.body is not None:
        content = {"schema": schemas.of(endpoint.body), "example": given_example(endpoint.body)}
        operation["requestBody"] = {"required": True, "content": {JSON: content}}
    return operation


def _path_parameters(path: str, schemas: Schemas) -> Iterator[Schema]:
    for name in _IN_BRACES.findall(path):
        text, example = NAMES[name]
        plain: Schema = {"type": "string", "minLength": 1}
        schema = schemas.of(AnyAccountId) if name == "account_id" else plain
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": text,
            "schema": schema,
            "example": example,
        }


def _query_parameters(endpoint: Endpoint, schemas: Schemas) -> Iterator[Schema]:
    if endpoint.query is None:
        return
    docs, given = field_docs(endpoint.query), given_example(endpoint.query)
    for field in _query_fields(endpoint):
        schema = {**_stated(schemas.of(field.type))}
        if field.default is not msgspec.NODEFAULT and field.default is not None:
            schema["default"] = msgspec.to_builtins(field.default)
        found: Schema = {
            "name": field.encode_name,
            "in": "query",
            "required": field.required,
            "description": docs[field.name],
        }
        example = {"example": given[field.encode_name]} if field.encode_name in given else {}
        if schema.get("type") == "array":  # as JSON in text
            yield {**found, "content": {JSON: {"schema": schema, **example}}}
        else:
            yield {**found, "schema": schema, **example}


def _stated(schema: Mapping[str, object]) -> Mapping[str, object]:
    """The schema of a value that is there: a query cannot say null."""
    options = [one for one in _list(schema.get("anyOf")) if one != {"type": "null"}]
    found = options[0] if len(options) == 1 else schema
    assert isinstance(found, Mapping)
    return found


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


# -- answers


def _success(endpoint: Endpoint, schemas: Schemas) -> Schema:
    example = result_example(endpoint)
    if endpoint.is_raw:
        return _content("Done", {"*/*": {"schema": {}, "example": example}}, ("cache-control", *_OF_BYTES))
    content = {"schema": _answer(endpoint, schemas), "example": example}
    return _content("Done", {JSON: content}, ("cache-control",))


def _answer(endpoint: Endpoint, schemas: Schemas) -> Schema:
    result = schemas.of(endpoint.result)
    if not endpoint.envelope:
        return result
    messages = schemas.of(Message)
    if not endpoint.is_list:
        again = {endpoint.again: described(result, "The same once more.")} if endpoint.again else {}
        return _envelope(result, messages, again)
    page: dict[str, Schema] = {"result_info": described(schemas.of(ResultInfo), "Which page this is.")}
    if endpoint.again:
        page["data"] = {"type": "object", "description": f"The same page once more, as `{endpoint.again}`."}
    return _envelope({"type": "array", "items": result}, messages, page)


def _envelope(
    result: Mapping[str, object], messages: Mapping[str, object], more: Mapping[str, Schema]
) -> Schema:
    fields: dict[str, object] = {
        "success": {"const": True, "description": "Always true: what fails has another shape."},
        "errors": {"type": "array", "maxItems": 0, "description": "Always empty."},
        "messages": {"type": "array", "items": messages, "description": "What there is to know besides."},
        "result": described(result, "What was asked for."),
        **more,
    }
    return {"type": "object", "properties": fields, "required": list(fields)}


def _failure(schemas: Schemas) -> Schema:
    fields: dict[str, object] = {
        "success": {"const": False, "description": "Always false."},
        "errors": {
            "type": "array",
            "items": schemas.of(Problem),
            "minItems": 1,
            "description": "All that is wrong.",
        },
        "messages": {"type": "array", "maxItems": 0, "description": "Always empty."},
        "result": {"type": "null", "description": "Always null."},
    }
    return {"type": "object", "properties": fields, "required": list(fields)}


def _error_responses() -> Iterator[tuple[str, Schema]]:
    for status, (text, problem) in _ERRORS.items():
        body = {"success": False, "errors": [problem], "messages": [], "result": None}
        content = {"schema": {"$ref": REF.format(name="Failure")}, "example": msgspec.to_builtins(body)}
        yield status, _content(text, {JSON: content}, ("cache-control", *_OF_ERRORS.get(status, ())))


def _content(text: str, content: Mapping[str, object], headers: Iterable[str]) -> Schema:
    return {
        "description": text,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": content,
    }


def _header(name: str) -> Schema:
    text, example = _HEADERS[name]
    return {
        "description": text,
        "required": name in _ALWAYS,
        "schema": {"type": "string"},
        "example": example,
    }


def _portable(value: object) -> object:
    """Patterns as every language reads them: Python alone writes the end of a text as it does."""
    if isinstance(value, Mapping):
        return {
            name: _pattern(item) if name == "pattern" and isinstance(item, str) else _portable(item)
            for name, item in value.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_portable(item) for item in value]
    return value


def _pattern(text: str) -> str:
    return f"{text.removesuffix(_PYTHON_END)}$" if text.endswith(_PYTHON_END) else text
