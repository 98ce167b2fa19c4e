"""The first hour on the first page: a token with one click, a call, and the page that turns green."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from secrets import token_urlsafe

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import expect

from browser.visitor import Arrive
from penstock.clock import Clock
from penstock.pages.dashboard.sign_in_files import offer_link
from support.gateway import Gateway

pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest_asyncio.fixture(loop_scope="package")
async def new_server(tmp_path: Path) -> AsyncIterator[Gateway]:
    """One that nobody has called yet."""
    gateway = await Gateway.start(tmp_path / "new", "", "--local-parallel")
    yield gateway
    await gateway.stop()


async def test_the_first_call_turns_the_page_green_and_leads_to_its_row(
    arrive: Arrive, new_server: Gateway
) -> None:
    gateway = new_server
    secret = token_urlsafe(24)
    offer_link(gateway.data, secret, Clock().now_us())
    visitor = await arrive(at=gateway.url, signed_in=False)
    await visitor.go(f"/sign-in?link={secret}")
    assert (await visitor.path()).endswith("/start"), "an empty server begins with the first hour"
    page = visitor.page
    await expect(page.get_by_text("Waiting for the first call")).to_be_visible()

    await page.get_by_role("button", name="Make a token").click()
    token = await page.locator("#token").inner_text()
    snippets = await page.locator("pre").all_inner_texts()
    assert len(snippets) >= 4
    assert sum(token in snippet for snippet in snippets) >= 4, "the token stands in the programs"
    assert all(gateway.url in snippet for snippet in snippets)
    await visitor.shoot("start-empty-light")

    base = await page.locator("#address").inner_text()
    async with httpx.AsyncClient(trust_env=False) as http:
        body = {"model": "parallel/speed", "messages": [{"role": "user", "content": "Hello!"}]}
        headers = {"cf-aig-authorization": f"Bearer {token}", "authorization": "Bearer any"}
        answer = await http.post(f"{base}/compat/chat/completions", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    await expect(page.get_by_text("It works.")).to_be_visible(timeout=30_000)
    await page.get_by_role("link", name="here").click()
    await expect(page).to_have_url(re.compile(re.escape(answer.headers["cf-aig-log-id"])))
    await expect(page.get_by_text("Hello!").first).to_be_visible()


async def test_a_program_is_copied_with_one_click(arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.go("/accounts/local/start")
    panel = visitor.page.locator("section.panel", has=visitor.page.get_by_role("heading", name="curl"))
    await panel.get_by_role("button", name="Copy").click()
    copied = await visitor.page.evaluate("navigator.clipboard.readText()")
    assert copied == await panel.locator("pre").inner_text()
