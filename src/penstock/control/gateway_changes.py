"""What may be done to a gateway, and the change of the control store that it comes to.

For the management API, the commands and `penstock apply` alike. Nothing is written here, and nothing worded for
people: who asks applies the change, so that it is in the audit as theirs, and says in their own way what is refused.
Rows are made in `stored_gateways.py`, ids of spend rules in `spend_rule_ids.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from penstock.control.catalog import Catalog, Listed, OpenSecret
from penstock.control.stored_gateways import Seal, changed_gateway, new_gateway
from penstock.settings import GatewaySettings
from penstock.settings.gateway_fields import field_findings, set_fields, to_settings
from penstock.settings.gateways import PATH_WORDS
from penstock.stores.control_store import Add, Remove, Replace, Snapshot, StoredGateway
from penstock_common.check import Finding
from penstock_common.egress import NotPublic, check_url


class GatewayRefused(Exception):
    """A change that cannot be made. `name` is the gateway's, as people write it."""

    def __init__(self, account: str, gateway: str) -> None:
        self.account = account
        self.gateway = gateway
        self.name = f"{account}/{gateway}"
        super().__init__(self.name)


class StandsInFile(GatewayRefused):
    """The gateway is one of the configuration file, and is changed there."""


class IsBuiltIn(GatewayRefused):
    """The built-in gateway can be changed, but is not there to be removed."""


class GatewayExists(GatewayRefused):
    """What was to be made is there already."""


class NoSuchGateway(GatewayRefused):
    """There is no such gateway."""


class NameIsPath(GatewayRefused):
    """Paths of unified calls begin with its name, or with that of its account: `word`."""

    def __init__(self, account: str, gateway: str) -> None:
        super().__init__(account, gateway)
        self.word = account if account in PATH_WORDS else gateway


class WrongFields(GatewayRefused):
    """The fields are not those of a gateway: `findings` says why, with paths from the fields."""

    def __init__(self, account: str, gateway: str, findings: Sequence[Finding]) -> None:
        super().__init__(account, gateway)
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True)
class GatewayChanges:
    """The gateways of one moment, and what new rows are made with.

    What is made or changed raises `GatewayRefused`, and `gateway_secrets.SecretLost` where the mask stands for a
    secret that is not stored. Fields hold their secrets in the open, or the mask to keep what is stored. Receivers
    of the directory lead out into the world, as custom providers do, unless `allow_private`.
    """

    snapshot: Snapshot
    catalog: Catalog
    open_secret: OpenSecret
    seal: Seal
    new_id: Callable[[], str]
    now_us: int
    allow_private: bool = False

    def create(self, account: str, gateway: str, fields: Mapping[str, object]) -> Add:
        """A gateway where none is."""
        self._refuse_of_file(account, gateway)
        if self._row(account, gateway) is not None or self.catalog.get(account, gateway) is not None:
            raise GatewayExists(account, gateway)
        return self._added(account, gateway, fields)

    def replace(self, account: str, gateway: str, fields: Mapping[str, object]) -> Add | Replace | None:
        """All fields of a gateway that is there; None when nothing changes. Built in or implied, it becomes stored."""
        self._need(account, gateway)
        return self.put(account, gateway, fields)

    def change(
        self, account: str, gateway: str, given: Mapping[str, object], unset: Collection[str] = ()
    ) -> Add | Replace | None:
        """Some fields of a gateway that is there; those of `unset` get their defaults."""
        self._need(account, gateway)
        old = self._row(account, gateway)
        listed = self.catalog.find(account, gateway)
        fields = {**_base(old, listed), **given}
        return self.put(
            account, gateway, {name: value for name, value in fields.items() if name not in unset}
        )

    def put(self, account: str, gateway: str, fields: Mapping[str, object]) -> Add | Replace | None:
        """A gateway of these fields, whether there is one or not; None when nothing changes."""
        self._refuse_of_file(account, gateway)
        old = self._row(account, gateway)
        if old is None:
            return self._added(account, gateway, fields)
        self._check(account, gateway, fields)
        new = changed_gateway(old, fields, self.now_us, self.open_secret, self.seal)
        return None if new is old else Replace(old, new)

    def remove(self, account: str, gateway: str) -> Remove:
        """What is stored of a gateway. Where one of the file covers it up, what belongs to it is that one's."""
        old = self._row(account, gateway)
        if old is not None:
            return Remove(old, alone=self._is_of_file(account, gateway))
        self._need(account, gateway)
        if self.catalog.get(account, gateway) is None:
            raise NoSuchGateway(account, gateway)
        raise IsBuiltIn(account, gateway)

    def _row(self, account: str, gateway: str) -> StoredGateway | None:
        place = account, gateway
        return next((row for row in self.snapshot.gateways if (row.account, row.gateway) == place), None)

    def _need(self, account: str, gateway: str) -> None:
        self._refuse_of_file(account, gateway)
        if self._row(account, gateway) is None and self.catalog.find(account, gateway) is None:
            raise NoSuchGateway(account, gateway)

    def _refuse_of_file(self, account: str, gateway: str) -> None:
        if self._is_of_file(account, gateway):
            raise StandsInFile(account, gateway)

    def _is_of_file(self, account: str, gateway: str) -> bool:
        listed = self.catalog.get(account, gateway)
        return listed is not None and listed.source == "file"

    def _added(self, account: str, gateway: str, fields: Mapping[str, object]) -> Add:
        self._check(account, gateway, fields)
        return Add(new_gateway(self.new_id(), account, gateway, fields, self.now_us, self.seal))

    def _check(self, account: str, gateway: str, fields: Mapping[str, object]) -> None:
        if account in PATH_WORDS or gateway in PATH_WORDS:
            raise NameIsPath(account, gateway)
        found = field_findings(fields)
        if not found and not self.allow_private:
            found = list(receivers_inside(to_settings(fields)))
        if found:
            raise WrongFields(account, gateway, found)


def _base(old: StoredGateway | None, listed: Listed | None) -> Mapping[str, object]:
    """What a gateway is before some of its fields change."""
    if old is not None:
        return old.fields
    return set_fields(listed.fields) if listed is not None and listed.source == "implied" else {}


def receivers_inside(fields: GatewaySettings) -> Iterator[Finding]:
    """What keeps receivers from being sent anything, as far as can be told of how they are written."""
    for index, receiver in enumerate(fields.otel or ()):
        try:
            check_url(receiver.url)
        except NotPublic as error:
            remedy = "allow_private_providers, or a gateway of the configuration file, would let it be used"
            yield Finding(("otel", index, "url"), f"{error}; {remedy}", "value")
