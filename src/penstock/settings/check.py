"""What a check of the settings has found, as people are told: in which file, and where. The check itself is shared."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong, and where: `path` is the file."""

    path: str | None
    line: int | None
    reason: str

    def __str__(self) -> str:
        place = [str(part) for part in (self.path, self.line) if part is not None]
        return ": ".join([":".join(place), self.reason]) if place else self.reason


class ConfigError(Exception):
    """The settings cannot be used. `path`, `line`, `reason` are the first problem's; str() lists all."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)
        self.path = problems[0].path
        self.line = problems[0].line
        self.reason = problems[0].reason
