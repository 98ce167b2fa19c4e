"""Followers of a real run ledger, a clock that stands where runs were made, and a provider that knows some of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from penstock.exits.sender import Sender
from penstock.following.follower import Follower
from penstock.following.looks import Looks
from penstock.following.plan import FollowKey, FollowPlan, KeyPlace
from penstock.providers.registry import Registry
from penstock.runs.run import Run, RunKind
from penstock.stores.runs import RunLedger
from penstock.stores.sqlite.runs.ledger import SqliteRunLedger
from support.clock import FakeClock
from support.parallel_documents import Document
from support.replies import Reply, sse, whole
from support.run_ledgers import NOW, OWNER, run
from support.upstream import Seen, Upstream

JSON = (("content-type", "application/json"),)
ALIAS = "main"
PLACE: KeyPlace = (OWNER.account, OWNER.gateway, ALIAS)
KEY = FollowKey("k1", b"secret-1")
OTHER_KEY = FollowKey("k2", b"secret-2")


class Then(FakeClock):
    """Stands so many seconds after the moment at which the runs of `run_ledgers` are made. Chance is in the middle."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.ahead = (NOW - super().now_us()) / 1e6 + seconds

    def chance(self) -> float:
        return 0.5


def plan(url: str, *keys: FollowKey, **more: object) -> FollowPlan:
    """What is followed at a provider that is at that URL."""
    found: Mapping[KeyPlace, tuple[FollowKey, ...]] = {PLACE: keys or (KEY,)}
    return FollowPlan(Registry({"parallel": url}), found, **more)  # type: ignore[arg-type]


Documents = dict[str, Document | list[Document] | Reply]


@dataclass
class Provider:
    """Answers `GET`s of what stands in `documents` by their targets, and lets nobody in without one of `secrets`."""

    upstream: Upstream
    documents: Documents = field(default_factory=dict)
    secrets: tuple[str, ...] = ("secret-1", "secret-2")

    def __post_init__(self) -> None:
        self.upstream.otherwise = self.answer

    def answer(self, seen: Seen) -> Reply:
        assert seen.method == b"GET"
        if (seen.header("x-api-key") or b"").decode() not in self.secrets:
            return whole(b"{}", 401, JSON)
        found = self.documents.get(seen.target.decode())
        if found is None:
            return whole(b'{"type":"error"}', 404, JSON)
        if isinstance(found, Reply):
            return found
        if isinstance(found, list):
            return sse(*(f"data: {json.dumps(one)}\n\n".encode() for one in found))
        return whole(json.dumps(found).encode(), 200, JSON)

    @property
    def asked(self) -> list[str]:
        """The targets that were asked for, in order."""
        return [seen.target.decode() for seen in self.upstream.requests]

    def forget(self) -> None:
        """From now on `asked` is anew."""
        self.upstream.requests.clear()


class Desk:
    """A run ledger, and followers of it."""

    def __init__(self, folder: Path, url: str, clock: Then) -> None:
        self.folder = folder
        self.url = url
        self.clock = clock
        self.ledger = self.open()
        self._senders: list[Sender] = []

    def open(self) -> SqliteRunLedger:
        """One more way to the same ledger, as another process has it."""
        return SqliteRunLedger(self.folder / "runs.db")

    def follower(self, holder: str = "a", *keys: FollowKey, **more: object) -> Follower:
        """One that follows at the provider."""
        self._senders.append(Sender())
        made = Follower(Looks(self._senders[-1].send, self.clock), self.clock, holder)
        made.plan = plan(self.url, *keys, **more)
        return made

    async def look(self, follower: Follower, after: float = 0.0, ledger: RunLedger | None = None) -> None:
        """One step, so many seconds later, and the end of what it has begun."""
        self.clock.ahead += after
        follower.step(ledger or self.ledger)
        await follower.idle()

    def run(self, run_id: str) -> Run:
        found = self.ledger.get(run_id)
        assert found is not None
        return found

    async def close(self) -> None:
        for sender in self._senders:
            await sender.close()
        self.ledger.close()

    def made(
        self,
        run_id: str,
        kind: RunKind = RunKind.TASK,
        product: str = "core",
        *,
        parent: str = "",
        at: int = 0,
    ) -> Run:
        """A run that was made with the stored key at the provider."""
        found = run(run_id, kind, product, parent=parent, at=at, stored_key=ALIAS)
        return msgspec.structs.replace(found, origin=self.url)
