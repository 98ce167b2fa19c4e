"""Every page as three people see it: by day, by night, on a phone. The pictures are kept in `shots/` to be looked at.

Which pages there are, the dashboard's own table says: a new page fails here until somebody says how to get to it.
"""

from __future__ import annotations

from typing import Any, Final

import pytest

from browser.visitor import Arrive, Look, Visitor
from penstock.pages.dashboard.page import FILE
from penstock.pages.dashboard.site import PAGES

pytestmark = pytest.mark.asyncio(loop_scope="package")

LOOKS: Final[tuple[Look, ...]] = ("light", "dark", "phone")
HERE: Final = "/accounts/local/"
ROWS: Final = {
    "gateways/{gateway_id}": ("gateways", "id"),
    "hooks/{number}": ("rows", "number"),
    "logs/{id}": ("rows", "id"),
    "routes/{route_id}": ("routes", "id"),
    "runs/{id}": ("rows", "id"),
    "tokens/{token_id}": ("tokens", "id"),
}
"""Of a list's JSON, where its rows are, and what a path has of a row."""

PATHS: Final = [
    one.path.removeprefix("/accounts/{account}/")
    for one in PAGES
    if one.template not in ("", FILE) and one.path != "/"
]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", PATHS)
async def test_a_page_is_whole(arrive: Arrive, path: str, look: Look) -> None:
    visitor = await arrive(look)
    await visitor.go(HERE + await with_names(visitor, path))
    await visitor.shoot(f"{path.translate(str.maketrans('/', '-', '{}'))}-{look}")
    assert await visitor.overflow() == 0
    assert await visitor.barriers() == []


async def with_names(visitor: Visitor, path: str) -> str:
    """A page that the demonstration has something for."""
    steps: list[str] = []
    for step in path.split("/"):
        name = f"{steps[-1]}/{step}" if steps else step
        steps.append(await _name(visitor, "/".join(steps), *ROWS[name]) if "{" in step else step)
    return "/".join(steps)


async def _name(visitor: Visitor, page: str, rows: str, field: str) -> str:
    answer = await visitor.page.request.get(f"{visitor.address}{HERE}{page}.json")
    found: list[dict[str, Any]] = (await answer.json())[rows]
    fullest = max(found, key=lambda row: row.get("routes", 0))  # a gateway that has some of all
    return str(fullest[field])
