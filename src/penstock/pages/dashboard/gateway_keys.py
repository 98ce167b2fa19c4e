"""Stored keys of a gateway: added, made the default, removed. A secret goes in, and never out again.

Done by the functions of the management API (`management/provider_configs.py`); they are shown with their gateway
(`gateways.py`).
"""

from __future__ import annotations

from typing import Final

from penstock.management.provider_configs import (
    ProviderConfigBody,
    ProviderConfigUpdate,
    create_provider_config,
    delete_provider_config,
    update_provider_config,
)
from penstock.management.reading import Pairs, checked
from penstock.management.resources import Resources
from penstock.pages.dashboard.forms import words
from penstock.pages.dashboard.page import Done, Visit, action, first, need, pages

_KEYS: Final = "/accounts/{account}/gateways/{gateway_id}/keys"


@action(_KEYS, permission="edit")
def add_key(resources: Resources, visit: Visit, form: Pairs) -> Done:
    """Stores one. Raises `ManagementError` 400."""
    name = _gateway(visit)
    given = {
        "alias": first(form, "alias").strip() or "default",
        "default_config": False,
        "provider_slug": first(form, "provider").strip(),
        "secret": first(form, "secret"),
        "hosts": words(first(form, "hosts")),
    }
    made = create_provider_config(resources, visit.request(name), checked(given, ProviderConfigBody, "form"))
    return Done(_path(visit), f"The key for {made.provider_slug} is stored, and used within a second.")


@action(f"{_KEYS}/{{provider_config_id}}", permission="edit")
def change_key(resources: Resources, visit: Visit, form: Pairs) -> Done:
    """Makes it the default of its provider, or removes it."""
    request = visit.request(_gateway(visit), provider_config_id=visit.names["provider_config_id"])
    if first(form, "do") == "remove":
        gone = delete_provider_config(resources, request)
        return Done(_path(visit), f"The key {gone.alias} for {gone.provider_slug} was removed.")
    changed = update_provider_config(resources, request, ProviderConfigUpdate(default_config=True))
    return Done(_path(visit), f"{changed.alias} goes where a call names no key of {changed.provider_slug}.")


def _gateway(visit: Visit) -> str:
    """Raises `ManagementError` 403."""
    name = visit.names["gateway_id"]
    need(visit, "edit", name)
    return name


def _path(visit: Visit) -> str:
    return f"/accounts/{visit.account}/gateways/{visit.names['gateway_id']}"


PAGES = pages(add_key, change_key)
