"""One entry of the directory's audit: who changed what, when, and what it was before. A noun, and nothing else.

Every change of the directory leaves one (`control_store.py`); how entries are kept is its engine's affair.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Json = object
"""What a JSON text can hold. Whoever reads it converts it to what it should be."""

Action = Literal["create", "update", "delete"]


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change, for ever. What is secret shows as a mark only, another one after it has changed.

    What was made or removed is there with all its fields; of an update there are those that changed, and of the
    versions and deployments of a route those that came or went.
    """

    number: int  # grows with each change
    at_us: int
    actor: str  # `token:ID`, `admin`, `cli:USER`, `first-run`
    action: Action
    kind: str  # `gateway`, `token`, `provider_key`, `route`, …; `master_key` after resealing
    account: str  # "" for tokens and the master key
    subject: str  # the noun's id; of a gateway what it is called on the wire
    before: dict[str, Json] | None
    after: dict[str, Json] | None
