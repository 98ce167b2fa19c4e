"""One log push job: calls as lines of JSON, many in one gzip object, to one destination (Cloudflare 3.21).

An object is named by when it was begun, its job and the calls in it, so that a repeated delivery takes the place
of the first one. What a line holds is in `log_event.py`.
"""

from __future__ import annotations

import gzip
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

from penstock.export.delivery import Parcel
from penstock.export.log_encryption import LogEncryption
from penstock.export.log_event import log_line
from penstock.stores.ledger import Bodies, CallRow

log = logging.getLogger("penstock.keeper")


class Destination(Protocol):
    """Where objects go."""

    async def put(self, name: str, data: bytes) -> None:
        """Stores an object, in place of one of the same name. Raises `TryAgain`, `Refused`."""


class LogPush:
    """The outlet of one job."""

    def __init__(
        self, name: str, destination: Destination, encryption: Mapping[tuple[str, str], LogEncryption | None]
    ) -> None:
        """`encryption` by account and gateway; None where a gateway has a key that is broken: it sends nothing."""
        self._name = name
        self._destination = destination
        self._encryption = encryption

    def encode(self, row: CallRow, bodies: Bodies | None) -> bytes | None:
        """One line; None for a call that could not be encrypted and must not go out as it is."""
        gateway = row.account, row.gateway
        encryption = self._encryption.get(gateway)
        if encryption is None and gateway in self._encryption:
            return None
        return log_line(row, bodies, encryption)

    async def deliver(self, parcel: Parcel) -> None:
        """All lines in one object. Raises `TryAgain`, `Refused`."""
        await self._destination.put(
            object_name(self._name, parcel), gzip.compress(b"".join(parcel.records), 6, mtime=0)
        )


def object_name(job: str, parcel: Parcel) -> str:
    """Names sort by time: `20261122/20261122T101500Z-archive-1201-1400.ndjson.gz`."""
    moment = datetime.fromtimestamp(parcel.at_us // 1_000_000, UTC)
    return f"{moment:%Y%m%d}/{moment:%Y%m%dT%H%M%SZ}-{job}-{parcel.first}-{parcel.last}.ndjson.gz"
