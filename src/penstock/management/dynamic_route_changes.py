"""What may be done to the dynamic routes of a gateway: found, made, given versions, deployed, renamed, removed.

For endpoints and pages alike. Each change is one step of the directory, made of a route that was read before, and is
not made where somebody else has changed it since. What elements must be like is known to `penstock.dynamic_routing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from penstock.control.dynamic_routes import serving
from penstock.dynamic_routing.check import check_elements
from penstock.dynamic_routing.dialect import modern
from penstock.management.paths import need_gateway
from penstock.management.problem import ManagementError, not_found
from penstock.management.reading import problems
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.stores.audit_entry import Json
from penstock.stores.control_store import (
    Add,
    DynamicRoute,
    Remove,
    Replace,
    RouteDeployment,
    RouteVersion,
)

MAX_KEPT: Final = 100
"""Versions, and deployments, that are kept of a route: the newest, and the version that serves."""


def own_routes(resources: Resources, request: Request) -> list[DynamicRoute]:
    """Those of the path's gateway, the oldest first. Raises `ManagementError` 404 where there is no such gateway."""
    need_gateway(resources, request)
    place = request.account, request.gateway
    found = resources.control_store(request.caller).all(DynamicRoute)
    return [route for route in found if (route.account, route.gateway) == place]


def find_route(resources: Resources, request: Request) -> DynamicRoute:
    """The one that the path names. Raises `ManagementError` 404."""
    for route in own_routes(resources, request):
        if route.id == request.names["id"]:
            return route
    raise not_found("dynamic route")


def version_of(route: DynamicRoute, version_id: str) -> RouteVersion:
    """One of its versions. Raises `ManagementError` 404."""
    for version in route.versions:
        if version.id == version_id:
            return version
    raise not_found("version of this dynamic route")


def make_route(
    resources: Resources, request: Request, name: str, elements: Sequence[Json], comment: str = ""
) -> DynamicRoute:
    """A new one, with its first version deployed. Raises `ManagementError` 400, 404, and `AlreadyThere`."""
    version = _version(resources, request, elements, comment)
    need = need_gateway(resources, request)
    route = DynamicRoute(
        id=resources.clock.new_id(request.now_us),
        account=request.account,
        gateway=request.gateway,
        name=name,
        versions=(version,),
        deployments=(_deployment(resources, request, version.id, ""),),
        created_us=request.now_us,
        modified_us=request.now_us,
    )
    resources.control_store(request.caller).apply([*need, Add(route)])
    return route


def add_version(
    resources: Resources,
    request: Request,
    route: DynamicRoute,
    elements: Sequence[Json],
    comment: str = "",
    *,
    is_deployed: bool = False,
) -> tuple[DynamicRoute, RouteVersion]:
    """The route with a new version, which serves at once or once it is deployed. Raises `ManagementError` 400."""
    version = _version(resources, request, elements, comment)
    kept = (*route.versions, version)[-MAX_KEPT:]
    if is_deployed:
        deployments = _deployed(resources, request, route, version.id, comment)
        return _replace(resources, request, route, versions=kept, deployments=deployments), version
    served = serving(route)
    if served is not None and served not in kept:
        kept = (served, *kept[1:])
    return _replace(resources, request, route, versions=kept), version


def deploy(
    resources: Resources, request: Request, route: DynamicRoute, version: RouteVersion, comment: str = ""
) -> DynamicRoute:
    """The route, with one of its versions serving from now on."""
    deployments = _deployed(resources, request, route, version.id, comment)
    return _replace(resources, request, route, deployments=deployments)


def rename(resources: Resources, request: Request, route: DynamicRoute, name: str) -> DynamicRoute:
    """The route, called by another name. Raises `AlreadyThere`."""
    return _replace(resources, request, route, name=name)


def remove(resources: Resources, request: Request, route: DynamicRoute) -> None:
    """Takes it away with all its versions."""
    resources.control_store(request.caller).apply([Remove(route)])


def _replace(resources: Resources, request: Request, route: DynamicRoute, **changes: object) -> DynamicRoute:
    new = msgspec.structs.replace(route, modified_us=request.now_us, **changes)
    resources.control_store(request.caller).apply([Replace(route, new)])
    return new


def _version(
    resources: Resources, request: Request, elements: Sequence[Json], comment: str = ""
) -> RouteVersion:
    """A new version, its elements in the words of today. Raises `ManagementError` 400 with all that is wrong."""
    given = modern(list(elements))
    wrong = problems(check_elements(given), "body", "elements")
    if wrong:
        raise ManagementError(400, wrong)
    return RouteVersion(
        id=resources.clock.new_id(request.now_us),
        elements=msgspec.convert(given, list[Json]),
        comment=comment,
        created_us=request.now_us,
    )


def _deployed(
    resources: Resources, request: Request, route: DynamicRoute, version_id: str, comment: str
) -> tuple[RouteDeployment, ...]:
    new = _deployment(resources, request, version_id, comment)
    return (*route.deployments, new)[-MAX_KEPT:]


def _deployment(resources: Resources, request: Request, version_id: str, comment: str) -> RouteDeployment:
    return RouteDeployment(
        id=resources.clock.new_id(request.now_us),
        version_id=version_id,
        comment=comment,
        created_us=request.now_us,
    )
