"""Tokens of an account: list, make, look at, change, rotate and revoke them. An addition of our own.

A token is named by its id or its name. One that is made here is for the account of the path; those of the command
line may be for several, or for all. Who may do what to which is decided in `control/token_rights.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import UNSET

from penstock.access.tokens import fresh_secret, rotated
from penstock.control.token_changes import NoSuchToken, TokenRefused, changes_to, token_called, with_names
from penstock.control.token_rights import seen_tokens, why_not_give
from penstock.control.token_use import TokenUse, uses
from penstock.management.endpoint import delete, endpoints, get, patch, post
from penstock.management.paging import Listing
from penstock.management.problem import NOT_FOUND, ManagementError, Problem, forbidden, invalid
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.management.token_shapes import (
    RateLimitBody,
    RotateBody,
    SpendLimitBody,
    TokenAnswer,
    TokenBody,
    TokenMade,
    TokenPatch,
    TokensQuery,
    shown,
    shown_once,
    state_of,
)
from penstock.stores.control_store import RateLimit, Remove, Snapshot, SpendLimit, Token
from penstock.time_text import moment_us

_BASE: Final = "/accounts/{account_id}/ai-gateway/tokens"
_ONE: Final = f"{_BASE}/{{token_id}}"
_TAG: Final = "Tokens"
_NOTHING_USED: Final = TokenUse()
_NOTHING: Final[Mapping[str, object]] = {
    "note": "", "user": "", "team": "", "gateways": (), "providers": (), "models": (),
    "operations": (), "metadata": {},
}  # fmt: skip


@get(_BASE, "penstock-list-tokens", permission="read", tag=_TAG)
def list_tokens(resources: Resources, request: Request, query: TokensQuery) -> Listing[TokenAnswer]:
    """List the tokens that are good for the account, oldest first."""
    snapshot = resources.snapshot()
    seen = seen_tokens(snapshot.tokens, request.caller.token, request.account)
    found = [one for one in seen if _fits(one, query, request.now_us)]
    part = query.part(found)
    used = used_of(resources, part, request.now_us)
    return Listing([shown(one, used[one.id], request.now_us) for one in part], query, len(found))


@post(_BASE, "penstock-create-token", permission="edit", tag=_TAG)
def create_token(resources: Resources, request: Request, body: TokenBody) -> TokenMade:
    """Make a token for the account. Its text is in this answer, and in none after it."""
    fresh = fresh_secret(resources.random)
    empty = Token(
        id=fresh.id,
        name=body.name.strip(),
        permissions=body.permissions,
        accounts=(request.account,),
        secrets=(fresh.hash,),
        created_us=request.now_us,
    )
    token = _changed(empty, body)
    _apply(resources, request, None, token)
    return shown_once(token, fresh.text, _use(resources, token, request.now_us), request.now_us)


@get(_ONE, "penstock-get-token", permission="read", tag=_TAG)
def get_token(resources: Resources, request: Request) -> TokenAnswer:
    """One token, by its id or name."""
    token = _token(resources.snapshot(), request)
    return shown(token, _use(resources, token, request.now_us), request.now_us)


@patch(_ONE, "penstock-update-token", permission="edit", tag=_TAG)
def update_token(resources: Resources, request: Request, body: TokenPatch) -> TokenAnswer:
    """Change a token: limits, end, whose it is, what it may call; block it, or let it in again."""
    old = _token(resources.control_store(request.caller).snapshot(), request)
    new = _changed(old, body)
    _apply(resources, request, old, new)
    return shown(new, _use(resources, new, request.now_us), request.now_us)


@post(f"{_ONE}/rotate", "penstock-rotate-token", permission="edit", tag=_TAG)
def rotate_token(resources: Resources, request: Request, body: RotateBody) -> TokenMade:
    """Give a token a new secret, shown in this answer alone. Its id and all it may do stay."""
    old = _token(resources.control_store(request.caller).snapshot(), request)
    fresh = fresh_secret(resources.random, old.id)
    until_us = request.now_us + body.overlap * 1_000_000
    new = rotated(old, fresh.hash, until_us, request.now_us)
    _apply(resources, request, old, new)
    return shown_once(new, fresh.text, _use(resources, new, request.now_us), request.now_us)


@delete(_ONE, "penstock-delete-token", permission="edit", tag=_TAG)
def delete_token(resources: Resources, request: Request) -> TokenAnswer:
    """Revoke a token: whoever still uses it is refused within a second."""
    store = resources.control_store(request.caller)
    token = _token(store.snapshot(), request)
    store.apply([Remove(token)])
    return shown(token, _NOTHING_USED, request.now_us)


def used_of(resources: Resources, tokens: Sequence[Token], now_us: int) -> Mapping[str, TokenUse]:
    """What is used of each token, as far as it can be told now."""
    with resources.limits() as readers:
        return uses(tokens, readers.counters, readers.rollups, readers.runs, now_us)


def _use(resources: Resources, token: Token, now_us: int) -> TokenUse:
    return used_of(resources, [token], now_us)[token.id]


# -- which ones


def _token(snapshot: Snapshot, request: Request) -> Token:
    """Raises `ManagementError` 404."""
    try:
        seen = seen_tokens(snapshot.tokens, request.caller.token, request.account)
        return token_called(seen, request.names["token_id"])
    except NoSuchToken as error:
        raise ManagementError(404, [Problem(NOT_FOUND, str(error))]) from None


def _fits(token: Token, query: TokensQuery, now_us: int) -> bool:
    if query.user not in (None, token.user) or query.team not in (None, token.team):
        return False
    if query.state is not None and query.state != state_of(token, now_us):
        return False
    if not query.search:
        return True
    texts = (token.id, token.name, token.user, token.team, token.note)
    return any(query.search.casefold() in text.casefold() for text in texts)


# -- changes


def _apply(resources: Resources, request: Request, old: Token | None, new: Token) -> None:
    """Raises `ManagementError` 400, 403; what only takes away is for all who may change things of the account."""
    blocking = old is not None and new.blocked and new == msgspec.structs.replace(old, blocked=True)
    holder = request.caller.token
    for token in (old, new) if old is not None else (new,):
        reason = "" if blocking else why_not_give(holder, token)
        if reason:
            raise forbidden(
                f"{'the token may not be changed so' if old else 'no such token is made'}: {reason}"
            )
    store = resources.control_store(request.caller)
    try:
        changes = changes_to(resources.catalog(store.snapshot()).gateways, old, new)
    except TokenRefused as error:
        raise invalid(str(error), "body", error.field) from None
    store.apply(changes)


def _changed(token: Token, body: TokenPatch) -> Token:
    """The token with what a body says. Raises `ManagementError` 400."""
    given = {name: getattr(body, name) for name in body.__struct_fields__}
    fields = dict(_stored(name, value) for name, value in given.items() if value is not UNSET)
    try:
        return with_names(msgspec.structs.replace(token, **fields), token)
    except TokenRefused as error:
        raise invalid(str(error), "body", error.field) from None


def _stored(name: str, value: object) -> tuple[str, object]:
    """A field of a body as the directory keeps it."""
    match value:
        case RateLimitBody():
            return name, RateLimit(value.limit, value.interval, value.technique)
        case SpendLimitBody():
            return name, SpendLimit(value.limit, value.window, value.technique)
        case tuple():
            return name, tuple(dict.fromkeys(value))
        case str() | None if name == "expires_at":
            return "expires_us", _moment(value)
        case str():
            return name, value.strip()
        case None:
            return name, _NOTHING.get(name)
    return name, value


def _moment(text: str | None) -> int | None:
    found = None if text is None else moment_us(text)
    if text is not None and found is None:
        raise invalid(
            "expires_at is a time in RFC 3339, as 2027-01-31T12:00:00Z, or null", "body", "expires_at"
        )
    return found


ENDPOINTS = endpoints(list_tokens, create_token, get_token, update_token, rotate_token, delete_token)
