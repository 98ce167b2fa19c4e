"""What may be said about a call afterwards, read from the body of a PATCH (Cloudflare 3.18, 3.26, 4.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final

import msgspec

from penstock.management.endpoint import Ask, json_body
from penstock.management.problem import INVALID, ManagementError, Problem
from penstock.metadata import MetadataValue
from penstock.settings.check import findings
from penstock.stores.ledger import Note

MAX_ENTRIES: Final = 5
MAX_CHARS: Final = 1000
_RESERVED: Final = "cf."
_INTEGERS: Final = range(-(2**63), 2**63)

Value = Annotated[
    MetadataValue, msgspec.Meta(extra_json_schema={"description": "a string, a number, true or false"})
]


class LogPatch(msgspec.Struct, frozen=True):
    """What is left out stays as it is; null takes away."""

    feedback: Annotated[float, msgspec.Meta(ge=-1, le=1)] | msgspec.UnsetType | None = msgspec.UNSET
    score: Annotated[float, msgspec.Meta(ge=0, le=100)] | msgspec.UnsetType | None = msgspec.UNSET
    metadata: Mapping[str, Value] | msgspec.UnsetType | None = msgspec.UNSET


def read_note(ask: Ask) -> Note:
    """The body of a PATCH. Raises `ManagementError` 400 with everything that is wrong."""
    value = json_body(ask)
    wrong = [
        Problem(INVALID, one.reason, tuple(map(str, one.path)))
        for one in findings(value, LogPatch, ("body",))
    ]
    given = value.get("metadata") if isinstance(value, Mapping) else None
    metadata = _kept(given) if isinstance(given, Mapping) else {}
    wrong += _metadata_problems(metadata)
    if wrong:
        raise ManagementError(400, wrong)
    patch = msgspec.convert(value, LogPatch)
    said = (
        msgspec.UNSET
        if patch.metadata is msgspec.UNSET
        else msgspec.convert(metadata, dict[str, MetadataValue])
    )
    return Note(patch.feedback, patch.score, said)


def _kept(given: Mapping[str, object]) -> dict[str, object]:
    """Without the reserved name space, as for the header (3.18)."""
    return {name: value for name, value in given.items() if not name.startswith(_RESERVED)}


def _metadata_problems(metadata: Mapping[str, object]) -> Iterator[Problem]:
    if len(metadata) > MAX_ENTRIES:
        message = f"metadata has {len(metadata)} entries, at most {MAX_ENTRIES} are kept"
        yield Problem(INVALID, message, ("body", "metadata"))
    for name, value in metadata.items():
        if len(name) > MAX_CHARS or (isinstance(value, str) and len(value) > MAX_CHARS):
            message = f"names and values have at most {MAX_CHARS} characters"
            yield Problem(INVALID, message, ("body", "metadata", name[:MAX_CHARS]))
        elif isinstance(value, int) and value not in _INTEGERS:
            yield Problem(INVALID, "a whole number has at most 64 bits", ("body", "metadata", name))
