"""Dynamic routes: stored, checked, versioned, deployed and listed (Cloudflare 3.7, 4.4).

Answers are shaped in `dynamic_route_shapes.py`; what elements must be like is known to `penstock.dynamic_routing`.
Nothing is served here.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.control.no_effect import in_route
from penstock.dynamic_routing.check import check_elements
from penstock.dynamic_routing.dialect import modern
from penstock.management.dynamic_route_shapes import (
    Deployment,
    DeploymentBody,
    Route,
    RouteBody,
    RoutePatch,
    RouteVersionAnswer,
    Version,
    VersionBody,
    deployment_answer,
    route_answer,
    route_version_answer,
    serving,
    version_answer,
)
from penstock.management.endpoint import delete, endpoints, get, patch, post
from penstock.management.paging import Listing, Paging, PerPage, page_of
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

_TAG: Final = "Dynamic routes"
_PATH: Final = "/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/routes"

MAX_KEPT: Final = 100
"""Versions, and deployments, that are kept of a route: the newest, and the version that serves."""


class AllByDefault(Paging, frozen=True):
    """Which page; without a word there is one page with all, for clients do not ask for a second."""

    per_page: PerPage = MAX_KEPT
    """How many on a page."""


@post(_PATH, "aig-config-post-gateway-dynamic-route", permission="edit", tag=_TAG)
def create_route(resources: Resources, request: Request, body: RouteBody) -> Route:
    """Make a dynamic route, with its first version deployed."""
    version = _version(resources, request, body.elements)
    need = need_gateway(resources, request)
    route = DynamicRoute(
        id=resources.clock.new_id(request.now_us),
        account=request.account,
        gateway=request.gateway,
        name=body.name,
        versions=(version,),
        deployments=(_deployment(resources, request, version.id, ""),),
        created_us=request.now_us,
        modified_us=request.now_us,
    )
    resources.control_store(request.caller).apply([*need, Add(route)])
    for one in in_route(route):
        request.say(f"route {route.name}: {one.sentence}", one.field)
    return route_answer(route)


@get(_PATH, "aig-config-list-gateway-dynamic-routes", permission="read", tag=_TAG, again="routes")
def list_routes(resources: Resources, request: Request, query: Paging) -> Listing[Route]:
    """List the dynamic routes of a gateway, newest first."""
    need_gateway(resources, request)
    found = [route_answer(route) for route in reversed(_own(resources, request))]
    return page_of(found, query)


@get(f"{_PATH}/{{id}}", "aig-config-get-gateway-dynamic-route", permission="read", tag=_TAG)
def get_route(resources: Resources, request: Request) -> Route:
    """One dynamic route, with the version that serves."""
    return route_answer(_route(resources, request))


@patch(
    f"{_PATH}/{{id}}", "aig-config-update-gateway-dynamic-route", permission="edit", tag=_TAG, again="route"
)
def patch_route(resources: Resources, request: Request, body: RoutePatch) -> Route:
    """Rename a dynamic route."""
    return route_answer(_replace(resources, request, _route(resources, request), name=body.name))


@delete(f"{_PATH}/{{id}}", "aig-config-delete-gateway-dynamic-route", permission="edit", tag=_TAG)
def delete_route(resources: Resources, request: Request) -> RouteVersionAnswer:
    """Delete a dynamic route with all its versions."""
    route = _route(resources, request)
    resources.control_store(request.caller).apply([Remove(route)])
    return route_version_answer(route, serving(route))


@post(
    f"{_PATH}/{{id}}/versions", "aig-config-post-gateway-dynamic-route-version", permission="edit", tag=_TAG
)
def create_version(resources: Resources, request: Request, body: VersionBody) -> RouteVersionAnswer:
    """Save a new version; it serves once it is deployed."""
    version = _version(resources, request, body.elements, body.comment)
    route = _route(resources, request)
    kept = (*route.versions, version)[-MAX_KEPT:]
    if serving(route) not in kept:
        kept = (serving(route), *kept[1:])
    route = _replace(resources, request, route, versions=kept)
    return route_version_answer(route, version)


@get(
    f"{_PATH}/{{id}}/versions",
    "aig-config-list-gateway-dynamic-route-versions",
    permission="read",
    tag=_TAG,
    again="versions",
)
def list_versions(resources: Resources, request: Request, query: AllByDefault) -> Listing[Version]:
    """List the versions of a dynamic route, newest first."""
    route = _route(resources, request)
    found = [version_answer(route, version) for version in reversed(route.versions)]
    return page_of(found, query)


@get(
    f"{_PATH}/{{id}}/versions/{{version_id}}",
    "aig-config-get-gateway-dynamic-route-version",
    permission="read",
    tag=_TAG,
)
def get_version(resources: Resources, request: Request) -> RouteVersionAnswer:
    """One version of a dynamic route."""
    route = _route(resources, request)
    return route_version_answer(route, _version_of(route, request.names["version_id"]))


@post(
    f"{_PATH}/{{id}}/deployments",
    "aig-config-post-gateway-dynamic-route-deployment",
    permission="edit",
    tag=_TAG,
)
def create_deployment(resources: Resources, request: Request, body: DeploymentBody) -> RouteVersionAnswer:
    """Let a version serve."""
    route = _route(resources, request)
    version = _version_of(route, body.version_id)
    new = _deployment(resources, request, version.id, body.comment)
    route = _replace(resources, request, route, deployments=(*route.deployments, new)[-MAX_KEPT:])
    return route_version_answer(route, version)


@get(
    f"{_PATH}/{{id}}/deployments",
    "aig-config-list-gateway-dynamic-route-deployments",
    permission="read",
    tag=_TAG,
    again="deployments",
)
def list_deployments(resources: Resources, request: Request, query: AllByDefault) -> Listing[Deployment]:
    """List the deployments of a dynamic route, newest first."""
    found = [deployment_answer(one) for one in reversed(_route(resources, request).deployments)]
    return page_of(found, query)


def _own(resources: Resources, request: Request) -> list[DynamicRoute]:
    place = request.account, request.gateway
    found = resources.control_store(request.caller).all(DynamicRoute)
    return [route for route in found if (route.account, route.gateway) == place]


def _route(resources: Resources, request: Request) -> DynamicRoute:
    need_gateway(resources, request)
    for route in _own(resources, request):
        if route.id == request.names["id"]:
            return route
    raise not_found("dynamic route")


def _version_of(route: DynamicRoute, version_id: str) -> RouteVersion:
    for version in route.versions:
        if version.id == version_id:
            return version
    raise not_found("version of this dynamic route")


def _replace(resources: Resources, request: Request, route: DynamicRoute, **changes: object) -> DynamicRoute:
    new = msgspec.structs.replace(route, modified_us=request.now_us, **changes)
    resources.control_store(request.caller).apply([Replace(route, new)])
    return new


def _version(
    resources: Resources, request: Request, elements: tuple[Json, ...], comment: str = ""
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


def _deployment(resources: Resources, request: Request, version_id: str, comment: str) -> RouteDeployment:
    return RouteDeployment(
        id=resources.clock.new_id(request.now_us),
        version_id=version_id,
        comment=comment,
        created_us=request.now_us,
    )


ENDPOINTS = endpoints(
    create_route,
    list_routes,
    get_route,
    patch_route,
    delete_route,
    create_version,
    list_versions,
    get_version,
    create_deployment,
    list_deployments,
)
