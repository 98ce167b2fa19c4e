"""Answers of the management API: Cloudflare's envelope, pages of it, and what comes without one (Cloudflare 4.1).

Pure: values in, bytes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from penstock.management.problem import ManagementError

JSON = "application/json"

_encode = msgspec.json.Encoder().encode


class Answer(NamedTuple):
    """What goes back. `headers` are in lower case."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


class Page(msgspec.Struct, frozen=True):
    """Which part of a list was asked for; `page` counts from 1."""

    page: int
    per_page: int

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page


class ResultInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """How much there is. The totals are exact, or left out where they are not known."""

    page: int
    per_page: int
    count: int
    total_count: int | None = None
    total_pages: int | None = None


def result(value: object, status: int = 200) -> Answer:
    """One thing."""
    return Answer(status, _encode({"success": True, "errors": [], "messages": [], "result": value}))


def listing(values: Sequence[object], page: Page, total: int | None, **more: object) -> Answer:
    """A page of things. A page behind the last one is empty, for that is where clients stop asking."""
    pages = None if total is None else -(-total // page.per_page)
    info: dict[str, object] = {
        **_fields(ResultInfo(page.page, page.per_page, len(values), total, pages)),
        **more,
    }
    return Answer(
        200,
        _encode({"success": True, "errors": [], "messages": [], "result": values, "result_info": info}),
    )


def page_of(values: Sequence[object], page: Page) -> Answer:
    """A page out of a list that is here as a whole."""
    return listing(values[page.offset : page.offset + page.per_page], page, len(values))


def bare(value: object, status: int = 200) -> Answer:
    """Something with an envelope of its own, or without any."""
    return Answer(status, _encode(value))


def failure(error: ManagementError) -> Answer:
    """An error's answer."""
    body = {"success": False, "errors": error.problems, "messages": [], "result": None}
    return Answer(error.status, _encode(body), headers=error.headers)


def _fields(info: ResultInfo) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(info)
    return fields
