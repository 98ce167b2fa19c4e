"""The fields of a gateway on the command line: `--set FIELD=VALUE`, `--unset FIELD`, `--json-file FILE`.

Whether they make sense is not asked here. Secrets never come in arguments, which others can see.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from penstock.settings import GatewaySettings
from penstock.settings.gateway_fields import Fields
from penstock.settings.gateway_secrets import MASK, split_secrets

_MOST_BYTES = 1 << 20

set_option = click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="FIELD=VALUE",
    help="A field; true, numbers and JSON are taken as such. May be repeated.",
)
unset_option = click.option(
    "--unset",
    multiple=True,
    type=click.Choice(GatewaySettings.__struct_fields__),
    metavar="FIELD",
    help="Back to the default. May be repeated.",
)
json_file_option = click.option(
    "--json-file",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Fields as a JSON object, secrets among them; - is standard input.",
)


def given_fields(pairs: tuple[str, ...], json_file: Path | None) -> Fields:
    """All fields that were given. Raises `click.ClickException`."""
    fields = {} if json_file is None else _of_file(json_file)
    own = dict(map(_pair, pairs))
    if any(value != MASK for value in split_secrets(own)[1].values()):
        raise click.ClickException(
            "secrets are not given as arguments, which others can see: use --json-file -"
        )
    return {**fields, **own}


def _pair(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals or not name or not _is_text(text):
        raise click.UsageError(f"{text!r} is not of the form FIELD=VALUE")
    try:
        return name, msgspec.json.decode(value)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return name, value


def _is_text(argument: str) -> bool:
    """Arguments may hold bytes that are no Unicode."""
    try:
        argument.encode()
    except UnicodeError:
        return False
    return True


def _of_file(path: Path) -> Fields:
    try:
        text = sys.stdin.buffer.read(_MOST_BYTES) if str(path) == "-" else path.read_bytes()
        return msgspec.json.decode(text, type=Fields)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a JSON object"
        raise click.ClickException(f"--json-file {path}: {reason}") from None
