"""The OpenAPI 3.1 document of the management API, made of its endpoints and the types they name.

Pure: endpoints in, JSON out. Nothing is written by hand twice: a field, a range or a default stands in its
type, and from there gets into the check, the error text and this document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from penstock import __version__
from penstock.management.endpoint import Endpoint
from penstock.settings.gateways import AccountId

Schema = dict[str, object]

_REF: Final = "#/components/schemas/{name}"
_NAMES = re.compile(r"{(\w+)}")
_KNOWN_NAMES: Final[Mapping[str, object]] = {"account_id": AccountId}
_ERRORS: Final = {
    "400": "Something in the request is not as it should be: every entry of `errors` says what, and where",
    "401": "No token, or none that is good",
    "403": "A good token that may not do this",
    "404": "There is no such thing",
    "409": "Somebody else changed it meanwhile: read it again",
    "default": "Something else went wrong; with 503 it is worth trying again",
}
_ABOUT: Final = "The management API of Penstock, with the paths and shapes of Cloudflare AI Gateway's."


def document(endpoints: Sequence[Endpoint]) -> bytes:
    """The document as JSON."""
    kinds = list(_kinds(endpoints))
    schemas, components = msgspec.json.schema_components(kinds, schema_hook=_anything, ref_template=_REF)
    schema_of = {_key(kind): schema for kind, schema in zip(kinds, schemas, strict=True)}
    paths: dict[str, dict[str, object]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schema_of)
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Penstock", "version": __version__, "description": _ABOUT},
        "servers": [{"url": "/client/v4"}],
        "security": [{"token": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(endpoint.tag for endpoint in endpoints)],
        "paths": paths,
        "components": {
            "schemas": {**components, "Failure": _FAILURE},
            "responses": {status: _content(text, _FAILURE_REF) for status, text in _ERRORS.items()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    return msgspec.json.encode(_portable(whole))


def _kinds(endpoints: Iterable[Endpoint]) -> Iterator[object]:
    """All types the endpoints name, each once."""
    found: dict[str, object] = {}
    for endpoint in endpoints:
        fields = msgspec.structs.fields(endpoint.query) if endpoint.query else ()
        for kind in (
            endpoint.body,
            endpoint.result,
            *(field.type for field in fields),
            *_KNOWN_NAMES.values(),
        ):
            if kind is not None:
                found.setdefault(_key(kind), kind)
    yield from found.values()


def _anything(kind: type) -> dict[str, object]:
    """The schema of a field that holds whatever JSON can."""
    if kind is object:
        return {"description": "any JSON"}
    raise NotImplementedError


def _key(kind: object) -> str:
    """Types are told apart by this: some of them cannot be hashed."""
    return repr(kind)


def _operation(endpoint: Endpoint, schema_of: Mapping[str, object]) -> Schema:
    operation: Schema = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": [*_path_parameters(endpoint.path, schema_of), *_query_parameters(endpoint, schema_of)],
        "responses": {
            "200": _content("Done", _answer(endpoint, schema_of)),
            **{status: {"$ref": f"#/components/responses/{status}"} for status in _ERRORS},
        },
        "x-permission": endpoint.permission,
    }
    if endpoint.body is not None:
        content = {"application/json": {"schema": schema_of[_key(endpoint.body)]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _path_parameters(path: str, schema_of: Mapping[str, object]) -> Iterator[Schema]:
    for name in _NAMES.findall(path):
        kind = _KNOWN_NAMES.get(name)
        schema = {"type": "string", "minLength": 1} if kind is None else schema_of[_key(kind)]
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(endpoint: Endpoint, schema_of: Mapping[str, object]) -> Iterator[Schema]:
    for field in msgspec.structs.fields(endpoint.query) if endpoint.query else ():
        schema = {**_stated(schema_of[_key(field.type)])}
        if field.default is not msgspec.NODEFAULT and field.default is not None:
            schema["default"] = msgspec.to_builtins(field.default)
        yield {"name": field.encode_name, "in": "query", "required": field.required, "schema": schema}


def _stated(schema: object) -> Mapping[str, object]:
    """The schema of a value that is there: a query cannot say null."""
    assert isinstance(schema, Mapping)
    options = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    return options[0] if len(options) == 1 else schema


def _answer(endpoint: Endpoint, schema_of: Mapping[str, object]) -> object:
    result = {} if endpoint.result is None else schema_of[_key(endpoint.result)]
    if endpoint.is_raw or not endpoint.envelope:
        return result
    if endpoint.is_list:
        return _envelope({"type": "array", "items": result}, {"result_info": _RESULT_INFO})
    return _envelope(result, {})


def _envelope(result: object, more: Mapping[str, object]) -> Schema:
    nothing = {"type": "array", "maxItems": 0}
    fields = {"success": {"const": True}, "errors": nothing, "messages": nothing, "result": result, **more}
    return {"type": "object", "properties": fields, "required": list(fields)}


def _content(text: str, schema: object) -> Schema:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


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


_PYTHON_END: Final = r"\Z"
_COUNT: Final = {"type": "integer", "minimum": 0}
_RESULT_INFO: Final = {
    "type": "object",
    "properties": dict.fromkeys(("page", "per_page", "count", "total_count", "total_pages"), _COUNT),
    "required": ["page", "per_page", "count"],
}
_PROBLEM: Final = {
    "type": "object",
    "properties": {
        "code": {"type": "integer"},
        "message": {"type": "string"},
        "path": {
            "type": "array",
            "items": {"type": "string"},
            "description": 'Where it is: `["body", "cache_ttl"]`',
        },
    },
    "required": ["code", "message"],
}
_FAILURE: Final = {
    "type": "object",
    "properties": {
        "success": {"const": False},
        "errors": {"type": "array", "items": _PROBLEM, "minItems": 1},
        "messages": {"type": "array", "maxItems": 0},
        "result": {"type": "null"},
    },
    "required": ["success", "errors", "messages", "result"],
}
_FAILURE_REF: Final = {"$ref": _REF.format(name="Failure")}
