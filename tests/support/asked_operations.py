"""Tables of what requests are, written like the reference's, and the requests that they stand for.

A line is `METHOD tail,tail… | kind | $ | effect | where the model is | cache`, in the reference's own short words, with
`secret` at its end where it is one. After the model's place may stand what it is called, with `{}` for its own name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from penstock.providers.base import model_at, operations_at
from penstock.providers.operation import Bills, Effect, Operation
from penstock.providers.registry import Registry, native
from penstock.providers.request_reading import Request, flagged, named_model

REGISTRY = Registry({})
MODEL = "model-1"
_BILLS = {"y": Bills.WORK, "n": Bills.NOTHING, "o": Bills.LATER, "?": Bills.UNKNOWN}
_EFFECTS = {"gen": Effect.GENERATE} | {
    effect.value: effect for effect in Effect if effect is not Effect.GENERATE
}
_FORM = (
    b'--B\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n'
    b'--B\r\ncontent-disposition: form-data; name="%s"\r\n\r\n%s\r\n--B--\r\n'
)


@dataclass(frozen=True)
class Line:
    """One line of a table."""

    provider: str
    method: str
    tail: str
    kind: str
    bills: Bills
    effect: Effect
    place: str
    model: str | None
    is_kept: bool
    is_secret: bool

    def __str__(self) -> str:
        return f"{self.provider} {self.method} {self.tail} {self.place}"


def lines(provider: str, table: str) -> list[Line]:
    """The lines of a provider's table."""
    found: list[Line] = []
    for text in table.strip().splitlines():
        request, kind, bills, effect, place, cache = (cell.strip() for cell in text.split("|"))
        method, tails = request.split()
        place, _, model = place.partition(" ")
        told = (model or ("" if place == "-" else "{}")).replace("{}", MODEL) or None
        kept, secret = cache.startswith("c"), cache.endswith("secret")
        found += [
            Line(provider, method, tail, kind, _BILLS[bills], _EFFECTS[effect], place, told, kept, secret)
            for tail in tails.split(",")
        ]
    return found


def operation(provider: str, method: str, tail: str) -> Operation:
    """What a row says of a request, by its method and path alone."""
    found = REGISTRY.find(provider)
    assert found is not None
    location = native(found, tail.partition("?")[0], lambda _name: None)
    return operations_at(found, location)[method.encode()]


def asked(operation: Operation, tail: str = "", body: object = b"", **headers: str) -> Operation:
    """What a request is. `body` is bytes, or what JSON makes of it; headers have `_` for `-`."""
    return flagged(operation, _request(tail, body, "application/json", headers))


def model_of(line: Line) -> str | None:
    """The model that a line's request names, with the body, query or form that names one where it is said to."""
    if line.place == "p":
        found = REGISTRY.find(line.provider)
        assert found is not None
        return model_at(found, line.tail, lambda _name: None)
    row = operation(line.provider, line.method, line.tail)
    where, _, name = line.place.partition(":")
    body, content_type, tail = b'{"a": 1}', "application/json", line.tail
    if where == "b":
        body = json.dumps(_nested(name)).encode()
    elif where == "f":
        name, _, rest = name.partition(".")
        value = json.dumps(_nested(rest)) if rest else MODEL  # a field may hold a document
        body, content_type = _FORM % (name.encode(), value.encode()), "multipart/form-data; boundary=B"
    elif where == "q":
        tail += ("&" if "?" in tail else "?") + f"{name}={MODEL}"
    return named_model(row, _request(tail, body, content_type, {}))


def spellings(line: Line) -> Iterator[tuple[str, str]]:
    """Methods and tails that mean the same as a line's."""
    tail = line.tail.partition("?")[0]
    yield line.method, tail
    yield line.method, tail + "/"
    yield line.method, f"{tail[:-1]}%{ord(tail[-1]):02x}"
    yield line.method, "//".join(tail.rsplit("/", 1))
    if line.method == "GET":
        yield "HEAD", tail
    if re.match(r"v\d", tail):
        yield line.method, f"v1/{tail}"
        yield line.method, f"/v2/v1/{tail}"


def _nested(path: str) -> object:
    """What has the model at the end of a path: `a[].b` is a list of objects."""
    if not path:
        return MODEL
    first, _, rest = path.partition(".")
    inner = _nested(rest)
    return {first.removesuffix("[]"): [inner] if first.endswith("[]") else inner}


def _request(tail: str, body: object, content_type: str, headers: dict[str, str]) -> Request:
    plain = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request(
        tail.partition("?")[2],
        lambda name: headers.get(name.replace("-", "_")),
        content_type,
        plain,
    )


def assert_is(line: Line) -> None:
    """That a line is true, in every spelling of its request."""
    for method, tail in spellings(line):
        row = asked(operation(line.provider, method, tail), tail, {"a": 1})
        told = (row.kind.value, row.bills, row.effect, row.is_kept, row.secret)
        assert told == (line.kind, line.bills, line.effect, line.is_kept, line.is_secret), (method, tail)
        assert row.name.startswith(f"{line.provider}."), (method, tail)
    assert model_of(line) == line.model
