"""A run that has completed, given again to who orders the same (Parallel 8.4): whether it may be, and as what.

Pure. Who has ordered what, and when, is known to the run ledger.
"""

from __future__ import annotations

import msgspec

from penstock.wire.tolerant_json import UNREADABLE

_to_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class _Continued(msgspec.Struct, gc=False):
    """What makes the same words another question (Parallel 2.17, 8.4)."""

    previous_interaction_id: msgspec.Raw = msgspec.Raw(b"null")
    memory_scope_key: msgspec.Raw = msgspec.Raw(b"null")
    webhook: msgspec.Raw = msgspec.Raw(b"null")  # somebody waits for it to be called


_to_continued = msgspec.json.Decoder(_Continued).decode


def goes_on(request: bytes) -> bool:
    """Whether its answer depends on more than its words, or somebody is told of it: then it is ordered anew.

    Of what cannot be read that is taken for granted.
    """
    try:
        said = _to_continued(request)
    except UNREADABLE:
        return True
    return any(bytes(raw) != b"null" for raw in msgspec.structs.astuple(said))


def completed(answer: bytes) -> bytes | None:
    """What the provider has answered when the run was made, as it would answer now; None where it cannot be read."""
    try:
        members = _to_members(answer)
    except UNREADABLE:
        return None
    members |= {"status": msgspec.Raw(b'"completed"'), "is_active": msgspec.Raw(b"false")}
    return msgspec.json.encode(members)
