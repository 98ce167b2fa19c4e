"""What an endpoint of the management API is, and how its handler reads what was asked.

A resource's file holds a tuple of `Endpoint`s and their handlers: functions of a `Desk` and an `Ask` that give
an `Answer` or raise `ManagementError`. They run in a thread, and may wait for a store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from math import isfinite
from typing import Literal, TypeVar

import msgspec

from penstock.dynamic_routing.finding import Finding as RouteFinding
from penstock.management.answer import Answer, Page
from penstock.management.caller import Caller
from penstock.management.problem import INVALID, ManagementError, Problem, invalid
from penstock.management.resources import Desk
from penstock.settings.check import Finding, findings
from penstock.stores.control_store import Permission

MAX_PER_PAGE = 100
MAX_PROBLEMS = 100
_MAX_PAGE = 10**9
_EXACT = 2**53

Shape = TypeVar("Shape", bound=msgspec.Struct)
Kind = TypeVar("Kind")


class Ask(msgspec.Struct, frozen=True):
    """A request that may be done: its caller has the endpoint's permission here."""

    account: str  # "" where the path has none
    names: Mapping[str, str]  # what stood in the path's {braces}, decoded
    query: tuple[tuple[str, str], ...]  # decoded, in order
    body: bytes
    caller: Caller
    base_url: str  # how the caller reached the gateway: `http://127.0.0.1:8787`
    now_us: int

    @property
    def gateway(self) -> str:
        """The gateway of the path."""
        return self.names["gateway_id"]


Handler = Callable[[Desk, Ask], Answer]

Scope = Literal["gateway", "account", "some"]
"""What the permission is needed for: the path's gateway, the whole account, or anything of the account;
with `some` the handler shows only what the caller may see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one path. `path` stands below `/client/v4`; `{account_id}` and `{gateway_id}` are known by name.

    `body` and `query` are what may be sent, `result` what is in the answer's `result` (of a list, one item of
    it): the documentation is made of them.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    handler: Handler
    permission: Permission | None  # None: any good token, and the handler sees to the rest
    scope: Scope = "gateway"
    name: str  # of the operation: `aig-config-list-gateway`
    summary: str
    tag: str
    body: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    result: object = None
    is_list: bool = False
    plain: bool = False  # the answer has no envelope: `result` is all of it
    status: int = 200


class Paging(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which page (Cloudflare 4.1)."""

    page: int = 1
    per_page: int = 20


def read_body(ask: Ask, kind: type[Kind]) -> Kind:
    """The JSON body as what it should be. Raises `ManagementError` 400 with everything that is wrong."""
    return checked(json_body(ask), kind, "body")


def json_body(ask: Ask) -> object:
    """The JSON body as it is. Raises `ManagementError` 400."""
    try:
        return _whole_numbers(msgspec.json.decode(ask.body))
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


def checked(value: object, kind: type[Kind], *path: str) -> Kind:
    """A JSON value as what it should be. Raises `ManagementError` 400 with what is wrong."""
    wrong = problems(findings(value, kind, path))
    if wrong:
        raise ManagementError(400, wrong)
    return msgspec.convert(value, kind)


def problems(found: Iterable[Finding | RouteFinding], *path: str) -> list[Problem]:
    """Findings as the API tells them, the first `MAX_PROBLEMS`: a large body can be wrong in countless places."""
    return [Problem(INVALID, one.reason, (*path, *map(str, one.path))) for one in islice(found, MAX_PROBLEMS)]


def read_query(ask: Ask, kind: type[Shape]) -> Shape:
    """The query's parameters by name, text converted to the types of the fields; the last of several counts.

    Raises `ManagementError` 400.
    """
    known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    given: dict[str, object] = {}
    for name, value in ask.query:
        if name not in known:
            allowed = ", ".join(known) or "none"
            raise invalid(f"unknown parameter {name!r}; known: {allowed}", "query", name)
        given[name] = value
    try:
        found = msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        place, _, name = str(error).rpartition(" - at `$.")
        raise invalid(str(error) if not place else f"{name.rstrip('`')}: {place}", "query") from None
    for name, field in known.items():
        value = getattr(found, field.name)
        if isinstance(value, float) and not isfinite(value):
            raise invalid(f"{name} must be a finite number", "query", name)
    return found


def read_page(ask: Ask, page: int, per_page: int, most: int = MAX_PER_PAGE, least: int = 1) -> Page:
    """A page that is in range. Raises `ManagementError` 400, code 7001 (Cloudflare 7.3 D5)."""
    if not 1 <= page <= _MAX_PAGE:
        raise invalid(f"page must be from 1 to {_MAX_PAGE}", "query", "page")
    if not least <= per_page <= most:
        raise invalid(f"per_page must be from {least} to {most}", "query", "per_page")
    return Page(page, per_page)
