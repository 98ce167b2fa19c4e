"""Cache marks as Messages writes them: a member of the block that they cover (dialects, B7)."""

from __future__ import annotations

from penstock.wire.dialects.cache_marks import KeptMarks
from penstock.wire.dialects.conversation import CacheMark, Conversation
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped


class CacheMarks:
    """The marks of one request that go out."""

    __slots__ = ("_kept",)

    def __init__(self, asked: Conversation, dropped: Dropped) -> None:
        self._kept = KeptMarks(asked, dropped)

    def put(self, block: Object, mark: CacheMark | None) -> Object:
        """A block with its mark, where that goes out."""
        if mark is not None and mark in self._kept:
            block["cache_control"] = written(mark)
        return block


def written(mark: CacheMark) -> Object:
    """`cache_control`."""
    return {"type": "ephemeral", "ttl": mark.ttl} if mark.ttl else {"type": "ephemeral"}
