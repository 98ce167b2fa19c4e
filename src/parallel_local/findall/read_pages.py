"""What documents declare, each read once for as long as it stays the same, whatever else changes around it.

Used by one thread at a time.
"""

import hashlib
from collections import OrderedDict

import msgspec

from parallel_local.findall.declarations import page_names
from parallel_local.findall.declared import PageNames
from parallel_local.findall.pages import sections
from parallel_local.retrieval.index import Card

_MOST = 50_000  # documents


class _Read(msgspec.Struct, frozen=True):
    """A document as it was read, and what it declares."""

    card: Card
    digest: bytes
    names: PageNames


class Pages:
    """Documents that have been read, by address."""

    def __init__(self) -> None:
        self._read: OrderedDict[str, _Read] = OrderedDict()

    def names(self, card: Card, text: str) -> PageNames:
        """What a document with this text declares."""
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        known = self._read.pop(card.url, None)
        if known is None or known.digest != digest or msgspec.structs.replace(known.card, id=card.id) != card:
            known = _Read(card, digest, page_names(card, sections(text)))
        self._read[card.url] = known
        while len(self._read) > _MOST:
            self._read.popitem(last=False)
        return known.names
