"""Runs, what made them and what was seen of them, as rows of the SQLite run ledger, and back.

A row that cannot be read is none: one that is damaged must not hide all others. Pure; no SQL is executed here.
"""

from __future__ import annotations

import math
import zlib
from hashlib import blake2b
from typing import Final, TypeVar

import msgspec

from penstock.metadata import MetadataValue
from penstock.runs.run import Charge, Create, Money, Outcome, Owner, Run, RunKind, Sighting

MOST_RESULT: Final = 16 * 1024 * 1024
"""Bytes of a result that is kept, plain."""

MOST_ANSWER: Final = 1024 * 1024
"""Bytes of an answer that is kept to answer a repeated request with, plain."""

_DIGEST_BYTES: Final = 16
_LEVEL: Final = 3  # the largest result would take half of a second with the usual one

_to_json = msgspec.json.Encoder().encode
_run = msgspec.json.Decoder(Run).decode
_create = msgspec.json.Decoder(Create).decode

RUN_COLUMNS: Final = (
    "id", "created_us", "account", "gateway", "kind", "state", "active", "product", "token", "user", "parent", "run",
)  # fmt: skip

Value = str | int | bytes | None
Told = TypeVar("Told", Run, Sighting, Charge)


def run_row(run: Run) -> dict[str, Value]:
    """The values of `RUN_COLUMNS`."""
    owner = run.owner or Owner("", "")
    return {
        "id": run.id,
        "created_us": run.created_us,
        "account": owner.account,
        "gateway": owner.gateway,
        "kind": run.kind.value,
        "state": run.state,
        "active": int(run.is_active),
        "product": run.product,
        "token": owner.token,
        "user": owner.user,
        "parent": run.parent,
        "run": packed_run(run),
    }


def packed_run(run: Run) -> str:
    """The whole run. JSON has no endless numbers: they are texts."""
    if any(isinstance(value, float) and not math.isfinite(value) for value in run.metadata.values()):
        finite: dict[str, MetadataValue] = {
            name: str(value) if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in run.metadata.items()
        }
        run = msgspec.structs.replace(run, metadata=finite)
    return _to_json(run).decode()


def storable(told: Told) -> Told:
    """What was told, with marks in place of halves of characters: one of these must not hold up all that is written."""
    try:
        _to_json(told)
    except UnicodeError:
        return msgspec.convert(_whole(msgspec.to_builtins(told)), type(told))
    return told


def run_of(packed: str) -> Run | None:
    """None where it is damaged."""
    try:
        return _run(packed)
    except (msgspec.MsgspecError, UnicodeError, TypeError):
        return None


def packed_create(create: Create) -> str:
    """Without its answer, which is large and rarely asked for."""
    return _to_json(msgspec.structs.replace(create, answer=b"")).decode()


def create_of(packed: str, outcome: str, answer: bytes = b"") -> Create | None:
    """With its outcome as it is now, and the compressed answer; None where it is damaged."""
    try:
        plain = decompressed(answer, MOST_ANSWER) if answer else b""
        return msgspec.structs.replace(_create(packed), outcome=Outcome(outcome), answer=plain)
    except (msgspec.MsgspecError, UnicodeError, TypeError, ValueError, zlib.error):
        return None


def told_by(run: Run) -> Sighting:
    """What is known of a run, as if one document had told it."""
    return Sighting(
        id=run.id,
        kind=run.kind,
        state=run.state,
        is_active=run.is_active,
        product=run.product,
        parent=run.parent,
        metadata=run.metadata or None,
        modified_us=run.modified_us,
        error=run.error,
        progress=run.progress,
        generated=run.generated,
        matched=run.matched,
        counts=run.counts or None,
    )


def likeness(create: Create) -> bytes:
    """The same for all requests that may repeat each other: owner, path and body, and the caller's key for it."""
    owner = create.owner
    parts = (owner.account, owner.gateway, owner.credential, owner.token, owner.user, create.path)
    whole = msgspec.msgpack.encode((*parts, create.body_hash, create.key))
    return blake2b(whole, digest_size=_DIGEST_BYTES).digest()


def digest(name: str) -> bytes:
    """Stands for a name that others choose, whatever its length."""
    return blake2b(name.encode(errors="surrogatepass"), digest_size=_DIGEST_BYTES).digest()


def compressed(plain: bytes, most: int) -> bytes:
    """Empty where there is nothing, or more than is kept."""
    return zlib.compress(plain, _LEVEL) if 0 < len(plain) <= most else b""


def decompressed(packed: bytes, most: int) -> bytes:
    """Raises `zlib.error` for what is damaged, or larger than it can be."""
    inflating = zlib.decompressobj()
    plain = inflating.decompress(packed, most + 1)
    if len(plain) > most or not inflating.eof:
        raise zlib.error("it is cut, or larger than it can be")
    return plain


def is_over(run: Run) -> bool:
    """Whether it has ended, and what it costs is certain or never will be."""
    return not run.is_active and run.money is not Money.ESTIMATED


def is_watched(run: Run) -> bool:
    """Whether somebody should look at it who has the key that it was made with."""
    may_grow = run.kind is RunKind.FINDALL and run.money is Money.ESTIMATED
    return bool(run.stored_key) and (run.is_active or may_grow)


def whole(text: str) -> str:
    """A text with marks in place of halves of characters."""
    return text.encode(errors="replace").decode()


def _whole(value: object) -> object:
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, dict):
        return {_whole(name): _whole(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(one) for one in value]
    return value
