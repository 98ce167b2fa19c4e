"""What the gateway answers in place of Parallel, in Parallel's own shapes (Parallel 1.7, 1.8).

That an id is unknown, that a request refers to one that is, that a request is refused: in the words of Parallel's
OpenAPI document, where it has some. When they are sent is decided elsewhere. Pure.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from penstock.providers.operation_table import resolved
from penstock.runs.places import Act, Ask
from penstock.runs.run import RunKind

CONTENT_TYPE: Final = "application/json"

_MOST_SHOWN: Final = 200  # characters of an id that a caller has sent
_NOT_FOUND: Final = 404
_UNFIT: Final = 422
_BAD_REQUEST: Final = 400

_RESULT_NOT_FOUND: Final = "Run failed or run id not found"
_OLD_MONITOR: Final = "Schedule not found"
_MESSAGES: Final = {
    RunKind.TASK: "Run id not found",
    RunKind.GROUP: "TaskGroup not found",
    RunKind.FINDALL: "FindAll run not found",
    RunKind.MONITOR: "Monitor not found",
    RunKind.RESPONSE: "Response not found",
}

# The endpoints that answer an unfit request with a list of what is wrong with it.
_LISTING: Final = (
    ("findall", "entity-search"),
    ("findall", "ingest"),
    ("chat", "completions"),
    ("memory", "retrieve"),
    ("memory", "clear"),
    ("memory", "evict"),
)


class Shown(NamedTuple):
    """An answer: its status and its body, JSON."""

    status: int
    body: bytes


def not_found(ask: Ask, ref_id: str) -> Shown:
    """404 for an id in a path that nobody knows. `ref_id`: a new UUID, which a caller may ask us by."""
    message = "Not found" if ask.kind is None else _MESSAGES[ask.kind]
    if ask.act is Act.RESULT and ask.kind is RunKind.TASK:
        message = _RESULT_NOT_FOUND
    elif ask.kind is RunKind.MONITOR and ask.version == "v1alpha":
        message = _OLD_MONITOR
    return Shown(_NOT_FOUND, _standard(message, ref_id))


def unknown_reference(tail: str, member: str, name: str, ref_id: str) -> Shown:
    """For a request that goes on from, watches or forgets a run that nobody knows: the endpoint's own way to say that a
    member is unfit. `member` has dots between inner ones: `settings.task_run_id`; `name` is what stands there.
    """
    return unfit(tail, member, f"{member} not found: {name[:_MOST_SHOWN]}", ref_id)


def unfit(tail: str, member: str, text: str, ref_id: str) -> Shown:
    """For a request of which a member is unfit, in the endpoint's own way. `text` says why."""
    parts = resolved(tail)
    if parts[-1:] == ["responses"]:
        return Shown(_BAD_REQUEST, _openai(text, member))
    if tuple(parts[-2:]) in _LISTING or parts[-3:-2] == ["groups"]:
        return Shown(_UNFIT, _listed(text, member))
    return Shown(_UNFIT, _standard(text, ref_id, {"loc": ["body", *member.split(".")]}))


def refused(status: int, message: str, ref_id: str, detail: dict[str, object] | None = None) -> Shown:
    """For what may not be ordered, in the shape that all clients know: 403 for a processor, 422 for all else."""
    return Shown(status, _standard(message, ref_id, detail))


def _standard(message: str, ref_id: str, detail: dict[str, object] | None = None) -> bytes:
    error: dict[str, object] = {"ref_id": ref_id, "message": message}
    if detail is not None:
        error["detail"] = detail
    return msgspec.json.encode({"type": "error", "error": error})


def _listed(message: str, member: str) -> bytes:
    problem = {"loc": ["body", *member.split(".")], "msg": message, "type": "value_error"}
    return msgspec.json.encode({"detail": [problem]})


def _openai(message: str, member: str) -> bytes:
    error = {"message": message, "type": "invalid_request_error", "param": member, "code": None}
    return msgspec.json.encode({"error": error})
