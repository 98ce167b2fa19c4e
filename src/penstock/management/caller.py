"""Who calls the management API, and what that caller may do (Cloudflare 4, 3.12).

Tokens come as `Authorization: Bearer …`, or as `X-Auth-Key`. Where they are stored is not known here.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

import msgspec

from penstock.access.standing import Standing, standing
from penstock.access.tokens import PERMISSIONS, allows, parse
from penstock.control.token_rights import is_of
from penstock.stores.control_store import Permission, Token

ADMIN = "admin"


class Caller(msgspec.Struct, frozen=True):
    """A good token; None is the admin token of the environment, which may do everything."""

    token: Token | None

    @property
    def actor(self) -> str:
        """How the audit calls it."""
        return ADMIN if self.token is None else f"token:{self.token.id}"

    @property
    def first_account(self) -> str:
        """One that it is good for, where it is good for some only."""
        return next(iter(self.accounts or ()), "")

    @property
    def accounts(self) -> tuple[str, ...] | None:
        """Those that it is good for anything of; None for all there are."""
        if self.token is None:
            return None
        owners = [path.rpartition("/")[0] for path in self.token.gateways]
        named = self.token.accounts or tuple(dict.fromkeys(owners))
        if not named or (not self.token.accounts and "" in owners):
            return None
        return tuple(name for name in named if is_of(self.token, name))

    def may(self, permission: Permission, account: str, gateway: str = "") -> bool:
        """May it do this to a gateway, or (without one) to the account itself?"""
        return self.token is None or allows(self.token, permission, account, gateway)

    def may_somewhere(self, permission: Permission, account: str) -> bool:
        """May it do this to anything at all of the account?"""
        if self.token is None:
            return True
        anywhere = msgspec.structs.replace(self.token, gateways=())
        return is_of(self.token, account) and allows(anywhere, permission, account, "")

    def reaches(self, account: str, gateway: str = "") -> bool:
        """Is it good for anything at all of this gateway, or (without one) of the account? Who is not has no business
        to know its name.
        """
        if not gateway:
            return any(self.may_somewhere(permission, account) for permission in PERMISSIONS)
        return any(self.may(permission, account, gateway) for permission in PERMISSIONS)

    def gateways(self, permission: Permission, account: str) -> tuple[str, ...] | None:
        """The gateways of an account that it may do this to; None for all of them."""
        if self.may(permission, account):
            return None
        if self.token is None or not self.may_somewhere(permission, account):
            return ()
        paths = (path.rpartition("/") for path in self.token.gateways)
        return tuple(dict.fromkeys(gateway for owner, _, gateway in paths if owner in ("", account)))


def caller_of(text: bytes, tokens: Iterable[Token], admin_token: str, now_us: int) -> Caller | Standing:
    """Whose token this is; or what it is worth, where it lets nobody in."""
    if not text:
        return Standing.NOTHING
    if is_admin(text, admin_token):
        return Caller(None)
    found = token_of(text, tokens, now_us)
    return found if isinstance(found, Standing) else Caller(found)


def token_of(text: bytes, tokens: Iterable[Token], now_us: int) -> Token | Standing:
    """The token itself, where this is one that is good."""
    parsed = parse(text)
    token = None if parsed is None else next((one for one in tokens if one.id == parsed[0]), None)
    if parsed is None or token is None:
        return Standing.UNKNOWN
    worth = standing(token, parsed[1], now_us)
    return token if worth is Standing.GOOD else worth


def is_admin(text: bytes, admin_token: str) -> bool:
    """Is this the token of the environment? Where there is none, nothing is."""
    return bool(admin_token) and hmac.compare_digest(_digest(text), _digest(admin_token.encode()))


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()
