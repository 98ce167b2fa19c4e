"""Dynamic routes on the wire: routes, their versions and deployments (Cloudflare 3.7, 4.4).

Pure. Clients disagree about where an answer's content stands (6.2 C7): lists and PATCH have it in both places.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from penstock.control import dynamic_routes
from penstock.control.dynamic_routes import RouteName
from penstock.stores.audit_entry import Json
from penstock.stores.control_store import (
    DynamicRoute,
    RouteDeployment,
    RouteVersion,
)
from penstock.time_text import rfc3339

Comment = Annotated[
    str, msgspec.Meta(max_length=1000, extra_json_schema={"description": "at most 1000 characters"})
]


class RouteBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new route."""

    name: RouteName
    """What calls name it by."""
    elements: tuple[Json, ...]
    """The elements of its first version."""


class RoutePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A route's new name; its elements change by a new version."""

    name: RouteName
    """What calls name it by."""


class VersionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new version."""

    elements: tuple[Json, ...]
    """Its elements: one start, and where each output leads."""
    comment: Comment = ""
    """Why it was made."""


class DeploymentBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which version is to serve."""

    version_id: str
    """The version that is to serve."""
    comment: Comment = ""
    """Why it is to serve."""


class Version(msgspec.Struct, frozen=True):
    """A version; `active` is text, and `data` the elements as JSON in text (6.2 C8)."""

    version_id: str
    """What the API knows it by."""
    active: Literal["true", "false"]
    """Does it serve?"""
    created_at: str
    """When it was made: RFC 3339, UTC."""
    data: str
    """Its elements as JSON in text."""
    comment: str
    """Why it was made."""
    is_valid: bool = True
    """Always true: what is not valid is refused."""


class Deployment(msgspec.Struct, frozen=True):
    """From its creation on, this version serves."""

    deployment_id: str
    """What the API knows it by."""
    version_id: str
    """The version that serves from then on."""
    created_at: str
    """When it was made: RFC 3339, UTC."""
    comment: str
    """Why it is to serve."""


class Route(msgspec.Struct, frozen=True):
    """A route with the version that serves."""

    id: str
    """What the API knows it by."""
    account_tag: str
    """The account it belongs to."""
    name: str
    """What calls name it by."""
    gateway_id: str
    """The gateway it belongs to."""
    created_at: str
    """When it was made: RFC 3339, UTC."""
    modified_at: str
    """When it was last changed: RFC 3339, UTC."""
    elements: list[Json]
    """The elements of the version that serves."""
    version: Version
    """The version that serves."""
    deployment: Deployment
    """Its last deployment."""


class RouteVersionAnswer(msgspec.Struct, frozen=True):
    """A route with one of its versions."""

    id: str
    """What the API knows the route by."""
    name: str
    """What calls name it by."""
    gateway_id: str
    """The gateway it belongs to."""
    created_at: str
    """When it was made: RFC 3339, UTC."""
    modified_at: str
    """When it was last changed: RFC 3339, UTC."""
    elements: list[Json]
    """The elements of this version."""
    version_id: str
    """What the API knows the version by."""
    active: Literal["true", "false"]
    """Does this version serve?"""
    data: str
    """Its elements as JSON in text."""
    comment: str
    """Why it was made."""
    is_valid: bool = True
    """Always true: what is not valid is refused."""


def serving(route: DynamicRoute) -> RouteVersion:
    """The version that serves. There is one: a route is deployed as it is made."""
    version = dynamic_routes.serving(route)
    assert version is not None
    return version


def route_answer(route: DynamicRoute) -> Route:
    """As it goes out."""
    version = serving(route)
    return Route(
        route.id,
        route.account,
        route.name,
        route.gateway,
        rfc3339(route.created_us),
        rfc3339(route.modified_us),
        version.elements,
        version_answer(route, version),
        deployment_answer(route.deployments[-1]),
    )


def version_answer(route: DynamicRoute, version: RouteVersion) -> Version:
    """As it goes out."""
    return Version(
        version.id, _active(route, version), rfc3339(version.created_us), _text(version), version.comment
    )


def deployment_answer(deployment: RouteDeployment) -> Deployment:
    """As it goes out."""
    return Deployment(
        deployment.id, deployment.version_id, rfc3339(deployment.created_us), deployment.comment
    )


def route_version_answer(route: DynamicRoute, version: RouteVersion) -> RouteVersionAnswer:
    """A route, shown with this version."""
    return RouteVersionAnswer(
        route.id,
        route.name,
        route.gateway,
        rfc3339(route.created_us),
        rfc3339(route.modified_us),
        version.elements,
        version.id,
        _active(route, version),
        _text(version),
        version.comment,
    )


def _active(route: DynamicRoute, version: RouteVersion) -> Literal["true", "false"]:
    return "true" if version.id == route.deployments[-1].version_id else "false"


def _text(version: RouteVersion) -> str:
    return msgspec.json.encode(version.elements).decode()
