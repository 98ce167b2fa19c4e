"""Coming in and going out, in a real browser."""

from __future__ import annotations

import pytest

from browser.demonstration import Demonstration
from browser.tokens_kit import made_token
from browser.visitor import Arrive

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_link_signs_in_once(arrive: Arrive, demo: Demonstration) -> None:
    link = demo.fresh_link()
    visitor = await arrive(signed_in=False)
    await visitor.go(link)
    assert await visitor.path() == "/accounts/local/overview"
    late = await arrive(signed_in=False, may_be_refused=True)
    await late.page.goto(demo.address + link)
    assert "This link was used" in await late.text()


async def test_the_demonstration_prints_a_link_to_its_own_server(demo: Demonstration) -> None:
    assert demo.printed_link.startswith("/sign-in?link=")


async def test_a_token_signs_in_and_leads_back_to_where_somebody_wanted_to_go(arrive: Arrive) -> None:
    token = await made_token(await arrive(), "signing in")
    visitor = await arrive(signed_in=False)
    await visitor.go("/accounts/local/logs?status=4xx")
    assert (await visitor.path()).startswith("/sign-in")
    await visitor.shoot("sign_in-light")
    assert await visitor.barriers() == []
    await visitor.page.get_by_label("Token").fill(token)
    await visitor.page.get_by_role("button", name="Sign in").click()
    await visitor.page.wait_for_url("**/accounts/local/logs?status=4xx")
    await visitor.page.get_by_text("local · signing in").click()
    await visitor.page.get_by_role("button", name="Sign out").click()
    await visitor.page.wait_for_url("**/sign-in")
    await visitor.go("/accounts/local/logs")
    assert (await visitor.path()).startswith("/sign-in")
