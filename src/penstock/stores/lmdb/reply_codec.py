"""The byte layout of kept answers: what stands in which database of a `LmdbReplies`, and under which key.

Pure: bytes to values and back. What is not exactly as long as its own numbers say, or is no text where text
must be, reads as None and never raises. Transactions, and what must change together, are in
`reply_shelf.py`.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import NamedTuple

import msgspec

from penstock.stores.replies import Reply, Scope

LAYOUT = b"1"
"""Part of the databases' names: another layout is another, empty store."""

INLINE_BYTES = 65_536
CHUNK_BYTES = 262_128  # with LMDB's header it fills 64 pages
KEY_BYTES = 32

TOTALS_KEY = b"t"
BY_EXPIRY, BY_USE, BY_AGE, BY_CLAIMANT, BY_WRITER = b"e", b"u", b"a", b"c", b"w"
BY_ACCOUNT = b"s"  # not an index: the sums of an account

_FEW = 256  # accounts whose names are not encoded again for each answer
_PAGE_BYTES = 4096
_PAGE_HEADER_BYTES = 16
_NAME_BYTES = 255  # of an account's name, in keys
_LEAF_BYTES = 2000  # what is longer has pages of its own; what is not shares pages that are half full
_ENTRY_BYTES = 768  # the card and the index entries, in such pages
_CLAIMED, _SPENT, _STORED = 1, 2, 3

_CLAIM_HEAD = struct.Struct("=BII")
_SPENT_HEAD = struct.Struct("=BIQ")
_STORED_HEAD = struct.Struct("=BHIIIIIIQQQQ")
_CARD = struct.Struct("=BQQQQQQQIII")
_TOTALS = struct.Struct("=9Q")  # eight in older stores, which are then counted anew
_HOLDING = struct.Struct("=2Q")
_MOMENT = struct.Struct(">Q")
_CHUNK_KEY = struct.Struct(">QI")


class ClaimRecord(NamedTuple):
    """The key is taken for work."""

    fingerprint: bytes
    owner: bytes


class SpentRecord(NamedTuple):
    """The key was used, and there is no answer."""

    fingerprint: bytes
    expires_us: int


class StoredRecord(NamedTuple):
    """There is an answer. With a `blob`, its body of `length` bytes lies in chunks and `reply.body` is empty."""

    fingerprint: bytes
    expires_us: int
    reply: Reply
    blob: int  # 0: none
    length: int


Record = ClaimRecord | SpentRecord | StoredRecord


class Card(NamedTuple):
    """What must be known of an answer, or of a spent key, to find, count and remove all of it."""

    is_answer: bool
    created_us: int
    used_us: int
    expires_us: int
    blob: int
    length: int  # of the body
    bytes: int  # body and head
    room: int  # what it takes up in the map, estimated
    scope: Scope


class Totals(msgspec.Struct, gc=False):
    """The sums over all cards, and what happened since the store was made."""

    entries: int = 0
    bytes: int = 0
    room: int = 0  # of answers, spent keys and reservations
    reserved: int = 0  # of bodies that are being written
    stored: int = 0
    evicted: int = 0
    expired: int = 0
    hits: int = 0
    marked: int = 0  # of `room`, what spent keys of an account take


class Holding(msgspec.Struct, gc=False):
    """What of `Totals` is one account's."""

    room: int = 0
    marked: int = 0


# -- records


def claim_record(fingerprint: bytes, owner: bytes) -> bytes:
    return _CLAIM_HEAD.pack(_CLAIMED, len(fingerprint), len(owner)) + fingerprint + owner


def spent_record(fingerprint: bytes, expires_us: int) -> bytes:
    return _SPENT_HEAD.pack(_SPENT, len(fingerprint), expires_us) + fingerprint


def stored_record(fingerprint: bytes, reply: Reply, expires_us: int, blob: int) -> bytes:
    """Without the body if it lies in the chunks of a `blob`."""
    provider, model = _encoded(reply.provider), _encoded(reply.model)
    numbers = _STORED_HEAD.pack(
        _STORED,
        reply.status,
        len(fingerprint),
        len(reply.head),
        len(reply.content_type),
        len(reply.content_encoding),
        len(provider),
        len(model),
        reply.created_us,
        expires_us,
        blob,
        len(reply.body),
    )
    body = b"" if blob else reply.body
    parts = (fingerprint, reply.head, reply.content_type, reply.content_encoding, provider, model, body)
    return numbers + b"".join(parts)


def record(data: bytes | None) -> Record | None:
    """What a key's record says."""
    if not data:
        return None
    read = _READERS.get(data[0])
    try:
        return None if read is None else read(data)
    except (struct.error, ValueError):
        return None


def _read_claim(data: bytes) -> ClaimRecord | None:
    _, fingerprint, owner = _CLAIM_HEAD.unpack_from(data)
    middle = _CLAIM_HEAD.size + fingerprint
    if len(data) != middle + owner:
        return None
    return ClaimRecord(data[_CLAIM_HEAD.size : middle], data[middle:])


def _read_spent(data: bytes) -> SpentRecord | None:
    _, fingerprint, expires_us = _SPENT_HEAD.unpack_from(data)
    if len(data) != _SPENT_HEAD.size + fingerprint:
        return None
    return SpentRecord(data[_SPENT_HEAD.size :], expires_us)


def _read_stored(data: bytes) -> StoredRecord | None:
    (_, status, fingerprint, head, kind, encoding, provider, model, created_us, expires_us, blob, length) = (
        _STORED_HEAD.unpack_from(data)
    )
    a = _STORED_HEAD.size + fingerprint
    b = a + head
    c = b + kind
    d = c + encoding
    e = d + provider
    f = e + model
    if len(data) != (f if blob else f + length):
        return None
    reply = Reply(
        status,
        data[a:b],
        data[b:c],
        data[c:d],
        data[f:],
        created_us,
        data[d:e].decode("utf-8", "surrogatepass"),
        data[e:f].decode("utf-8", "surrogatepass"),
    )
    return StoredRecord(data[_STORED_HEAD.size : a], expires_us, reply, blob, length)


_READERS = {_CLAIMED: _read_claim, _SPENT: _read_spent, _STORED: _read_stored}


# -- cards and totals


def card_of(reply: Reply, scope: Scope, expires_us: int, used_us: int, blob: int, room: int) -> Card:
    """The card of an answer."""
    size = len(reply.body)
    return Card(True, reply.created_us, used_us, expires_us, blob, size, size + len(reply.head), room, scope)


def packed_card(card: Card) -> bytes:
    account, gateway, provider = map(_encoded, card.scope)
    sizes = (len(account), len(gateway), len(provider))
    kind = _STORED if card.is_answer else _SPENT
    return _CARD.pack(kind, *card[1:-1], *sizes) + account + gateway + provider


def card(data: bytes | None) -> Card | None:
    """What a key's card says."""
    if data is None or len(data) < _CARD.size:
        return None
    kind, created_us, used_us, expires_us, blob, length, size, room, account, gateway, provider = (
        _CARD.unpack_from(data)
    )
    a = _CARD.size + account
    b = a + gateway
    if kind not in (_SPENT, _STORED) or len(data) != b + provider:
        return None
    try:
        scope = Scope(_decoded(data[_CARD.size : a]), _decoded(data[a:b]), _decoded(data[b:]))
    except ValueError:
        return None
    return Card(kind == _STORED, created_us, used_us, expires_us, blob, length, size, room, scope)


def packed_totals(totals: Totals) -> bytes:
    """None of them falls below zero, whatever was damaged."""
    numbers = msgspec.structs.astuple(totals)
    try:
        return _TOTALS.pack(*numbers)
    except struct.error:
        return _TOTALS.pack(*(max(0, number) for number in numbers))


def totals(data: bytes | None) -> Totals | None:
    """The sums; those of an empty store if there are none yet."""
    if data is None:
        return Totals()
    return Totals(*_TOTALS.unpack(data)) if len(data) == _TOTALS.size else None


def packed_holding(holding: Holding) -> bytes:
    return _HOLDING.pack(holding.room, max(0, holding.marked))


def holding(data: bytes | None) -> Holding | None:
    """What an account has; nothing if it has no sums."""
    if data is None:
        return Holding()
    return Holding(*_HOLDING.unpack(data)) if len(data) == _HOLDING.size else None


def inline_room(record_bytes: int) -> int:
    """What an answer takes up whose record holds all of it, or a spent key."""
    if record_bytes <= _LEAF_BYTES:
        return 2 * record_bytes + _ENTRY_BYTES
    return _whole_pages(record_bytes) + _ENTRY_BYTES


def chunked_room(record_bytes: int, length: int) -> int:
    """What an answer takes up whose body lies in chunks."""
    whole, rest = divmod(length, CHUNK_BYTES)
    return inline_room(record_bytes) + whole * _whole_pages(CHUNK_BYTES) + _whole_pages(rest)


def _whole_pages(size: int) -> int:
    return -(-(size + _PAGE_HEADER_BYTES) // _PAGE_BYTES) * _PAGE_BYTES


# -- keys


def moment(tag: bytes, moment_us: int) -> bytes:
    """Where the index entries of a moment begin."""
    return tag + _MOMENT.pack(moment_us)


def after(tag: bytes) -> bytes:
    """Behind all index entries with a tag."""
    return bytes((tag[0] + 1,))


def entries(card: Card, key: bytes) -> tuple[bytes, ...]:
    """All index entries of a card."""
    by_expiry = BY_EXPIRY + _MOMENT.pack(card.expires_us) + key
    if not card.is_answer:
        return (by_expiry,)
    return by_expiry, by_use(card, key), BY_AGE + _MOMENT.pack(card.created_us) + key


def by_use(card: Card, key: bytes) -> bytes:
    """The index entry of an answer among those of its account."""
    return owned(BY_USE, named(card.scope.account)) + _MOMENT.pack(card.used_us) + key


def moment_of(entry: bytes) -> int:
    """The moment in an index entry, in microseconds."""
    return int(_MOMENT.unpack_from(entry, 1)[0])


def key_of(entry: bytes) -> bytes:
    """The key at the end of an index entry."""
    return entry[-KEY_BYTES:]


@lru_cache(_FEW)
def named(account: str) -> bytes:
    """An account as an owner of index entries."""
    return _encoded(account)[:_NAME_BYTES]


def owned(tag: bytes, owner: bytes) -> bytes:
    """Where the index entries of an owner begin, a worker or an account."""
    return tag + bytes((len(owner),)) + owner


def owner_of(entry: bytes) -> bytes:
    return entry[2 : 2 + entry[1]]


def writing(owner: bytes, blob: int) -> bytes:
    """The index entry of a body that is being written."""
    return owned(BY_WRITER, owner) + _MOMENT.pack(blob)


def written_by(owner: bytes, entry: bytes) -> bytes:
    """The same body's entry, under another owner."""
    return writing(owner, blob_of(entry))


def blob_of(entry: bytes) -> int:
    return int(_MOMENT.unpack(entry[-_MOMENT.size :])[0])


def reserved(room: int, account: bytes) -> bytes:
    """The value of such an entry."""
    return _MOMENT.pack(room) + account


def reserved_room(data: bytes | None) -> tuple[int, bytes]:
    """How much, and whose account's it is."""
    if data is None or len(data) < _MOMENT.size:
        return 0, b""
    return int(_MOMENT.unpack_from(data)[0]), data[_MOMENT.size :]


def chunk_key(blob: int, number: int) -> bytes:
    return _CHUNK_KEY.pack(blob, number)


def blob_of_chunk(key: bytes) -> int:
    return int(_CHUNK_KEY.unpack(key)[0])


def chunk_count(length: int) -> int:
    """In how many chunks so many bytes lie."""
    return -(-length // CHUNK_BYTES)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def is_own_claim(record: Record | None, owner: bytes) -> bool:
    """Whether the owner is at work on the key."""
    return isinstance(record, ClaimRecord) and record.owner == owner


def is_taken(there: Record | None, fingerprint: bytes, owner: bytes, now_us: int) -> bool:
    """Whether the key has come to stand for another request: what was ours may be another's since we stalled.

    Whether that other is alive is not asked: who stalled knows no current time.
    """
    if there is None or there.fingerprint == fingerprint or is_own_claim(there, owner):
        return False
    return isinstance(there, ClaimRecord) or there.expires_us > now_us


def may_spend(there: Record | None, fingerprint: bytes, owner: bytes, now_us: int) -> bool:
    """Not while another works on it, and not in the place of an answer."""
    if isinstance(there, ClaimRecord):
        return there.owner == owner
    if there is None or there.expires_us <= now_us:
        return True
    return isinstance(there, SpentRecord) and there.fingerprint == fingerprint
