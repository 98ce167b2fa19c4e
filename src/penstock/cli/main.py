"""`penstock`: the command line. Each command is a file of its own, loaded only when it is called for."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any

import click

from penstock import __version__
from penstock.cli.output import errors_in_lines
from penstock.cli.own_command import own_command
from penstock_common.log_lines import LogFormatter

_COMMANDS = {
    "apply": ("penstock.cli.apply", "apply"),
    "audit": ("penstock.cli.audit", "audit"),
    "cache": ("penstock.cli.cache", "cache"),
    "cost": ("penstock.cli.cost", "cost"),
    "dashboard": ("penstock.cli.dashboard", "dashboard"),
    "demo": ("penstock.cli.demo", "demo"),
    "doctor": ("penstock.cli.doctor", "doctor"),
    "evidence": ("penstock.cli.evidence", "evidence_command"),
    "explain": ("penstock.cli.explain", "explain"),
    "export": ("penstock.cli.export", "export"),
    "gateways": ("penstock.cli.gateways", "gateways"),
    "hooks": ("penstock.cli.hooks", "hooks"),
    "keys": ("penstock.cli.keys", "keys"),
    "logs": ("penstock.cli.logs", "logs"),
    "models": ("penstock.cli.models", "models"),
    "plan": ("penstock.cli.plan", "plan"),
    "provider-keys": ("penstock.cli.provider_keys", "provider_keys"),
    "providers": ("penstock.cli.providers", "providers"),
    "reprice": ("penstock.cli.reprice", "reprice"),
    "runs": ("penstock.cli.runs", "runs"),
    "serve": ("penstock.cli.serve", "serve"),
}


class LazyGroup(click.Group):
    """Imports a command's file when the command is used: serving must not pay for tables and colours.

    What a command fails with is escaped here, for it may quote what others wrote.
    """

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - click's own
    ) -> click.Context:
        with errors_in_lines():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own
        with errors_in_lines():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:  # click knows only those that are loaded
            raise click.NoSuchCommand(error.command_name, possibilities=_COMMANDS, ctx=ctx) from None

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.command("penstock", cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="penstock")
def main() -> None:
    """An open, self-hosted AI gateway, wire-compatible with Cloudflare AI Gateway.

    \b
    penstock demo                     a gateway with a local Parallel engine, and calls through it
    penstock serve                    a gateway on http://127.0.0.1:8787
    penstock logs --follow            what passes through it
    penstock runs --active            what it has made at Parallel, and goes on there
    penstock cost --by model          what it costs
    penstock keys create NAME         a token for who may call
    penstock dashboard                a link that signs in to the dashboard
    """
    if logging.lastResort is not None:  # what commands log; serving has a log of its own
        logging.lastResort.setFormatter(LogFormatter())


def run() -> None:
    """The program. It calls itself as it was called, wherever it says what to type."""
    main(prog_name=own_command(), complete_var="_PENSTOCK_COMPLETE")
