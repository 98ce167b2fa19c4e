"""Where a request's path leads: is there such a gateway?

Gateways stand in the configuration, or in the directory.
"""

from __future__ import annotations

from penstock.management.problem import not_found
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.stores.control_store import Need, StoredGateway


def need_gateway(resources: Resources, request: Request) -> tuple[Need, ...]:
    """Raises `ManagementError` 404 where the path's account has no such gateway.

    What it gives goes before the changes that put something into the gateway, so that nothing is left over where
    it is removed at the same moment. It is empty for a gateway of the configuration.
    """
    account = resources.settings.accounts.get(request.account)
    if account is not None and request.gateway in account.gateways:
        return ()
    for one in resources.control_store(request.caller).all(StoredGateway):
        if (one.account, one.gateway) == (request.account, request.gateway):
            return (Need(one),)
    raise not_found("gateway")
