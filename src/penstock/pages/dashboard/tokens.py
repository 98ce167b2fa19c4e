"""Tokens: who may call, what is used of their limits; one of them, and what becomes of it.

All of it is done by the functions of the management API (`management/tokens.py`). A new secret is shown in the answer
to the form that made it, and nowhere else. What forms hold is in `token_form.py`.
"""

from __future__ import annotations

import msgspec

from penstock.access.tokens import PERMISSIONS
from penstock.management import tokens as api
from penstock.management.paging import MAX_PER_PAGE
from penstock.management.problem import ManagementError
from penstock.management.reading import Pairs, checked
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.management.token_shapes import (
    RotateBody,
    TokenAnswer,
    TokenBody,
    TokenMade,
    TokenPatch,
    TokensQuery,
)
from penstock.pages.dashboard.forms import seconds
from penstock.pages.dashboard.page import Answered, Done, Visit, action, first, need, page, pages
from penstock.pages.dashboard.token_form import EMPTY, TokenForm, form_of, given_form, wanted

_ALL = "/accounts/{account}/tokens"
_ONE = f"{_ALL}/{{token_id}}"
_LONGEST_NUMBER = 7  # of a page


class Tokens(msgspec.Struct, frozen=True):
    """A page of them; `older` and `newer` are numbers of pages, 0 where there is none."""

    tokens: tuple[TokenAnswer, ...]
    total: int
    search: str
    page: int
    newer: int
    older: int
    may_edit: bool


class One(msgspec.Struct, frozen=True):
    """A token, or with `token` None a new one; `wrong` is why a form was not taken."""

    token: TokenAnswer | None
    form: TokenForm
    permissions: tuple[str, ...]
    gateways: tuple[str, ...]
    may_edit: bool
    wrong: tuple[str, ...] = ()


@page(_ALL, "tokens.html", permission="read", title="Tokens")
def token_list(resources: Resources, visit: Visit) -> Tokens:
    """The tokens that are good for an account."""
    need(visit, "read")
    given = visit.given("page")
    number = max(1, int(given)) if given.isdecimal() and len(given) < _LONGEST_NUMBER else 1
    query = TokensQuery(page=number, per_page=MAX_PER_PAGE, search=visit.given("search"))
    found = api.list_tokens(resources, visit.request(""), query)
    total = found.total or 0
    older = query.page + 1 if query.page * MAX_PER_PAGE < total else 0
    return Tokens(
        tuple(found.items),
        total,
        query.search,
        query.page,
        query.page - 1,
        older,
        visit.caller.may("edit", visit.account),
    )


@page(f"{_ALL}/new", "token.html", permission="edit", title="New token")
def new_token(resources: Resources, visit: Visit) -> One:
    """A form for a new one."""
    need(visit, "edit")
    return _one(resources, visit, None, EMPTY)


@page(_ONE, "token.html", permission="read", title="Token")
def token(resources: Resources, visit: Visit) -> One:
    """One of them."""
    need(visit, "read")
    found = api.get_token(resources, _request(visit))
    return _one(resources, visit, found, form_of(found))


@action(_ALL, permission="edit")
def make(resources: Resources, visit: Visit, form: Pairs) -> Answered:
    """A new one, shown with its secret; or the form again, and what is wrong with it."""
    need(visit, "edit")
    try:
        made = api.create_token(resources, visit.request(""), checked(wanted(form), TokenBody, "form"))
    except ManagementError as error:
        return _again(resources, visit, None, form, error)
    return _shown(made)


@action(_ONE, permission="edit")
def change(resources: Resources, visit: Visit, form: Pairs) -> Done | Answered:
    """Another of it, but for its secret."""
    need(visit, "edit")
    found = api.get_token(resources, _request(visit))
    asked = wanted(form)
    if asked["expires_at"] == form_of(found).expires:
        del asked["expires_at"]  # a form has no seconds
    try:
        api.update_token(resources, _request(visit), checked(asked, TokenPatch, "form"))
    except ManagementError as error:
        return _again(resources, visit, found, form, error)
    return Done(_path(visit, f"/{found.id}"), "Saved. It holds within a second.")


@action(f"{_ONE}/block", permission="edit")
def block(resources: Resources, visit: Visit, form: Pairs) -> Done:
    """Keeps it out for now, or lets it in again."""
    need(visit, "edit")
    blocked = first(form, "blocked") == "yes"
    found = api.update_token(resources, _request(visit), TokenPatch(blocked=blocked))
    return Done(_path(visit, f"/{found.id}"), "It is blocked." if blocked else "It is let in again.")


@action(f"{_ONE}/rotate", permission="edit")
def rotate(resources: Resources, visit: Visit, form: Pairs) -> Answered:
    """A new secret for it, which is shown."""
    need(visit, "edit")
    overlap = seconds(form, "overlap") or 0
    return _shown(
        api.rotate_token(resources, _request(visit), checked({"overlap": overlap}, RotateBody, "form"))
    )


@action(f"{_ONE}/revoke", permission="edit")
def revoke(resources: Resources, visit: Visit, form: Pairs) -> Done:
    """Removes it, if that was ticked."""
    need(visit, "edit")
    found = api.get_token(resources, _request(visit))
    if first(form, "sure") != "yes":
        return Done(_path(visit, f"/{found.id}"), "Not revoked: tick that it is meant.")
    api.delete_token(resources, _request(visit))
    return Done(_path(visit), f"The token {found.name} was revoked.")


def _shown(made: TokenMade) -> Answered:
    return Answered("token_made.html", "Token", made)


def _again(
    resources: Resources, visit: Visit, found: TokenAnswer | None, form: Pairs, error: ManagementError
) -> Answered:
    wrong = tuple(one.message for one in error.problems)
    value = _one(resources, visit, found, given_form(form), wrong)
    return Answered("token.html", "Token", value, error.status)


def _one(
    resources: Resources,
    visit: Visit,
    found: TokenAnswer | None,
    form: TokenForm,
    wrong: tuple[str, ...] = (),
) -> One:
    snapshot = resources.snapshot()
    gateways = tuple(one.id for one in resources.catalog(snapshot).of(visit.account))
    return One(found, form, PERMISSIONS, gateways, visit.caller.may("edit", visit.account), wrong)


def _request(visit: Visit) -> Request:
    return visit.request("", token_id=visit.names["token_id"])


def _path(visit: Visit, rest: str = "") -> str:
    return f"/accounts/{visit.account}/tokens{rest}"


PAGES = pages(token_list, new_token, token, make, change, block, rotate, revoke)
