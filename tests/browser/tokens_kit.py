"""Tokens that a visitor makes on the pages."""

from __future__ import annotations

from browser.visitor import Visitor


async def made_token(visitor: Visitor, name: str, *permissions: str) -> str:
    """The text of a new one; without permissions said, it may do what the form proposes, and look at everything."""
    page = visitor.page
    await visitor.go("/accounts/local/tokens/new")
    await page.get_by_label("Name", exact=True).fill(name)
    for permission in permissions or ("read",):
        await page.locator(f'input[name=permissions][value="{permission}"]').check()
    await page.get_by_role("button", name="Make it").click()
    return await page.locator("#token").inner_text()
