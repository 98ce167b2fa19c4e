"""What is stored and does nothing: fields this version does not act on, settings of which one half is missing.

Whoever counts on a guardrail or a limit has to hear that there is none: from the commands, the log, the management API
and the doctor alike, whoever set it. Pure. Which fields take effect is said in `settings/gateways.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from penstock.control.catalog import Catalog, Listed
from penstock.settings import Settings, unused_fields
from penstock.settings.gateways import half_said
from penstock.stores.control_store import DynamicRoute, ProviderKey, Snapshot

_USUAL_PERIOD = 60
_KEPT_APART = ("stripe",)  # with its secret, which may not be at hand


class NoEffect(NamedTuple):
    """A field that does nothing, and the reason: `has no effect …`."""

    field: str
    why: str

    @property
    def sentence(self) -> str:
        return f"{self.field} {self.why}"


def in_gateway(settings: Settings, listed: Listed) -> Iterator[NoEffect]:
    """Of one gateway."""
    found = list(unused_fields(listed.fields))
    if listed.lost_secrets and listed.stored is not None:
        found += [name for name in _KEPT_APART if listed.stored.fields.get(name)]
    yield from (NoEffect(name, "has no effect in this version") for name in found)
    yield from (
        NoEffect(name, f"has no effect without {missing}") for name, missing in half_said(listed.fields)
    )
    if listed.fields.logpush and not any(not job.gateways for job in settings.log_push.values()):
        yield NoEffect("logpush", "has no effect without a [log_push] job that names no gateways")


def in_key(key: ProviderKey) -> Iterator[NoEffect]:
    """Of a stored key."""
    if key.rate_limit is None and key.rate_limit_period != _USUAL_PERIOD:
        yield NoEffect("rate_limit_period", "has no effect without rate_limit")


def in_route(route: DynamicRoute) -> Iterator[NoEffect]:
    """Of a dynamic route."""
    yield NoEffect("elements", f"has no effect: calls to dynamic/{route.name} are not served by this version")


def all_without_effect(settings: Settings, catalog: Catalog, snapshot: Snapshot) -> list[str]:
    """A line for each, with whose it is."""
    gateways = (
        f"gateway {one.name}: {found.sentence}" for one in catalog for found in in_gateway(settings, one)
    )
    keys = (
        f"stored key {key.id} of {key.account} for {key.provider}: {found.sentence}"
        for key in snapshot.provider_keys
        for found in in_key(key)
    )
    routes = (
        f"route {route.account}/{route.gateway}/{route.name}: {found.sentence}"
        for route in snapshot.routes
        for found in in_route(route)
    )
    return [*gateways, *keys, *routes]
