"""The playground: a call that is watched as it comes, its cost and its row; two models side by side."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, expect

from browser.visitor import Arrive

pytestmark = pytest.mark.asyncio(loop_scope="package")

PLAYGROUND = "/accounts/local/playground"


async def test_two_calls_side_by_side(arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.go(PLAYGROUND)
    first, second = (visitor.page.get_by_role("region", name=name) for name in ("First call", "Second call"))
    await begin(first, "parallel/speed")
    await begin(second, "parallel/base")
    for lane in (first, second):
        await expect(lane.locator("[data-facts]")).to_contain_text("200 · ", timeout=30_000)
        await expect(lane.get_by_role("link", name="its row in the log")).to_be_visible(timeout=30_000)
        await expect(lane.get_by_role("region", name="Answer")).not_to_be_empty()
        await expect(lane.locator("[data-facts]")).to_contain_text("tokens", timeout=30_000)
    await visitor.shoot("playground-two-light")
    assert await visitor.barriers() == []


async def test_a_call_that_fails_shows_what_was_answered(arrive: Arrive) -> None:
    visitor = await arrive(may_be_refused=True)
    await visitor.go(PLAYGROUND)
    lane = visitor.page.get_by_role("region", name="First call")
    await lane.get_by_label("Path").fill("compat/chat/completions")
    await lane.get_by_label("Body").fill('{"model": "nobody/nothing", "messages": []}')
    await lane.get_by_role("button", name="Send").click()
    await expect(lane.locator("[data-facts]")).to_contain_text("40", timeout=30_000)
    await expect(lane.get_by_role("region", name="Answer")).to_contain_text("nobody")


async def test_a_body_that_is_no_json_is_said_before_it_is_sent(arrive: Arrive) -> None:
    visitor = await arrive()
    await visitor.go(PLAYGROUND)
    lane = visitor.page.get_by_role("region", name="First call")
    await lane.get_by_label("Body").fill("{")
    await lane.get_by_label("Model").fill("parallel/speed")
    await lane.get_by_role("button", name="Send").click()
    await expect(lane.locator("[data-facts]")).to_contain_text("It did not work")


async def begin(lane: Locator, model: str) -> None:
    """Sends a streamed question to a model of the local engine."""
    await lane.get_by_label("Path").fill("compat/chat/completions")
    await lane.get_by_label("Body").fill(
        '{"model": "'
        + model
        + '", "stream": true, "messages": [{"role": "user", "content": "What is a weir?"}]}'
    )
    await lane.get_by_role("button", name="Send").click()
