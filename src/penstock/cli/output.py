"""The only file of the commands that prints: to a terminal, to a pipe, as JSON, on standard error.

Everything is escaped here, whoever wrote it, so that no command can forget to (`penstock_common/printable.py`). The
only control characters that go out are the colours of a `Cell` and the ends of our own lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final, NamedTuple

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from penstock_common.printable import ascii_json, lines, one_line

_PROGRAM: Final = "penstock"


class Cell(NamedTuple):
    """A piece of a line, with the style it has on a terminal."""

    text: str
    style: str = ""

    @property
    def shown(self) -> Cell:
        """As it is printed, and as wide."""
        return self._replace(text=one_line(self.text))


class SeveralFaults(click.ClickException):
    """What ends a command with a line for each thing that is wrong."""

    def __init__(self, faults: Iterable[object]) -> None:
        super().__init__("\n".join(one_line(as_typed(str(fault))) for fault in faults))


@contextmanager
def errors_in_lines() -> Iterator[None]:
    """What a command fails with may quote what others wrote."""
    try:
        yield
    except SeveralFaults:
        raise
    except click.ClickException as error:
        error.message = one_line(as_typed(error.message))  # type: ignore[misc]  # final, but nobody else can word it anew
        raise


class Output:
    """Lines on standard output: with colours on a terminal, plain in a pipe."""

    def __init__(self, *, cut: bool = False) -> None:
        """`cut`: on a terminal, lines keep to its width."""
        self._console = Console(highlight=False, soft_wrap=not cut)
        self._cut = cut

    @property
    def is_terminal(self) -> bool:
        """Whether somebody watches."""
        return self._console.is_terminal

    @property
    def width(self) -> int | None:
        """Characters of a line; None in a pipe, where it may be as long as it likes."""
        return self._console.width if self.is_terminal else None

    def line(self, *cells: Cell) -> None:
        """One line."""
        if not self.is_terminal:
            say("".join(cell.text for cell in cells))
        elif self._cut:
            self._console.print(_styled(cells), no_wrap=True, overflow="ellipsis")
        else:
            self._console.print(_styled(cells))

    def grid(self, rows: Sequence[Sequence[Sequence[Cell]]]) -> None:
        """Rows of fields; a field is of lines, which are broken at the terminal's width."""
        table = Table.grid(padding=(0, 2))
        for row in rows:
            table.add_row(*(Text("\n").join(_styled([cell]) for cell in field) for field in row))
        self._console.print(table)

    def waiting(self, text: str) -> AbstractContextManager[object]:
        """Something that moves while nothing else happens, on a terminal."""
        return self._console.status(Text(one_line(text)))


def say(text: str) -> None:
    """One line on standard output."""
    click.echo(one_line(text))


def say_body(text: str, *, nl: bool = True) -> None:
    """Text with lines of its own on standard output."""
    click.echo(lines(text), nl=nl)


def say_json(value: object) -> None:
    """A value as one line of JSON on standard output."""
    click.echo(ascii_json(msgspec.json.encode(value).decode()))


def tell(text: str) -> None:
    """One line on standard error: something that is not the command's result, in words of our own."""
    click.echo(one_line(as_typed(text)), err=True)


def as_typed(text: str) -> str:
    """A sentence of ours: what it says to be typed, `penstock …`, as this program was called (`own_command.py`)."""
    context = click.get_current_context(silent=True)
    root = None if context is None else context.find_root()
    if root is None or root.command.name != _PROGRAM:
        return text
    return text.replace(f"`{_PROGRAM} ", f"`{root.info_name} ")


def _styled(cells: Sequence[Cell]) -> Text:
    return Text.assemble(*((one_line(cell.text), cell.style) for cell in cells))
