"""A plan on a terminal, in a pipe and as JSON. Pure but for printing; no secret is in a plan."""

from __future__ import annotations

import click
import msgspec
from rich.console import Console
from rich.text import Text

from penstock.cli.render import safe
from penstock.config_as_code.plan import FieldChange, Plan, Step
from penstock.stores.control_store import Json

_SIGNS = {"create": ("+", "green"), "update": ("~", "yellow"), "delete": ("-", "red")}
_SHOWN = 200  # characters of a value


def print_plan(plan: Plan) -> None:
    """What would be made, changed and taken away, field by field, and how much of it there is."""
    console = Console(highlight=False, soft_wrap=True)
    for step in plan.steps:
        sign, colour = _SIGNS[step.action]
        console.print(Text(f"{sign} {step.kind.replace('_', ' ')} {safe(step.name)}", colour))
        for change in step.fields:
            console.print(Text(f"    {_field(step, change)}"))
    console.print(Text(summary(plan), "bold" if plan.steps else ""))


def summary(plan: Plan) -> str:
    """The plan in a line."""
    if not plan.steps:
        return "Nothing to do: the directory is as the file says."
    made, changed, gone = (plan.count(action) for action in ("create", "update", "delete"))
    return f"{made} to make, {changed} to change, {gone} to remove."


def record(plan: Plan) -> bytes:
    """The plan as a JSON object."""
    counts = {action: plan.count(action) for action in ("create", "update", "delete")}
    return msgspec.json.encode({"counts": counts, "steps": plan.steps})


def echo_plan(plan: Plan, *, as_json: bool) -> None:
    """Prints it in the form that was asked for."""
    if as_json:
        click.echo(record(plan))
    else:
        print_plan(plan)


def _field(step: Step, change: FieldChange) -> str:
    after = _value(change.after)
    if step.action == "create":
        return f"{safe(change.field)}: {after}"
    return f"{safe(change.field)}: {_value(change.before)} → {after}"


def _value(value: Json) -> str:
    if value is None:
        return "(default)"
    text = safe(msgspec.json.encode(value).decode()).replace("\n", " ")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
