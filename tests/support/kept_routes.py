"""Dynamic routes put into the directory as they are stored, beside the management API."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.stores.audit_entry import Json
from penstock.stores.control_store import Add, ControlStore, DynamicRoute, RouteDeployment, RouteVersion

SMALLEST: tuple[Json, ...] = (
    {"id": "s", "type": "start", "outputs": {"next": {"elementId": "e"}}},
    {"id": "e", "type": "end", "outputs": {}},
)


def keep_route(
    store: ControlStore, place: tuple[str, str], name: str, elements: Sequence[Json] = SMALLEST
) -> None:
    """Adds one to an account's gateway, with its only version deployed. Its id is its name."""
    route = DynamicRoute(
        id=name,
        account=place[0],
        gateway=place[1],
        name=name,
        versions=(RouteVersion(id="v", elements=[*elements], created_us=1),),
        deployments=(RouteDeployment(id="d", version_id="v", created_us=1),),
        created_us=1,
        modified_us=1,
    )
    store.apply([Add(route)])
