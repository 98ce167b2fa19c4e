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
ACCOUNT: Final = "local"
# Where the name in the path's braces is found: a page, the list in its JSON, and the name there.
NAMES: Final = {
    "log": ("logs", "rows", "id"),
    "run": ("runs", "rows", "id"),
    "hook": ("hooks", "rows", "number"),
    "gateway": ("gateways", "gateways", "id"),
    "token": ("tokens", "tokens", "id"),
}
TEMPLATES: Final = {
    one.template.removesuffix(".html"): one.path for one in PAGES if one.template not in ("", FILE)
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", TEMPLATES)
async def test_a_page_is_whole(arrive: Arrive, name: str, look: Look) -> None:
    visitor = await arrive(look)
    await visitor.go(await address(visitor, name))
    await visitor.shoot(f"{name}-{look}")
    assert await visitor.overflow() == 0
    assert await visitor.barriers() == []


async def address(visitor: Visitor, name: str) -> str:
    """A page that the demonstration has something for."""
    path = TEMPLATES[name].replace("{account}", ACCOUNT)
    if "{" not in path:
        return path
    page, rows, field = NAMES[name]
    answer = await visitor.page.request.get(f"{visitor.address}/accounts/{ACCOUNT}/{page}.json")
    found: Any = await answer.json()
    value = found[rows][0][field]
    return path[: path.index("{")] + str(value)
