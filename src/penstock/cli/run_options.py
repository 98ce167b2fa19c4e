"""Options that the commands over runs share: of which gateways, since when, and what their results rest on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import click

from penstock.analytics.times import parse_time
from penstock.cli.names import gateway_path
from penstock.clock import Clock
from penstock.runs.evidence import CONFIDENCES, domain


class Gateways(NamedTuple):
    """Those that are asked for, and their account; None: any."""

    account: str | None
    names: tuple[str, ...]


def _gateways(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> Gateways:
    paths = [gateway_path(value).rpartition("/") for value in values]
    accounts = dict.fromkeys(account for account, _, _ in paths)
    if len(accounts) > 1:
        raise click.BadParameter("take gateways of one account: account/gateway for each of them")
    return Gateways(next(iter(accounts), "") or None, tuple(dict.fromkeys(name for _, _, name in paths)))


def _moment(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    try:
        return None if value is None else parse_time(value, Clock().now_us())
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _domains(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    hosts = {value: domain(value) for value in values}
    wrong = next((value for value, host in hosts.items() if not host), None)
    if wrong is not None:
        raise click.BadParameter(f"{wrong!r} is no host: give one as `penstock evidence --by domain` does")
    return tuple(dict.fromkeys(hosts.values()))


confidence_option = click.option(
    "--confidence",
    "confidences",
    multiple=True,
    type=click.Choice(CONFIDENCES),
    help="Only with a field of this confidence in the result. May be repeated: any of them.",
)

domain_option = click.option(
    "--domain",
    "domains",
    multiple=True,
    callback=_domains,
    metavar="HOST",
    help="Only with a result that cites this host. May be repeated: any of them.",
)

gateway_option = click.option(
    "--gateway",
    multiple=True,
    callback=_gateways,
    metavar="[ACCOUNT/]GATEWAY",
    help="Only of this gateway. May be repeated.",
)


def since_option(default: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Only what was made since then."""
    return click.option(
        "--since",
        default=default,
        show_default=default is not None,
        callback=_moment,
        metavar="TIME",
        help="Only those made since: a date or a time in UTC, or 45m, 2h, 7d ago.",
    )
