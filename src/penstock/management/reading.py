"""How body and query of a request become what an endpoint's annotations say, or an error that names all that is wrong.

Which shapes there are is the resources' business.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Annotated, Protocol, TypeVar, get_origin, runtime_checkable

import msgspec

from penstock.management.problem import INVALID, ManagementError, Problem, invalid
from penstock_common.check import Finding, findings, values_in

MAX_PROBLEMS = 100
MAX_VALUES = 100_000
_EXACT = 2**53

Pairs = Sequence[tuple[str, str]]
"""A query's parameters, decoded, in order."""

Kind = TypeVar("Kind")
Shape = TypeVar("Shape", bound=msgspec.Struct)


@runtime_checkable
class ReadsItself(Protocol):
    """A shape with rules beyond its fields."""

    def read(self, given: object, /) -> object:
        """A value out of a body's JSON, or of a query's pairs. Raises `ManagementError` 400 with all that is wrong."""


def read_body(body: bytes, kind: object) -> object:
    """JSON as an annotation has it. Raises `ManagementError` 400."""
    value = json_body(body)
    if isinstance(kind, ReadsItself):
        return kind.read(value)
    assert isinstance(kind, type)
    return checked(value, kind, "body")


def read_query(pairs: Pairs, kind: object) -> object:
    """Parameters as an annotation has them; as they came where it only says what they look like. Raises as above."""
    if get_origin(kind) is Annotated:
        return pairs
    if isinstance(kind, ReadsItself):
        return kind.read(pairs)
    assert isinstance(kind, type)
    return parameters(pairs, kind)


def json_body(body: bytes) -> object:
    """The JSON body as it is. Raises `ManagementError` 400.

    Each value becomes an object, all of them in one step, in which no other thread has a turn.
    """
    if any(values > MAX_VALUES for values in values_in(body)):
        raise invalid(f"the body has more than {MAX_VALUES} values", "body")
    try:
        return _whole_numbers(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid(f"the body is not JSON: {error}", "body") from None
    except RecursionError:
        raise invalid("the body is nested too deeply", "body") from None


def _whole_numbers(value: object) -> object:
    """With 10 for 10.0: in JSON they are the same number, and some clients write one for the other."""
    match value:
        case float() if value.is_integer() and abs(value) <= _EXACT:
            return int(value)
        case dict():
            return {name: _whole_numbers(item) for name, item in value.items()}
        case list():
            return [_whole_numbers(item) for item in value]
    return value


def checked(value: object, kind: type[Kind], *path: str, strict: bool = True) -> Kind:
    """A value as what it should be; unless `strict`, text may stand for what it says. Raises `ManagementError` 400."""
    found = wrong(value, kind, *path, strict=strict)
    if found:
        raise ManagementError(400, found)
    return msgspec.convert(value, kind, strict=strict)


def wrong(value: object, kind: object, *path: str, strict: bool = True) -> list[Problem]:
    """All that keeps a value from being what it should be."""
    return problems(findings(value, kind, path, strict=strict, table="an object"))


def parameters(pairs: Pairs, kind: type[Kind]) -> Kind:
    """A query's parameters by name; the last of several counts. Raises `ManagementError` 400."""
    return checked(dict(pairs), kind, "query", strict=False)


def problems(found: Iterable[Finding], *path: str) -> list[Problem]:
    """Findings as the API tells them, the first `MAX_PROBLEMS`: a large body can be wrong in countless places."""
    return [Problem(INVALID, one.reason, (*path, *map(str, one.path))) for one in islice(found, MAX_PROBLEMS)]
