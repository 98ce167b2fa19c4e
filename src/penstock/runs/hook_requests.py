"""Requests whose webhooks come to the gateway: its own address in place of callers' (Parallel 2.9.1, 2.12.1, 2.13).

In a request for a run, for each of a group's, for a monitor, and for a change of one. What else stands in it stays as
it is, the types of events included. What cannot be read is left as it is, for the provider to refuse. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from penstock.runs.places import Act, Ask
from penstock.runs.run import RunKind
from penstock.wire.json_members import members, with_member
from penstock.wire.tolerant_json import UNREADABLE

HOOKED: Final = frozenset({Act.MAKE_TASK, Act.ADD_RUNS, Act.MAKE_FINDALL, Act.MAKE_MONITOR, Act.CHANGE})
"""What requests with a webhook do."""

PATH: Final = "/hooks/parallel"
"""Where the gateway receives events; account, gateway and an id of its own follow."""

MOST_URL: Final = 2048
"""Bytes of a caller's URL."""

_MEMBER: Final = "webhook"
_OBSERVED: Final = {
    RunKind.TASK: ["task_run.status"],
    RunKind.GROUP: ["task_run.status"],  # of the runs that are put into it
    RunKind.FINDALL: ["findall.run.completed", "findall.run.cancelled", "findall.run.failed"],
    RunKind.MONITOR: ["monitor.event.detected", "monitor.execution.completed"],
}

_to_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_to_text = msgspec.json.Decoder(str).decode
_to_json = msgspec.json.Encoder().encode

CheckUrl = Callable[[str], str]
"""What is wrong with a caller's URL; empty where nothing is."""


class Unfit(Exception):
    """A caller's URL that is not to be sent anything. `member` is where it stands; the text says why."""

    def __init__(self, member: str, reason: str) -> None:
        super().__init__(reason)
        self.member = member


@dataclass(slots=True)
class Redirection:
    """Of one request. `base` is our address, to which an id is added that begins with `root`, which nobody else has:
    one for each address that the caller names.

    `observe`: ours goes in also where he names none. `ids` are those that were added, by his addresses, for which there
    is an empty one where he names none.
    """

    base: str
    root: str
    check: CheckUrl
    observe: bool = False
    ids: dict[str, str] = field(default_factory=dict)

    def body(self, ask: Ask, body: bytes) -> bytes | None:
        """What goes to the provider in place of a plain body; None: that as it is. Raises `Unfit`."""
        try:
            if ask.act is not Act.ADD_RUNS:
                changed = self._one(ask, body, "")
            else:
                changed = self._group(ask, body)
        except (*UNREADABLE, ValueError):
            self.ids.clear()
            return None
        return None if changed == body else changed

    def _group(self, ask: Ask, body: bytes) -> bytes:
        found = members(body)
        inputs = found.get("inputs")
        if inputs is None:
            return body
        runs = [bytes(one) for one in _to_array(inputs.value)]
        changed = [self._one(ask, run, f"inputs.{number}.") for number, run in enumerate(runs)]
        return body if changed == runs else with_member(body, found, "inputs", b"[%b]" % b",".join(changed))

    def _one(self, ask: Ask, request: bytes, within: str) -> bytes:
        found = members(request)
        webhook = found.get(_MEMBER)
        if webhook is None or webhook.value == b"null":
            is_clearing = webhook is not None or ask.act is not Act.CHANGE
            if not self.observe or not is_clearing:
                return request
            value = _to_json(
                {"url": self._ours(""), "event_types": _OBSERVED.get(ask.kind or RunKind.TASK, [])}
            )
            return with_member(request, found, _MEMBER, value)
        if not webhook.value.startswith(b"{"):
            return request
        inner = members(webhook.value)
        url = inner.get("url")
        if url is None or not url.value.startswith(b'"'):
            return request
        theirs = _to_text(url.value)
        if theirs.startswith(self.base):  # as the provider has told it before
            return request
        member = f"{within}{_MEMBER}.url"
        if len(url.value) > MOST_URL:
            raise Unfit(member, f"it must not be longer than {MOST_URL} bytes")
        if reason := self.check(theirs):
            raise Unfit(member, reason)
        ours = with_member(webhook.value, inner, "url", _to_json(self._ours(theirs)))
        return with_member(request, found, _MEMBER, ours)

    def _ours(self, theirs: str) -> str:
        if theirs not in self.ids:
            self.ids[theirs] = f"{self.root}-{len(self.ids)}" if self.ids else self.root
        return f"{self.base}{self.ids[theirs]}"
