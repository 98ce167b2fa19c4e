"""Dynamic routes: stored, checked, versioned, deployed and listed (Cloudflare 3.7, 4.4).

Answers are shaped in `dynamic_route_shapes.py`; what elements must be like is known to `penstock.dynamic_routing`.
Nothing is served here.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.dynamic_routing.check import check_elements
from penstock.dynamic_routing.dialect import modern
from penstock.management.answer import Answer, bare, result
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
    page_twice,
    route_answer,
    route_version_answer,
    serving,
    version_answer,
)
from penstock.management.endpoint import Ask, Endpoint, Paging, problems, read_body, read_page, read_query
from penstock.management.paths import need_gateway
from penstock.management.problem import ManagementError, not_found
from penstock.management.resources import Desk
from penstock.stores.control_store import (
    Add,
    DynamicRoute,
    Json,
    Remove,
    Replace,
    RouteDeployment,
    RouteVersion,
)

MAX_KEPT: Final = 100
"""Versions, and deployments, that are kept of a route: the newest, and the version that serves."""

_TAG: Final = "Dynamic routes"
_PATH: Final = "/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/routes"


class AllByDefault(Paging, frozen=True):
    """Which page; without a word there is one page with all, for clients do not ask for a second."""

    per_page: int = MAX_KEPT


def create_route(desk: Desk, ask: Ask) -> Answer:
    body = read_body(ask, RouteBody)
    version = _version(desk, ask, body.elements)
    need = need_gateway(desk, ask)
    route = DynamicRoute(
        id=desk.clock.new_id(ask.now_us),
        account=ask.account,
        gateway=ask.gateway,
        name=body.name,
        versions=(version,),
        deployments=(_deployment(desk, ask, version.id, ""),),
        created_us=ask.now_us,
        modified_us=ask.now_us,
    )
    desk.control_store(ask.caller).apply([*need, Add(route)])
    return result(route_answer(route))


def list_routes(desk: Desk, ask: Ask) -> Answer:
    query = read_query(ask, Paging)
    page = read_page(ask, query.page, query.per_page)
    need_gateway(desk, ask)
    found = [route_answer(route) for route in reversed(_own(desk, ask))]
    return bare(page_twice("routes", found, page))


def get_route(desk: Desk, ask: Ask) -> Answer:
    return result(route_answer(_route(desk, ask)))


def patch_route(desk: Desk, ask: Ask) -> Answer:
    body = read_body(ask, RoutePatch)
    new = route_answer(_replace(desk, ask, _route(desk, ask), name=body.name))
    return bare({"success": True, "errors": [], "messages": [], "result": new, "route": new})


def delete_route(desk: Desk, ask: Ask) -> Answer:
    route = _route(desk, ask)
    desk.control_store(ask.caller).apply([Remove(route)])
    return result(route_version_answer(route, serving(route)))


def create_version(desk: Desk, ask: Ask) -> Answer:
    body = read_body(ask, VersionBody)
    version = _version(desk, ask, body.elements, body.comment)
    route = _route(desk, ask)
    kept = (*route.versions, version)[-MAX_KEPT:]
    if serving(route) not in kept:
        kept = (serving(route), *kept[1:])
    route = _replace(desk, ask, route, versions=kept)
    return result(route_version_answer(route, version))


def list_versions(desk: Desk, ask: Ask) -> Answer:
    query = read_query(ask, AllByDefault)
    page = read_page(ask, query.page, query.per_page)
    route = _route(desk, ask)
    found = [version_answer(route, version) for version in reversed(route.versions)]
    return bare(page_twice("versions", found, page))


def get_version(desk: Desk, ask: Ask) -> Answer:
    route = _route(desk, ask)
    return result(route_version_answer(route, _version_of(route, ask.names["version_id"])))


def create_deployment(desk: Desk, ask: Ask) -> Answer:
    body = read_body(ask, DeploymentBody)
    route = _route(desk, ask)
    version = _version_of(route, body.version_id)
    new = _deployment(desk, ask, version.id, body.comment)
    route = _replace(desk, ask, route, deployments=(*route.deployments, new)[-MAX_KEPT:])
    return result(route_version_answer(route, version))


def list_deployments(desk: Desk, ask: Ask) -> Answer:
    query = read_query(ask, AllByDefault)
    page = read_page(ask, query.page, query.per_page)
    found = [deployment_answer(one) for one in reversed(_route(desk, ask).deployments)]
    return bare(page_twice("deployments", found, page))


def _own(desk: Desk, ask: Ask) -> list[DynamicRoute]:
    place = ask.account, ask.gateway
    found = desk.control_store(ask.caller).all(DynamicRoute)
    return [route for route in found if (route.account, route.gateway) == place]


def _route(desk: Desk, ask: Ask) -> DynamicRoute:
    need_gateway(desk, ask)
    for route in _own(desk, ask):
        if route.id == ask.names["id"]:
            return route
    raise not_found("dynamic route")


def _version_of(route: DynamicRoute, version_id: str) -> RouteVersion:
    for version in route.versions:
        if version.id == version_id:
            return version
    raise not_found("version of this dynamic route")


def _replace(desk: Desk, ask: Ask, route: DynamicRoute, **changes: object) -> DynamicRoute:
    new = msgspec.structs.replace(route, modified_us=ask.now_us, **changes)
    desk.control_store(ask.caller).apply([Replace(route, new)])
    return new


def _version(desk: Desk, ask: Ask, elements: tuple[Json, ...], comment: str = "") -> RouteVersion:
    """A new version, its elements in the words of today. Raises `ManagementError` 400 with all that is wrong."""
    given = modern(list(elements))
    wrong = problems(check_elements(given), "body", "elements")
    if wrong:
        raise ManagementError(400, wrong)
    return RouteVersion(
        id=desk.clock.new_id(ask.now_us),
        elements=msgspec.convert(given, list[Json]),
        comment=comment,
        created_us=ask.now_us,
    )


def _deployment(desk: Desk, ask: Ask, version_id: str, comment: str) -> RouteDeployment:
    return RouteDeployment(
        id=desk.clock.new_id(ask.now_us), version_id=version_id, comment=comment, created_us=ask.now_us
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        method="POST",
        path=_PATH,
        handler=create_route,
        permission="edit",
        name="aig-config-post-gateway-dynamic-route",
        summary="Make a dynamic route, with its first version deployed",
        tag=_TAG,
        body=RouteBody,
        result=Route,
    ),
    Endpoint(
        method="GET",
        path=_PATH,
        handler=list_routes,
        permission="read",
        name="aig-config-list-gateway-dynamic-routes",
        summary="List the dynamic routes of a gateway, newest first",
        tag=_TAG,
        query=Paging,
        result=Route,
        is_list=True,
    ),
    Endpoint(
        method="GET",
        path=f"{_PATH}/{{id}}",
        handler=get_route,
        permission="read",
        name="aig-config-get-gateway-dynamic-route",
        summary="One dynamic route, with the version that serves",
        tag=_TAG,
        result=Route,
    ),
    Endpoint(
        method="PATCH",
        path=f"{_PATH}/{{id}}",
        handler=patch_route,
        permission="edit",
        name="aig-config-update-gateway-dynamic-route",
        summary="Rename a dynamic route",
        tag=_TAG,
        body=RoutePatch,
        result=Route,
    ),
    Endpoint(
        method="DELETE",
        path=f"{_PATH}/{{id}}",
        handler=delete_route,
        permission="edit",
        name="aig-config-delete-gateway-dynamic-route",
        summary="Delete a dynamic route with all its versions",
        tag=_TAG,
        result=RouteVersionAnswer,
    ),
    Endpoint(
        method="POST",
        path=f"{_PATH}/{{id}}/versions",
        handler=create_version,
        permission="edit",
        name="aig-config-post-gateway-dynamic-route-version",
        summary="Save a new version; it serves once it is deployed",
        tag=_TAG,
        body=VersionBody,
        result=RouteVersionAnswer,
    ),
    Endpoint(
        method="GET",
        path=f"{_PATH}/{{id}}/versions",
        handler=list_versions,
        permission="read",
        name="aig-config-list-gateway-dynamic-route-versions",
        summary="List the versions of a dynamic route, newest first",
        tag=_TAG,
        query=AllByDefault,
        result=Version,
        is_list=True,
    ),
    Endpoint(
        method="GET",
        path=f"{_PATH}/{{id}}/versions/{{version_id}}",
        handler=get_version,
        permission="read",
        name="aig-config-get-gateway-dynamic-route-version",
        summary="One version of a dynamic route",
        tag=_TAG,
        result=RouteVersionAnswer,
    ),
    Endpoint(
        method="POST",
        path=f"{_PATH}/{{id}}/deployments",
        handler=create_deployment,
        permission="edit",
        name="aig-config-post-gateway-dynamic-route-deployment",
        summary="Let a version serve",
        tag=_TAG,
        body=DeploymentBody,
        result=RouteVersionAnswer,
    ),
    Endpoint(
        method="GET",
        path=f"{_PATH}/{{id}}/deployments",
        handler=list_deployments,
        permission="read",
        name="aig-config-list-gateway-dynamic-route-deployments",
        summary="List the deployments of a dynamic route, newest first",
        tag=_TAG,
        query=AllByDefault,
        result=Deployment,
        is_list=True,
    ),
)
