"""Every gateway there is, from three sources: the configuration file, the directory, the built-in one.

The file goes first: what it names cannot be changed in the directory. The built-in `local/default` is there as
long as the file names no accounts, and gives way to one of that name in the directory. Every account has a `default`
for callers with a token, set up or not (Cloudflare 1.2). Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from penstock.settings import GatewaySettings, Settings
from penstock.settings.gateway_fields import Fields, to_settings
from penstock.settings.gateway_secrets import SecretLost, Secrets, join_secrets
from penstock.settings.gateways import DEFAULT_GATEWAY, PATH_WORDS
from penstock.stores.control_store import Snapshot, StoredGateway

Source = Literal["file", "directory", "built-in", "implied"]

OpenSecret = Callable[[bytes, bytes], bytes | None]
"""From sealed bytes and their context to what was sealed; None, with the reason in the log, where it cannot be."""

_BUILT_IN_ACCOUNT = "local"

IMPLIED = GatewaySettings(authentication=True)
"""What a `default` is that nobody has set up."""

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

    `left_out` are rows of the directory that are not served, each with the reason; `named` the accounts of the file.
    """

    gateways: Mapping[tuple[str, str], Listed]
    left_out: tuple[tuple[StoredGateway, str], ...] = field(default=())
    named: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Listed]:
        return iter(self.gateways.values())

    def get(self, account: str, gateway: str) -> Listed | None:
        """One gateway, if there is one."""
        return self.gateways.get((account, gateway))

    def find(self, account: str, gateway: str) -> Listed | None:
        """One gateway that calls can name: the `default` that nobody has set up is one, though it is in no list."""
        found = self.get(account, gateway)
        if found is not None or gateway != DEFAULT_GATEWAY:
            return found
        return next((one for one in self.implied_defaults() if one.account == account), None)

    def implied_defaults(self) -> Iterator[Listed]:
        """The `default` of each account that has set up none; one that is not served is set up all the same: its
        limits must not be got round.
        """
        places = {*self.gateways, *((row.account, row.gateway) for row, _ in self.left_out)}
        for account in sorted({*self.accounts, *self.named}):
            if (account, DEFAULT_GATEWAY) not in places:
                yield Listed(account, DEFAULT_GATEWAY, IMPLIED, "implied")

    def of(self, account: str) -> list[Listed]:
        """The gateways of an account."""
        return [one for one in self if one.account == account]

    @property
    def accounts(self) -> tuple[str, ...]:
        """All accounts that have a gateway."""
        return tuple(dict.fromkeys(one.account for one in self))

    @property
    def default_account(self) -> str:
        """Whose calls are that name no account: of the file's `local` if it has one, else its first."""
        accounts = self.named or self.accounts
        return _BUILT_IN_ACCOUNT if _BUILT_IN_ACCOUNT in accounts else next(iter(accounts), "")

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
        word = next((name for name in place if name in PATH_WORDS), None)
        if word is not None:
            left_out.append((stored, f"paths of unified calls begin with {word}: make one of another name"))
            continue
        whole = _whole(stored, open_secret)
        try:
            fields = to_settings(_without_receivers(stored) if whole is None else whole)
        except msgspec.ValidationError as error:
            left_out.append((stored, f"its fields make no sense to this version ({error}): set them anew"))
            gateways.pop(place, None)
            continue
        gateways[place] = Listed(*place, fields, "directory", stored, whole is None)
    return Catalog(gateways, tuple(left_out), tuple(settings.accounts))


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
    """What else a gateway is stays in force: its guard rails stand in a table that may have secrets, too."""
    fields = {name: value for name, value in stored.fields.items() if name not in _WITH_SECRETS}
    rules = fields.get("parallel")
    if isinstance(rules, dict):
        fields["parallel"] = {name: value for name, value in rules.items() if name != "webhook"}
    return fields
