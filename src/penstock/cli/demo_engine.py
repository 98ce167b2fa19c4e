"""Who plays Parallel for `penstock demo` where much is made up: the local engine, at an address of its own.

A gateway that has the engine built in charges nothing for it and takes no part in its webhooks. Here it stands where
Parallel stands for others, so that runs have prices and events pass through the gateway.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from penstock.cli.demo_config import ENGINE_SECRET

_SECRET: Final = "PARALLEL_LOCAL_WEBHOOK_SECRET"
_STOP_SECONDS: Final = 30.0


@contextmanager
def parallel_engine(folder: Path) -> Iterator[str]:
    """Serves for as long as this goes on, and keeps its runs in a folder. The address, where calls wait for it."""
    reader, writer = os.pipe()  # it ends with this process, whatever that dies of
    with socket.create_server(("127.0.0.1", 0)) as listener, (folder / "demo-engine.log").open("wb") as log:
        port = listener.getsockname()[1]
        command = [sys.executable, "-m", "parallel_local", "serve", "--data", str(folder / "parallel-local")]
        command += ["--fd", str(listener.fileno()), "--parent-fd", str(reader), "--allow-private-webhooks"]
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            env={**os.environ, _SECRET: ENGINE_SECRET},
            pass_fds=(listener.fileno(), reader),
        )
        os.close(reader)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            os.close(writer)
            process.wait(_STOP_SECONDS)
