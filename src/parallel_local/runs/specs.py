"""Checking and reading what a task asks for: limits, output schema, remarks (Parallel 2.9.1). Pure."""

from collections.abc import Sequence
from itertools import islice
from typing import Literal

import msgspec

from parallel_local.answers.schema_rules import schema_problems, schema_warnings
from parallel_local.errors import Problem
from parallel_local.retrieval.policy import policy_problems
from parallel_local.runs.input_schema import misfit
from parallel_local.runs.webhooks import TASK_EVENTS, webhook_problems
from parallel_local.wire.common import McpServer, Metadata, Notice
from parallel_local.wire.tasks import TaskRunInput, TaskSpec

_LONGEST_SPEC = 15_000
_LONGEST_TASK = 25_000
_MOST_MCP_SERVERS = 10
_MOST_METADATA = 100  # the contract has no bound: nobody means more
_MOST_UNKNOWN = 20  # keys that are remarked on
Form = Literal["text", "json", "auto"]
Loc = tuple[str | int, ...]


class Wanted(msgspec.Struct, frozen=True):
    """The output that a task spec asks for."""

    form: Form
    schema: dict[str, object] = {}
    description: str = ""


def wanted(spec: TaskSpec | None) -> Wanted:
    """Text, JSON or auto; no spec at all means auto. Call `task_problems` first."""
    if spec is None:
        return Wanted("auto")
    output = spec.output_schema
    if isinstance(output, str):
        return Wanted("text", description=output)
    schema = output.get("json_schema")
    if isinstance(schema, dict):
        return Wanted("json", schema=schema)
    description = output.get("description")
    form: Form = "auto" if output.get("type") == "auto" else "text"
    return Wanted(form, description=description if isinstance(description, str) else "")


def task_problems(task: TaskRunInput, loc: Loc) -> list[Problem]:
    """Everything the contract refuses with 422, except an unknown processor."""
    found = metadata_problems(task.metadata, (*loc, "metadata"))
    found += policy_problems(task.source_policy, (*loc, "source_policy"))
    found += webhook_problems(task.webhook, TASK_EVENTS, (*loc, "webhook"))
    found += server_problems(task.mcp_servers, (*loc, "mcp_servers"))
    spec_chars = chars_of(task.task_spec)
    if spec_chars > _LONGEST_SPEC:
        found.append(Problem((*loc, "task_spec"), f"at most {_LONGEST_SPEC} characters"))
    if spec_chars + chars_of(task.input) > _LONGEST_TASK:
        found.append(
            Problem((*loc, "input"), f"task_spec and input together at most {_LONGEST_TASK} characters")
        )
    if not task.input:
        found.append(Problem((*loc, "input"), "must not be empty"))
    if task.task_spec and spec_chars <= _LONGEST_SPEC:
        found += _spec_problems(task.task_spec, (*loc, "task_spec"))
    return found


def metadata_problems(metadata: Metadata | None, loc: Loc) -> list[Problem]:
    """Keys of at most 16 and values of at most 512 characters."""
    pairs = islice((metadata or {}).items(), _MOST_METADATA)
    found = [
        Problem((*loc, key[:40]), "key at most 16 and value at most 512 characters")
        for key, value in pairs
        if len(key) > 16 or len(str(value)) > 512
    ]
    if len(metadata or {}) > _MOST_METADATA:
        found.append(Problem(loc, f"at most {_MOST_METADATA} entries"))
    return found


def server_problems(servers: Sequence[McpServer] | None, loc: Loc) -> list[Problem]:
    """More tool servers than a run may have."""
    few = len(servers or ()) <= _MOST_MCP_SERVERS
    return [] if few else [Problem(loc, f"at most {_MOST_MCP_SERVERS} servers")]


def server_warnings(servers: Sequence[McpServer] | None) -> list[Notice]:
    """That tool servers are kept and nothing else, where there are any."""
    names = ", ".join(server.name[:80] for server in servers or ())
    return [Notice("warning", f"MCP servers are not called by this engine: {names}")] if servers else []


def without_secrets(servers: Sequence[McpServer] | None) -> list[McpServer] | None:
    """Tool servers with the values of their headers blacked out, as they are stored and shown."""
    return [
        msgspec.structs.replace(server, headers=dict.fromkeys(server.headers or {}, "[redacted]") or None)
        for server in servers or ()
    ] or None


def task_warnings(task: TaskRunInput, unknown: list[str]) -> list[Notice]:
    """Remarks on an accepted task: ignored keys, features kept but not carried out, schema advice."""
    notices = [
        Notice("warning", f"unknown key {name[:80]!r} was ignored") for name in unknown[:_MOST_UNKNOWN]
    ]
    ask = wanted(task.task_spec)
    notices += schema_warnings(ask.schema) if ask.form == "json" else []
    notices += _input_warnings(task)
    notices += server_warnings(task.mcp_servers)
    location = task.advanced_settings.location if task.advanced_settings else None
    if location:
        notices.append(location_warning(location))
    return notices


def location_warning(location: str) -> Notice:
    """Documents of a folder have no location, so the wish is always set aside."""
    return Notice(
        "input_validation_warning", f"location {location[:80]!r} is not supported here and was ignored"
    )


def _input_warnings(task: TaskRunInput) -> list[Notice]:
    """An input that does not fit its own input schema is remarked on, not refused."""
    schema = task.task_spec.input_schema if task.task_spec else None
    inner = schema.get("json_schema") if isinstance(schema, dict) else None
    if not isinstance(inner, dict):
        return []
    found = misfit(task.input, inner)
    return [Notice("input_validation_warning", found)] if found else []


def _spec_problems(spec: TaskSpec, loc: Loc) -> list[Problem]:
    found: list[Problem] = []
    for name, schema in (("output_schema", spec.output_schema), ("input_schema", spec.input_schema)):
        if isinstance(schema, dict):
            found += _shape_problems(schema, (*loc, name))
    ask = wanted(spec)
    if not found and ask.form == "json":
        found += schema_problems(ask.schema, (*loc, "output_schema", "json_schema"))
    return found


def _shape_problems(schema: dict[str, object], loc: Loc) -> list[Problem]:
    """A schema object is `json` with `json_schema`, `text`, or `auto`."""
    kind = schema.get(
        "type", "json" if "json_schema" in schema else "text" if "description" in schema else None
    )
    if kind == "json" and not isinstance(schema.get("json_schema"), dict):
        return [Problem((*loc, "json_schema"), "an object is required", "missing")]
    if kind not in ("json", "text", "auto"):
        return [Problem((*loc, "type"), "one of json, text, auto")]
    return []


def chars_of(value: object) -> int:
    """How long a text is, or a value as JSON."""
    if value is None:
        return 0
    return len(value) if isinstance(value, str) else len(msgspec.json.encode(value).decode())
