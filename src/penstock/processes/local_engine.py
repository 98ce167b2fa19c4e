"""The local Parallel engine beside the gateway: its socket, and becoming it. It is a program of its own.

The supervisor holds the socket, so that calls wait in it while the engine starts. While it is down for longer there
is none, and they are refused at once: who would wait for what may never come?
"""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from penstock.processes.claims import bind_unix

Listener = socket.socket


@dataclass(slots=True)
class LocalParallel:
    """The engine of one gateway: over a folder or those of a settings file (none: the packaged one), at a socket.

    It sends webhooks to public addresses, and with `private_webhooks` to any.
    """

    documents: Path | None
    socket: Path
    data: Path
    private_webhooks: bool = False
    _listener: Listener | None = None

    def listen(self) -> None:
        """Calls wait from now on. Raises `StartError`."""
        if self._listener is None:
            self._listener = bind_unix(self.socket)

    def ended(self, status: int | None, pause: float) -> None:
        """The process has ended, or could not be started; another follows after `pause` seconds."""
        if pause:
            self.let_go()

    def let_go(self) -> None:
        """This process holds the socket no longer."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def become(self, parent: int) -> NoReturn:
        """Turns this process into the engine, which inherits the socket and the parent's pipe."""
        assert self._listener is not None
        listener = self._listener.fileno()
        command = [sys.executable, "-m", "parallel_local", "serve"]
        if self.documents is not None:
            command.append(str(self.documents))
        command += ["--fd", str(listener), "--parent-fd", str(parent), "--data", str(self.data)]
        if self.private_webhooks:
            command.append("--allow-private-webhooks")
        os.set_inheritable(listener, True)
        os.set_inheritable(parent, True)
        os.execv(sys.executable, command)

    def close(self) -> None:
        """Nobody listens any more, and the socket's file is gone."""
        self.let_go()
        self.socket.unlink(missing_ok=True)
