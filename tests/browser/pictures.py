"""Makes the pictures of the README anew, of the demonstration: `make pictures`.

A palette instead of all colours makes them a third as large, and nobody sees it.
"""

from __future__ import annotations

import asyncio
import io
import shutil
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import Page, async_playwright

from browser.conftest import QUIET
from browser.demonstration import Demonstration

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures"
_SIZE: Final = {"width": 1200, "height": 760}
_COLOURS: Final = 200


async def make() -> None:
    """Three of them: the overview, a call, a run."""
    with tempfile.TemporaryDirectory() as folder:
        demo = await Demonstration.start(Path(folder))
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=QUIET
                )
                page = await browser.new_page(viewport={"width": _SIZE["width"], "height": _SIZE["height"]})
                await page.goto(demo.address + demo.fresh_link())
                await _overview(page, demo.address)
                await _call(page, demo.address)
                await _run(page, demo.address)
                await browser.close()
        finally:
            await demo.stop()


async def _overview(page: Page, address: str) -> None:
    await page.goto(f"{address}/accounts/local/overview?span=7d")
    await _take(page, "overview")


async def _call(page: Page, address: str) -> None:
    """One with a conversation that used a tool."""
    calls = await page.request.get(
        f"{address}/accounts/local/logs.json?operation=openai.chat.completions.create"
    )
    for row in (await calls.json())["rows"]:
        await page.goto(f"{address}/accounts/local/logs/{row['id']}")
        if await page.get_by_text("tool call").count():
            break
    await page.locator(".talk").evaluate("part => window.scrollTo(0, part.offsetTop - 330)")
    await _take(page, "call")


async def _run(page: Page, address: str) -> None:
    """FindAll's, with its candidates."""
    runs = await page.request.get(f"{address}/accounts/local/runs.json?kind=findall")
    await page.goto(f"{address}/accounts/local/runs/{(await runs.json())['rows'][0]['id']}")
    await page.locator("#candidates").evaluate("part => window.scrollTo(0, part.offsetTop - 330)")
    await _take(page, "run")


async def _take(page: Page, name: str) -> None:
    whole = Image.open(io.BytesIO(await page.screenshot()))
    FOLDER.mkdir(exist_ok=True)
    whole.convert("RGB").quantize(_COLOURS).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    asyncio.run(make())
