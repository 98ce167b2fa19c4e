"""A browser with scripts switched off: links and forms do all that is not watching something live."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from browser.demonstration import Demonstration
from browser.tokens_kit import made_token
from browser.visitor import Arrive

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_one_signs_in_filters_opens_a_call_and_says_what_one_thinks(
    arrive: Arrive, demo: Demonstration
) -> None:
    visitor = await arrive(signed_in=False, scripts=False)
    page = visitor.page
    await visitor.go(demo.fresh_link())
    await page.get_by_role("link", name="Logs").click()
    await page.get_by_label("Filter by").select_option("provider")
    await page.get_by_label("Value").fill("openai")
    await page.get_by_role("button", name="Filter", exact=True).click()
    await expect(page).to_have_url(re.compile("provider=openai"))
    await page.locator("table.rows tbody a").first.click()
    await page.get_by_role("button", name="Bad").click()
    await expect(page.get_by_role("button", name="Bad")).to_have_attribute("aria-pressed", "true")


async def test_one_makes_a_token_and_nothing_is_offered_that_would_not_work(arrive: Arrive) -> None:
    visitor = await arrive(scripts=False)
    page = visitor.page
    assert (await made_token(visitor, "without scripts")).startswith("pst_")
    await expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    for path in ("overview", "logs", "runs"):
        await visitor.go(f"/accounts/local/{path}")
        await expect(page.get_by_role("button", name="Live")).to_have_count(0)
    await visitor.go("/accounts/local/logs")
    await expect(page.get_by_role("heading", name="Saved views")).to_have_count(0)
    await visitor.go("/accounts/local/playground")
    said = page.locator("noscript").first  # with scripts switched off by the test, Chromium keeps it as text
    assert "which is switched off" in (await said.text_content() or "")


async def test_charts_and_bars_are_there(arrive: Arrive) -> None:
    visitor = await arrive(scripts=False)
    await visitor.go("/accounts/local/overview?span=1h")
    assert await visitor.page.locator("svg").count() > 4
    await visitor.shoot("overview-without-scripts-light")
