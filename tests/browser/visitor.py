"""Somebody in front of a real browser: goes to pages, reads, clicks, and notices what must never happen.

Whatever test a visitor is for, at its end the console was free of errors, and every request went to the server itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, Route

Look = Literal["light", "dark", "phone"]

SHOTS: Final = Path(__file__).parent / "shots"
SIZES: Final = {"light": (1280, 800), "dark": (1280, 800), "phone": (390, 844)}
GRAVE: Final = ("serious", "critical")

_AXE: Final = Path(__file__).parent / "node" / "node_modules" / "axe-core" / "axe.min.js"
_REFUSED: Final = "Failed to load resource: the server responded with a status of 4"
_FIND = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations.map((found) => ({
    impact: found.impact,
    text: `${found.id}: ${found.help}\\n` + found.nodes.map((node) => `  ${node.html.slice(0, 200)}`).join("\\n"),
}))"""


@dataclass  # no slots: Playwright keeps its own wrappers of our methods here
class Visitor:
    """`page` is the window; `address` where the server is. `may_be_refused`: the browser may say that pages were."""

    page: Page
    address: str
    may_be_refused: bool = False
    wrong: list[str] = field(default_factory=list)

    @classmethod
    async def arrive(cls, context: BrowserContext, address: str, *, may_be_refused: bool = False) -> Visitor:
        """A new window, watched from its first moment."""
        self = cls(await context.new_page(), address, may_be_refused)
        await context.route("**/*", self._only_here)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.wrong.append(f"{self.page.url}: {error}"))
        return self

    async def go(self, path: str) -> None:
        """Opens a page, which has to be there."""
        answer = await self.page.goto(self.address + path)
        assert answer is not None, path
        assert answer.status == 200, f"{path} answered {answer.status}"

    async def text(self) -> str:
        """What can be read on the page."""
        return await self.page.inner_text("body")

    async def path(self) -> str:
        """Where the window is now."""
        return self.page.url.removeprefix(self.address)

    async def shoot(self, name: str) -> None:
        """Keeps a picture of the whole page, for a person to look at."""
        SHOTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)

    async def barriers(self) -> list[str]:
        """What keeps people out, by axe-core: where it is serious or worse."""
        await self.page.evaluate(_AXE.read_text())
        found = await self.page.evaluate(_FIND)
        return [one["text"] for one in found if one["impact"] in GRAVE]

    async def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        width = await self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert isinstance(width, int)
        return max(0, width)

    def was_undisturbed(self) -> None:
        """Nothing happened that must never happen."""
        assert not self.wrong, "\n".join(self.wrong)

    def _hear(self, message: ConsoleMessage) -> None:
        is_refusal = message.text.startswith(_REFUSED) and self.may_be_refused
        if message.type in ("error", "warning") and not is_refusal:
            self.wrong.append(f"{self.page.url}: console: {message.text}")

    async def _only_here(self, route: Route, request: Request) -> None:
        if request.url.startswith((f"{self.address}/", "data:", "blob:")):
            await route.continue_()
        else:
            self.wrong.append(f"{self.page.url} asked for {request.url}")
            await route.abort()


class Arrive(Protocol):
    """Opens a window, to the demonstration or to the server at `at`."""

    async def __call__(
        self,
        look: Look = "light",
        *,
        signed_in: bool = True,
        scripts: bool = True,
        may_be_refused: bool = False,
        at: str = "",
    ) -> Visitor: ...
