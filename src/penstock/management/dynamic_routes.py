"""Dynamic routes: stored, checked, versioned, deployed and listed (Cloudflare 3.7, 4.4).

What is done to them is in `dynamic_route_changes.py`, answers are shaped in `dynamic_route_shapes.py`. Nothing is
served here.
"""

from __future__ import annotations

from typing import Final

from penstock.control.no_effect import in_route
from penstock.management import dynamic_route_changes as changes
from penstock.management.dynamic_route_changes import MAX_KEPT, find_route, own_routes, version_of
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
from penstock.management.request import Request
from penstock.management.resources import Resources

_TAG: Final = "Dynamic routes"
_PATH: Final = "/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/routes"


class AllByDefault(Paging, frozen=True):
    """Which page; without a word there is one page with all, for clients do not ask for a second."""

    per_page: PerPage = MAX_KEPT
    """How many on a page."""


@post(_PATH, "aig-config-post-gateway-dynamic-route", permission="edit", tag=_TAG)
def create_route(resources: Resources, request: Request, body: RouteBody) -> Route:
    """Make a dynamic route, with its first version deployed."""
    route = changes.make_route(resources, request, body.name, body.elements)
    for one in in_route(route):
        request.say(f"route {route.name}: {one.sentence}", one.field)
    return route_answer(route)


@get(_PATH, "aig-config-list-gateway-dynamic-routes", permission="read", tag=_TAG, again="routes")
def list_routes(resources: Resources, request: Request, query: Paging) -> Listing[Route]:
    """List the dynamic routes of a gateway, newest first."""
    found = [route_answer(route) for route in reversed(own_routes(resources, request))]
    return page_of(found, query)


@get(f"{_PATH}/{{id}}", "aig-config-get-gateway-dynamic-route", permission="read", tag=_TAG)
def get_route(resources: Resources, request: Request) -> Route:
    """One dynamic route, with the version that serves."""
    return route_answer(find_route(resources, request))


@patch(
    f"{_PATH}/{{id}}", "aig-config-update-gateway-dynamic-route", permission="edit", tag=_TAG, again="route"
)
def patch_route(resources: Resources, request: Request, body: RoutePatch) -> Route:
    """Rename a dynamic route."""
    return route_answer(changes.rename(resources, request, find_route(resources, request), body.name))


@delete(f"{_PATH}/{{id}}", "aig-config-delete-gateway-dynamic-route", permission="edit", tag=_TAG)
def delete_route(resources: Resources, request: Request) -> RouteVersionAnswer:
    """Delete a dynamic route with all its versions."""
    route = find_route(resources, request)
    changes.remove(resources, request, route)
    return route_version_answer(route, serving(route))


@post(
    f"{_PATH}/{{id}}/versions", "aig-config-post-gateway-dynamic-route-version", permission="edit", tag=_TAG
)
def create_version(resources: Resources, request: Request, body: VersionBody) -> RouteVersionAnswer:
    """Save a new version; it serves once it is deployed."""
    route = find_route(resources, request)
    route, version = changes.add_version(resources, request, route, body.elements, body.comment)
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
    route = find_route(resources, request)
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
    route = find_route(resources, request)
    return route_version_answer(route, version_of(route, request.names["version_id"]))


@post(
    f"{_PATH}/{{id}}/deployments",
    "aig-config-post-gateway-dynamic-route-deployment",
    permission="edit",
    tag=_TAG,
)
def create_deployment(resources: Resources, request: Request, body: DeploymentBody) -> RouteVersionAnswer:
    """Let a version serve."""
    route = find_route(resources, request)
    version = version_of(route, body.version_id)
    route = changes.deploy(resources, request, route, version, body.comment)
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
    found = [deployment_answer(one) for one in reversed(find_route(resources, request).deployments)]
    return page_of(found, query)


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
