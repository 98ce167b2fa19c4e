"""What a page shows to be confirmed, sealed into a hidden field: what was looked at is done, and nobody reads it there.

A form that is shown before it is done has to come back whole, and may hold secrets that were just typed: those must not
stand in the page. The seal is made with a key of its own, made of the one that sessions are signed with: nothing is
kept anywhere, and all workers open it. It is for one person, one thing and an hour.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Final

from penstock.access.vault import NONCE_BYTES, SealBroken, Vault
from penstock.management.problem import invalid
from penstock.management.resources import Resources
from penstock.pages.dashboard.page import Visit
from penstock.pages.dashboard.sessions import KEY_BYTES
from penstock.pages.dashboard.sign_in_files import session_key

SECONDS: Final = 3600
"""How long what was shown can be confirmed."""

_TIME_BYTES: Final = 8
_ANEW: Final = "what is to be confirmed is not there any more, or was shown to somebody else: begin anew"


def sealed(resources: Resources, visit: Visit, what: str, content: bytes) -> str:
    """The value of a hidden field; `what` names the form and the thing that it changes."""
    ends_us = visit.now_us + SECONDS * 1_000_000
    plain = ends_us.to_bytes(_TIME_BYTES, "big") + content
    found = _vault(resources).seal(plain, _context(visit, what), resources.random(NONCE_BYTES))
    return base64.urlsafe_b64encode(found).decode()


def unsealed(resources: Resources, visit: Visit, what: str, text: str) -> bytes:
    """What was sealed for this visitor and thing. Any text may come. Raises `ManagementError` 400."""
    try:
        given = base64.urlsafe_b64decode(text.encode("ascii"))
        plain = _vault(resources).open(given, _context(visit, what))
    except (binascii.Error, ValueError, SealBroken):
        raise invalid(_ANEW) from None
    if visit.now_us >= int.from_bytes(plain[:_TIME_BYTES], "big"):
        raise invalid(_ANEW)
    return plain[_TIME_BYTES:]


def _vault(resources: Resources) -> Vault:
    key = session_key(resources.data, resources.random(KEY_BYTES))
    return Vault(hmac.digest(key, b"hidden field", "sha256"))


def _context(visit: Visit, what: str) -> bytes:
    return "\0".join(("hidden field", visit.account, visit.caller.actor, what)).encode()
