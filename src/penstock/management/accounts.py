"""What clients ask first: whether their token is good, and which accounts it sees.

Any good token may. An account is nothing that is made: it is there as soon as something belongs to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from penstock.calls.log_record import rfc3339
from penstock.management.answer import Answer, page_of, result
from penstock.management.caller import ADMIN
from penstock.management.endpoint import Ask, Endpoint, Paging, read_page, read_query
from penstock.management.problem import not_found
from penstock.management.resources import Desk
from penstock.settings import Settings
from penstock.stores.control_store import Snapshot


class TokenState(msgspec.Struct, frozen=True, omit_defaults=True):
    """A token that is good."""

    id: str
    status: str  # always `active`: no other is answered
    expires_on: str | None = None


class Account(msgspec.Struct, frozen=True):
    """An account, by its name."""

    id: str
    name: str
    type: str = "standard"


class AccountsQuery(Paging, frozen=True):
    """Which accounts, and in which order."""

    name: str = ""
    direction: Literal["asc", "desc"] = "asc"


def verify(_desk: Desk, ask: Ask) -> Answer:
    token = ask.caller.token
    if token is None:
        return result(TokenState(ADMIN, "active"))
    expires = None if token.expires_us is None else rfc3339(token.expires_us)
    return result(TokenState(token.id, "active", expires))


def list_accounts(desk: Desk, ask: Ask) -> Answer:
    query = read_query(ask, AccountsQuery)
    page = read_page(ask, query.page, query.per_page)
    found = sorted(
        (name for name in _visible(desk, ask) if query.name in name), reverse=query.direction == "desc"
    )
    return page_of([Account(name, name) for name in found], page)


def get_account(desk: Desk, ask: Ask) -> Answer:
    if ask.account not in _visible(desk, ask):
        raise not_found("account")
    return result(Account(ask.account, ask.account))


def _visible(desk: Desk, ask: Ask) -> set[str]:
    """A token of some accounts sees these, whatever belongs to them."""
    token = ask.caller.token
    if token is not None and token.accounts:
        return set(token.accounts)
    return set(_known(desk.settings, desk.control_store(ask.caller).snapshot()))


def _known(settings: Settings, snapshot: Snapshot) -> Iterator[str]:
    yield from settings.accounts
    for nouns in (snapshot.gateways, snapshot.provider_keys, snapshot.custom_providers):
        yield from (noun.account for noun in nouns)
    for token in snapshot.tokens:
        yield from token.accounts


_TAG = "Accounts"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        method="GET",
        path="/user/tokens/verify",
        handler=verify,
        permission=None,
        name="user-api-tokens-verify-token",
        summary="Is this token good?",
        tag=_TAG,
        result=TokenState,
    ),
    Endpoint(
        method="GET",
        path="/accounts",
        handler=list_accounts,
        permission=None,
        name="accounts-list-accounts",
        summary="The accounts this token sees",
        tag=_TAG,
        query=AccountsQuery,
        result=Account,
        is_list=True,
    ),
    Endpoint(
        method="GET",
        path="/accounts/{account_id}",
        handler=get_account,
        permission=None,
        name="accounts-account-details",
        summary="One account",
        tag=_TAG,
        result=Account,
    ),
)
