"""`penstock dashboard`: a link that signs in to the dashboard of the server that runs on a data folder, once.

Writes the one file that the server looks into when somebody comes with a link. Nothing is started or opened here.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from penstock.cli.access import check_owner
from penstock.cli.options import config_option, data_option, json_option, where
from penstock.cli.output import say, say_json, tell
from penstock.clock import Clock
from penstock.doctor.case import Case, open_case
from penstock.pages.dashboard.door import SIGN_IN
from penstock.pages.dashboard.sign_in_files import LINK_BYTES, LINK_SECONDS, offer_link
from penstock.time_text import rfc3339

_HELP = """Print a link that signs in to the dashboard of the server that runs here, once, within an hour.

Whoever has it may do everything there. A link from before is of no use any more; who is signed in stays so.

\b
Examples:
  penstock dashboard
  penstock dashboard --data /var/lib/penstock
  penstock dashboard --json | jq -r .url
"""
_ANYWHERE = ("http://0.0.0.0:", "http://[::]:")  # listens on all addresses; one of them leads here


@click.command(help=_HELP)
@config_option
@data_option
@json_option
def dashboard(config: Path | None, data: Path, as_json: bool) -> None:
    now_us = Clock().now_us()
    address = _address(open_case(config, data, None, os.environ, now_us))
    secret = os.urandom(LINK_BYTES).hex()
    try:
        offer_link(data, secret, now_us)
    except OSError as error:
        raise click.ClickException(f"cannot write to {where(data)}: {error.strerror}") from None
    url = f"{address}{SIGN_IN}?link={secret}"
    if as_json:
        say_json({"url": url, "expires_at": rfc3339(now_us + LINK_SECONDS * 1_000_000)})
        return
    say(url)
    tell("It signs in once, within an hour; a link from before does not any more.")


def _address(case: Case) -> str:
    """Where the server of this folder is reached from this machine. Ends the command where there is none."""
    data, start = case.data, f"start `penstock serve --data {case.data}`"
    if not data.is_dir():
        raise click.ClickException(f"there is no data folder {where(data)}: {start} first")
    check_owner(data)
    try:
        workers = case.states.workers if case.is_running else None
    except OSError as error:
        raise click.ClickException(f"cannot read {where(data)}: {error.strerror}") from None
    if workers is None:
        raise click.ClickException(f"no server runs on {where(data)}: {start}, which prints a link, too")
    address = next((worker.address for worker in workers if worker.address), "")
    if not address:
        raise click.ClickException(
            f"the server on {where(data)} has no worker that serves: try again, or see `penstock doctor`"
        )
    for anywhere in _ANYWHERE:
        if address.startswith(anywhere):
            return f"http://127.0.0.1:{address.removeprefix(anywhere)}"
    return address
