"""The gateway of `penstock demo`: a `penstock serve` of its own, begun and ended.

What is called there is not known here.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from penstock.cli.demo_failed import DemoFailed
from penstock.cli.serve import engine_socket
from penstock.control.unread_variables import READ

START_SECONDS: Final = 60.0  # a machine may be busy with other things
POLL_SECONDS: Final = 0.05

_PORT: Final = 8787
_SERVING: Final = re.compile(r"^penstock: serving on http://\S+:(\d+) ", re.MULTILINE)
_LINK: Final = re.compile(r"^penstock: dashboard, signed in once: (http://\S+)$", re.MULTILINE)
_STOP_SECONDS: Final = 60.0


@dataclass(slots=True)
class Gateway:
    """A running `penstock serve`."""

    process: subprocess.Popen[bytes]
    address: str
    link: str  # signs in to the dashboard, once

    def wait(self) -> None:
        """Until the gateway ends: with a failure by itself, else because somebody stopped it, with us or without."""
        code = self.process.wait()
        if code != 0:
            raise DemoFailed(f"the gateway ended by itself with exit code {code}")


@contextmanager
def gateway(folder: Path, port: int, config: Path, *, with_engine: bool) -> Iterator[Gateway]:
    """Serves for as long as this goes on, by this configuration alone; `with_engine`, with the local engine in it."""
    command = [sys.executable, "-m", "penstock", "serve", "--port", str(port), "--data", str(folder)]
    command += ["--config", str(config), *(["--local-parallel"] if with_engine else [])]
    engine = engine_socket(folder) if with_engine else None
    environ = {name: value for name, value in os.environ.items() if name not in READ}
    log = folder / "demo.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environ)
        try:
            address = _address_when_ready(process, engine, log)
            link = _LINK.search(log.read_text(errors="replace"))
            yield Gateway(process, address, link[1] if link else "")
        finally:
            _stop(process)


def free_port() -> int:
    """The usual port; another one where that is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", _PORT))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _address_when_ready(process: subprocess.Popen[bytes], engine: Path | None, log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        said = _SERVING.search(log.read_text(errors="replace"))
        address = said and f"http://127.0.0.1:{said[1]}"
        if address and (engine is None or _listens(engine)) and _is_ready(address):
            return address
        time.sleep(POLL_SECONDS)
    raise DemoFailed(f"the gateway did not start:\n{log.read_text(errors='replace')}")


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Asks the gateway to stop, as Ctrl-C may already have done, and lets it finish even if asked again."""
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        if process.poll() is None:
            process.terminate()
        process.wait(_STOP_SECONDS)
    finally:
        signal.signal(signal.SIGINT, previous)
