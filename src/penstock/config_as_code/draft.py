"""What planning works with: the directory as it is, how new rows are made, and what has been found so far."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import msgspec

from penstock.config_as_code.document import Document
from penstock.config_as_code.plan import Plan, Step
from penstock.control.catalog import Catalog, OpenSecret
from penstock.control.gateway_changes import GatewayChanges
from penstock.control.stored_gateways import Seal
from penstock.settings.check import Problem
from penstock.settings.toml_position import KeyPath
from penstock.stores.audit_entry import Json
from penstock.stores.control_store import (
    Change,
    ControlStore,
    Snapshot,
)


@dataclass(frozen=True, slots=True)
class Now:
    """The directory as it is, and what new rows are made with. `directory` is only read."""

    control_store: ControlStore
    snapshot: Snapshot
    catalog: Catalog
    open_secret: OpenSecret
    seal: Seal
    environ: Mapping[str, str]
    now_us: int
    new_id: Callable[[], str]
    random: Callable[[int], bytes]  # of so many bytes
    file_providers: Collection[str] = ()  # slugs in penstock.toml, which go first
    allow_private: bool = False  # receivers of gateways may lead inside

    @property
    def gateway_changes(self) -> GatewayChanges:
        """What changes the gateways of this moment."""
        return GatewayChanges(
            self.snapshot,
            self.catalog,
            self.open_secret,
            self.seal,
            self.new_id,
            self.now_us,
            self.allow_private,
        )


@dataclass(slots=True)
class Draft:
    """A plan that grows, and all that is wrong with the file."""

    document: Document
    now: Now
    steps: list[Step] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)  # of tokens that are made

    def does(self, step: Step, *changes: Change) -> None:
        """One more step."""
        self.steps.append(step)
        self.changes.extend(changes)

    def wrong(self, path: KeyPath, reason: str) -> None:
        """One more thing that is wrong, at a place below `[accounts]`."""
        self.problems.append(self.document.problem(path, reason))

    def plan(self) -> Plan:
        return Plan(tuple(self.steps), tuple(self.changes), self.texts)

    def json_list(self, value: object, path: KeyPath) -> list[Json] | None:
        """A list as the directory keeps it; None, noted as wrong, for what cannot be kept."""
        found = _json(value)
        if isinstance(found, list):
            return found
        self.wrong(path, f"{path[-1]} must be an array, or the JSON of one in a text")
        return None

    def json_table(self, value: object, path: KeyPath) -> dict[str, Json]:
        """A table as the directory keeps it."""
        found = _json(value)
        if isinstance(found, dict):
            return found
        self.wrong(path, f"{path[-1]} must be a table, or the JSON of one in a text")
        return {}


def _json(value: object) -> Json:
    """What JSON can hold of a value or a text; None for anything else."""
    try:
        text = value if isinstance(value, str) else msgspec.json.encode(value)
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError):
        return None
