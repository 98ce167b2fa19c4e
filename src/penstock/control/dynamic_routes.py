"""Dynamic routes as they are stored: what they may be called, and which version serves.

Pure. What may stand in a version is in `dynamic_routing/`.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from penstock.stores.control_store import DynamicRoute, RouteVersion

RouteName = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=128,
        pattern=r"^[^/\x00-\x1f\x7f]+\Z",
        extra_json_schema={
            "description": "a name of 1 to 128 characters without slashes and control characters"
        },
    ),
]
"""Part of the model's name: `dynamic/NAME`."""


def serving(route: DynamicRoute) -> RouteVersion | None:
    """The version of the last deployment; None as long as none was ever deployed."""
    if not route.deployments:
        return None
    wanted = route.deployments[-1].version_id
    return next((version for version in route.versions if version.id == wanted), None)
