"""A route made or changed: as JSON or by a few fields, shown before it is saved, and saved as it was shown.

Done by the functions of the management API (`management/dynamic_route_changes.py`). Whatever goes wrong comes back with
all that was typed, and with the state that is there by now.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Final

import msgspec

from penstock.control.dynamic_routes import serving
from penstock.management.application import STORES_SAY, told
from penstock.management.dynamic_route_changes import (
    add_version,
    find_route,
    make_route,
    own_routes,
    version_of,
)
from penstock.management.dynamic_route_shapes import RouteBody, VersionBody
from penstock.management.problem import ManagementError, invalid
from penstock.management.reading import Pairs, checked
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.pages.dashboard.page import Answered, Done, Visit, action, first, page, pages
from penstock.pages.dashboard.route_difference import Difference, Mark, differences, marks
from penstock.pages.dashboard.route_steps import Step, steps
from penstock.pages.dashboard.route_templates import TEMPLATES, template
from penstock.pages.dashboard.route_text import Mistake, Reading, read_elements, written
from penstock.pages.dashboard.route_values import Node, nodes_of, with_values
from penstock.pages.dashboard.routes import ALL, ONE, check_seen, path_of, route_request, state_of
from penstock.providers.registry import BUILT_IN
from penstock.stores.audit_entry import Json
from penstock.stores.control_store import CustomProvider, DynamicRoute

_TEMPLATE: Final = "route_edit.html"
_PREVIEW: Final = "route_preview.html"
_NEW: Final = f"{ALL}/new"
_EDIT: Final = f"{ONE}/edit"
_PROVIDERS: Final = frozenset(name for one in BUILT_IN for name in (one.slug, *one.aliases, *one.compat))


class Typed(msgspec.Struct, frozen=True):
    """What somebody has typed: the elements as `text`; a `name` for a new route, a `comment` for a version."""

    name: str
    text: str
    comment: str = ""


class Editor(msgspec.Struct, frozen=True):
    """The form. `id` is empty for a new route; `nodes` are what can be changed without JSON, of the text as it is."""

    gateway: str
    id: str
    called: str
    typed: Typed
    seen: str
    nodes: tuple[Node, ...]
    templates: tuple[tuple[str, str, str], ...]
    mistakes: tuple[Mistake, ...] = ()
    more: int = 0
    wrong: tuple[str, ...] = ()


class Preview(msgspec.Struct, frozen=True):
    """What would be saved, beside what serves now; of a new route there is no `before`."""

    gateway: str
    id: str
    called: str
    typed: Typed
    seen: str
    before: list[Json] | None
    after: list[Json]
    marks: dict[str, Mark]
    steps: tuple[Step, ...]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]


@page(_NEW, _TEMPLATE, permission="edit", title="New route")
def new_route(resources: Resources, visit: Visit) -> Editor:
    """The form of a new route, with one of the templates in it."""
    own_routes(resources, route_request(visit, "edit"))
    begun = template(visit.given("template")) or TEMPLATES[0]
    return _editor(visit, None, Typed("", written(begun.elements)))


@page(_EDIT, _TEMPLATE, permission="edit", title="Route")
def edit_route(resources: Resources, visit: Visit) -> Editor:
    """The form of a route, with the version that the query names, or the one that serves."""
    found = find_route(resources, route_request(visit, "edit"))
    wanted = visit.given("version")
    version = version_of(found, wanted) if wanted else serving(found) or found.versions[-1]
    return _editor(visit, found, Typed("", written(version.elements)))


@action(_NEW, permission="edit")
def preview_new(resources: Resources, visit: Visit, form: Pairs) -> Answered:
    """What a new route would be; nothing is saved."""
    own_routes(resources, route_request(visit, "edit"))
    return _previewed(resources, visit, form, None)


@action(_EDIT, permission="edit")
def preview_version(resources: Resources, visit: Visit, form: Pairs) -> Answered:
    """What a new version would change; nothing is saved."""
    found = _found(resources, visit)
    if found is None:
        return _gone(visit, _typed(form))
    return _previewed(resources, visit, form, found)


@action(ALL, permission="edit")
def save_new(resources: Resources, visit: Visit, form: Pairs) -> Done | Answered:
    """Makes the route that was looked at."""
    request, typed = route_request(visit, "edit"), _typed(form)
    own_routes(resources, request)
    reading = read_elements(typed.text)
    if reading.mistakes:
        return _refused(visit, None, typed, reading)
    try:
        body = checked({"name": typed.name, "elements": reading.elements}, RouteBody, "form")
        made = make_route(resources, request, body.name, body.elements, typed.comment)
    except (ManagementError, *STORES_SAY) as error:
        return _failed(visit, None, typed, error)
    return Done(path_of(visit, made.id), f"dynamic/{made.name} is there, with its first version deployed.")


@action(f"{ONE}/versions", permission="edit")
def save_version(resources: Resources, visit: Visit, form: Pairs) -> Done | Answered:
    """Saves the version that was looked at, and lets it serve if that is wanted."""
    request, typed = route_request(visit, "edit"), _typed(form)
    found, reading = _found(resources, visit), read_elements(typed.text)
    if found is None:
        return _gone(visit, typed)
    if reading.mistakes:
        return _refused(visit, found, typed, reading)
    is_deployed = first(form, "deploy") == "yes"
    try:
        check_seen(found, form)
        body = checked({"elements": reading.elements, "comment": typed.comment}, VersionBody, "form")
        _, version = add_version(
            resources, request, found, body.elements, body.comment, is_deployed=is_deployed
        )
    except (ManagementError, *STORES_SAY) as error:
        return _failed(visit, _found(resources, visit), typed, error)
    said = "Saved and deployed." if is_deployed else "Saved; it serves once it is deployed."
    return Done(f"{path_of(visit, found.id)}?version={version.id}", said)


def _previewed(resources: Resources, visit: Visit, form: Pairs, found: DynamicRoute | None) -> Answered:
    """What a form asks for: the preview, or the form again."""
    typed, wanted = _typed(form), first(form, "do")
    reading = read_elements(typed.text)
    if wanted == "values" and not reading.mistakes:
        typed = msgspec.structs.replace(typed, text=written(with_values(reading.elements, form)))
        reading = read_elements(typed.text)
    if wanted == "edit":
        return Answered(_TEMPLATE, "Route", _editor(visit, found, typed))
    if reading.mistakes:
        return _refused(visit, found, typed, reading)
    try:
        if found is None:
            _check_name(resources, route_request(visit, "edit"), typed)
        else:
            check_seen(found, form)
            checked({"elements": [], "comment": typed.comment}, VersionBody, "form")
    except ManagementError as error:
        return _failed(visit, found, typed, error)
    return Answered(_PREVIEW, "Route", _preview(resources, visit, found, typed, reading.elements))


def _check_name(resources: Resources, request: Request, typed: Typed) -> None:
    """Raises `ManagementError` 400 for one that no route may have, or that another one has."""
    checked({"name": typed.name, "elements": []}, RouteBody, "form")
    checked({"elements": [], "comment": typed.comment}, VersionBody, "form")
    if any(one.name == typed.name for one in own_routes(resources, request)):
        raise invalid(f"this gateway has a route of this name already: {typed.name}", "form", "name")


def _preview(
    resources: Resources, visit: Visit, found: DynamicRoute | None, typed: Typed, after: list[Json]
) -> Preview:
    served = serving(found) if found is not None else None
    before = served.elements if served is not None else None
    return Preview(
        visit.names["gateway_id"],
        found.id if found is not None else "",
        found.name if found is not None else typed.name,
        typed,
        state_of(found) if found is not None else "",
        before,
        after,
        marks(before, after) if before is not None else {},
        steps(after),
        differences(before or [], after),
        tuple(_strangers(resources, visit, after)),
    )


def _strangers(resources: Resources, visit: Visit, elements: Sequence[Json]) -> Iterator[str]:
    """A note for each provider that there is not: it may be added later, or be mistyped."""
    nodes = (
        one.get("properties") for one in elements if isinstance(one, dict) and one.get("type") == "model"
    )
    named = dict.fromkeys(str(one.get("provider")) for one in nodes if isinstance(one, dict))
    own = resources.control_store(visit.caller).all(CustomProvider)
    custom = {f"custom-{one.slug}" for one in own if one.account == visit.account}
    known = {*_PROVIDERS, *custom, *resources.settings.providers}
    for name in named:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            yield f"no provider is called {name}" + (f"; did you mean {near[0]}?" if near else "")


def _typed(form: Pairs) -> Typed:
    return Typed(first(form, "name").strip(), first(form, "text"), first(form, "comment").strip())


def _found(resources: Resources, visit: Visit) -> DynamicRoute | None:
    """The route of the path; None where it has gone. Raises `ManagementError` where there is no such gateway."""
    request = route_request(visit, "edit")
    route_id = request.names["id"]
    return next((one for one in own_routes(resources, request) if one.id == route_id), None)


def _editor(visit: Visit, found: DynamicRoute | None, typed: Typed) -> Editor:
    return Editor(
        visit.names["gateway_id"],
        found.id if found is not None else "",
        found.name if found is not None else "",
        typed,
        state_of(found) if found is not None else "",
        nodes_of(read_elements(typed.text).elements),
        tuple((one.key, one.title, one.about) for one in TEMPLATES) if found is None else (),
    )


def _refused(visit: Visit, found: DynamicRoute | None, typed: Typed, reading: Reading) -> Answered:
    shown = _editor(visit, found, typed)
    value = msgspec.structs.replace(shown, mistakes=reading.mistakes, more=reading.more)
    return Answered(_TEMPLATE, "Route", value, 400)


def _failed(visit: Visit, found: DynamicRoute | None, typed: Typed, error: Exception) -> Answered:
    failed = error if isinstance(error, ManagementError) else told(error)
    wrong = tuple(one.message for one in failed.problems)
    value = msgspec.structs.replace(_editor(visit, found, typed), wrong=wrong)
    return Answered(_TEMPLATE, "Route", value, failed.status)


def _gone(visit: Visit, typed: Typed) -> Answered:
    wrong = ("somebody has removed this route since: with a name, this makes it anew",)
    value = msgspec.structs.replace(_editor(visit, None, typed), wrong=wrong)
    return Answered(_TEMPLATE, "New route", value, 409)


PAGES = pages(new_route, edit_route, preview_new, preview_version, save_new, save_version)
