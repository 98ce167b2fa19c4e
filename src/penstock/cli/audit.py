"""`penstock audit`: who changed what in the directory, and when (Cloudflare 3.27)."""

from __future__ import annotations

from pathlib import Path

import click

from penstock.cli.access import checked, opened
from penstock.cli.names import account_name
from penstock.cli.options import data_option, json_option
from penstock.cli.output import Cell, say_json
from penstock.cli.render import time_text
from penstock.cli.tables import print_table
from penstock.stores.audit_entry import AuditEntry
from penstock.time_text import rfc3339

_HELP = """Show who changed what in the directory, the newest change first.

Secrets are in none of it: where one stands, a mark tells whether it is still the same.

\b
Examples:
  penstock audit
  penstock audit --account local --limit 100
  penstock audit --json | jq 'select(.kind == "gateway") | .after'
"""
_HEADINGS = ("NUMBER", "TIME", "WHO", "DID", "WHAT", "WHERE", "FIELDS")


@click.command(help=_HELP)
@click.option(
    "--account", callback=checked(account_name), help="Only what is of this account. [default: all]"
)
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="At most so many."
)
@click.option("--before", type=click.IntRange(1), help="Only those with a smaller number than this.")
@data_option
@json_option
def audit(account: str | None, limit: int, before: int | None, data: Path, as_json: bool) -> None:
    with opened(data) as store:
        found = store.audit(account, limit, before)
    if as_json:
        for entry in found:
            say_json(_record(entry))
    else:
        print_table(_HEADINGS, [_line(entry) for entry in found])


def _line(entry: AuditEntry) -> list[Cell]:
    colour = {"create": "green", "delete": "red"}.get(entry.action, "yellow")
    place = f"{entry.account}/{entry.subject}" if entry.account else entry.subject
    return [
        Cell(str(entry.number)),
        Cell(time_text(entry.at_us), "dim"),
        Cell(entry.actor),
        Cell(entry.action, colour),
        Cell(entry.kind.replace("_", " ")),
        Cell(place or "-"),
        Cell(", ".join(entry.after or {}) if entry.action == "update" else "-"),
    ]


def _record(entry: AuditEntry) -> dict[str, object]:
    return {
        "number": entry.number,
        "time": rfc3339(entry.at_us),
        "actor": entry.actor,
        "action": entry.action,
        "kind": entry.kind,
        "account": entry.account,
        "subject": entry.subject,
        "before": entry.before,
        "after": entry.after,
    }
