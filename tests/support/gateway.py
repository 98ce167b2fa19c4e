"""A real `penstock serve` in processes of its own, on a free port, with a data folder of its own.

Its standard error goes to a file, so that nothing can block on it. The log is read as an operator would read
it, with `penstock logs --json`. Nothing of the test runner's environment that would change it gets through.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx
import msgspec
import psutil

from penstock.calls.log_record import LogRecord
from support.processes import is_alive
from support.waiting import PATIENCE, comes, eventually

PROGRAM = (sys.executable, "-m", "penstock")

_SERVING = re.compile(r"^penstock: serving on (http://\S+)", re.MULTILINE)
_STARTED = re.compile(r"worker \d+ started \(process (\d+)\)")
_IN_THE_WAY = re.compile(r"(?i)(penstock_.*|.*_proxy|ssl_cert_(file|dir))\Z")
_STOP_SECONDS = 60.0
_MANY = "1000000"

_read_row = msgspec.json.Decoder(LogRecord).decode


def prepare(folder: Path, text: str | None) -> Path:
    """Makes the folder and writes the configuration file; where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "penstock.toml"
    if text is not None:
        file.write_text(text)
    return file


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child: this one, without what would change how it serves."""
    kept = {name: value for name, value in os.environ.items() if not _IN_THE_WAY.match(name)}
    return {**kept, **(extra or {})}


class Gateway:
    """One `penstock serve`. `start` comes back when it is ready."""

    def __init__(self, folder: Path, arguments: Sequence[str], environ: Mapping[str, str] | None) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.config = folder / "penstock.toml"
        self.url = ""
        self._environ = environment(environ)
        self._stderr = folder / f"stderr-{len(list(folder.glob('stderr-*')))}"
        command = [*PROGRAM, "serve", "--port", "0", "--data", str(self.data), *arguments]
        if self.config.exists():
            command += ["--config", str(self.config)]
        with self._stderr.open("wb") as stderr:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                start_new_session=True,
            )

    @classmethod
    async def start(
        cls,
        folder: Path,
        text: str | None = None,
        *arguments: str,
        environ: Mapping[str, str] | None = None,
        ready: bool = True,
    ) -> Gateway:
        """Serves with this configuration file. `ready=False` does not wait for it."""
        prepare(folder, text)
        self = cls(folder, arguments, environ)
        if ready:
            try:
                await self._wait_ready()
            except BaseException:
                await self.kill_group()
                raise
        return self

    async def _wait_ready(self) -> None:
        self.url = await eventually(self._address, "the address of the gateway")
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:

            async def ask() -> bool | None:
                try:
                    return (await http.get(f"{self.url}/readyz")).status_code == 200 or None
                except httpx.TransportError:
                    return None

            await comes(ask, "a gateway that is ready")

    def _address(self) -> str | None:
        match = _SERVING.search(self.stderr)
        if match is None and self.process.poll() is not None:
            raise AssertionError(f"the gateway ended with {self.process.returncode}\n{self.stderr}")
        return match[1] if match else None

    @property
    def stderr(self) -> str:
        """What it has said so far."""
        return self._stderr.read_text(errors="replace")

    async def says(self, text: str) -> None:
        """Waits until it has said `text`."""
        await eventually(lambda: True if text in self.stderr else None, f"{text!r} on stderr")

    async def workers(self, count: int) -> list[int]:
        """The process ids of the workers, once so many are alive, in the order of their start."""

        def look() -> list[int] | None:
            started = [int(pid) for pid in _STARTED.findall(self.stderr)]
            alive = [pid for pid in started if psutil.pid_exists(pid) and is_alive(psutil.Process(pid))]
            return alive if len(alive) == count else None

        return await eventually(look, f"{count} workers")

    # -- what is remembered

    async def logs(self, expected: int) -> list[LogRecord]:
        """All rows, oldest first, once there are `expected`; fails when there are more."""
        rows = await self._rows_when(lambda found: len(found) >= expected, f"{expected} rows")
        assert len(rows) == expected, f"{len(rows)} rows, not {expected}"
        return rows

    async def logs_with(self, ids: Sequence[str]) -> list[LogRecord]:
        """All rows, oldest first, once the calls `ids` are among them."""
        wanted = set(ids)
        return await self._rows_when(lambda found: wanted <= {row.id for row in found}, "the wanted rows")

    async def _rows_when(self, enough: Callable[[list[LogRecord]], bool], what: str) -> list[LogRecord]:
        rows: list[LogRecord] = []

        async def ask() -> list[LogRecord] | None:
            nonlocal rows
            rows = await asyncio.to_thread(self._rows)
            return rows if enough(rows) else None

        try:
            return await comes(ask, what)
        except AssertionError:
            raise AssertionError(f"the log has {len(rows)} rows, but not {what}\n{self.stderr}") from None

    def _rows(self) -> list[LogRecord]:
        command = [*PROGRAM, "logs", "--json", "--limit", _MANY, "--data", str(self.data)]
        done = subprocess.run(command, env=self._environ, capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return [_read_row(line) for line in reversed(done.stdout.splitlines())]

    # -- changes, signals and the end

    def configure(self, text: str) -> None:
        """Changes its configuration file, which it watches: all of it at once, so that no half of it is read."""
        fresh = self.config.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self.config)

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the supervisor."""
        self.process.send_signal(number)

    async def ended(self) -> int:
        """Waits for its end; the exit code."""
        return await asyncio.to_thread(self.process.wait, _STOP_SECONDS)

    async def stop(self) -> str:
        """SIGTERM, and exit code 0; what it said."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        code = await self.ended()
        assert code == 0, f"exit code {code}\n{self.stderr}"
        return self.stderr

    async def kill_group(self) -> None:
        """SIGKILL to it and all its children."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        await self.ended()


def fails_to_start(
    folder: Path, *arguments: str, environ: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Exit code and standard error of a `penstock serve` that is expected to end by itself."""
    done = subprocess.run(
        [*PROGRAM, "serve", *arguments],
        cwd=folder,
        env=environment(environ),
        capture_output=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stderr.decode()
