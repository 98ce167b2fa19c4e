"""All pages of the dashboard, and where they stand."""

from __future__ import annotations

from typing import Final

from starlette.routing import BaseRoute

from penstock.management.resources import Resources
from penstock.pages.dashboard import (
    audit,
    custom_providers,
    evidence,
    gateway_keys,
    gateways,
    hooks,
    log,
    logs,
    overview,
    playground,
    prices,
    route_editor,
    routes,
    run,
    runs,
    start,
    tokens,
)
from penstock.pages.dashboard.door import Dashboard
from penstock.pages.dashboard.page import Page

PAGES: Final[tuple[Page, ...]] = (
    *start.PAGES,
    *overview.PAGES,
    *logs.PAGES,
    *log.PAGES,
    *runs.PAGES,
    *run.PAGES,
    *evidence.PAGES,
    *hooks.PAGES,
    *playground.PAGES,
    *tokens.PAGES,
    *gateways.PAGES,
    *gateway_keys.PAGES,
    *route_editor.PAGES,
    *routes.PAGES,
    *custom_providers.PAGES,
    *prices.PAGES,
    *audit.PAGES,
)
"""In the order in which an address is compared with them: exact names before those with a name in braces."""


def dashboard_routes(resources: Resources) -> list[BaseRoute]:
    """Routes for an ASGI application."""
    return Dashboard(PAGES, resources).routes
