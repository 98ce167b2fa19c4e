"""Who is signed in: a session is a signed text in a cookie. It ends by itself, and with the token it was opened with.

Pure: time, randomness and the key come in as arguments. What a form must bring is signed with the same key.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

import msgspec

from penstock.access.standing import Standing
from penstock.access.tokens import fitting, is_live, parse
from penstock.management.caller import ADMIN, Caller, is_admin, token_of
from penstock.stores.control_store import SecretHash, Token

COOKIE: Final = "penstock_session"
SECONDS: Final = 12 * 3600
"""How long a session is good for."""
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 16

_LINK: Final = "link"  # opened with a one-time link: whoever reads the server's terminal may do everything
_LONGEST = 1024  # characters of a cookie's value
_FORM: Final = b"form:"
_SESSION: Final = b"session:"


class Session(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """`who` is a token's id, `admin` (the token of the environment) or `link`; `proof` tells with which secret."""

    who: str
    proof: str
    nonce: str
    ends_us: int


def by_token(
    text: bytes, tokens: Iterable[Token], admin_token: str, now_us: int, nonce: bytes
) -> Session | Standing:
    """A session of whoever shows this token; or what it is worth, where it lets nobody in."""
    if not text:
        return Standing.NOTHING
    if is_admin(text, admin_token):
        return _session(ADMIN, _admin_proof(admin_token), now_us, nonce)
    token, parsed = token_of(text, tokens, now_us), parse(text)
    if isinstance(token, Standing):
        return token
    secret = None if parsed is None else fitting(token, parsed[1], now_us)
    if secret is None:
        return Standing.UNKNOWN
    return _session(token.id, _proof(secret), now_us, nonce)


def by_link(now_us: int, nonce: bytes) -> Session:
    """A session of whoever had the one-time link."""
    return _session(_LINK, "", now_us, nonce)


def caller_in(session: Session, tokens: Iterable[Token], admin_token: str, now_us: int) -> Caller | None:
    """Who is signed in; None when the session, its token or the secret it was opened with has ended."""
    if now_us >= session.ends_us:
        return None
    if session.who == _LINK:
        return Caller(None)
    if session.who == ADMIN:
        return Caller(None) if admin_token and session.proof == _admin_proof(admin_token) else None
    token = next((one for one in tokens if one.id == session.who), None)
    if token is None or not is_live(token, now_us):
        return None
    live = (one for one in token.secrets if one.expires_us is None or now_us < one.expires_us)
    return Caller(token) if session.proof in map(_proof, live) else None


def sealed(session: Session, key: bytes) -> str:
    """The session as a cookie's value."""
    content = msgspec.json.encode(session)
    return f"{_text(content)}.{_text(_signature(key, _SESSION + content))}"


def unsealed(text: str, key: bytes) -> Session | None:
    """The session in a cookie's value; None when it was not made with this key. Any text may come."""
    content, _, signature = text.partition(".")
    if len(text) > _LONGEST:
        return None
    try:
        plain = base64.urlsafe_b64decode(content.encode("ascii") + b"==")
        given = base64.urlsafe_b64decode(signature.encode("ascii") + b"==")
    except (binascii.Error, ValueError):
        return None
    if not hmac.compare_digest(given, _signature(key, _SESSION + plain)):
        return None
    try:
        return msgspec.json.decode(plain, type=Session)
    except msgspec.DecodeError:
        return None


def form_token(session: Session, key: bytes) -> str:
    """What each form of this session brings along, which no page of somebody else's can know."""
    return _text(_signature(key, _FORM + session.nonce.encode()))


def _session(who: str, proof: str, now_us: int, nonce: bytes) -> Session:
    return Session(who, proof, _text(nonce), now_us + SECONDS * 1_000_000)


def _proof(secret: SecretHash) -> str:
    return sha256(b"penstock session" + secret.digest).hexdigest()[:32]


def _admin_proof(admin_token: str) -> str:
    return sha256(b"penstock session" + admin_token.encode()).hexdigest()[:32]


def _signature(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
