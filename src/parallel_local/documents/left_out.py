"""What a user is told of files that are no documents, or not wholly: each once, many of one kind together. Pure."""

from collections.abc import Mapping
from itertools import groupby

import msgspec

_TOLD_ONE_BY_ONE = 3
_NAMES_IN_LINE = 3


class LeftOut(msgspec.Struct, frozen=True):
    """Files that are left out for one reason: how many, and the first names."""

    reason: str
    count: int
    files: list[str]


def grouped(reasons: Mapping[str, str], names: int) -> list[LeftOut]:
    """Paths and reasons by reason; of each the first `names` paths."""
    ordered = sorted(reasons.items(), key=lambda item: (item[1], item[0]))
    found = []
    for reason, items in groupby(ordered, key=lambda item: item[1]):
        paths = [path for path, _ in items]
        found.append(LeftOut(reason, len(paths), paths[:names]))
    return found


def lines(reasons: Mapping[str, str], what: str) -> list[str]:
    """A line for each file, or for many that share a reason. `what` says what became of them."""
    told = []
    for group in grouped(reasons, max(_NAMES_IN_LINE, _TOLD_ONE_BY_ONE)):
        if group.count <= _TOLD_ONE_BY_ONE:
            told += [f"{what} {path}: {group.reason}" for path in group.files]
        else:
            first, more = ", ".join(group.files[:_NAMES_IN_LINE]), group.count - _NAMES_IN_LINE
            told.append(f"{what} {group.count:,} files: {group.reason}: {first} and {more:,} more")
    return told
