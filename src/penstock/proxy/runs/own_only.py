"""Lists of the provider's with what others have made taken out: monitors, and memories of runs (Parallel 2.13.2, 2.15).

The provider lists what the organisation has. A list is held until it is whole, and goes on without the entries whose
ids belong to somebody else; an answer that is no such list is not shown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Final

import msgspec

from penstock.errors import INTERNAL, GatewayError
from penstock.proxy.body_filter import BodyFilter, FilterMaker, Logged
from penstock.proxy.held_filter import HeldFilter
from penstock.wire.tolerant_json import UNREADABLE

Hidden = Callable[[Collection[str]], Awaitable[frozenset[str]]]
"""Which of some ids the caller may not see."""

_LISTS: Final = ("monitors", "data", "results")
_UNSHOWN: Final = (
    "the provider's list cannot be read, and may show what others have made: it is not passed on"
)

_to_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_to_entries = msgspec.json.Decoder(list[msgspec.Raw]).decode


class _Entry(msgspec.Struct, gc=False):
    monitor_id: str | None = None
    id: str | None = None


_to_entry = msgspec.json.Decoder(_Entry).decode


def own_only(hidden: Hidden) -> FilterMaker:
    """A maker of filters for a list."""

    def make(status: int, _content_type: bytes, _lines: bytes) -> BodyFilter | None:
        return OwnOnly(hidden) if 200 <= status < 300 else None

    return make


class OwnOnly(HeldFilter):
    """Of one answer."""

    logged: Logged = "after"  # the log is read by others as well

    def __init__(self, hidden: Hidden) -> None:
        super().__init__()
        self._hidden = hidden

    async def finish(self) -> bytes:
        """The list without others' entries. Raises `GatewayError` for what is no list."""
        body = self.taken()
        try:
            return await self._without_others(body)
        except UNREADABLE:
            raise GatewayError(INTERNAL, _UNSHOWN) from None

    async def _without_others(self, body: bytes) -> bytes:
        if body.lstrip()[:1] == b"[":
            return msgspec.json.encode(await self._kept(_to_entries(body)))
        members = _to_members(body)
        for name in _LISTS:
            raw = members.get(name)
            if raw is not None and bytes(raw).lstrip()[:1] == b"[":
                members[name] = msgspec.Raw(msgspec.json.encode(await self._kept(_to_entries(raw))))
        return msgspec.json.encode(members)

    async def _kept(self, entries: list[msgspec.Raw]) -> list[msgspec.Raw]:
        ids = [_id_of(entry) for entry in entries]
        hidden = await self._hidden({name for name in ids if name})
        return [entry for entry, name in zip(entries, ids, strict=True) if name not in hidden]


def _id_of(entry: msgspec.Raw) -> str:
    """Raises `UNREADABLE`."""
    found = _to_entry(entry)
    return found.monitor_id or found.id or ""
