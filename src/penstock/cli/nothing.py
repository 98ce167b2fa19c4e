"""How a command says that there is nothing, and ends where that is because of a mistake."""

from __future__ import annotations

import click

from penstock.analytics.nothing import Nothing
from penstock.cli.output import tell


def say_nothing(none: Nothing, *, waits: bool = False, found: bool = False) -> None:
    """With a mistake the command ends, unless somebody `waits` for the first of its kind. Where something was `found`
    all the same, only a mistake is worth a word.
    """
    if none.is_mistake and not waits:
        raise click.ClickException(none.text)
    if none.is_mistake or not found:
        tell(none.text)
