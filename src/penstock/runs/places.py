"""Where requests to Parallel name runs, and what they are about: paths and bodies (Parallel 1.11, 2.9 to 2.17).

A path is read as the provider's router reads it, in any version and spelling; a body for those members only that name
a run. Who may name which is decided elsewhere, what answers tell is in `reading.py`. Pure; nothing is raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from penstock.providers.operation_table import resolved
from penstock.runs.run import RunKind
from penstock.wire.json_values import ABSENT, LONGEST_ID, text
from penstock.wire.tolerant_json import UNREADABLE, as_utf_8, loose_texts

MOST_RUNS: Final = 1000
"""Runs that one request may make, and that are looked at in one document (Parallel 2.9.6)."""

MOST_NAMED: Final = 2 * MOST_RUNS
"""Runs that the body of a request may refer to; one more of them says that there are too many to be told."""


class Act(StrEnum):
    """What a request does with runs."""

    MAKE_TASK = "make task"
    MAKE_GROUP = "make group"
    ADD_RUNS = "add runs"  # to a group
    MAKE_FINDALL = "make findall"
    EXTEND = "extend"  # a FindAll run
    ENRICH = "enrich"  # likewise
    MAKE_MONITOR = "make monitor"
    TRIGGER = "trigger"  # a monitor
    RESPOND = "respond"  # a response, which others may go on from
    READ = "read"  # one of any kind
    RESULT = "result"  # of a task run or a FindAll run
    RUN_EVENTS = "run events"  # a stream, up to the next remark
    GROUP_RUNS = "group runs"
    GROUP_EVENTS = "group events"
    FINDALL_EVENTS = "findall events"
    LIST_MONITORS = "list monitors"  # a document again
    MONITOR_EVENTS = "monitor events"
    CHANGE = "change"  # a monitor
    CANCEL = "cancel"  # a FindAll run or a monitor
    OTHER = "other"


_MAKING = frozenset(
    {
        Act.MAKE_TASK,
        Act.MAKE_GROUP,
        Act.ADD_RUNS,
        Act.MAKE_FINDALL,
        Act.EXTEND,
        Act.ENRICH,
        Act.MAKE_MONITOR,
        Act.TRIGGER,
        Act.RESPOND,
    }
)
_RESUMABLE = frozenset({Act.GROUP_RUNS, Act.GROUP_EVENTS, Act.FINDALL_EVENTS})
_STREAMS = frozenset({Act.RUN_EVENTS, Act.GROUP_RUNS, Act.GROUP_EVENTS, Act.FINDALL_EVENTS})


class Ask(NamedTuple):
    """What a request is about: the kind of thing, its id where the path names one, and the group that it is in.

    Also of a request that does something else, `kind` and `id` are those in its path.
    """

    act: Act
    kind: RunKind | None = None
    id: str = ""
    group: str = ""
    version: str = ""  # of the path: `v1`, `v1beta`, `v1alpha`

    @property
    def makes(self) -> bool:
        """Whether it makes something that lives on, or orders more of it: what is to be known before it leaves."""
        return self.act in _MAKING

    @property
    def streams(self) -> bool:
        """Whether it is answered with events, for `streams.py`."""
        return self.act in _STREAMS

    @property
    def is_resumable(self) -> bool:
        """Whether these go on from where they are told to, by `last_event_id`."""
        return self.act in _RESUMABLE


_OTHER = Ask(Act.OTHER)

_TASK, _GROUP, _FINDALL, _MONITOR = RunKind.TASK, RunKind.GROUP, RunKind.FINDALL, RunKind.MONITOR

_ACTS: Final[dict[str, tuple[Act, RunKind]]] = {
    "POST tasks/runs": (Act.MAKE_TASK, _TASK),
    "GET tasks/runs/*": (Act.READ, _TASK),
    "GET tasks/runs/*/result": (Act.RESULT, _TASK),
    "GET tasks/runs/*/events": (Act.RUN_EVENTS, _TASK),
    "POST tasks/groups": (Act.MAKE_GROUP, _GROUP),
    "GET tasks/groups/*": (Act.READ, _GROUP),
    "POST tasks/groups/*/runs": (Act.ADD_RUNS, _GROUP),
    "GET tasks/groups/*/runs": (Act.GROUP_RUNS, _GROUP),
    "GET tasks/groups/*/runs/*": (Act.READ, _TASK),
    "GET tasks/groups/*/events": (Act.GROUP_EVENTS, _GROUP),
    "POST findall/runs": (Act.MAKE_FINDALL, _FINDALL),
    "GET findall/runs/*": (Act.READ, _FINDALL),
    "GET findall/runs/*/result": (Act.RESULT, _FINDALL),
    "GET findall/runs/*/events": (Act.FINDALL_EVENTS, _FINDALL),
    "POST findall/runs/*/extend": (Act.EXTEND, _FINDALL),
    "POST findall/runs/*/enrich": (Act.ENRICH, _FINDALL),
    "POST findall/runs/*/cancel": (Act.CANCEL, _FINDALL),
    "POST monitors": (Act.MAKE_MONITOR, _MONITOR),
    "GET monitors": (Act.LIST_MONITORS, _MONITOR),
    "GET monitors/*": (Act.READ, _MONITOR),
    "GET monitors/*/events": (Act.MONITOR_EVENTS, _MONITOR),
    "POST monitors/*/trigger": (Act.TRIGGER, _MONITOR),
    "POST monitors/*/update": (Act.CHANGE, _MONITOR),
    "POST monitors/*/cancel": (Act.CANCEL, _MONITOR),
    "POST responses": (Act.RESPOND, RunKind.RESPONSE),
}
_ALPHA_ACTS: Final[dict[str, tuple[Act, RunKind]]] = {
    "GET monitors/list": (Act.LIST_MONITORS, _MONITOR),
    "GET monitors/*/event_groups/*": (Act.MONITOR_EVENTS, _MONITOR),
    "POST monitors/*": (Act.CHANGE, _MONITOR),
    "DELETE monitors/*": (Act.CANCEL, _MONITOR),
}
_KINDS: Final = {
    "tasks/runs/*": _TASK,
    "tasks/groups/*": _GROUP,
    "findall/runs/*": _FINDALL,
    "monitors/*": _MONITOR,
}
_ALPHA: Final = "v1alpha"
_COLLECTIONS: Final = frozenset({"runs", "groups", "monitors", "responses"})  # an id follows
_NO_IDS: Final = frozenset({"list"})  # of `v1alpha/monitors`
_VERSION = re.compile(r"v\d+\w*")
_ID = re.compile(r"(?<![0-9A-Za-z])(?:trun|tgrp|findall|monitor|resp)_[0-9A-Za-z_-]+")
_ID_PARAMETERS: Final = frozenset({"run_id", "taskgroup_id", "findall_id", "monitor_id"})


def what(method: bytes, tail: str) -> Ask:
    """What a request is about. `tail` is all that follows `/parallel/`, with or without query."""
    parts = resolved(tail)
    if not parts or _VERSION.fullmatch(parts[0]) is None:
        return _OTHER
    version, *parts = parts
    ids: dict[str, str] = {}
    for at in range(1, len(parts)):
        before = parts[at - 1]
        if before in (*_COLLECTIONS, "event_groups") and not (version == _ALPHA and parts[at] in _NO_IDS):
            ids[before], parts[at] = parts[at], "*"
    if any(len(name) > LONGEST_ID for name in ids.values()):
        return _OTHER
    verb = "GET" if method == b"HEAD" else method.decode("latin-1")
    shape = f"{verb} {'/'.join(parts)}"
    found = (_ALPHA_ACTS.get(shape) if version == _ALPHA else None) or _ACTS.get(shape)
    act, kind = found or (Act.OTHER, _kind_at(parts))
    group = ids.get("groups", "")
    return Ask(act, kind, ids.get("runs") or ids.get("monitors") or group, group, version)


def _kind_at(parts: list[str]) -> RunKind | None:
    """Which kind of thing a path is about that does something else with one."""
    return next((kind for place, kind in _KINDS.items() if "/".join(parts).startswith(place)), None)


# -- ids


def ids_in_path(tail: str) -> tuple[str, ...]:
    """All ids of runs, groups, FindAll runs, monitors and responses that a path names, each once.

    Whatever stands where ids stand is one, and whatever looks like one, so that no spelling of a path hides any.
    """
    path, _, query = tail.partition("?")
    parts = resolved(path)
    is_alpha = parts[:1] == [_ALPHA]
    found = dict.fromkeys(
        part
        for before, part in pairwise(parts)
        if before in _COLLECTIONS and part not in _COLLECTIONS and not (is_alpha and part in _NO_IDS)
    )
    found |= dict.fromkeys(name for part in parts for name in _ID.findall(part))
    found |= dict.fromkeys(value for name, value in _parameters(query) if name in _ID_PARAMETERS)
    return tuple(name for name in found if 0 < len(name) <= LONGEST_ID)


def _parameters(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, errors="replace")


class _Refers(msgspec.Struct, gc=False):
    """The members of requests that name a run."""

    previous_interaction_id: msgspec.Raw = ABSENT
    previous_response_id: msgspec.Raw = ABSENT
    inputs: msgspec.Raw = ABSENT  # of a group, each a request for a run
    settings: msgspec.Raw = ABSENT  # of a monitor
    task_run_id: msgspec.Raw = ABSENT  # in there
    id: msgspec.Raw = ABSENT  # where a memory of one is to be forgotten


class _Run(msgspec.Struct, gc=False):
    """A request for a run, within one for several."""

    previous_interaction_id: msgspec.Raw = ABSENT


_NAMES: Final = frozenset({"previous_interaction_id", "previous_response_id", "task_run_id"})
_FORGETTING: Final = _NAMES | {"id"}
_AGENT_NAMES: Final = _NAMES | {"id", "taskId", "contextId"}  # Parallel 5.3
_MOST_OBJECTS: Final = 250_000  # in what is read as a whole
_ESCAPED = re.compile(rb"\\u00([2-7][0-9a-fA-F])")

_to_refers = msgspec.json.Decoder(_Refers).decode
_to_runs = msgspec.json.Decoder(list[_Run]).decode


def ids_in_body(tail: str, body: bytes) -> tuple[str, ...]:
    """The ids of what a request goes on from, watches or forgets, each once (Parallel 2.17).

    That may be a chat or a monitor's event, too. `body` is plain. Where it is no JSON to the letter, all texts that
    stand by those names count, wherever they stand. More than `MOST_NAMED` + 1 are not looked for.
    """
    parts = resolved(tail)
    try:
        document = as_utf_8(body)
    except ValueError:
        document = body
    if parts[-1:] == ["a2a"]:
        named = _loosely(document, _AGENT_NAMES)
    else:
        named = _named(document, forgets=parts[-2:] == ["memory", "evict"])
    found: dict[str, None] = {}
    for name in named:
        if 0 < len(name) <= LONGEST_ID:
            found[name] = None
        if len(found) > MOST_NAMED:
            break
    return tuple(found)


def _named(document: bytes, *, forgets: bool) -> Iterator[str]:
    try:
        said = _to_refers(document)
        runs = _to_runs(said.inputs) if _is_told(said.inputs) else []
        settings = _to_refers(said.settings) if _is_told(said.settings) else said
    except UNREADABLE:
        yield from _loosely(document, _FORGETTING if forgets else _NAMES)
        return
    told = [said.previous_interaction_id, said.previous_response_id, said.task_run_id, settings.task_run_id]
    told += [said.id] if forgets else []
    told += [run.previous_interaction_id for run in runs]
    yield from (text(one) for one in told if one)


def _is_told(raw: msgspec.Raw) -> bool:
    """Raises ValueError where so much stands there that reading it would take too much memory."""
    if bytes(raw).count(b"{") > _MOST_OBJECTS:
        raise ValueError("there is too much of it")
    return bytes(raw) not in (b"", b"null")


def _loosely(document: bytes, names: frozenset[str]) -> Iterator[str]:
    """All texts by these names, also where a name is written with escapes."""
    plain = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), document)
    yield from loose_texts(plain, names)
