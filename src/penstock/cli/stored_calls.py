"""What the commands over stored calls share: opening the ledger, and finding a call by a part of its id.

What goes wrong ends the command with a sentence that says what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from penstock.cli.options import where
from penstock.stores.ledger import CallRow, LedgerDamaged, LedgerMissing, LedgerReader, LedgerUnavailable
from penstock.stores.opening import Stores
from penstock.stores.opening.ledger import ledger_reader, rollups
from penstock.stores.rollups import Rollups

_SHORTEST_PART = 8


@contextmanager
def opened(data: Path) -> Iterator[LedgerReader]:
    """The ledger of a data folder, to be read."""
    with _told(data), closing(ledger_reader(Stores(data))) as ledger:
        yield ledger


@contextmanager
def opened_rollups(data: Path) -> Iterator[Rollups]:
    """The roll-ups of a data folder's ledger, to be asked."""
    with _told(data), closing(rollups(Stores(data))) as found:
        yield found


@contextmanager
def _told(data: Path) -> Iterator[None]:
    try:
        yield
    except LedgerMissing:
        raise click.ClickException(
            f"no ledger in {where(data)}: start `penstock serve --data {data}` first"
        ) from None
    except LedgerDamaged as error:
        raise click.ClickException(
            f"cannot read the ledger in {where(data)}, it is damaged: {error}; `penstock doctor` says what to do"
        ) from None
    except LedgerUnavailable as error:
        raise click.ClickException(f"cannot read the ledger in {where(data)}: {error}") from None


def one(ledger: LedgerReader, part: str) -> CallRow:
    """The call with this id, or the only one whose id begins or ends so."""
    row = ledger.get(part)
    if row is not None:
        return row
    if len(part) < _SHORTEST_PART:
        raise click.ClickException(
            f"no call has the id {part!r}; give at least {_SHORTEST_PART} characters of it"
        )
    found = ledger.find(part, 4)
    if len(found) > 1:
        raise click.ClickException(f"several calls fit {part!r}, give more of the id: {', '.join(found)}")
    row = ledger.get(found[0]) if found else None
    if row is None:
        raise click.ClickException(f"no call's id begins or ends with {part!r}")
    return row
