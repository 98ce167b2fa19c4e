"""`penstock doctor`: everything that could be wrong with an installation, in one list.

Options and output only: what is looked at is in `penstock/doctor`.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from penstock.cli.options import config_option, server_data_option
from penstock.cli.output import Cell, Output, as_typed, say, say_json
from penstock.clock import Clock
from penstock.doctor.case import Case, open_case
from penstock.doctor.checkup import checkup, deep_steps, looked
from penstock.doctor.finding import Finding
from penstock.doctor.units import counted
from penstock_common.printable import one_line

_HELP = """Examine an installation: its configuration, its data, the gateway that runs on it.

Every line is ok, a warning or a problem; the latter two say what to do. Nothing is changed. The exit code is 1
when there is a problem. Run it as the gateway's user, and with its environment.

\b
Examples:
  penstock doctor
  penstock doctor --config /etc/penstock.toml --data /var/lib/penstock
  penstock doctor --json | jq '.[] | select(.state != "ok")'
"""
_STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}


def _address(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Without a name and a password, which would be shown."""
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or "@" in parts.netloc or parts.query or parts.fragment:
        raise click.BadParameter("must be like http://127.0.0.1:8787")
    return value


@click.command(help=_HELP)
@server_data_option
@config_option
@click.option(
    "--url", metavar="URL", callback=_address, help="Where the gateway is. [default: as it says, or is set]"
)
@click.option("--deep", is_flag=True, help="Look at every store from its first byte to its last.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array of {check, state, text, remedy}.")
def doctor(data: Path | None, config: Path | None, url: str | None, deep: bool, as_json: bool) -> None:
    case = open_case(config, data, url, os.environ, Clock().now_us())
    findings = list(checkup(case))
    if deep:
        findings += _deep(case)
    if as_json:
        say_json(findings)
    else:
        _print(findings)
    sys.exit(1 if any(finding.state == "problem" for finding in findings) else 0)


def _deep(case: Case) -> list[Finding]:
    """Shows on a terminal how far it has come."""
    found: list[Finding] = []
    todo = deep_steps(case)
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=len(todo))
        for step in todo:
            bar.update(task, description=one_line(step.name))
            found += looked(step)
            bar.advance(task)
    return found


def _print(findings: Sequence[Finding]) -> None:
    output = Output()
    if output.is_terminal:
        output.grid([_fields(finding) for finding in findings])
    else:
        for line in _lines(findings):
            say(line)
    say(_summary(findings))


def _fields(finding: Finding) -> list[list[Cell]]:
    told = [Cell(finding.text), *([Cell(as_typed(finding.remedy), "dim")] if finding.remedy else [])]
    return [[Cell(finding.state, _STYLES[finding.state])], [Cell(finding.check, "bold")], told]


def _lines(findings: Sequence[Finding]) -> list[str]:
    lines = []
    widest = max(len(finding.check) for finding in findings)
    for finding in findings:
        margin = f"{finding.state:7}  {finding.check:{widest}}  "
        lines.append(margin + finding.text)
        if finding.remedy:
            lines.append(" " * len(margin) + as_typed(finding.remedy))
    return lines


def _summary(findings: Sequence[Finding]) -> str:
    count = Counter(finding.state for finding in findings)
    return f"{counted(count['problem'], 'problem')}, {counted(count['warning'], 'warning')}"
