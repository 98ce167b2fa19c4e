"""One demonstration, as `make demo` starts it, and one Chromium for all tests of this folder.

The tests run one behind the other in one process and share an event loop; each has a browser profile of its own. Those
that change the server's settings use names of their own, so that none stands on what another one did.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, StorageState, async_playwright

from browser.demonstration import Demonstration
from browser.visitor import SIZES, Arrive, Look, Visitor
from support.needed import needed
from support.node import node_with

_NODE = Path(__file__).parent / "node"
# Chromium asks its makers' hosts for this and that; a machine without a network would let it wait for each.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demonstration]:
    """With all its traffic."""
    started = await Demonstration.start(tmp_path_factory.mktemp("demo"))
    yield started
    await started.stop()


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def chromium() -> AsyncIterator[Browser]:
    """From the system's package, and axe-core beside it."""
    program = needed(shutil.which("chromium") or shutil.which("chromium-browser"), "Chromium")
    node_with(_NODE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def session(demo: Demonstration, chromium: Browser) -> StorageState:
    """The cookies of somebody who has signed in, who may do all."""
    async with await chromium.new_context() as context:
        page = await context.new_page()
        await page.goto(demo.address + demo.fresh_link())
        return await context.storage_state()


@pytest_asyncio.fixture(loop_scope="package")
async def arrive(demo: Demonstration, chromium: Browser, session: StorageState) -> AsyncIterator[Arrive]:
    """Opens windows; at the end, nothing may have happened in any that must never happen."""
    visitors: list[Visitor] = []

    async def open_one(
        look: Look = "light",
        *,
        signed_in: bool = True,
        scripts: bool = True,
        may_be_refused: bool = False,
        at: str = "",
    ) -> Visitor:
        width, height = SIZES[look]
        context = await chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if look == "dark" else "light",
            has_touch=look == "phone",
            is_mobile=look == "phone",
            java_script_enabled=scripts,
            storage_state=session if signed_in else None,
            permissions=["clipboard-read", "clipboard-write"],
            reduced_motion="reduce",
        )
        visitor = await Visitor.arrive(context, at or demo.address, may_be_refused=may_be_refused)
        visitors.append(visitor)
        return visitor

    yield open_one
    for visitor in visitors:
        await visitor.page.context.close()
    for visitor in visitors:
        visitor.was_undisturbed()
