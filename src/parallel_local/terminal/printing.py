"""How answers and results look: colours on a terminal, plain in a pipe. Text of others drives no terminal."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

import click
import msgspec
from rich.console import Console
from rich.text import Text

from penstock_common.printable import ascii_json, lines, one_line

_NUMBERS = r"\[\d+\]"
_ADDRESSES = r"https?://\S+"


class Printer:
    """Lines on standard output."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)

    def waiting(self, text: str) -> AbstractContextManager[object]:
        """Something that moves while an engine works, on a terminal, and never in what is printed."""
        return Console(stderr=True).status(Text(one_line(text)))

    def body(self, text: str) -> None:
        """Text with lines of its own; numbers of sources and addresses stand out."""
        shown = Text(lines(text))
        shown.highlight_regex(_NUMBERS, "bold green")
        shown.highlight_regex(_ADDRESSES, "cyan")
        self._put(shown)

    def line(self, text: str, style: str = "", indent: int = 0) -> None:
        """One line."""
        self._put(Text(" " * indent + one_line(text), style))

    def quotations(self, excerpts: Sequence[str], indent: int) -> None:
        """Excerpts with their own lines, set in."""
        for excerpt in excerpts:
            for row in excerpt.strip().splitlines():
                self.line(row, indent=indent)

    def json(self, value: object) -> None:
        """A value as one line of JSON."""
        click.echo(ascii_json(msgspec.json.encode(value).decode()))

    def _put(self, text: Text) -> None:
        if self._console.is_terminal:
            self._console.print(text)
        else:
            click.echo(text.plain)
