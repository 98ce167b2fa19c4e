"""`penstock demo` as a newcomer runs it, with all its made-up traffic, and ways to sign in to its dashboard."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import subprocess
from pathlib import Path
from secrets import token_urlsafe

from penstock.clock import Clock
from penstock.pages.dashboard.sign_in_files import offer_link
from support.gateway import PROGRAM, environment
from support.waiting import eventually

_LINK = re.compile(r"(http://\S+) +\(the dashboard, once\)")
_ENDED = "Serving until Ctrl-C."
_START_SECONDS = 120.0  # only a failing test waits so long
_STOP_SECONDS = 60.0


class Demonstration:
    """A running one. `start` comes back when all its traffic is made."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self._said = folder / "said"
        port = _free_port()
        self.address = f"http://127.0.0.1:{port}"
        command = [*PROGRAM, "demo", "--port", str(port), "--data", str(self.data)]
        with self._said.open("wb") as output:
            self._process = subprocess.Popen(
                command, env=environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )

    @classmethod
    async def start(cls, folder: Path) -> Demonstration:
        """With a data folder of its own."""
        self = cls(folder)
        try:
            await eventually(self._has_begun, "the demonstration", _START_SECONDS)
        except BaseException:
            await self.stop()
            raise
        return self

    def _has_begun(self) -> bool | None:
        assert self._process.poll() is None, self.said
        return True if _ENDED in self.said else None

    @property
    def said(self) -> str:
        """What it has printed."""
        return self._said.read_text(errors="replace")

    @property
    def printed_link(self) -> str:
        """The path of the link that it printed."""
        found = _LINK.search(self.said)
        assert found is not None, self.said
        return found[1].removeprefix(self.address)

    def fresh_link(self) -> str:
        """The path of another link that signs in once; the one before does not any more."""
        secret = token_urlsafe(24)
        offer_link(self.data, secret, Clock().now_us())
        return f"/sign-in?link={secret}"

    async def stop(self) -> None:
        """As Ctrl-C does it."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        await asyncio.to_thread(self._process.wait, _STOP_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port
