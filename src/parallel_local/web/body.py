"""Request bodies and query parameters: decoding them into typed structures, and saying exactly what is wrong.

Every problem becomes 422 in the shape its endpoint uses (Parallel 1.7); nothing here raises anything else.
"""

import re
from typing import TypeVar

import msgspec
from starlette.requests import Request

from parallel_local.errors import Problem, Shape, invalid

_LARGEST_BYTES = 32_000_000
_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>(?:key in )?\$.*)`)?$", re.DOTALL)
_FIELD = re.compile(r"(?:required|unknown) field `([^`]+)`")
_PATH = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
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
    return b"".join(chunks)


def decode(body: bytes, type_: type[Decoded], shape: Shape = Shape.STANDARD) -> Decoded:
    """JSON bytes as `type_`. Raises `ApiError` 422."""
    try:
        return msgspec.json.decode(body or b"null", type=type_)
    except msgspec.ValidationError as error:
        raise invalid([_problem(str(error))], shape) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(
            [Problem(("body",), f"not valid JSON: {error}"[:300], "json_invalid")], shape
        ) from error


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


def _problem(message: str) -> Problem:
    """A decoder's message as place, text and type."""
    found = _AT.match(message)
    path = (found.group("path") or "") if found else ""
    what = found.group("what") if found else message
    steps = [name or (int(index) if index.isdigit() else "key") for name, index in _PATH.findall(path)]
    field = _FIELD.search(what)
    if field:
        steps.append(field.group(1))
    type_ = (
        "missing" if "missing required" in what else "extra_forbidden" if "unknown field" in what else "type"
    )
    return Problem(("body", *steps), what, f"{type_}_error" if type_ == "type" else type_)
