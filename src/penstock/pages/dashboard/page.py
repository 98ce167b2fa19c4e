"""What a page of the dashboard is: a function from a visit to a value, and a row of what cannot be seen in it.

    @page("/accounts/{account}/logs", "logs.html", permission="metadata_read", title="Logs")
    def logs(resources: Resources, visit: Visit) -> LogsPage:

The value is what the template shows, and what the page's `.json` twin answers with. A page may wait for a store and
knows nothing of HTTP; the door calls it in a thread. An action is what a form sends: it changes something, and says
where to go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Concatenate, Final, NamedTuple, Protocol, TypeVar

import msgspec

from penstock.management.caller import Caller
from penstock.management.problem import forbidden
from penstock.management.reading import Pairs
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.stores.control_store import Permission

Function = TypeVar("Function", bound=Callable[Concatenate[Resources, "Visit", ...], object])

FILE: Final = "-"
"""Instead of a template: what the function gives goes out as it is, a `Download` or a `Response`."""

WAY: Final = ">"
"""Instead of a template: the function only says where to go on, a `Done`. Its twin leads to the twin of that."""

_ROW = "page"  # the attribute of a function that holds its row


class Visit(msgspec.Struct, frozen=True):
    """Who asks for which page. Its caller has the page's permission in the account."""

    caller: Caller
    account: str  # "" where the path has none
    names: Mapping[str, str]  # what stood in the path's {braces}, decoded
    query: Pairs
    base_url: str  # how the gateway was reached: `http://127.0.0.1:8787`
    now_us: int

    def given(self, name: str) -> str:
        """The first value of a parameter of the query; empty where there is none."""
        return first(self.query, name)

    def request(self, gateway: str, **names: str) -> Request:
        """The same as a request to the management API, for the functions that both use."""
        return Request(
            self.account, {"gateway_id": gateway, **names}, self.caller, self.base_url, self.now_us
        )


class Done(msgspec.Struct, frozen=True):
    """What came of an action: where to go on, and what to say there."""

    path: str
    said: str = ""


class Answered(NamedTuple):
    """What an action answers with at once, in place of going on: a form once more, or what is shown this once."""

    template: str
    title: str
    value: object
    status: int = 200


class Download(NamedTuple):
    """A file instead of a page, piece by piece; nothing of it is kept."""

    name: str
    content_type: str
    pieces: Iterator[bytes]


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page, or one action: of these `template` is empty. `permission` None: whose token is good for anything of
    the account.
    """

    path: str
    template: str
    permission: Permission | None
    title: str
    function: Callable[..., object]


class Mark(Protocol):
    """What a row does to a function: nothing that a caller could see."""

    def __call__(self, function: Function, /) -> Function: ...


def page(path: str, template: str, *, permission: Permission | None, title: str) -> Mark:
    """Makes a page of a function `(resources, visit) -> value`."""
    return _mark(path, template, permission, title)


def action(path: str, *, permission: Permission | None) -> Mark:
    """Makes an action of a function `(resources, visit, form)`, to a `Done` or an `Answered`; the form's fields are
    pairs, as in a query.
    """
    return _mark(path, "", permission, "")


def need(visit: Visit, permission: Permission, gateway: str = "") -> None:
    """Raises `ManagementError` 403 for who may do this to parts of the account only; a gateway is its own part."""
    if not visit.caller.may(permission, visit.account, gateway):
        raise forbidden(f"this token may not do this here: it wants the permission {permission}")


def pages(*functions: Callable[..., object]) -> tuple[Page, ...]:
    """The rows of these functions."""
    return tuple(getattr(function, _ROW) for function in functions)


def first(pairs: Pairs, name: str) -> str:
    """The first value of this name; empty where there is none."""
    return next((value for key, value in pairs if key == name), "")


def _mark(path: str, template: str, permission: Permission | None, title: str) -> Mark:
    def mark(function: Function, /) -> Function:
        row = Page(path=path, template=template, permission=permission, title=title, function=function)
        setattr(function, _ROW, row)
        return function

    return mark
