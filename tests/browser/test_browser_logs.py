"""The list of calls, and one of them: filters that live in the address, keys, views, what stays fresh, files."""

from __future__ import annotations

import csv
import json
import re

import pytest
from playwright.async_api import Download, Page, expect

from browser.calls_kit import ask
from browser.visitor import Arrive

pytestmark = pytest.mark.asyncio(loop_scope="package")

LOGS = "/accounts/local/logs"


async def test_filters_are_chips_that_live_in_the_address(arrive: Arrive) -> None:
    visitor = await arrive()
    page = visitor.page
    await visitor.go(LOGS)
    all_of_them = await page.locator(".head .soft").inner_text()
    await page.get_by_label("Filter by").select_option("provider")
    await page.get_by_label("Value").fill("anthropic")
    await page.get_by_role("button", name="Filter", exact=True).click()
    await expect(page).to_have_url(re.compile(r"[?&]provider=anthropic"))
    await page.get_by_label("Filter by").select_option("status")
    await page.get_by_label("Value").fill("error")
    await page.keyboard.press("Enter")
    await expect(page.locator(".chip")).to_have_count(2)
    operations = await page.locator("table.rows tbody td:nth-child(3)").all_inner_texts()
    assert operations
    assert all(text.startswith("anthropic") for text in operations)
    statuses = await page.locator("table.rows tbody td:nth-child(2)").all_inner_texts()
    assert all(re.match(r"[45]\d\d", text) for text in statuses), statuses

    await page.reload()
    await expect(page.locator(".chip")).to_have_count(2)
    await page.get_by_label("Remove the filter status error").click()
    await page.get_by_label("Remove the filter provider anthropic").click()
    await expect(page.locator(".chip")).to_have_count(0)
    assert await page.locator(".head .soft").inner_text() == all_of_them


async def test_a_mistyped_value_says_what_was_meant(arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.go(f"{LOGS}?provider=anthropc")
    await expect(visitor.page.get_by_role("status")).to_contain_text("did you mean anthropic?")
    await visitor.shoot("logs-mistyped-light")


async def test_a_word_of_a_question_finds_its_call(arrive: Arrive) -> None:
    visitor = await arrive()
    call = await ask(visitor, "How many quaggas are there?")
    await visitor.go(LOGS)
    await visitor.page.keyboard.press("/")
    await visitor.page.keyboard.type(call[:13])
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.page.locator("table.rows tbody tr")).to_have_count(1)
    assert call in (await visitor.page.locator("table.rows tbody a").get_attribute("href") or "")


async def test_keys_walk_the_list_and_open_a_call(arrive: Arrive) -> None:
    visitor = await arrive()
    page = visitor.page
    await visitor.go(LOGS)
    await page.get_by_role("button", name="Live").click()  # the list stands still now
    wanted = await page.locator("table.rows tbody a").nth(1).get_attribute("href")
    for key in ("j", "j", "j", "k"):
        await page.keyboard.press(key)
    await expect(page.locator("table.rows tr.at")).to_have_count(1)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await visitor.shoot("logs-keys-light")
    assert await visitor.barriers() == []
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await page.locator("table.rows tr.at a").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**{wanted}")


async def test_the_list_stays_fresh_without_being_loaded_again(arrive: Arrive) -> None:
    visitor = await arrive()
    page = visitor.page
    await visitor.go(LOGS)
    await page.evaluate("window.sameWindow = true")
    call = await ask(visitor, "Is anybody there?")
    await expect(page.locator(f'a[href="{LOGS}/{call}"]')).to_be_visible(timeout=30_000)
    assert await page.evaluate("window.sameWindow"), "the page was loaded again"


async def test_columns_are_chosen_and_stay_in_the_address(arrive: Arrive) -> None:
    visitor = await arrive()
    page = visitor.page
    await visitor.go(LOGS)
    await page.get_by_text("Columns").click()
    await page.locator('input[name=column][value="path"]').uncheck()
    await page.locator('input[name=column][value="user"]').check()
    await page.get_by_role("button", name="Show these").click()
    await expect(page.get_by_role("columnheader", name="User")).to_be_visible()
    await expect(page.get_by_role("columnheader", name="Path")).to_have_count(0)
    await expect(page).to_have_url(re.compile("column=user"))


async def test_a_view_is_saved_opened_and_forgotten(arrive: Arrive) -> None:
    visitor = await arrive()
    page = visitor.page
    await visitor.go(f"{LOGS}?status=4xx")
    await page.get_by_label("Save these filters as").fill("refused <b>calls</b>")
    await page.get_by_role("button", name="Save").click()
    await visitor.go(LOGS)
    await page.get_by_role("link", name="refused <b>calls</b>").click()
    await expect(page).to_have_url(re.compile(r"status=4xx"))
    await page.get_by_role("button", name="Forget").click()
    await page.reload()
    await expect(page.get_by_role("button", name="Forget")).to_have_count(0)


async def test_the_calls_that_are_listed_are_kept_as_files(arrive: Arrive) -> None:
    visitor = await arrive()
    page = visitor.page
    await visitor.go(f"{LOGS}?provider=mistral&status=200")
    shown = int((await page.locator(".head .soft").inner_text()).split()[0])
    table = await _kept(page, "CSV")
    lines = list(csv.DictReader(table.decode().splitlines()))
    assert len(lines) == shown
    assert {line["provider"] for line in lines} == {"mistral"}
    objects = [json.loads(line) for line in (await _kept(page, "NDJSON")).splitlines()]
    assert len(objects) == shown


async def _kept(page: Page, name: str) -> bytes:
    async with page.expect_download() as waiting:
        await page.get_by_role("link", name=name, exact=True).click()
    found: Download = await waiting.value
    return (await found.path()).read_bytes()


async def test_older_calls_are_a_page_away_and_back(arrive: Arrive) -> None:
    visitor = await arrive()
    page = visitor.page
    await visitor.go(LOGS)
    first = await page.locator("table.rows tbody a").first.get_attribute("href")
    await page.get_by_role("link", name="Older").click()
    await expect(page.get_by_role("link", name="Newest")).to_be_visible()
    assert await page.locator("table.rows tbody a").first.get_attribute("href") != first
