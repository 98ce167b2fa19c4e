"""All endpoints of the management API, resource by resource."""

from __future__ import annotations

from penstock.management import (
    accounts,
    analytics,
    audit_logs,
    billing,
    custom_providers,
    datasets,
    dynamic_routes,
    evaluations,
    gateways,
    graphql,
    logs,
    model_aliases,
    provider_configs,
    runs,
    tokens,
)
from penstock.management.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *accounts.ENDPOINTS,
    *gateways.ENDPOINTS,
    *provider_configs.ENDPOINTS,
    *custom_providers.ENDPOINTS,
    *model_aliases.ENDPOINTS,
    *tokens.ENDPOINTS,
    *billing.ENDPOINTS,
    *audit_logs.ENDPOINTS,
    *analytics.ENDPOINTS,
    *graphql.ENDPOINTS,
    *logs.ENDPOINTS,
    *runs.ENDPOINTS,
    *datasets.ENDPOINTS,
    *evaluations.ENDPOINTS,
    *dynamic_routes.ENDPOINTS,
)
