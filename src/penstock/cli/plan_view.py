"""A plan on a terminal, in a pipe and as JSON. Pure but for printing; no secret is in a plan."""

from __future__ import annotations

import msgspec

from penstock.cli.output import Cell, Output, say_json
from penstock.config_as_code.plan import FieldChange, Plan, Step
from penstock.stores.audit_entry import Json

_SIGNS = {"create": ("+", "green"), "update": ("~", "yellow"), "delete": ("-", "red")}
_SHOWN = 200  # characters of a value


def print_plan(plan: Plan) -> None:
    """What would be made, changed and taken away, field by field, and how much of it there is."""
    output = Output()
    for step in plan.steps:
        sign, colour = _SIGNS[step.action]
        output.line(Cell(f"{sign} {step.kind.replace('_', ' ')} {step.name}", colour))
        for change in step.fields:
            output.line(Cell(f"    {_field(step, change)}"))
    output.line(Cell(summary(plan), "bold" if plan.steps else ""))


def summary(plan: Plan) -> str:
    """The plan in a line."""
    if not plan.steps:
        return "Nothing to do: the directory is as the file says."
    made, changed, gone = (plan.count(action) for action in ("create", "update", "delete"))
    return f"{made} to make, {changed} to change, {gone} to remove."


def record(plan: Plan) -> dict[str, object]:
    """The plan as JSON has it."""
    counts = {action: plan.count(action) for action in ("create", "update", "delete")}
    return {"counts": counts, "steps": plan.steps}


def echo_plan(plan: Plan, *, as_json: bool) -> None:
    """Prints it in the form that was asked for."""
    if as_json:
        say_json(record(plan))
    else:
        print_plan(plan)


def _field(step: Step, change: FieldChange) -> str:
    after = _value(change.after)
    if step.action == "create":
        return f"{change.field}: {after}"
    return f"{change.field}: {_value(change.before)} → {after}"


def _value(value: Json) -> str:
    if value is None:
        return "(default)"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
