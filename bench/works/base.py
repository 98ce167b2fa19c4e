"""The protocol of a work: its name, the programs it needs, its targets, and one method that measures.

Results are handed over as they come, so that a run that is cut short keeps what it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from bench.measure import Measure, Target
from bench.session import Session


class Work(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def summary(self) -> str: ...

    @property
    def needs(self) -> tuple[str, ...]: ...

    @property
    def targets(self) -> tuple[Target, ...]: ...

    def run(self, session: Session) -> Iterator[Measure]: ...
