"""Pages of lists: which one is asked for, and what is answered (Cloudflare 4.1, 7.3 D5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from msgspec import Meta

MAX_PER_PAGE: Final = 100

PageNumber = Annotated[int, Meta(ge=1, le=10**9)]
PerPage = Annotated[int, Meta(ge=1, le=MAX_PER_PAGE)]

Item = TypeVar("Item")


class Paging(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which page; they count from 1."""

    page: PageNumber = 1
    """Which page; they count from 1."""
    per_page: PerPage = 20
    """How many on a page."""

    @property
    def offset(self) -> int:
        """How many things stand on the pages before."""
        return (self.page - 1) * self.per_page

    def part(self, values: Sequence[Item]) -> Sequence[Item]:
        """What of the values stands on this page."""
        return values[self.offset : self.offset + self.per_page]


class ResultInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """How much there is. The totals are exact, or left out where they are not known."""

    page: int
    """Which page this is."""
    per_page: int
    """How many fit on one."""
    count: int
    """How many are on this one."""
    total_count: int | None = None
    """How many there are on all; left out where that is not known."""
    total_pages: int | None = None
    """How many pages that makes."""


class Listing(msgspec.Struct, Generic[Item], frozen=True):
    """A page of things. One behind the last page is empty, for that is where clients stop asking.

    `total` is how many there are on all pages, None where it is not known; `more` is told beside it.
    """

    items: Sequence[Item]
    page: Paging
    total: int | None
    more: Mapping[str, object] = {}

    def info(self) -> dict[str, object]:
        """What is said about the page."""
        per_page, pages = self.page.per_page, None
        if self.total is not None:
            pages = -(-self.total // per_page)
        found = ResultInfo(self.page.page, per_page, len(self.items), self.total, pages)
        return {**msgspec.to_builtins(found), **self.more}


def page_of(values: Sequence[Item], page: Paging) -> Listing[Item]:
    """A page out of a list that is here as a whole."""
    return Listing(page.part(values), page, len(values))
