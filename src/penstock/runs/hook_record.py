"""An event of a webhook as people and programs are shown it.

A receiver's address may hold a secret: of it only the host is shown. Pure; RFC 3339 outside, microseconds inside.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from penstock.runs.hooks import HookEvent
from penstock.time_text import rfc3339


class HookRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One event. `null` stands for what is not there."""

    id: str
    """Its `webhook-id`, by which receivers know it again."""
    type: str
    """What has happened, in the provider's word."""
    state: str
    """What has become of it: waiting, sent, given-up."""
    run_id: str | None
    """The run that it is about."""
    account: str
    """The account that it is for."""
    gateway: str
    """The gateway that it came to."""
    host: str
    """Who is to take it: host and port."""
    came_at: str
    """When it came: RFC 3339, UTC, as all times."""
    tries: int
    """How often it was sent in vain."""
    next_at: str | None
    """When it is sent next; null where it does not wait."""
    until: str | None
    """When it is given up; null where it does not wait."""
    done_at: str | None
    """When it was taken, or given up."""
    error: str | None
    """Why the last try was in vain."""
    size: int
    """Bytes of its body."""


def hook_record(event: HookEvent) -> HookRecord:
    """The record of one event."""
    is_waiting = event.done_us is None
    return HookRecord(
        id=event.id,
        type=event.type,
        state=event.state.value,
        run_id=event.run_id or None,
        account=event.account,
        gateway=event.gateway,
        host=receiver(event),
        came_at=rfc3339(event.came_us),
        tries=event.tries,
        next_at=rfc3339(event.next_us) if is_waiting else None,
        until=rfc3339(event.until_us) if is_waiting else None,
        done_at=None if event.done_us is None else rfc3339(event.done_us),
        error=event.error or None,
        size=event.size,
    )


def receiver(event: HookEvent) -> str:
    """Host and port of who is to take it."""
    return urlsplit(event.url).netloc.rpartition("@")[2]
