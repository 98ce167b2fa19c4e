"""Gateways of the directory: making their rows, changing them, and what belongs to them.

Pure but for what it is given. Fields come as they are written, secrets in the open; rows hold them sealed, and every
spend rule in them has an id. Whether a change may be made, and its fields make sense, is asked in `gateway_changes.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from penstock.control.catalog import OpenSecret, stored_secrets
from penstock.control.spend_rule_ids import with_rule_ids
from penstock.settings.gateway_fields import Fields, set_fields, to_settings
from penstock.settings.gateway_secrets import SecretLost, Secrets, join_secrets, keep_secrets, split_secrets
from penstock.settings.gateways import SpendLimits, SpendRule
from penstock.stores.control_store import IN_GATEWAY, ControlStore, InGateway, StoredGateway

Seal = Callable[[bytes, bytes], bytes]
"""From a secret and its context to sealed bytes. Called only when there is a secret."""


def new_gateway(
    row_id: str, account: str, gateway: str, fields: Mapping[str, object], now_us: int, seal: Seal
) -> StoredGateway:
    """A row for a new gateway. Raises as `changed_gateway`."""
    wanted = with_rule_ids(to_settings(keep_secrets(fields, {})), (), row_id)
    shown, secrets = split_secrets(set_fields(wanted))
    bare = StoredGateway(
        id=row_id, account=account, gateway=gateway, fields=shown, created_us=now_us, modified_us=now_us
    )
    return msgspec.structs.replace(bare, sealed=_sealed(bare, secrets, seal))


def changed_gateway(
    old: StoredGateway, fields: Mapping[str, object], now_us: int, open_secret: OpenSecret, seal: Seal
) -> StoredGateway:
    """The row with other fields: all of them, so that one left out gets its default.

    Where the mask was sent back the stored secret stays. Fields that change nothing give the same row. Raises
    `gateway_secrets.SecretLost`, and `msgspec.ValidationError` for fields with findings.
    """
    known = stored_secrets(old, open_secret)
    wanted = to_settings(keep_secrets(fields, _joined(old, known)))
    shown, secrets = split_secrets(set_fields(with_rule_ids(wanted, _rules(old), f"{old.id}\0{now_us}")))
    if (shown, secrets) == (old.fields, known):
        return old
    sealed = old.sealed if secrets == known else _sealed(old, secrets, seal)
    return msgspec.structs.replace(old, fields=shown, sealed=sealed, modified_us=now_us)


def belongings(store: ControlStore) -> dict[tuple[str, str], list[InGateway]]:
    """What goes with each gateway when it is removed, by account and id. Raises `ControlStoreError`."""
    found: dict[tuple[str, str], list[InGateway]] = {}
    for kind in IN_GATEWAY:
        for one in store.all(kind):
            found.setdefault((one.account, one.gateway), []).append(one)
    return found


def _joined(old: StoredGateway, known: Secrets | None) -> Fields:
    """The fields with what is known of their secrets; nothing where they do not fit together."""
    try:
        return {} if known is None else join_secrets(old.fields, known)
    except SecretLost:
        return {}


def _rules(old: StoredGateway) -> tuple[SpendRule, ...]:
    """The spend rules; none where they make no sense to this version."""
    try:
        limits = msgspec.convert(old.fields.get("spend_limits"), SpendLimits | None)
    except msgspec.ValidationError:
        return ()
    return () if limits is None else limits.rules


def _sealed(row: StoredGateway, secrets: Secrets, seal: Seal) -> bytes | None:
    return seal(msgspec.json.encode(secrets), row.seal_context) if secrets else None
