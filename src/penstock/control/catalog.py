"""Every gateway there is, from three sources: the configuration file, the directory, the built-in one.

The file goes first: what it names cannot be changed in the directory. The built-in `local/default` is there as
long as the file names no accounts, and gives way to one of that name in the directory. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from penstock.settings import GatewaySettings, Settings
from penstock.settings.gateway_fields import Fields, to_settings
from penstock.settings.gateway_secrets import SecretLost, Secrets, join_secrets
from penstock.stores.control_store import Snapshot, StoredGateway

Source = Literal["file", "directory", "built-in"]

OpenSecret = Callable[[bytes, bytes], bytes | None]
"""From sealed bytes and their context to what was sealed; None, with the reason in the log, where it cannot be."""

_WITH_SECRETS = ("otel", "stripe")

_to_secrets = msgspec.json.Decoder(Secrets).decode


@dataclass(frozen=True, slots=True)
class Listed:
    """A gateway, and where it comes from. `stored` is its row, when that is the directory.

    One whose secrets could not be opened has `lost_secrets`, and no receivers of its own.
    """

    account: str
    id: str
    fields: GatewaySettings
    source: Source
    stored: StoredGateway | None = None
    lost_secrets: bool = False

    @property
    def name(self) -> str:
        """As people write it."""
        return f"{self.account}/{self.id}"


@dataclass(frozen=True, slots=True)
class Catalog:
    """All gateways by account and id; the file's first, then the directory's in the order of creation.

    `left_out` are rows of the directory that are not served, each with the reason.
    """

    gateways: Mapping[tuple[str, str], Listed]
    left_out: tuple[tuple[StoredGateway, str], ...] = field(default=())

    def __iter__(self) -> Iterator[Listed]:
        return iter(self.gateways.values())

    def get(self, account: str, gateway: str) -> Listed | None:
        """One gateway, if there is one."""
        return self.gateways.get((account, gateway))

    def of(self, account: str) -> list[Listed]:
        """The gateways of an account."""
        return [one for one in self if one.account == account]

    @property
    def accounts(self) -> tuple[str, ...]:
        """All accounts that have a gateway."""
        return tuple(dict.fromkeys(one.account for one in self))

    @property
    def fields(self) -> dict[tuple[str, str], GatewaySettings]:
        """The fields of all gateways, by account and id."""
        return {place: one.fields for place, one in self.gateways.items()}

    def open_to_anybody(self) -> list[Listed]:
        """The gateways that ask nobody for a token."""
        return [one for one in self if not one.fields.authentication]


def catalog(settings: Settings, snapshot: Snapshot, open_secret: OpenSecret) -> Catalog:
    """Never raises: a row of the directory that makes no sense is left out, and said so."""
    gateways = {(one.account, one.id): one for one in _of_settings(settings)}
    left_out: list[tuple[StoredGateway, str]] = []
    for stored in snapshot.gateways:
        place = stored.account, stored.gateway
        there = gateways.get(place)
        if there is not None and there.source == "file":
            left_out.append((stored, "the configuration file has one of this name, which goes first"))
            continue
        whole = _whole(stored, open_secret)
        try:
            fields = to_settings(_without_receivers(stored) if whole is None else whole)
        except msgspec.ValidationError as error:
            left_out.append((stored, f"its fields make no sense to this version ({error}): set them anew"))
            gateways.pop(place, None)
            continue
        gateways[place] = Listed(*place, fields, "directory", stored, whole is None)
    return Catalog(gateways, tuple(left_out))


def stored_secrets(stored: StoredGateway, open_secret: OpenSecret) -> Secrets | None:
    """The secrets of a gateway; None where they cannot be opened."""
    if stored.sealed is None:
        return {}
    plain = open_secret(stored.sealed, stored.seal_context)
    try:
        return None if plain is None else _to_secrets(plain)
    except msgspec.MsgspecError:
        return None


def _of_settings(settings: Settings) -> Iterator[Listed]:
    source: Source = "file" if settings.names_accounts else "built-in"
    for account_id, account in settings.accounts.items():
        for gateway_id, fields in account.gateways.items():
            yield Listed(account_id, gateway_id, fields, source)


def _whole(stored: StoredGateway, open_secret: OpenSecret) -> Fields | None:
    """The fields with their secrets; None where they cannot be opened."""
    secrets = stored_secrets(stored, open_secret)
    try:
        return None if secrets is None else join_secrets(stored.fields, secrets)
    except SecretLost:
        return None


def _without_receivers(stored: StoredGateway) -> Fields:
    return {name: value for name, value in stored.fields.items() if name not in _WITH_SECRETS}
