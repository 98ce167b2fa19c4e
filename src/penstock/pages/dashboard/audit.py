"""Who changed what: the audit of the directory, the newest change first. Secrets are marks in it.

Changes of tokens and of the master key belong to no account; they are shown to who may look at all accounts.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.management.resources import Resources
from penstock.pages.dashboard.gateway_form import value_text
from penstock.pages.dashboard.page import Visit, need, page, pages
from penstock.stores.audit_entry import AuditEntry

_PAGE: Final = 30
_BATCH: Final = 500
_MOST_LOOKED_AT: Final = 20_000
_SHOWN: Final = 120  # characters of a value
_MOST_FIELDS: Final = 20  # of an entry


class Change(msgspec.Struct, frozen=True):
    """One field before and after; empty where it was not there."""

    field: str
    before: str
    after: str


class Entry(msgspec.Struct, frozen=True):
    """One change."""

    number: int
    at_us: int
    actor: str
    who: str
    action: str
    kind: str
    subject: str
    changes: tuple[Change, ...]


class Audit(msgspec.Struct, frozen=True):
    """A page of them; `before` is where the next one begins, 0 where there is none."""

    entries: tuple[Entry, ...]
    before: int
    is_newest: bool


@page("/accounts/{account}/audit", "audit.html", permission="read", title="Audit")
def audit(resources: Resources, visit: Visit) -> Audit:
    """Who changed what in an account."""
    need(visit, "read")
    given = visit.given("before")
    before = int(given) if given.isdecimal() and len(given) < 16 else None
    found, more = _entries(resources, visit, before)
    names = {f"token:{one.id}": one.name for one in resources.tokens()}
    entries = tuple(_entry(one, names.get(one.actor, "")) for one in found)
    return Audit(entries, found[-1].number if more and found else 0, before is None)


def _entries(resources: Resources, visit: Visit, before: int | None) -> tuple[list[AuditEntry], bool]:
    """The next ones, and whether there are more."""
    store = resources.control_store(visit.caller)
    found: list[AuditEntry] = []
    everything = visit.caller.may("read", "")
    wanted = (visit.account, "") if everything else (visit.account,)
    looked_at = 0
    while looked_at < _MOST_LOOKED_AT:
        batch = store.audit(None if everything else visit.account, _BATCH, before)
        for entry in batch:
            if entry.account in wanted:
                if len(found) == _PAGE:
                    return found, True
                found.append(entry)
        if len(batch) < _BATCH:
            return found, False
        before, looked_at = batch[-1].number, looked_at + len(batch)
    return found, bool(found)


def _entry(entry: AuditEntry, who: str) -> Entry:
    before, after = entry.before or {}, entry.after or {}
    fields = list(dict.fromkeys((*before, *after)))[:_MOST_FIELDS]
    changes = [Change(name, _short(before.get(name)), _short(after.get(name))) for name in fields]
    told = tuple(one for one in changes if one.before or one.after)
    return Entry(entry.number, entry.at_us, entry.actor, who, entry.action, entry.kind, entry.subject, told)


def _short(value: object) -> str:
    text = "" if value in (None, "", [], {}) else value_text(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


PAGES = pages(audit)
