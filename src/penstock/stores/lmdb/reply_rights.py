"""Who may overwrite what stands under a key of kept answers. Pure decisions about one record."""

from __future__ import annotations

from penstock.stores.lmdb.reply_codec import ClaimRecord, Record, SpentRecord


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
