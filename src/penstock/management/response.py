"""What goes back over the wire: a value in Cloudflare's envelope, a page of values, or bytes (Cloudflare 4.1).

Pure: values in, bytes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from penstock.management.paging import Listing
from penstock.management.problem import ManagementError, Message

JSON = "application/json"

_encode = msgspec.json.Encoder().encode


class Response(NamedTuple):
    """As it goes out. `headers` are in lower case."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


def response(
    value: object, *, envelope: bool = True, again: str = "", messages: Sequence[Message] = ()
) -> Response:
    """An endpoint's value as it goes out; `again` names where it stands once more."""
    if isinstance(value, Response):
        return value
    if not envelope:
        return Response(200, _encode(value))
    if isinstance(value, Listing):
        return Response(200, _encode(_listing(value, again, messages)))
    more = {again: value} if again else {}
    return Response(200, _encode(_envelope(value, more, messages)))


def failure(error: ManagementError) -> Response:
    """An error's answer."""
    body = {"success": False, "errors": error.problems, "messages": [], "result": None}
    return Response(error.status, _encode(body), headers=error.headers)


def _envelope(result: object, more: dict[str, object], messages: Sequence[Message]) -> dict[str, object]:
    return {"success": True, "errors": [], "messages": messages, "result": result, **more}


def _listing(found: Listing[object], again: str, messages: Sequence[Message]) -> dict[str, object]:
    """A page; the other place of its items comes with its order, which is newest first."""
    more: dict[str, object] = {"result_info": found.info()}
    if again:
        order = {"order_by": "created_at", "order_by_direction": "desc"}
        more["data"] = {**order, "page": found.page.page, "per_page": found.page.per_page, again: found.items}
    return _envelope(found.items, more, messages)
