"""Tokens and gateways from their making to their end, by the forms that are there."""

from __future__ import annotations

import httpx
import pytest
from playwright.async_api import expect

from browser.tokens_kit import made_token
from browser.visitor import Arrive, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="package")

TOKENS, GATEWAYS = "/accounts/local/tokens", "/accounts/local/gateways"


async def status_with(visitor: Visitor, token: str) -> int:
    """What a program is answered that shows this token."""
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(trust_env=False) as http:
        return (await http.get(f"{visitor.address}{GATEWAYS}.json", headers=headers)).status_code


async def test_a_token_is_made_changed_blocked_renewed_and_revoked(arrive: Arrive) -> None:
    visitor = await arrive()
    page = visitor.page
    text = await made_token(visitor, "for the browser", "read")
    await visitor.shoot("token_made-light")
    assert await visitor.barriers() == []
    assert await status_with(visitor, text) == 200
    await page.get_by_role("link", name="To the token").click()
    assert text not in await page.content(), "it is shown this once"

    token = (await visitor.path()).rpartition("/")[2]
    await page.get_by_label("Note").fill("of a test <i>")
    await page.get_by_label("Requests", exact=True).fill("100")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_label("Note")).to_have_value("of a test <i>")
    await expect(page.get_by_text("of 100").first).to_be_visible()

    await page.get_by_role("button", name="Block").click()
    await expect(page.locator(".state.blocked")).to_be_visible()
    assert await status_with(visitor, text) == 401
    await page.get_by_role("button", name="Let it in again").click()
    await expect(page.locator(".state.blocked")).to_have_count(0)
    assert await status_with(visitor, text) == 200

    await page.get_by_role("button", name="Rotate").click()
    fresh = await page.locator("#token").inner_text()
    assert fresh != text
    assert (await status_with(visitor, text), await status_with(visitor, fresh)) == (401, 200)

    await page.get_by_role("link", name="To the token").click()
    await page.get_by_label("For good").check()
    await page.get_by_role("button", name="Revoke").click()
    await page.wait_for_url(f"**{TOKENS}")
    assert await status_with(visitor, fresh) == 401
    await visitor.go("/accounts/local/audit")
    assert (await visitor.text()).count(token) >= 6, "each of these changes"


async def test_a_name_that_is_taken_is_told_and_what_was_typed_stays(arrive: Arrive) -> None:
    visitor = await arrive(may_be_refused=True)
    page = visitor.page
    await made_token(visitor, "taken", "read")
    await visitor.go(f"{TOKENS}/new")
    await page.get_by_label("Name", exact=True).fill("taken")
    await page.get_by_label("Team").fill("the same team")
    await page.get_by_role("button", name="Make it").click()
    await expect(page.get_by_role("alert")).to_contain_text("taken")
    await expect(page.get_by_label("Team")).to_have_value("the same team")


async def test_a_gateway_is_made_changed_after_a_look_and_deleted(arrive: Arrive) -> None:
    visitor = await arrive()
    page = visitor.page
    await visitor.go(GATEWAYS)
    await page.get_by_label("Name").fill("from-the-browser")
    await page.get_by_role("button", name="Make it").click()
    await page.wait_for_url(f"**{GATEWAYS}/from-the-browser")

    await page.get_by_label("cache_ttl").fill("3600")
    await page.get_by_role("button", name="What will change").click()
    await expect(page.get_by_role("rowheader", name="cache_ttl")).to_be_visible()
    await visitor.shoot("gateway_preview-light")
    assert await visitor.barriers() == []
    before = await (await page.request.get(f"{visitor.address}{GATEWAYS}/from-the-browser.json")).text()
    assert '"3600"' not in before, "nothing is changed before it was looked at"
    await page.get_by_role("button", name="Save this").click()
    await expect(page.get_by_label("cache_ttl")).to_have_value("3600")
    await visitor.go("/accounts/local/audit")
    await expect(page.get_by_text("from-the-browser").first).to_be_visible()

    await visitor.go(f"{GATEWAYS}/from-the-browser")
    await page.get_by_label("With its keys, routes").check()
    await page.get_by_role("button", name="Remove from-the-browser").click()
    await page.wait_for_url(f"**{GATEWAYS}")
    await expect(page.get_by_role("link", name="from-the-browser")).to_have_count(0)


async def test_a_number_out_of_range_is_told_beside_what_was_typed(arrive: Arrive) -> None:
    visitor = await arrive(may_be_refused=True)
    page = visitor.page
    await visitor.go(GATEWAYS)
    await page.get_by_label("Name").fill("out-of-range")
    await page.get_by_role("button", name="Make it").click()
    await page.wait_for_url(f"**{GATEWAYS}/out-of-range")
    field = page.get_by_label("cache_ttl")
    await field.evaluate("field => field.form.noValidate = true")
    await field.fill("-5")
    await page.get_by_role("button", name="What will change").click()
    await expect(page.get_by_role("alert").first).to_contain_text("cache_ttl")
    await expect(page.get_by_label("cache_ttl")).to_have_value("-5")
