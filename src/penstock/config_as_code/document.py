"""The file: its tables, read and checked as `penstock.toml` is, with the line of everything that is wrong.

What it means for the directory is worked out in `planning.py`. Addresses, headers and elements are checked there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, cast

import msgspec

from penstock.control.custom_providers import Name as ProviderName
from penstock.control.datasets import Name as DatasetName
from penstock.control.dynamic_routes import RouteName
from penstock.metadata import MetadataValue
from penstock.settings import ConfigError
from penstock.settings.check import Problem
from penstock.settings.gateway_fields import Fields
from penstock.settings.gateways import AccountId, GatewayId, GatewaySettings
from penstock.settings.layers import Layer, file_layer
from penstock.settings.toml_position import KeyPath, lines, nearest_line
from penstock.settings.value_types import Secret, Table
from penstock.stores.control_store import Permission, Technique

LATER = ("routes", "datasets")
"""What stands in a gateway's table and is no field of it."""

JsonList = tuple[object, ...] | str
JsonTable = Mapping[str, object] | str
"""In TOML's words, or as JSON in a text: TOML has no null."""


class RouteTable(Table, frozen=True, kw_only=True):
    """A dynamic route: the elements of the version that serves."""

    elements: JsonList


class DatasetTable(Table, frozen=True, kw_only=True):
    """A dataset."""

    enable: bool = True
    filters: JsonList = ()


class GatewayTable(GatewaySettings, frozen=True, kw_only=True):
    """A gateway, with what belongs to it."""

    routes: Mapping[RouteName, RouteTable] = {}
    datasets: Mapping[DatasetName, DatasetTable] = {}


class ProviderTable(Table, frozen=True, kw_only=True):
    """A provider of the operator's own. Without `headers` those that are stored stay."""

    secrets: ClassVar[tuple[str, ...]] = ("headers",)

    name: ProviderName | None = None
    base_url: str
    enable: bool = True
    allow_private: bool = False
    headers: Mapping[str, Secret] | None = None
    about: JsonTable = msgspec.field(default_factory=dict)


class RateLimitTable(Table, frozen=True, kw_only=True):
    """At most so many requests in so many seconds."""

    limit: int
    interval: int
    technique: Technique = "fixed"


class SpendLimitTable(Table, frozen=True, kw_only=True):
    """At most so many US dollars in so many seconds."""

    limit: float
    window: int
    technique: Technique = "fixed"


class TokenTable(Table, frozen=True, kw_only=True):
    """A token for this account alone. What may be in its fields is checked where it is planned."""

    permissions: tuple[Permission, ...] = ("run",)
    gateways: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    user: str = ""
    team: str = ""
    note: str = ""
    metadata: Mapping[str, MetadataValue] = {}
    rate_limit: RateLimitTable | None = None
    spend_limit: SpendLimitTable | None = None
    max_estimate: float | None = None
    max_active: int | None = None
    expires_at: str | None = None
    blocked: bool = False


class AccountTable(Table, frozen=True, kw_only=True):
    """All that the directory is to hold of an account, but for stored keys. Without `tokens` those that it has stay."""

    gateways: Mapping[GatewayId, GatewayTable] = {}
    providers: Mapping[str, ProviderTable] = {}
    tokens: Mapping[str, TokenTable] | None = None


class _File(Table, frozen=True, kw_only=True):
    accounts: Mapping[AccountId, AccountTable] = {}


@dataclass(frozen=True, slots=True)
class Document:
    """A file whose shape is right."""

    accounts: Mapping[str, AccountTable]
    layer: Layer

    def fields(self, account: str, gateway: str) -> Fields:
        """The fields that a gateway's table sets, as they stand there."""
        accounts = cast(dict[str, dict[str, dict[str, Fields]]], self.layer.values["accounts"])
        table = accounts[account]["gateways"][gateway]
        return {name: value for name, value in table.items() if name not in LATER}

    def problem(self, path: KeyPath, reason: str) -> Problem:
        """What is wrong, with the line of the place."""
        return Problem(self.layer.path, nearest_line(lines(self.layer.text), ("accounts", *path)), reason)


def read_document(path: Path) -> Document:
    """Raises `ConfigError` with all that is wrong with the shape of the file."""
    layer = file_layer(path, is_required=True)
    problems = list(layer.problems(_File))
    if problems:
        raise ConfigError(problems)
    return Document(msgspec.convert(layer.values, _File).accounts, layer)
