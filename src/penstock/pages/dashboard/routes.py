"""The dynamic routes of a gateway as a list, and one of them: drawn, with its versions, deployments and what differs.

Done by the functions of the management API (`management/dynamic_route_changes.py`); how a route is made and changed is
in `route_editor.py`. Whatever is changed names the state that was looked at, and is refused where there is another one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from penstock.control.dynamic_routes import serving
from penstock.control.no_effect import in_route
from penstock.management.application import STORES_SAY, told
from penstock.management.dynamic_route_changes import (
    deploy,
    find_route,
    own_routes,
    remove,
    rename,
    version_of,
)
from penstock.management.dynamic_route_shapes import RoutePatch
from penstock.management.problem import INVALID, ManagementError, Problem
from penstock.management.reading import Pairs, checked
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.pages.dashboard.page import Answered, Done, Visit, action, first, need, page, pages
from penstock.pages.dashboard.route_difference import Difference, Mark, differences, marks
from penstock.pages.dashboard.route_steps import Step, steps
from penstock.pages.dashboard.route_text import written
from penstock.stores.audit_entry import Json
from penstock.stores.control_store import DynamicRoute, Permission, RouteVersion

ALL: Final = "/accounts/{account}/gateways/{gateway_id}/routes"
ONE: Final = f"{ALL}/{{route_id}}"

_TEMPLATE: Final = "route.html"
_MOST: Final = 200  # routes of a list


class Line(msgspec.Struct, frozen=True):
    """A route in the list: the version that serves, and how many elements it has."""

    id: str
    name: str
    elements: int
    versions: int
    deployed_us: int | None
    deployed_version: str
    newer: int  # versions that were saved after the one that serves
    changed_us: int


class Routes(msgspec.Struct, frozen=True):
    """Those of a gateway, the newest first; `in_vain` where calls to them are not served."""

    gateway: str
    routes: tuple[Line, ...]
    more: int
    in_vain: bool
    may_edit: bool


class VersionLine(msgspec.Struct, frozen=True):
    """A version in the list; `differs` counts the nodes that are not as in the one before it; None for the first."""

    id: str
    created_us: int
    comment: str
    elements: int
    differs: int | None
    is_deployed: bool


class DeploymentLine(msgspec.Struct, frozen=True):
    """From then on, this version served; `is_kept` tells whether it is still there to be looked at."""

    version_id: str
    created_us: int
    comment: str
    is_kept: bool


class RoutePage(msgspec.Struct, frozen=True):
    """A route, with one of its versions held against another. `seen` is its state, to notice a change meanwhile."""

    gateway: str
    id: str
    name: str
    created_us: int
    changed_us: int
    remarks: tuple[str, ...]
    versions: tuple[VersionLine, ...]
    deployments: tuple[DeploymentLine, ...]
    shown: str
    is_deployed: bool
    elements: list[Json]
    steps: tuple[Step, ...]
    marks: dict[str, Mark]
    text: str
    against: str
    differences: tuple[Difference, ...]
    seen: str
    may_edit: bool
    wrong: tuple[str, ...] = ()


@page(ALL, "routes.html", permission="read", title="Routes")
def route_list(resources: Resources, visit: Visit) -> Routes:
    """The dynamic routes of a gateway."""
    request = route_request(visit, "read")
    found = own_routes(resources, request)[::-1]
    return Routes(
        request.gateway,
        tuple(map(_line, found[:_MOST])),
        max(len(found) - _MOST, 0),
        any(any(in_route(one)) for one in found[:1]),
        visit.caller.may("edit", visit.account, request.gateway),
    )


@page(ONE, _TEMPLATE, permission="read", title="Route")
def route(resources: Resources, visit: Visit) -> RoutePage:
    """One route. The query may name a `version`, and one to hold it `against`."""
    found = find_route(resources, route_request(visit, "read"))
    return _shown(found, visit, visit.given("version"), visit.given("against"))


@action(f"{ONE}/deployments", permission="edit")
def deploy_version(resources: Resources, visit: Visit, form: Pairs) -> Done | Answered:
    """Lets one of its versions serve."""

    def change(request: Request, found: DynamicRoute) -> Done:
        version = version_of(found, first(form, "version"))
        deploy(resources, request, found, version, first(form, "comment")[:1000])
        return Done(path_of(visit, found.id), "It is deployed.")

    return _changed(resources, visit, form, change)


@action(f"{ONE}/name", permission="edit")
def rename_route(resources: Resources, visit: Visit, form: Pairs) -> Done | Answered:
    """Gives it another name."""

    def change(request: Request, found: DynamicRoute) -> Done:
        name = checked({"name": first(form, "name").strip()}, RoutePatch, "form").name
        rename(resources, request, found, name)
        return Done(path_of(visit, found.id), f"It is called dynamic/{name} now.")

    return _changed(resources, visit, form, change)


@action(f"{ONE}/delete", permission="edit")
def delete_route(resources: Resources, visit: Visit, form: Pairs) -> Done | Answered:
    """Takes it away with all its versions, if that is meant."""

    def change(request: Request, found: DynamicRoute) -> Done:
        if first(form, "sure") != "yes":
            return Done(
                path_of(visit, found.id), "Nothing was removed: tick the box beside the button first."
            )
        remove(resources, request, found)
        return Done(path_of(visit), f"{found.name} was removed.")

    return _changed(resources, visit, form, change)


def route_request(visit: Visit, permission: Permission) -> Request:
    """The same as to the management API, for the route of the path. Raises `ManagementError` 403."""
    gateway = visit.names["gateway_id"]
    need(visit, permission, gateway)
    return visit.request(gateway, id=visit.names.get("route_id", ""))


def path_of(visit: Visit, route_id: str = "") -> str:
    """The page of a route, or of the list."""
    listed = f"/accounts/{visit.account}/gateways/{visit.names['gateway_id']}/routes"
    return f"{listed}/{route_id}" if route_id else listed


def state_of(found: DynamicRoute) -> str:
    """What is another one after each change."""
    deployed = found.deployments[-1].id if found.deployments else ""
    return f"{found.versions[-1].id}.{deployed}.{found.modified_us}"


def check_seen(found: DynamicRoute, form: Pairs) -> None:
    """Raises `ManagementError` 409 where a form was made of another state."""
    if first(form, "seen") != state_of(found):
        what = "somebody has changed this route since you looked at it; this is how it is now"
        raise ManagementError(409, [Problem(INVALID, what)])


def _changed(
    resources: Resources, visit: Visit, form: Pairs, change: Callable[[Request, DynamicRoute], Done]
) -> Done | Answered:
    """What comes of a change; what keeps it from being done is told on the page as it is now."""
    request = route_request(visit, "edit")
    found = find_route(resources, request)
    try:
        check_seen(found, form)
        return change(request, found)
    except ManagementError as error:
        failed = error
    except STORES_SAY as error:
        failed = told(error)
    wrong = tuple(one.message for one in failed.problems)
    value = msgspec.structs.replace(_shown(find_route(resources, request), visit, "", ""), wrong=wrong)
    return Answered(_TEMPLATE, "Route", value, failed.status)


def _line(found: DynamicRoute) -> Line:
    version = serving(found)
    newer = len(found.versions) - 1 - found.versions.index(version) if version else 0
    return Line(
        found.id,
        found.name,
        len(version.elements) if version else 0,
        len(found.versions),
        found.deployments[-1].created_us if found.deployments else None,
        version.id if version else "",
        newer,
        found.modified_us,
    )


def _shown(found: DynamicRoute, visit: Visit, version_id: str, against_id: str) -> RoutePage:
    """Raises `ManagementError` 404 for versions that there are not."""
    served = serving(found)
    version = version_of(found, version_id) if version_id else served or found.versions[-1]
    against = version_of(found, against_id) if against_id else _beside(found, version)
    before = against.elements if against else version.elements
    kept = {one.id for one in found.versions}
    return RoutePage(
        found.gateway,
        found.id,
        found.name,
        found.created_us,
        found.modified_us,
        tuple(one.why for one in in_route(found)),
        tuple(_versions(found)),
        tuple(
            DeploymentLine(one.version_id, one.created_us, one.comment, one.version_id in kept)
            for one in reversed(found.deployments)
        ),
        version.id,
        version == served,
        version.elements,
        steps(version.elements),
        marks(before, version.elements),
        written(version.elements),
        against.id if against else "",
        differences(before, version.elements),
        state_of(found),
        visit.caller.may("edit", visit.account, found.gateway),
    )


def _versions(found: DynamicRoute) -> list[VersionLine]:
    """The newest first."""
    served, lines = serving(found), list[VersionLine]()
    for place, one in enumerate(found.versions):
        before = found.versions[place - 1].elements if place else None
        differs = None if before is None else len(marks(before, one.elements))
        lines.append(
            VersionLine(one.id, one.created_us, one.comment, len(one.elements), differs, one == served)
        )
    return lines[::-1]


def _beside(found: DynamicRoute, version: RouteVersion) -> RouteVersion | None:
    """What a version is held against: the one that serves; this one itself against the one before it."""
    served = serving(found)
    if version != served:
        return served
    place = found.versions.index(version)
    return found.versions[place - 1] if place else None


PAGES = pages(route_list, route, deploy_version, rename_route, delete_route)
