"""Stored keys of a gateway, or of all gateways of an account: added, replaced, made the default, removed. A secret goes
in, and never out again.

Done by the functions of the management API (`management/provider_configs.py`). Those of a gateway are shown with it
(`gateways.py`), those of the account have a page of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from penstock.control.limit_use import LimitShown, shown_limits
from penstock.control.limits import key_limits
from penstock.management.paging import MAX_PER_PAGE, Paging
from penstock.management.problem import ManagementError, invalid
from penstock.management.provider_configs import (
    ProviderConfigAnswer,
    ProviderConfigBody,
    ProviderConfigUpdate,
    create_provider_config,
    delete_provider_config,
    list_provider_configs,
    update_provider_config,
)
from penstock.management.reading import Pairs, checked
from penstock.management.resources import Resources
from penstock.pages.dashboard.forms import words
from penstock.pages.dashboard.page import Answered, Done, Visit, action, first, need, page, pages

_OF_ACCOUNT: Final = "/accounts/{account}/keys"
_OF_GATEWAY: Final = "/accounts/{account}/gateways/{gateway_id}/keys"
_ONE: Final = "{provider_config_id}"
_GIVEN: Final = ("provider", "alias", "hosts")
_TITLE: Final = "Provider keys"


class Keys(msgspec.Struct, frozen=True):
    """Some of a place's keys; `limits` how the rates of those stand that have one, by id."""

    keys: tuple[ProviderConfigAnswer, ...]
    more: int
    limits: Mapping[str, LimitShown]


class AccountKeys(msgspec.Struct, frozen=True):
    """Those of all gateways of an account; `given` is a form that was not taken, without its secret."""

    stored: Keys
    may_keys: bool
    given: Mapping[str, str] = {}
    wrong: tuple[str, ...] = ()


def keys_of(resources: Resources, visit: Visit, gateway: str) -> Keys:
    """The stored keys of a gateway; with `""` of the account."""
    found = list_provider_configs(resources, visit.request(gateway), Paging(per_page=MAX_PER_PAGE))
    ids = {one.id for one in found.items}
    limited = [
        (key.id, its)
        for key in resources.snapshot().provider_keys
        if key.id in ids
        for its in key_limits(key)
    ]
    with resources.limits() as readers:
        shown = shown_limits((its for _, its in limited), readers.counters, readers.runs, visit.now_us)
    limits = {key: limit for (key, _), limit in zip(limited, shown, strict=True)}
    return Keys(tuple(found.items), (found.total or 0) - len(found.items), limits)


@page(_OF_ACCOUNT, "keys.html", permission="read", title=_TITLE)
def account_keys(resources: Resources, visit: Visit) -> AccountKeys:
    """Stored keys that all gateways of an account may use."""
    need(visit, "read")
    return _account(resources, visit)


@action(_OF_ACCOUNT, permission="edit")
def add_account_key(resources: Resources, visit: Visit, form: Pairs) -> Done | Answered:
    """Stores one for all gateways; or the form again, and what is wrong with it."""
    need(visit, "edit")
    try:
        said = _added(resources, visit, "", form)
    except ManagementError as error:
        wrong = tuple(one.message for one in error.problems)
        given = {name: first(form, name) for name in _GIVEN}
        return Answered("keys.html", _TITLE, _account(resources, visit, given, wrong), error.status)
    return Done(f"/accounts/{visit.account}/keys", said)


@action(f"{_OF_ACCOUNT}/{_ONE}", permission="edit")
def change_account_key(resources: Resources, visit: Visit, form: Pairs) -> Done:
    """Replaces or removes it, or makes it the default of its provider."""
    need(visit, "edit")
    return Done(f"/accounts/{visit.account}/keys", _changed(resources, visit, "", form))


@action(_OF_GATEWAY, permission="edit")
def add_key(resources: Resources, visit: Visit, form: Pairs) -> Done:
    """Stores one. Raises `ManagementError` 400."""
    gateway = _gateway(visit)
    return Done(f"/accounts/{visit.account}/gateways/{gateway}", _added(resources, visit, gateway, form))


@action(f"{_OF_GATEWAY}/{_ONE}", permission="edit")
def change_key(resources: Resources, visit: Visit, form: Pairs) -> Done:
    """Replaces or removes it, or makes it the default of its provider."""
    gateway = _gateway(visit)
    return Done(f"/accounts/{visit.account}/gateways/{gateway}", _changed(resources, visit, gateway, form))


def _added(resources: Resources, visit: Visit, gateway: str, form: Pairs) -> str:
    """What is to be said. Raises `ManagementError`."""
    given = {
        "alias": first(form, "alias").strip() or "default",
        "default_config": False,
        "provider_slug": first(form, "provider").strip(),
        "secret": first(form, "secret"),
        "hosts": words(first(form, "hosts")),
    }
    body = checked(given, ProviderConfigBody, "form")
    made = create_provider_config(resources, visit.request(gateway), body)
    return f"The key for {made.provider_slug} is stored, and used within a second."


def _changed(resources: Resources, visit: Visit, gateway: str, form: Pairs) -> str:
    """Likewise."""
    request = visit.request(gateway, provider_config_id=visit.names["provider_config_id"])
    match first(form, "do"):
        case "remove":
            gone = delete_provider_config(resources, request)
            return f"The key {gone.alias} for {gone.provider_slug} was removed."
        case "replace":
            body = checked({"secret": first(form, "secret")}, ProviderConfigUpdate, "form")
            one = update_provider_config(resources, request, body)
            return f"The key {one.alias} for {one.provider_slug} was replaced; the new one is used within a second."
        case "default":
            one = update_provider_config(resources, request, ProviderConfigUpdate(default_config=True))
            return f"{one.alias} goes where a call names no key of {one.provider_slug}."
    raise invalid("nothing was done: a key can be replaced, removed, or made the default")


def _account(
    resources: Resources, visit: Visit, given: Mapping[str, str] | None = None, wrong: tuple[str, ...] = ()
) -> AccountKeys:
    may = visit.caller.may("edit", visit.account)
    return AccountKeys(keys_of(resources, visit, ""), may, given or {}, wrong)


def _gateway(visit: Visit) -> str:
    """Raises `ManagementError` 403."""
    name = visit.names["gateway_id"]
    need(visit, "edit", name)
    return name


PAGES = pages(account_keys, add_account_key, change_account_key, add_key, change_key)
