"""Limits of tokens, gateways and stored keys: is one of them near, or used up?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from penstock.access.tokens import is_live
from penstock.control.limit_readers import limit_readers_from_outside
from penstock.control.near_limits import (
    Limited,
    limited_gateway,
    limited_key,
    limited_token,
    near_limits,
    near_text,
)
from penstock.doctor.case import Case
from penstock.doctor.finding import Finding, ok, warning
from penstock.doctor.units import counted

_CHECK: Final = "limits"
_MOST: Final = 10
_REMEDY: Final = "what goes beyond is refused; `penstock keys change` and `penstock gateways set` give more"


def limits(case: Case) -> Iterator[Finding]:
    """Those of which most is used, the fullest first. Where there are none, nothing is said."""
    limited = [one for one in _limited(case) if one.limits]
    if not limited:
        return
    with limit_readers_from_outside(case.stores) as readers:
        near = near_limits(limited, readers, case.now_us)
    for one in near[:_MOST]:
        yield warning(_CHECK, near_text(one, case.now_us), _REMEDY)
    if len(near) > _MOST:
        yield warning(_CHECK, f"{len(near) - _MOST} more are near, or used up", _REMEDY)
    if not near:
        number = sum(len(one.limits) for one in limited)
        yield ok(_CHECK, f"{counted(number, 'limit')}, none of them near")


def _limited(case: Case) -> Iterator[Limited]:
    for listed in case.catalog:
        yield limited_gateway(listed)._replace(name=listed.name)
    snapshot = case.control_store.snapshot
    if snapshot is not None:
        yield from map(limited_key, snapshot.provider_keys)
        yield from (limited_token(one) for one in snapshot.tokens if is_live(one, case.now_us))
