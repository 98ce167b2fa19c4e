"""What clients ask first: whether their token is good, and which accounts it sees.

Any good token may. An account is nothing that is made: it is there as soon as something belongs to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from penstock.management.caller import ADMIN, Caller
from penstock.management.endpoint import endpoints, get
from penstock.management.paging import Listing, Paging, page_of
from penstock.management.problem import not_found
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.settings import Settings
from penstock.stores.control_store import Snapshot
from penstock.time_text import rfc3339

_TAG = "Accounts"


class TokenState(msgspec.Struct, frozen=True, omit_defaults=True):
    """A token that is good."""

    id: str
    """The token's id; `admin` is the one of the environment."""
    status: str
    """Always `active`: no other token is answered."""
    expires_on: str | None = None
    """When it ends: RFC 3339; left out where it never does."""


class Account(msgspec.Struct, frozen=True):
    """An account, by its name."""

    id: str
    """The account's name."""
    name: str
    """Its name once more, for people."""
    type: str = "standard"
    """Always `standard`."""


class AccountsQuery(Paging, frozen=True):
    """Which accounts, and in which order."""

    name: str = ""
    """A part of the name."""
    direction: Literal["asc", "desc"] = "asc"
    """By name, from A or from Z."""


@get("/user/tokens/verify", "user-api-tokens-verify-token", permission=None, tag=_TAG)
def verify(_resources: Resources, request: Request) -> TokenState:
    """Is this token good?"""
    token = request.caller.token
    if token is None:
        return TokenState(ADMIN, "active")
    expires = None if token.expires_us is None else rfc3339(token.expires_us)
    return TokenState(token.id, "active", expires)


@get("/accounts", "accounts-list-accounts", permission=None, tag=_TAG)
def list_accounts(resources: Resources, request: Request, query: AccountsQuery) -> Listing[Account]:
    """The accounts this token sees."""
    seen = visible_accounts(resources, request.caller)
    found = sorted((name for name in seen if query.name in name), reverse=query.direction == "desc")
    return page_of([Account(name, name) for name in found], query)


@get("/accounts/{account_id}", "accounts-account-details", permission=None, tag=_TAG)
def get_account(resources: Resources, request: Request) -> Account:
    """One account."""
    if request.account not in visible_accounts(resources, request.caller):
        raise not_found("account")
    return Account(request.account, request.account)


def visible_accounts(resources: Resources, caller: Caller) -> set[str]:
    """A token of some accounts sees these, whatever belongs to them; others see all that something belongs to."""
    token = caller.token
    if token is not None and token.accounts:
        return set(token.accounts)
    return set(_known(resources.settings, resources.snapshot()))


def _known(settings: Settings, snapshot: Snapshot) -> Iterator[str]:
    yield from settings.accounts
    for nouns in (
        snapshot.gateways,
        snapshot.provider_keys,
        snapshot.custom_providers,
        snapshot.model_aliases,
    ):
        yield from (noun.account for noun in nouns)
    for token in snapshot.tokens:
        yield from token.accounts


ENDPOINTS = endpoints(verify, list_accounts, get_account)
