"""Who may see, make and change which token: nobody gives what they have not. Pure.

Whoever may change an account's things may take a token of that account away (block, revoke). To give one (make,
change, let in again, rotate) takes all that the token then has: otherwise a token that may not call, or only for so
much money, could make one that may.
"""

from __future__ import annotations

from collections.abc import Iterable

from penstock.access.tokens import grants
from penstock.stores.control_store import Permission, Token

_CALLING: tuple[Permission, ...] = ("run", "set_costs")


def is_of(token: Token, account: str) -> bool:
    """Whether a token is good for anything of an account."""
    if token.accounts and account not in token.accounts:
        return False
    owners = [path.rpartition("/")[0] for path in token.gateways]
    return not owners or any(owner in ("", account) for owner in owners)


def is_within(holder: Token | None, token: Token) -> bool:
    """Whether all accounts that a token is good for are the holder's; None is the admin, whose all are."""
    if holder is None or not holder.accounts:
        return True
    return bool(token.accounts) and set(token.accounts) <= set(holder.accounts)


def seen_tokens(tokens: Iterable[Token], holder: Token | None, account: str) -> list[Token]:
    """Those of an account that a holder may see."""
    return [one for one in tokens if is_of(one, account) and is_within(holder, one)]


def why_not_give(holder: Token | None, token: Token) -> str:
    """Why a holder may not give somebody this token; empty where they may."""
    if holder is None:
        return ""
    if not is_within(holder, token):
        return "it would be good for accounts that your own token is not for"
    if holder.gateways:
        return "your own token is for some gateways only, and makes none"
    missing = [name for name in token.permissions if not grants(holder, name)]
    if missing:
        return f"your own token may not {', '.join(missing)} itself"
    if set(_CALLING) & set(token.permissions) and _is_limited(holder):
        return "your own token is limited in what it may call, and makes none that may call"
    ends = holder.expires_us
    if ends is not None and (token.expires_us is None or token.expires_us > ends):
        return "it would be good for longer than your own token"
    return ""


def _is_limited(token: Token) -> bool:
    limits = (token.rate_limit, token.spend_limit, token.max_estimate, token.max_active)
    return any(one is not None for one in limits) or bool(
        token.providers or token.models or token.operations or token.metadata
    )
