"""What a file would change in the directory: steps for people to look at, changes for the directory to apply. Nouns."""

from __future__ import annotations

import msgspec

from penstock.stores.audit_entry import Action, Json
from penstock.stores.control_store import Change


class FieldChange(msgspec.Struct, frozen=True):
    """One field before and after. Secrets are never in it."""

    field: str
    before: Json
    after: Json


class Step(msgspec.Struct, frozen=True):
    """One thing that is made, changed or taken away."""

    action: Action
    kind: str  # as in the audit
    name: str  # `account/gateway`, `account/custom-slug`, `account/gateway/name`
    fields: tuple[FieldChange, ...] = ()


class Plan(msgspec.Struct, frozen=True):
    """All of it, in the order in which it is done. Empty when the directory is as the file says.

    `texts` are those of tokens that are made, by account and name: secret, and to be shown once, by who applies it.
    """

    steps: tuple[Step, ...] = ()
    changes: tuple[Change, ...] = ()
    texts: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Plan(steps={self.steps!r})"

    def count(self, action: Action) -> int:
        """So many things are made, changed or taken away."""
        return sum(step.action == action for step in self.steps)


def differences(before: dict[str, Json], after: dict[str, Json]) -> tuple[FieldChange, ...]:
    """The fields that differ; one that is not there is None."""
    names = dict.fromkeys((*before, *after))
    return tuple(
        FieldChange(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )
