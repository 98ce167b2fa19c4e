"""Runs of Parallel's: the list by states, one with its time line, its output and its evidence."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from browser.visitor import Arrive

pytestmark = pytest.mark.asyncio(loop_scope="package")

RUNS = "/accounts/local/runs"


async def test_a_task_run_with_what_came_of_it(arrive: Arrive) -> None:
    visitor = await arrive()
    page = visitor.page
    await visitor.go(f"{RUNS}?kind=task&state=completed")
    await page.locator("table.rows tbody a").last.click()
    await expect(page.locator("h1")).to_have_text("completed")
    for heading in ("Facts", "Time line", "Cost", "Output", "Evidence"):
        await expect(page.get_by_role("heading", name=heading).first).to_be_visible()
    assert await page.locator(".finding").count() > 0
    assert await page.locator(".citations a").count() > 0
    await visitor.shoot("run-task-light")


async def test_a_state_is_chosen_by_its_count(arrive: Arrive) -> None:
    visitor = await arrive()
    page = visitor.page
    await visitor.go(RUNS)
    tab = page.get_by_role("navigation", name="States").get_by_role("link").first
    name = (await tab.inner_text()).split()[0]
    await tab.click()
    states = await page.locator("table.rows tbody .tone").all_inner_texts()
    assert states
    assert set(states) == {name}
