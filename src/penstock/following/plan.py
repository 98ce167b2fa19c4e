"""What following goes by: the stored keys in the open, where calls go, which gateways are followed. Values only.

A stored key goes where calls of its gateway would go now, and nowhere else: a run that was made at another place is not
looked at. Made anew at each change of configuration or directory; what is done with it is in `follower.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from penstock.errors import GatewayError
from penstock.providers.parallel import PROVIDER
from penstock.providers.registry import Registry
from penstock.runs.run import Run

GatewayPath = tuple[str, str]
KeyPlace = tuple[str, str, str]
"""Account, gateway (empty for all of an account's) and alias."""

_REACHABLE: Final = ("http", "https")


@dataclass(frozen=True, slots=True)
class FollowKey:
    """A stored key. `hosts` are where it may go besides the provider's own."""

    id: str
    secret: bytes = field(repr=False)
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HookPlan:
    """How events go on to callers: signed with their gateway's secret; `anywhere`: the operator lets them go there."""

    signing: Mapping[GatewayPath, str] = field(default_factory=dict, repr=False)
    anywhere: bool = False


@dataclass(frozen=True, slots=True)
class FollowPlan:
    """`keys`: those that can be opened; a place of which none can be is there, and empty. `unfollowed` are gateways
    that want none of their runs looked at, `unlogged` those whose calls are in no log. `kept` is for how many seconds
    runs are kept after their end; None: for ever.
    """

    registry: Registry = field(default_factory=lambda: Registry({}))
    keys: Mapping[KeyPlace, tuple[FollowKey, ...]] = field(default_factory=dict, repr=False)
    unfollowed: frozenset[GatewayPath] = frozenset()
    unlogged: frozenset[GatewayPath] = frozenset()
    kept: int | None = None
    hooks: HookPlan = field(default_factory=HookPlan)

    def follows(self, run: Run) -> bool:
        """Whether its gateway wants it looked at."""
        return run.owner is None or (run.owner.account, run.owner.gateway) not in self.unfollowed

    def keys_of(self, run: Run) -> tuple[FollowKey, ...]:
        """The keys it may be looked at with: of the alias that it was made with, as they are now."""
        if run.owner is None:
            return ()
        own = self.keys.get((run.owner.account, run.owner.gateway, run.stored_key))
        found = self.keys.get((run.owner.account, "", run.stored_key), ()) if own is None else own
        return tuple(key for key in found if self._may_go(key, run.origin))

    def url(self, run: Run, tail: str) -> str:
        """Where that tail is asked for; empty where its calls go elsewhere now, or nobody can ask there."""
        provider = self.registry.find(PROVIDER.slug)
        path, _, query = tail.partition("?")
        try:
            place = None if provider is None else self.registry.locate(provider, path, lambda _name: None)
        except GatewayError:
            place = None
        if place is None or place.origin != run.origin or urlsplit(run.origin).scheme not in _REACHABLE:
            return ""
        return f"{place.origin}{place.path}{'?' if query else ''}{query}"

    def headers(self, key: FollowKey) -> dict[str, str]:
        """The header lines of a request with that key."""
        provider = self.registry.find(PROVIDER.slug) or PROVIDER
        name, scheme = provider.key_header
        own = {"accept": "application/json, text/event-stream", "user-agent": "penstock"}
        return {**own, **dict(provider.extra_headers), name: f"{scheme}{key.secret.decode('latin-1')}"}

    def _may_go(self, key: FollowKey, origin: str) -> bool:
        provider = self.registry.find(PROVIDER.slug) or PROVIDER
        host = urlsplit(origin).hostname or ""
        return self.registry.is_overridden(provider) or host in provider.domains or host in key.hosts
