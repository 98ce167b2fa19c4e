"""Runs one of the upstream programs of this folder on the load's core for as long as a `with` block lasts.

Every such program takes its port as the only argument.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.failure import Failed
from bench.lab import Lab, free_port

START_LIMIT = 15.0


def wait_for_port(port: int) -> None:
    until = time.monotonic() + START_LIMIT
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise Failed(f"the upstream does not accept connections after {START_LIMIT:.0f} s")


@contextmanager
def program_upstream(lab: Lab, module: str) -> Iterator[int]:
    """The port of `python -m MODULE PORT`, accepting connections."""
    port = free_port()
    child = lab.start_load([sys.executable, "-m", module, str(port)], lab.folder("upstream"))
    try:
        wait_for_port(port)
        yield port
    finally:
        lab.stop(child)
