"""Providers of the operator's own: listed, added, let be called or not, removed.

Done by the functions of the management API (`management/custom_providers.py`). Headers go in, and never out again.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.management.custom_provider_shapes import (
    CustomProviderAnswer,
    CustomProviderBody,
    CustomProviderPatch,
    CustomProvidersQuery,
)
from penstock.management.custom_providers import (
    create_custom_provider,
    delete_custom_provider,
    list_custom_providers,
    patch_custom_provider,
)
from penstock.management.paging import MAX_PER_PAGE
from penstock.management.reading import Pairs, checked
from penstock.management.resources import Resources
from penstock.pages.dashboard.forms import REFUSALS, refused
from penstock.pages.dashboard.page import Answered, Done, Visit, action, first, need, page, pages

_ALL: Final = "/accounts/{account}/providers"


class Providers(msgspec.Struct, frozen=True):
    """The account's own, and those of the configuration file by name; `given` is a form that was not taken."""

    providers: tuple[CustomProviderAnswer, ...]
    more: int
    of_file: tuple[str, ...]
    file: str
    may_edit: bool
    given: dict[str, str] = {}
    wrong: tuple[str, ...] = ()


@page(_ALL, "providers.html", permission="read", title="Providers")
def providers(resources: Resources, visit: Visit) -> Providers:
    """The account's own providers."""
    need(visit, "read")
    return _shown(resources, visit)


@action(_ALL, permission="edit")
def add_provider(resources: Resources, visit: Visit, form: Pairs) -> Done | Answered:
    """A new one."""
    need(visit, "edit")
    given = {name: first(form, name).strip() for name in ("slug", "name", "base_url")}
    header, value = first(form, "header").strip(), first(form, "header_value").strip()
    headers = msgspec.json.encode({header: value}).decode() if header else None
    plain = {**given, "name": given["name"] or given["slug"], "enable": True, "headers": headers}
    try:
        create_custom_provider(resources, visit.request(""), checked(plain, CustomProviderBody, "form"))
    except REFUSALS as error:
        wrong, status = refused(error)
        return Answered("providers.html", "Providers", _shown(resources, visit, given, wrong), status)
    return Done(f"/accounts/{visit.account}/providers", f"It is called as custom-{given['slug']}.")


@action(f"{_ALL}/{{custom_provider_id}}", permission="edit")
def change_provider(resources: Resources, visit: Visit, form: Pairs) -> Done:
    """Lets it be called, or not; or removes it."""
    need(visit, "edit")
    request = visit.request("", custom_provider_id=visit.names["custom_provider_id"])
    here, wanted = f"/accounts/{visit.account}/providers", first(form, "do")
    if wanted == "remove":
        gone = delete_custom_provider(resources, request)
        return Done(here, f"custom-{gone.slug} was removed.")
    changed = patch_custom_provider(resources, request, CustomProviderPatch(enable=wanted == "enable"))
    return Done(here, f"custom-{changed.slug} can {'' if changed.enable else 'not '}be called.")


def _shown(
    resources: Resources, visit: Visit, given: dict[str, str] | None = None, wrong: tuple[str, ...] = ()
) -> Providers:
    query = CustomProvidersQuery(per_page=MAX_PER_PAGE)
    found = list_custom_providers(resources, visit.request(""), query)
    settings = resources.settings
    return Providers(
        tuple(found.items),
        (found.total or 0) - len(found.items),
        tuple(sorted(settings.providers)),
        settings.file or "",
        visit.caller.may("edit", visit.account),
        given or {},
        wrong,
    )


PAGES = pages(providers, add_provider, change_provider)
