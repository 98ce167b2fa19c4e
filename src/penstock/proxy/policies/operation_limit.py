"""Which operations a token is for: whether a call is one of them. Pure decisions about one call.

A call is what the table of its provider says of its method and path, by every reading of the path; or, on the unified
endpoint, what its caller asked there. What no table knows is refused. What words stand for is in
`providers/operation_grants.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from penstock.errors import FORBIDDEN, GatewayError
from penstock.providers.base import operations_at
from penstock.providers.operation import Kind, Operation
from penstock.providers.operation_grants import granted
from penstock.providers.operation_table import UNKNOWN, UNKNOWN_OPERATION, OperationTable
from penstock.providers.registry import native
from penstock.proxy.call import Call, Route
from penstock.stores.control_store import Token
from penstock.wire.surface import Surface

_ASKED: Final = {
    Surface.CHAT: Kind.CHAT,
    Surface.RESPONSES: Kind.RESPONSES,
    Surface.MESSAGES: Kind.MESSAGES,
    Surface.COUNT: Kind.TOKEN_COUNT,
    Surface.EMBEDDINGS: Kind.EMBEDDINGS,
    Surface.SEARCH: Kind.SEARCH,
}
_NO_PLAIN_PATH: Final = re.compile(r"%|\\|//|(?:^|/)\.")
_DOTS: Final = frozenset({".", ".."})
_MOST_READINGS: Final = 4
_MOST_SHOWN: Final = 8  # words
_SHOWN_CHARS: Final = 64
_OTHER_METHOD: Final = re.compile(
    r"x[-_](http[-_])?method([-_]override)?|_method|\$?http[-_]?method", re.IGNORECASE
)


def check_operation(call: Call, route: Route) -> None:
    """Raises `GatewayError` 403 when the caller's token is for certain operations, and the call is none of them, or may
    be taken for another one.
    """
    token = call.token
    if token is None or not token.operations:
        return
    if _names_method(call, route):
        raise _refused(token, "the request asks to be taken for another method")
    if call.surface is not None and _ASKED[call.surface] in token.operations:
        return
    table = route.provider.operations
    _check(token, table, call.operation, call.method, route.tail)
    if call.surface is None and _NO_PLAIN_PATH.search(route.tail):
        for reading in _readings(route.tail):
            _check(token, table, _operation(token, call, route, reading), call.method, route.tail)


def check_own_operation(call: Call, table: OperationTable) -> None:
    """The same of what the gateway answers by itself."""
    if call.token is not None and call.token.operations:
        _check(call.token, table, call.operation, call.method, call.path)


def _check(token: Token, table: OperationTable, operation: Operation, method: bytes, tail: str) -> None:
    if operation.name in granted(token.operations, table):
        return
    if operation.name != UNKNOWN:
        raise _refused(token, f"this is {operation.name} ({operation.kind})")
    asked = f"{method.decode('latin-1')} {tail}"[:_SHOWN_CHARS]
    raise _refused(token, f"no table knows what {asked!r} is")


def _operation(token: Token, call: Call, route: Route, reading: str | None) -> Operation:
    """What the call is where its path is read so. Raises `GatewayError` where nobody can tell."""
    if reading is not None:
        try:
            location = native(route.provider, reading, call.header)
            return operations_at(route.provider, location).get(call.method, UNKNOWN_OPERATION)
        except GatewayError:
            pass
    raise _refused(token, "its path may be read in several ways")


def _readings(tail: str) -> Iterator[str | None]:
    """What else a path may be taken for: percent-encoding undone, again and again, backslashes as slashes, doubled
    slashes as one. None: nobody can tell.
    """
    for _ in range(_MOST_READINGS):
        parts = [part for part in unquote(tail).replace("\\", "/").split("/") if part]
        if any(part.partition(";")[0] in _DOTS for part in parts):
            break
        read = "/".join(parts)
        if read == tail:
            return
        yield read
        tail = read
    yield None


def _names_method(call: Call, route: Route) -> bool:
    """Whether the request names a method besides its own, which some providers go by."""
    query = call.query if route.query is None else route.query
    parameters = (part.partition("=")[0] for part in query.decode("latin-1").removeprefix("?").split("&"))
    headers = (name.decode("latin-1") for name in call.head.forward[::4])
    return any(_OTHER_METHOD.fullmatch(name) for name in (*headers, *map(unquote, parameters)))


def _refused(token: Token, why: str) -> GatewayError:
    words, more = token.operations[:_MOST_SHOWN], len(token.operations) - _MOST_SHOWN
    others = f" and {more} more" if more > 0 else ""
    return GatewayError(FORBIDDEN, f"this key may do {', '.join(words)}{others} only, and {why}")
