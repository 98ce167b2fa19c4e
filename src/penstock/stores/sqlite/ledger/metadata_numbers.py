"""A call's metadata as numbers of names (`names.py`), written as one text. Reading it back is in `rows.py`."""

from __future__ import annotations

import msgspec

from penstock.metadata import MetadataValue
from penstock.stores.sqlite.ledger.names import Names
from penstock.stores.sqlite.recent import Recent

_to_json = msgspec.json.Encoder().encode


class MetadataNumbers:
    """Makes the texts, and remembers those made lately. Within a transaction: new names are stored with it."""

    __slots__ = ("_made", "_names")

    def __init__(self, names: Names) -> None:
        self._names = names
        self._made: Recent[bytes, str] = Recent({})

    def text(self, metadata: dict[str, MetadataValue]) -> str | None:
        """Numbers of keys and values in turn, each between commas, so that one can be looked for as text."""
        if not metadata:
            return None
        told = _to_json(metadata)
        text = self._made.get(told)
        if text is None:
            text = self._numbers(metadata)
            self._made.put(told, text)
        return text

    def _numbers(self, metadata: dict[str, MetadataValue]) -> str:
        numbers = []
        for key, value in metadata.items():
            # As JSON, for 1, "1" and true are not the same.
            numbers.append(self._names.number("metadata.key", _to_json(key).decode()))
            numbers.append(self._names.number("metadata.value", _to_json(value).decode()))
        return f",{','.join(map(str, numbers))},"
