"""How limits stand, for who may see them: what tokens, gateways and stored keys of an account have used of theirs.

Which limits there are, and which are near, is known in `control/`; here stores are opened, and permissions asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from penstock.access.tokens import is_live
from penstock.control.near_limits import (
    Limited,
    Near,
    limited_gateway,
    limited_key,
    limited_token,
    near_limits,
)
from penstock.control.token_rights import seen_tokens
from penstock.management.caller import Caller
from penstock.management.resources import Resources
from penstock.stores.control_store import Snapshot


class SeenLimits(NamedTuple):
    """What has limits, and which of these are near or used up, the fullest first."""

    limited: tuple[Limited, ...]
    near: tuple[Near, ...]


def seen_limits(resources: Resources, caller: Caller, account: str, now_us: int) -> SeenLimits:
    """Of an account, as far as this caller may read it."""
    snapshot = resources.snapshot()
    found = _limited(resources, snapshot, caller, account, now_us)
    limited = tuple(one for one in found if one.limits)
    if not limited:
        return SeenLimits((), ())
    with resources.limits() as readers:
        return SeenLimits(limited, tuple(near_limits(limited, readers, now_us)))


def _limited(
    resources: Resources, snapshot: Snapshot, caller: Caller, account: str, now_us: int
) -> Iterator[Limited]:
    """Tokens that let nobody in use nothing."""
    for listed in resources.catalog(snapshot).of(account):
        if caller.may("read", account, listed.id):
            yield limited_gateway(listed)
    for key in snapshot.provider_keys:
        if key.account == account and caller.may("read", account, key.gateway):
            yield limited_key(key)
    if caller.may("read", account):
        for token in seen_tokens(snapshot.tokens, caller.token, account):
            if is_live(token, now_us):
                yield limited_token(token)
