"""The small protocol of a gateway under test: install, start in front of an upstream, be stopped.

`start` returns at once; `bench/session.py` waits for the first proxied answer and stops it in the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bench import http1, payload
from bench.child import Child
from bench.lab import Lab
from bench.measure import Skip


@dataclass(frozen=True, slots=True)
class Upstream:
    """Ports on loopback: one answers chat calls, one holds long polls (where a work needs them)."""

    chat: int
    polls: int | None = None


@dataclass(frozen=True, slots=True)
class Running:
    name: str
    port: int
    path: str
    """Where a chat POST goes."""
    child: Child
    headers: Mapping[str, str] = field(default_factory=lambda: payload.HEADERS)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"

    def request(self, body: bytes = payload.REQUEST) -> bytes:
        return http1.encode("POST", self.path, self.headers, body)


class Gateway(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str:
        """What was measured; valid after a successful install."""

    def install(self) -> Skip | None: ...

    def start(self, lab: Lab, upstream: Upstream) -> Running: ...
