"""One call: its conversation, its story, feedback, the command that repeats it, sending it again, and hostile text."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Dialog, expect

from browser.calls_kit import ask
from browser.visitor import Arrive

pytestmark = pytest.mark.asyncio(loop_scope="package")

LOGS = "/accounts/local/logs"
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)></pre></textarea>\u202egnp.exe\u2066{{7*7}}"
    "\"'><svg onload=alert(3)> javascript:alert(4)"
)


async def test_a_call_is_told_as_a_conversation_with_its_story(arrive: Arrive) -> None:
    visitor = await arrive()
    page = visitor.page
    call = await ask(visitor, "Which way is north?")
    await visitor.go(f"{LOGS}/{call}")
    turn = page.locator(".turn.is-user")
    await expect(turn).to_contain_text("Which way is north?")
    await expect(page.locator(".turn.is-answer")).to_be_visible()
    for heading in ("Call", "Caller", "What happened", "Cost", "Conversation", "Request", "Response"):
        await expect(page.get_by_role("heading", name=heading).first).to_be_visible()
    await visitor.shoot("log-conversation-light")


async def test_feedback_is_kept(arrive: Arrive) -> None:
    visitor = await arrive()
    page = visitor.page
    await visitor.go(f"{LOGS}/{await ask(visitor, 'Was that good?')}")
    await page.get_by_role("button", name="Good").click()
    await expect(page.get_by_role("button", name="Good")).to_have_attribute("aria-pressed", "true")
    await page.get_by_label("Score").fill("87")
    await page.get_by_role("button", name="Set").click()
    await page.reload()
    await expect(page.get_by_label("Score")).to_have_value(re.compile(r"87(\.0)?"))


async def test_the_command_that_repeats_it_holds_no_secret(arrive: Arrive) -> None:
    visitor = await arrive()
    page = visitor.page
    await visitor.go(f"{LOGS}/{await ask(visitor, 'Once more?')}")
    panel = page.locator("section.panel", has=page.locator("#curl"))
    await panel.get_by_role("button", name="Copy").click()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("curl ")
    assert "Once more?" in copied
    assert "Bearer any" not in copied


async def test_it_is_sent_again_to_another_model(arrive: Arrive) -> None:
    visitor = await arrive()
    page = visitor.page
    await visitor.go(f"{LOGS}/{await ask(visitor, 'How deep is the sea?')}")
    await page.get_by_role("link", name="Send again").click()
    await page.wait_for_url("**/playground?from=*")
    lane = page.get_by_role("region", name="First call")
    await expect(lane.get_by_label("Body")).to_have_value(re.compile("How deep is the sea"))
    await lane.get_by_label("Model").fill("parallel/core")
    await lane.get_by_role("button", name="Send").click()
    await expect(lane.get_by_role("link", name="its row in the log")).to_be_visible(timeout=30_000)
    await lane.get_by_role("link", name="its row in the log").click()
    await expect(page.locator("h1")).to_have_text("200")
    await expect(page.get_by_text("core").first).to_be_visible()


async def test_hostile_text_is_shown_and_does_nothing(arrive: Arrive) -> None:
    visitor = await arrive()
    page = visitor.page
    opened: list[str] = []

    async def note(dialog: Dialog) -> None:
        opened.append(dialog.message)
        await dialog.dismiss()

    page.on("dialog", note)
    call = await ask(visitor, HOSTILE)
    for path in (f"{LOGS}/{call}", f"/accounts/local/playground?from={call}", f"{LOGS}?search={call}"):
        await visitor.go(path)
        assert await page.locator("img[src=x], svg[onload], main script").count() == 0
    await visitor.go(f"{LOGS}/{call}")
    await expect(page.locator(".turn.is-user")).to_contain_text("<script>alert(1)</script><img src=x")
    await visitor.shoot("log-hostile-light")
    assert await visitor.overflow() == 0
    assert opened == []


async def test_a_line_of_a_megabyte_neither_widens_nor_freezes_the_page(arrive: Arrive) -> None:
    visitor = await arrive("phone")
    await visitor.go(f"{LOGS}/{await ask(visitor, 'x' * 1_000_000, status=422)}")
    await expect(visitor.page.locator(".turn.is-user")).to_contain_text("xxxx")
    assert await visitor.overflow() == 0
    size = await visitor.page.evaluate("document.documentElement.outerHTML.length")
    assert size < 150_000, "a page shows the beginning of it"
