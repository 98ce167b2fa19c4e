"""What the commands over the directory have in common: opening it, its rows, secrets, and telling what went wrong.

Nothing of one command alone; what may stand in names is in `names.py`.
"""

from __future__ import annotations

import os
import pwd
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from penstock.access.master_key import MasterKeyError, load_or_make
from penstock.access.provider_secret import MAX_SECRET_BYTES
from penstock.access.tokens import parse
from penstock.access.vault import KEY_BYTES, NONCE_BYTES, SealBroken, Vault
from penstock.cli.names import account_name
from penstock.cli.options import where
from penstock.cli.output import SeveralFaults, tell
from penstock.control.catalog import catalog
from penstock.control.no_effect import all_without_effect
from penstock.control.opening import opener
from penstock.control.stored_gateways import Seal
from penstock.settings import ConfigError, Settings, load
from penstock.stores.control_store import ControlStore, ControlStoreError, Noun, Snapshot
from penstock.stores.opening import Stores
from penstock.stores.opening.control_store import control_store
from penstock_common.printable import one_line

Row = TypeVar("Row", bound=Noun)
Check = Callable[[str], str]

SHORTEST_PART = 4


def checked(check: Check) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """A callback that puts the value of a parameter, or each of its values once, through `check`."""

    def callback(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, tuple):
            return tuple(dict.fromkeys(check(part) for part in value))
        return None if value is None else check(value)

    return callback


account_option = click.option(
    "--account", default="local", show_default=True, callback=checked(account_name), help="Whose it is."
)


@contextmanager
def opened(data: Path) -> Iterator[ControlStore]:
    """The directory of a data folder; what goes wrong with it ends the command with a sentence."""
    if not data.is_dir():
        raise click.ClickException(
            f"there is no data directory {where(data)}: start `penstock serve --data {data}` first, or make it"
        )
    if os.geteuid() == 0:  # the gateway could not read what root makes here
        check_owner(data)
    try:
        yield control_store(Stores(data), _actor())
    except (ControlStoreError, MasterKeyError, SealBroken) as error:
        raise click.ClickException(str(error)) from None


def check_owner(data: Path) -> None:
    """Ends the command where a data folder is another user's, who could not read what is made in it."""
    owner = data.stat().st_uid
    if os.geteuid() != owner:
        raise click.ClickException(
            f"{data} belongs to user {_user(owner)}: run this as that user, not as {_user(os.geteuid())}"
        )


def _actor() -> str:
    """Who changes something, for the audit."""
    return f"cli:{_user(os.getuid())}"


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def settings_of(config: Path | None, data: Path) -> Settings:
    """What the gateway of a data folder is configured with, as this shell gives it."""
    try:
        return load(config, environ=os.environ, overrides={"server.data": str(data)})
    except ConfigError as error:
        raise SeveralFaults(error.problems) from None


@contextmanager
def telling_in_vain(store: ControlStore, config: Path | None, data: Path) -> Iterator[None]:
    """Tells what is set in between, and does nothing."""
    before = _in_vain(store, config, data)
    yield
    for line in _in_vain(store, config, data):
        if line not in before:
            tell(f"{line}.")


def _in_vain(store: ControlStore, config: Path | None, data: Path) -> list[str]:
    settings, snapshot = settings_of(config, data), store.snapshot()
    return all_without_effect(settings, catalog(settings, snapshot, opener(None)), snapshot)


def sealer(data: Path, snapshot: Snapshot) -> Seal:
    """Seals with the master key, which is looked for, or made, only when there is a secret."""

    def seal(secret: bytes, context: bytes) -> bytes:
        return open_vault(data, snapshot).seal(secret, context, secrets.token_bytes(NONCE_BYTES))

    return seal


def open_vault(data: Path, snapshot: Snapshot) -> Vault:
    """Seals with the master key, which is made when nothing was sealed yet. Raises `MasterKeyError`."""
    fresh = secrets.token_bytes(KEY_BYTES)
    return Vault(load_or_make(os.environ, data, fresh, snapshot.seal_label))


def one(rows: Sequence[Row], part: str, what: str) -> Row:
    """The row with this id, or the only one whose id begins so."""
    token = parse(part.strip().encode(errors="replace"))
    if token is not None:
        raise click.ClickException(f"this is a token itself, and secret; its id is {token[0]}")
    found = [row for row in rows if row.id == part]
    if not found and len(part) >= SHORTEST_PART:
        found = [row for row in rows if row.id.startswith(part)]
    if len(found) > 1:
        raise click.ClickException(f"several ids begin with {part!r}: {', '.join(row.id for row in found)}")
    if not found:
        raise click.ClickException(f"no {what} has the id {part!r}: list them to see their ids")
    return found[0]


def confirm(question: str, *, yes: bool) -> None:
    """Asks, on a terminal; elsewhere `--yes` must have been given."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.ClickException("this cannot be undone: give --yes to do it without being asked")
    click.confirm(one_line(question), abort=True, err=True)


def read_secret(prompt: str) -> bytes:
    """A secret from a pipe, or typed unseen. Never from the command line, which others can see."""
    if sys.stdin.isatty():
        typed: str = click.prompt(one_line(prompt), hide_input=True, err=True)
        return typed.encode(errors="replace")
    return sys.stdin.buffer.read(2 * MAX_SECRET_BYTES)
