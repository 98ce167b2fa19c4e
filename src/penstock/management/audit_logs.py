"""The audit of an account: who changed what, and when, in Cloudflare's words (Cloudflare 3.27).

Read only: entries are made by the directory, in the same transaction as the change they tell of. How long a list
is in all is not said; the page behind the last one is empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from penstock.control.log_filters import moment
from penstock.management.endpoint import endpoints, get
from penstock.management.paging import Listing, Paging
from penstock.management.problem import invalid
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.stores.audit_entry import AuditEntry
from penstock.stores.control_store import ControlStore
from penstock.time_text import rfc3339

_BATCH: Final = 1000
_PREFIX: Final = "ai_gateway."
_COMMAND: Final = "cli:"


class Actor(msgspec.Struct, frozen=True):
    """Who did it: `token:ID`, `admin`, `cli:USER`."""

    id: str
    """`token:ID`, `admin` or `cli:USER`."""
    type: Literal["user", "admin", "Cloudflare"]
    """What kind of actor that is."""


class Action(msgspec.Struct, frozen=True):
    """What was done; only what has succeeded is entered."""

    type: Literal["create", "update", "delete"]
    """What was done."""
    result: bool = True
    """Always true: only what has succeeded is entered."""


class Named(msgspec.Struct, frozen=True):
    """What it was done to."""

    type: str
    """What kind of thing it is: `ai_gateway.gateway`."""
    id: str
    """Which one."""


class Owner(msgspec.Struct, frozen=True):
    """Whose it is."""

    id: str
    """The account."""


class AuditLog(msgspec.Struct, frozen=True, kw_only=True):
    """One change. Secrets show as marks; a changed mark is a changed secret."""

    id: str
    """The entry's number."""
    when: str
    """When: RFC 3339, UTC."""
    actor: Actor
    """Who did it."""
    action: Action
    """What was done."""
    resource: Named
    """What it was done to."""
    owner: Owner
    """Whose it is."""
    interface: Literal["API", "CLI"]
    """By which way."""
    old_value_json: dict[str, object] | None = msgspec.field(name="oldValueJson")
    """What there was before; null where there was nothing."""
    new_value_json: dict[str, object] | None = msgspec.field(name="newValueJson")
    """What there is now; null where nothing is left."""
    old_value: str = msgspec.field(name="oldValue")
    """What there was, as text."""
    new_value: str = msgspec.field(name="newValue")
    """What there is, as text."""
    metadata: dict[str, str] = {}
    """Always empty."""


class AuditQuery(Paging, frozen=True, kw_only=True):
    """Which entries. `since` and `before` are dates, or dates with a time."""

    per_page: Annotated[int, Meta(ge=1, le=1000)] = 100
    """How many on a page."""
    id: str | None = None
    """One entry, by its number."""
    since: str | None = None
    """From this date or time on."""
    before: str | None = None
    """Before this date or time."""
    direction: Literal["desc", "asc"] = "desc"
    """Newest or oldest first."""
    action_type: str | None = msgspec.field(default=None, name="action.type")
    """Only what was done in this way: `create`, `update`, `delete`."""
    actor_id: str | None = msgspec.field(default=None, name="actor.id")
    """Only what this actor did."""
    hide_user_logs: bool = False
    """Taken, and without effect: users have no accounts here."""


@get(
    "/accounts/{account_id}/audit_logs",
    "audit-logs-list-account-audit-logs",
    permission="read",
    tag="Audit Logs",
)
def list_audit_logs(resources: Resources, request: Request, query: AuditQuery) -> Listing[AuditLog]:
    """Who changed what, the newest change first."""
    since, before = _time(query.since, "since"), _time(query.before, "before")
    entries = _entries(resources.control_store(request.caller), request.account, since)
    found = (entry for entry in entries if _matches(entry, query, before))
    wanted = reversed(list(found)) if query.direction == "asc" else found
    part = islice(wanted, query.offset, query.offset + query.per_page)
    return Listing([_shown(entry) for entry in part], query, None)


def _entries(store: ControlStore, account: str, since_us: int | None) -> Iterator[AuditEntry]:
    """The newest first, a batch at a time."""
    before = None
    while batch := store.audit(account, _BATCH, before):
        for entry in batch:
            if since_us is not None and entry.at_us < since_us:
                return
            yield entry
        before = batch[-1].number


def _matches(entry: AuditEntry, query: AuditQuery, before_us: int | None) -> bool:
    return (
        query.id in (None, str(entry.number))
        and query.action_type in (None, entry.action)
        and query.actor_id in (None, entry.actor)
        and (before_us is None or entry.at_us < before_us)
    )


def _time(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    found: datetime | None = moment(text)
    if found is None:
        raise invalid(f"{name} is not a date such as 2026-01-31, or a date and time", "query", name)
    return int(found.timestamp() * 1e6)


def _shown(entry: AuditEntry) -> AuditLog:
    by_command = entry.actor.startswith(_COMMAND)
    return AuditLog(
        id=str(entry.number),
        when=rfc3339(entry.at_us),
        actor=Actor(entry.actor, "user" if entry.actor.startswith("token:") else "admin"),
        action=Action(entry.action),
        resource=Named(_PREFIX + entry.kind, entry.subject),
        owner=Owner(entry.account),
        interface="CLI" if by_command else "API",
        old_value_json=entry.before,
        new_value_json=entry.after,
        old_value=_text(entry.before),
        new_value=_text(entry.after),
    )


def _text(value: dict[str, object] | None) -> str:
    return "" if value is None else msgspec.json.encode(value).decode()


ENDPOINTS = endpoints(list_audit_logs)
