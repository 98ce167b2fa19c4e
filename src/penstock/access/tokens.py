"""Tokens: their text form, whether a secret fits, how they are rotated, what they allow (Cloudflare 3.12).

A token reads `pst_{id}_{secret}`: the id finds it, the secret proves it. Pure: time and randomness come in as
arguments. Who stores tokens, and what a refusal looks like on the wire, is not decided here.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from penstock.stores.control_store import Permission, SecretHash, Token
from penstock.wire.own_tokens import TOKEN_PREFIX

ID_BYTES: Final = 10
SECRET_BYTES: Final = 32
SALT_BYTES: Final = 16

PERMISSIONS: Final[tuple[Permission, ...]] = ("read", "run", "edit", "metadata_read", "set_costs")

# Without `_`, which separates, and without `-`, at which a double click would stop.
_BASE_62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE_36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID_DIGITS = 16
_SECRET_DIGITS = 43

_FORM = re.compile(rb"pst_([0-9a-z]{16})_([0-9A-Za-z]{43})")

# Whoever may change things may look at them, and whoever may look at bodies may list.
_GRANTED_BY: Final[dict[Permission, frozenset[str]]] = {
    "run": frozenset(("run",)),
    "edit": frozenset(("edit",)),
    "read": frozenset(("read", "edit")),
    "metadata_read": frozenset(("metadata_read", "read", "edit")),
    "set_costs": frozenset(("set_costs",)),
}


class Fresh(NamedTuple):
    """A secret that was just made: the token's text, which is shown once, its id, and what is stored of it."""

    text: str
    id: str
    hash: SecretHash


def fresh_secret(random: Callable[[int], bytes], token_id: str = "") -> Fresh:
    """A new secret for a token that has its id already, or for a new one. `random` gives so many random bytes."""
    secret = random(SECRET_BYTES)
    text = token_text(token_id, secret) if token_id else new_token_text(random(ID_BYTES), secret)
    return Fresh(text, id_of(text), secret_hash(text, random(SALT_BYTES)))


def new_token_text(id_bytes: bytes, secret_bytes: bytes) -> str:
    """A new token's text, from `ID_BYTES` and `SECRET_BYTES` random bytes. Raises ValueError for fewer."""
    if len(id_bytes) != ID_BYTES:
        raise ValueError(f"a token's id needs {ID_BYTES} random bytes, not {len(id_bytes)}")
    return token_text(_digits(id_bytes, _BASE_36, _ID_DIGITS), secret_bytes)


def token_text(token_id: str, secret_bytes: bytes) -> str:
    """The text of a token that has its id already, with a new secret. Raises ValueError as `new_token_text`."""
    if len(secret_bytes) != SECRET_BYTES:
        raise ValueError(f"a token's secret needs {SECRET_BYTES} random bytes, not {len(secret_bytes)}")
    return f"{TOKEN_PREFIX.decode()}{token_id}_{_digits(secret_bytes, _BASE_62, _SECRET_DIGITS)}"


def parse(text: bytes) -> tuple[str, bytes] | None:
    """Id and secret of a token's text, or None when it is none. Any bytes may come."""
    match = _FORM.fullmatch(text)
    return None if match is None else (match[1].decode(), match[2])


def id_of(text: str) -> str:
    """The id in a token's text. Raises ValueError, without the text, when it is none."""
    return _parsed(text)[0]


def secret_hash(text: str, salt: bytes, expires_us: int | None = None) -> SecretHash:
    """What is stored of a token's text. Raises ValueError, without the text, when it is none."""
    return SecretHash(salt, _digest(salt, _parsed(text)[1]), expires_us)


def matches(token: Token, secret: bytes, now_us: int) -> bool:
    """Is this one of the token's secrets, and are both it and the token still good?"""
    return fitting(token, secret, now_us) is not None


def fitting(token: Token, secret: bytes, now_us: int) -> SecretHash | None:
    """The one of the token's secrets that this is, where both it and the token are still good.

    Takes as long for a wrong secret as for a right one.
    """
    found = None
    for known in token.secrets:
        if hmac.compare_digest(_digest(known.salt, secret), known.digest) and _before(
            now_us, known.expires_us
        ):
            found = known
    return found if _before(now_us, token.expires_us) and not token.blocked else None


def is_live(token: Token, now_us: int) -> bool:
    """Could anybody still call with it?"""
    secrets_live = any(_before(now_us, known.expires_us) for known in token.secrets)
    return secrets_live and _before(now_us, token.expires_us) and not token.blocked


def rotated(token: Token, new_hash: SecretHash, overlap_until_us: int, now_us: int) -> Token:
    """The token with a new secret. Older ones are good until `overlap_until_us` at the latest."""
    kept = (_until(known, overlap_until_us) for known in token.secrets)
    live = tuple(known for known in kept if _before(now_us, known.expires_us))
    return msgspec.structs.replace(token, secrets=(*live, new_hash))


def grants(token: Token, permission: Permission) -> bool:
    """Has it this permission, wherever it is good?"""
    return not _GRANTED_BY[permission].isdisjoint(token.permissions)


def allows(token: Token, permission: Permission, account: str, gateway: str) -> bool:
    """May it do this here? An empty gateway is the account itself, which a token of some gateways may not touch.

    Whether the token is still good is the business of `matches`.
    """
    if not grants(token, permission):
        return False
    if token.accounts and account not in token.accounts:
        return False
    if not token.gateways:
        return True
    return gateway != "" and (gateway in token.gateways or f"{account}/{gateway}" in token.gateways)


def _parsed(text: str) -> tuple[str, bytes]:
    parsed = parse(text.encode(errors="replace"))
    if parsed is None:
        raise ValueError("this is not the text of a token")
    return parsed


def _digest(salt: bytes, secret: bytes) -> bytes:
    # A secret has 256 random bits: nobody finds it by trying, so a slow hash would protect nothing.
    return sha256(salt + secret).digest()


def _before(now_us: int, expires_us: int | None) -> bool:
    return expires_us is None or now_us < expires_us


def _until(known: SecretHash, end_us: int) -> SecretHash:
    expires_us = end_us if known.expires_us is None else min(known.expires_us, end_us)
    return msgspec.structs.replace(known, expires_us=expires_us)


def _digits(data: bytes, alphabet: str, count: int) -> str:
    """The bytes as a number, in so many digits of the alphabet."""
    number, digits = int.from_bytes(data, "big"), []
    for _ in range(count):
        number, digit = divmod(number, len(alphabet))
        digits.append(alphabet[digit])
    return "".join(reversed(digits))
