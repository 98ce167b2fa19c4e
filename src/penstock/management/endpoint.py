"""What an endpoint of the management API is: a function, and a row of what cannot be seen in it.

    @put("/accounts/{account_id}/ai-gateway/gateways/{gateway_id}", "aig-config-update-gateway", permission="edit", …)
    def update_gateway(resources: Resources, request: Request, body: GatewayUpdate) -> GatewayAnswer:
        '''Change a gateway: a field left out gets its default.'''

Body, query and answer are taken from the annotations: they say how a request is read and what the documentation
holds; the summary is the first line of the docstring. An endpoint gives a value, a `Listing`, or a `Response` for
bytes of its own, or raises `ManagementError`. It may be called by anybody, may wait for a store, and knows nothing
of HTTP; the door calls it in a thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import (
    Annotated,
    Concatenate,
    Literal,
    NoReturn,
    Protocol,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from penstock.management.paging import Listing
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.management.response import Response
from penstock.stores.control_store import Permission

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

Scope = Literal["gateway", "account", "some"]
"""What the permission is needed for: the path's gateway, the whole account, or anything of the account;
with `some` the endpoint shows only what the caller may see."""

Function = TypeVar("Function", bound=Callable[Concatenate[Resources, Request, ...], object])

_ROW = "endpoint"  # the attribute of a function that holds its row


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One method of one path. `path` stands below `/client/v4`; `{account_id}` and `{gateway_id}` are known by name.

    Annotations are read when they are first asked for: `Annotated[X, Shape]` is an X that looks like a `Shape`.
    """

    method: Method
    path: str
    permission: Permission | None  # None: any good token, and the function sees to the rest
    scope: Scope
    tag: str
    name: str  # of the operation: `aig-config-list-gateway`
    envelope: bool  # without one the value is all of the answer
    again: str  # where the value stands once more: clients disagree about its place (6.2 C7)
    function: Callable[..., object]

    @cached_property
    def given(self) -> dict[str, object]:
        """How `body` and `query` are annotated, where the function takes them."""
        return {name: kind for name, kind in self._hints.items() if name in ("body", "query")}

    @property
    def body(self) -> type[msgspec.Struct] | None:
        """The shape of the body; None where none is read."""
        return _struct(self.given.get("body"))

    @property
    def query(self) -> type[msgspec.Struct] | None:
        """The shape of the query; None where parameters are not looked at."""
        return _struct(self.given.get("query"))

    @property
    def summary(self) -> str:
        """One line on what it does."""
        return (self.function.__doc__ or "").partition("\n")[0].removesuffix(".")

    @property
    def result(self) -> object | None:
        """The shape of the answer's `result`; of a list, that of one item. None for bytes, and where there is none."""
        if self.refuses or self.is_raw:
            return None
        kind = self._hints["return"]
        return _shape(get_args(kind)[0] if self.is_list else kind)

    @property
    def is_list(self) -> bool:
        """Does it give a page of things?"""
        return get_origin(self._hints["return"]) is Listing

    @property
    def refuses(self) -> bool:
        """Does it never give anything?"""
        return self._hints["return"] is NoReturn

    @property
    def is_raw(self) -> bool:
        """Does it give bytes of its own?"""
        return self._hints["return"] is Response

    @cached_property
    def _hints(self) -> dict[str, object]:
        return get_type_hints(self.function, include_extras=True)


class Mark(Protocol):
    """What an endpoint's row does to a function: nothing that a caller could see."""

    def __call__(self, function: Function, /) -> Function: ...


def endpoint(
    method: Method,
    path: str,
    name: str,
    *,
    permission: Permission | None,
    tag: str,
    scope: Scope | None = None,
    envelope: bool = True,
    again: str = "",
) -> Mark:
    """Makes an endpoint of a function; see `Endpoint`. The scope is the path's, unless it is `some`."""
    reach = scope or ("gateway" if "{gateway_id}" in path else "account")

    def mark(function: Function, /) -> Function:
        row = Endpoint(
            method=method,
            path=path,
            permission=permission,
            scope=reach,
            tag=tag,
            name=name,
            envelope=envelope,
            again=again,
            function=function,
        )
        setattr(function, _ROW, row)
        return function

    return mark


get = partial(endpoint, "GET")
post = partial(endpoint, "POST")
put = partial(endpoint, "PUT")
patch = partial(endpoint, "PATCH")
delete = partial(endpoint, "DELETE")


def endpoints(*functions: Callable[..., object]) -> tuple[Endpoint, ...]:
    """The rows of these functions."""
    return tuple(getattr(function, _ROW) for function in functions)


def _shape(kind: object) -> object:
    """What a value of this annotation looks like."""
    shapes = (
        [one for one in get_args(kind)[1:] if isinstance(one, type)] if get_origin(kind) is Annotated else []
    )
    return shapes[0] if shapes else kind


def _struct(kind: object) -> type[msgspec.Struct] | None:
    found = _shape(kind)
    return found if isinstance(found, type) and issubclass(found, msgspec.Struct) else None
