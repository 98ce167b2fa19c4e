"""What is shown while a measurement runs, on standard error: a bar on a terminal, a line for each step elsewhere.

Nothing of what is measured is known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from rich.console import Console
from rich.progress import Progress

T = TypeVar("T")


class Shown(Protocol):
    """Told by whoever measures what is being done."""

    def step(self, what: str) -> None:
        """Something begins that takes a while."""

    def each(self, items: Iterable[T], total: int, what: str) -> Iterator[T]:
        """The items, of which there are `total`."""


class OnConsole:
    """Shows it on a console."""

    def __init__(self, name: str, console: Console) -> None:
        self._name = name
        self._console = console

    def step(self, what: str) -> None:
        line = f"{self._name}: {what}"
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def each(self, items: Iterable[T], total: int, what: str) -> Iterator[T]:
        if not self._console.is_terminal:
            self.step(f"{what} ({total:,})")
            yield from items
            return
        with Progress(console=self._console, transient=True) as bar:
            yield from bar.track(items, total=total, description=what)
