"""Limits that want somebody's attention: near, used up, or refusing calls; of what the visitor may read.

What is near is found out in `control/near_limits.py`; here it becomes sentences and links.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode

from penstock.control.limit_words import level_of
from penstock.control.near_limits import CALLED, Kind, Limited, Near, near_text
from penstock.management.limits import seen_limits
from penstock.management.resources import Resources
from penstock.pages.dashboard.attention import Notice
from penstock.pages.dashboard.page import Visit
from penstock.pages.dashboard.words import calls

_MOST: Final = 8  # of each kind


class Refused(NamedTuple):
    """How many calls were refused for a limit in a span of time: of each gateway, and of each token by its id. Of
    stored keys nobody counts them.
    """

    span: str
    gateways: Mapping[str, int]
    tokens: Mapping[str, int]

    def of(self, kind: Kind, name: str) -> int:
        """Of one."""
        return {"gateway": self.gateways, "token": self.tokens}.get(kind, {}).get(name, 0)


def limit_notices(resources: Resources, visit: Visit, refused: Refused) -> Iterator[Notice]:
    """The fullest limits; how many more are near; what has been refusing calls, though it has room again."""
    found = seen_limits(resources, visit.caller, visit.account, visit.now_us)
    told: set[tuple[Kind, str]] = set()
    for near in found.near[:_MOST]:
        count = 0 if (near.kind, near.id) in told else refused.of(near.kind, near.id)
        told.add((near.kind, near.id))
        yield _near(near, visit.now_us, count, refused.span)
    rest = found.near[_MOST:]
    if rest:
        place = "tokens" if {near.kind for near in rest} == {"token"} else "gateways"
        yield Notice("warn", f"{len(rest)} more limits are near, or used up", place)
    told.update((near.kind, near.id) for near in rest)
    counted = [(refused.of(one.kind, one.id), one) for one in found.limited if (one.kind, one.id) not in told]
    counted.sort(key=lambda pair: pair[0], reverse=True)
    for count, one in counted[:_MOST]:
        if count:
            yield _refusing(one, count, refused.span)


def _near(near: Near, now_us: int, count: int, span: str) -> Notice:
    use = near.limit.use
    told = near_text(near, now_us)
    if count:
        told += f"; {calls(count)} refused for a limit in the last {span}"
    is_over = count or (use is not None and level_of(use) == "full")
    return Notice("bad" if is_over else "warn", told, _place(near), use)


def _place(near: Near) -> str:
    if near.kind == "token":
        return f"tokens/{near.id}"
    if near.value and len(near.limit.apart) == 1:
        words = [("gateway", near.id), (f"metadata.{near.limit.apart[0]}", near.value)]
        return f"logs?{urlencode(words)}"
    return f"gateways/{quote(near.gateway, safe='')}" if near.gateway else "keys"


def _refusing(one: Limited, count: int, span: str) -> Notice:
    told = f"{CALLED[one.kind]} {one.name}: {calls(count)} refused for a limit in the last {span}"
    return Notice("warn", told, f"logs?{urlencode([('status', '429'), (one.kind, one.id), ('since', span)])}")
