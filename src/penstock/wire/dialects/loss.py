"""What becomes of a member that another dialect does not have: refused, or dropped and told. Never dropped in silence.

Refused where the answer would mean something else, dropped where it would only be tuned otherwise (dialects, B1).
"""

from __future__ import annotations

from typing import Final

MOST_TOLD: Final = 64
"""Paths; a caller makes them up, and a header has to hold them."""


class Refused(Exception):
    """A request that cannot be carried: `path` names the member as the caller wrote it, the text says why."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(why)
        self.path = path
        self.why = why


class Dropped:
    """The members that were left out of one request, by the paths at which the caller wrote them, in order."""

    __slots__ = ("_paths", "more")

    def __init__(self) -> None:
        self._paths: dict[str, None] = {}
        self.more = 0  # how many were left out beyond those that are told

    def __call__(self, path: str) -> None:
        """Leaves out a member, or tells that it was changed: once, however often it is said."""
        if path in self._paths:
            return
        if len(self._paths) < MOST_TOLD:
            self._paths[path] = None
        else:
            self.more += 1

    def forget(self) -> None:
        """Takes back what was told so far: all of it is carried after all."""
        self._paths.clear()
        self.more = 0

    @property
    def paths(self) -> tuple[str, ...]:
        """`seed`, `messages[2].content[0].image_url.detail`: for `cf-aig-dropped`."""
        return tuple(self._paths)
