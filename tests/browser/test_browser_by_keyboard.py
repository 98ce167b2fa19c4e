"""Without a mouse: the first key leads past the menu, what has the focus is seen, and each control has a name."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from browser.visitor import Arrive

pytestmark = pytest.mark.asyncio(loop_scope="package")

FOCUS = """() => {
    const at = document.activeElement, style = getComputedStyle(at);
    return [at.tagName, style.outlineStyle !== "none" || style.boxShadow !== "none"];
}"""


async def test_the_first_key_offers_the_way_to_the_content(arrive: Arrive) -> None:
    visitor = await arrive()
    page = visitor.page
    await visitor.go("/accounts/local/logs")
    await page.keyboard.press("Tab")
    way = page.get_by_role("link", name="To the content")
    await expect(way).to_be_focused()
    await expect(way).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("#main$"))


@pytest.mark.parametrize("place", ["overview", "logs", "tokens/new", "gateways", "playground", "start"])
async def test_what_has_the_focus_is_seen(arrive: Arrive, place: str) -> None:
    visitor = await arrive()
    await visitor.go(f"/accounts/local/{place}")
    for _ in range(25):
        await visitor.page.keyboard.press("Tab")
        name, is_seen = await visitor.page.evaluate(FOCUS)
        assert is_seen or name == "BODY", await visitor.page.evaluate(
            "document.activeElement.outerHTML.slice(0, 200)"
        )


async def test_the_menu_opens_and_leads_to_json(arrive: Arrive) -> None:
    visitor = await arrive()
    page = visitor.page
    await visitor.go("/accounts/local/runs")
    await page.locator(".top summary").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="This page as JSON").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/accounts/local/runs.json")
