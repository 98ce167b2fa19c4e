"""Serving the application with uvicorn: what signals mean, and ending promptly even while clients wait."""

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from parallel_local.engine import Engine

_GRACE_SECONDS = 5


class _Protocol(H11Protocol):
    """HTTP/1.1, whatever else a client offers to speak: the request stands, body and all (RFC 9110, 7.8).

    Uvicorn's faster protocol takes a body behind `Upgrade` for the other protocol. Every HTTP client of Java offers
    one with every request, which nobody needs to be warned of.
    """

    def _unsupported_upgrade_warning(self) -> None:
        """Says nothing."""


class EngineServer(uvicorn.Server):
    """A server that first ends all long polls and streams when it is told to stop."""

    def __init__(
        self,
        app: ASGIApp,
        engine: Engine,
        announce: Callable[[], None],
        stopped: Callable[[], None],
        parent_fd: int | None = None,
    ) -> None:
        """`parent_fd` is the reading end of a pipe whose writing end only the parent holds."""
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            log_config=None,
            log_level=logging.WARNING,
            access_log=False,
            lifespan="on",
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        super().__init__(config)
        self._engine = engine
        self._announce = announce
        self._stopped = stopped
        self._parent_fd = parent_fd

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if threading.current_thread() is threading.main_thread():
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._engine.watcher.rescan)
        if self._parent_fd is not None:
            asyncio.get_running_loop().add_reader(self._parent_fd, self._end)
        if self.started:
            self._announce()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ctrl-C reaches the whole process group; under a parent, the parent decides when to end."""
        if sig != signal.SIGINT or self._parent_fd is None:
            super().handle_exit(sig, frame)

    def _end(self) -> None:
        """The parent has gone."""
        if self._parent_fd is not None:
            asyncio.get_running_loop().remove_reader(self._parent_fd)
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wake everybody who waits, then stop as usual."""
        self._engine.end_waits()
        await super().shutdown(sockets)
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
        # uvicorn ends by raising the signal it was stopped with again: nothing after it would run.
        self._stopped()
