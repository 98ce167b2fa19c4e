"""Whose a run is: who may read it, follow it, refer to it or cancel it.

The provider answers whoever has a key of the organisation; here it is only who made the run. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from penstock.runs.run import Owner

_SCHEME = b"bearer"
_DIGEST_BYTES = 16


def fingerprint(credentials: Iterable[bytes]) -> str:
    """What stands for credentials that a caller sent, whatever header each stood in; empty for none."""
    bare = {_without_scheme(value.strip()) for value in credentials}
    bare.discard(b"")
    if not bare:
        return ""
    joined = b"".join(b"%d:%b" % (len(value), value) for value in sorted(bare))
    return blake2b(joined, digest_size=_DIGEST_BYTES, person=b"penstock run").hexdigest()


def is_theirs(owner: Owner, asker: Owner) -> bool:
    """Whether who asks has made it: on the same gateway, with the same credential, or for the same user.

    Where a stored key went out there is no credential to compare: then the same token, or none at all, as then.
    """
    if (owner.account, owner.gateway) != (asker.account, asker.gateway):
        return False
    if owner.user and owner.user == asker.user:
        return True
    if owner.credential:
        return owner.credential == asker.credential
    return owner.token == asker.token and not asker.credential


def _without_scheme(value: bytes) -> bytes:
    scheme, blank, rest = value.partition(b" ")
    return rest.strip() if blank and scheme.lower() == _SCHEME else b"" if value.lower() == _SCHEME else value
