"""Query parameters of lists: how much of them, from where on, and of which kinds. Wrong ones become 422."""

import re
from typing import TypeVar

from starlette.requests import Request

from parallel_local.errors import Problem, Shape, invalid

Value = TypeVar("Value", bound=str)


def limit_of(request: Request, default: int, most: int, shape: Shape = Shape.STANDARD) -> int:
    """The parameter `limit`: from 1 to the most."""
    text = request.query_params.get("limit") or str(default)
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not 1 <= int(text) <= most:
        raise invalid([Problem(("query", "limit"), f"a number from 1 to {most} is required")], shape)
    return int(text)


def cursor_of(request: Request, form: str, shape: Shape = Shape.STANDARD) -> str | None:
    """The parameter `cursor`, which an earlier page gave, in its form; None for the beginning."""
    text = request.query_params.get("cursor") or None
    if text is not None and not re.fullmatch(form, text, re.ASCII):
        raise invalid([Problem(("query", "cursor"), "not a cursor of this list")], shape)
    return text


def several_of(
    request: Request, name: str, known: tuple[Value, ...], shape: Shape = Shape.STANDARD
) -> tuple[Value, ...]:
    """The values of a parameter that may be repeated."""
    given = [text for text in request.query_params.getlist(name) if text]
    if not set(given) <= set(known):
        raise invalid([Problem(("query", name), f"one of {', '.join(known)}")], shape)
    return tuple(value for value in known if value in given)
