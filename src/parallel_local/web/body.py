"""Request bodies and query parameters: decoding them into typed structures, and saying exactly what is wrong.

Every problem becomes 422 in the shape its endpoint uses (Parallel 1.7); nothing here raises anything else.
"""

import asyncio
import re
from itertools import accumulate, islice
from typing import TypeVar

import msgspec
from starlette.requests import Request

from parallel_local.errors import Problem, Shape, invalid
from penstock_common.check import Finding, findings, values_in

_LARGEST_BYTES = 32_000_000
_SMALL_BYTES = 131_072
_MOST_VALUES = 100_000  # in a larger one; each is decoded in the same step
_MOST_PROBLEMS = 100
_DEEPEST = 100  # levels of nesting: what is kept of a body has to be read again, and within other things
_NO_MARKS = bytes(set(range(256)) - set(b'[]{}"'))
Decoded = TypeVar("Decoded")


async def read_json(request: Request, type_: type[Decoded], shape: Shape = Shape.STANDARD) -> Decoded:
    """The body as `type_`. Raises `ApiError` 422."""
    return decode(await raw_body(request, shape), type_, shape)


async def raw_body(request: Request, shape: Shape = Shape.STANDARD) -> bytes:
    """The body, refused as soon as it grows beyond any request the contract allows."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _LARGEST_BYTES:
            raise invalid([Problem(("body",), f"larger than {_LARGEST_BYTES // 1_000_000} MB")], shape)
        chunks.append(chunk)
    body = b"".join(chunks)
    if size > _SMALL_BYTES:
        for values in values_in(body):
            if values > _MOST_VALUES:
                raise invalid([Problem(("body",), f"more than {_MOST_VALUES} values")], shape)
            await asyncio.sleep(0)
    if _is_deep(body):
        raise invalid([Problem(("body",), f"nested deeper than {_DEEPEST} levels")], shape)
    return body


def _is_deep(body: bytes) -> bool:
    """Whether JSON is nested too deeply, by its brackets that stand in no string; without decoding it."""
    if body.count(b"[") + body.count(b"{") <= _DEEPEST:
        return False
    marks = body.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _NO_MARKS)
    brackets = b"".join(marks.split(b'"')[::2])
    return max(accumulate(1 if mark in b"[{" else -1 for mark in brackets), default=0) > _DEEPEST


def decode(body: bytes, type_: type[Decoded], shape: Shape = Shape.STANDARD) -> Decoded:
    """JSON bytes as `type_`. Raises `ApiError` 422."""
    try:
        return msgspec.json.decode(body or b"null", type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if len(body) > _SMALL_BYTES:  # the first mistake has to do: looking for all takes its time
            raise invalid([Problem(("body",), str(error)[:300], "json_invalid")], shape) from error
        found = findings(_json(body, shape), type_, ("body",), table="an object")
    raise invalid([_problem(one) for one in islice(found, _MOST_PROBLEMS)], shape)


def unknown_keys(body: bytes, type_: type[msgspec.Struct]) -> list[str]:
    """Top-level keys of an object that its structure does not know."""
    given = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return sorted(given.keys() - set(type_.__struct_fields__))


def number(request: Request, name: str, default: float, shape: Shape = Shape.STANDARD) -> float:
    """A non-negative number out of the query string."""
    text = request.query_params.get(name)
    if text is None or text == "":
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value < float("inf"):
        raise invalid(
            [Problem(("query", name), "a number of at least 0 is required", "float_parsing")], shape
        )
    return value


def flag(request: Request, name: str, default: bool, shape: Shape = Shape.STANDARD) -> bool:
    """A boolean out of the query string."""
    text = request.query_params.get(name, "").casefold()
    if text in ("", "true", "1", "yes", "on"):
        return default if text == "" else True
    if text in ("false", "0", "no", "off"):
        return False
    raise invalid([Problem(("query", name), "a boolean is required", "bool_parsing")], shape)


def cursor(request: Request, shape: Shape = Shape.VALIDATION) -> int:
    """`last_event_id` as a place in a stream; 0 for the beginning."""
    text = request.query_params.get("last_event_id") or "0"
    if not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII):
        raise invalid([Problem(("query", "last_event_id"), "not an event id of this stream")], shape)
    return int(text)


def identifier(request: Request, name: str, prefix: str, shape: Shape = Shape.STANDARD) -> str:
    """A path parameter that has the form of an id; 422 when it cannot be one (Parallel 2.9.3)."""
    text = str(request.path_params[name])
    if not re.fullmatch(rf"{prefix}[A-Za-z0-9_-]{{1,128}}", text):
        raise invalid([Problem(("path", name), f"an id that starts with {prefix} is required")], shape)
    return text


def has_beta(request: Request, value: str) -> bool:
    """Whether a `parallel-beta` header names `value`; unknown values never matter (Parallel 1.3)."""
    listed = ",".join(request.headers.getlist("parallel-beta"))
    return value in (item.strip() for item in listed.split(","))


def _json(body: bytes, shape: Shape) -> object:
    """Whatever JSON it is. Raises `ApiError` 422."""
    try:
        return msgspec.json.decode(body or b"null")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(
            [Problem(("body",), f"not valid JSON: {error}"[:300], "json_invalid")], shape
        ) from error


def _problem(finding: Finding) -> Problem:
    """A finding in the words of the contract."""
    match finding.kind:
        case "missing":
            return Problem(finding.path, "this field is required", "missing")
        case "unknown":
            return Problem(finding.path, f"{finding.what}; {finding.hint}", "extra_forbidden")
    return Problem(finding.path, finding.what, "type_error")
