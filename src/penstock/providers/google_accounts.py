"""Keys of Google's service accounts: their JSON, and as callers send it (Cloudflare 1.3.3). Pure.

What they name is not followed: tokens are made at Google's own address, or where the operator says. The private key is
looked at as text only; `access/google_assertion.py` signs with it.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

import msgspec

from penstock.providers.base import REGION

MOST_BYTES: Final = 16 * 1024
"""Of the JSON; a key of 4096 bits takes five thousand."""

_MOST_KEY = 5000  # one of 4096 bits has 3272 in PEM
_KEY = re.compile(
    r"\s*-----BEGIN (?:RSA )?PRIVATE KEY-----[A-Za-z0-9+/=\s]+-----END (?:RSA )?PRIVATE KEY-----\s*"
)
_EMAIL = re.compile(r"[A-Za-z0-9._+-]{1,128}@[A-Za-z0-9.-]{1,128}")
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{0,128}")
_PROJECT = re.compile(r"[a-z0-9](?:[a-z0-9.:-]{0,98}[a-z0-9])?")
_TOKEN_HOSTS = frozenset({"oauth2.googleapis.com", "accounts.google.com", "www.googleapis.com"})
_UNIVERSE = "googleapis.com"
_IN_BASE64 = re.compile(rb"bearer +([A-Za-z0-9+/_-]+={0,2})", re.IGNORECASE)
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_NEEDED = (
    'the key of a service account is the JSON object that Google gives, with "type": "service_account", "client_email" '
    'and "private_key"'
)


class _Members(msgspec.Struct, frozen=True):
    """What is read of it; all else stands for nothing."""

    type: str = ""
    client_email: str = ""
    private_key: str = ""
    private_key_id: str = ""
    project_id: str = ""
    region: str = ""
    token_uri: str = ""
    universe_domain: str = _UNIVERSE


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """The key of a service account. `id` is a digest of all that a token depends on, the private key among it."""

    email: str
    key_id: str
    private_key: str = field(repr=False)
    region: str
    project: str
    id: bytes = field(repr=False)


def service_account(text: bytes) -> ServiceAccount:
    """The account in a JSON object. Raises `ValueError`."""
    if len(text) > MOST_BYTES:
        raise ValueError(f"the key of a service account has at most {MOST_BYTES} bytes")
    try:
        members = _to_members(text)
    except (msgspec.MsgspecError, RecursionError):
        raise ValueError(_NEEDED) from None
    _check(members)
    parts = (members.client_email, members.private_key_id, members.private_key)
    return ServiceAccount(
        members.client_email,
        members.private_key_id,
        members.private_key,
        members.region,
        members.project_id,
        sha256("\0".join(parts).encode()).digest(),
    )


_to_members = msgspec.json.Decoder(_Members).decode


def sent_account(authorization: bytes) -> bytes:
    """The JSON that a caller's `Authorization` has in base64; empty where it has none.

    Whether it is a whole account is not looked at: but whoever sends a JSON object there means one.
    """
    match = _IN_BASE64.fullmatch(authorization.strip())
    if match is None or not match[1].startswith(b"e"):  # as "{" begins
        return b""
    letters = match[1].rstrip(b"=").translate(_URL_SAFE)
    try:
        text = b64decode(letters + b"=" * (-len(letters) % 4), validate=True).strip()
    except NotBase64:
        return b""
    return text if text.startswith(b"{") and text.endswith(b"}") else b""


def _check(members: _Members) -> None:
    missing = [name for name in ("client_email", "private_key") if not getattr(members, name)]
    if missing:
        raise ValueError(f"{' and '.join(missing)} missing: {_NEEDED}")
    if members.type not in ("", "service_account"):
        raise ValueError(f'its type is not "service_account": {_NEEDED}')
    if _EMAIL.fullmatch(members.client_email) is None:
        raise ValueError("client_email must be the address of a service account")
    if len(members.private_key) > _MOST_KEY or _KEY.fullmatch(members.private_key) is None:
        raise ValueError("private_key must be a key in PEM, without a password")
    if _KEY_ID.fullmatch(members.private_key_id) is None:
        raise ValueError("private_key_id must be letters, digits, _ and -")
    if members.project_id and _PROJECT.fullmatch(members.project_id) is None:
        raise ValueError("project_id must be the id of a project")
    if members.region and REGION.fullmatch(members.region) is None:
        raise ValueError("region must be one such as us-central1, or global")
    if members.universe_domain != _UNIVERSE:
        raise ValueError(f"only accounts of {_UNIVERSE} are known, and its universe_domain is another one")
    if members.token_uri and not _is_googles(members.token_uri):
        raise ValueError("token_uri must be Google's own")


def _is_googles(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and parts.netloc in _TOKEN_HOSTS
