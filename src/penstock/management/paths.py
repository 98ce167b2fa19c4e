"""Where a request's path leads: is there such a gateway?

Gateways stand in the configuration, or in the directory.
"""

from __future__ import annotations

from penstock.management.endpoint import Ask
from penstock.management.problem import not_found
from penstock.management.resources import Desk
from penstock.stores.control_store import Need, StoredGateway


def need_gateway(desk: Desk, ask: Ask) -> tuple[Need, ...]:
    """Raises `ManagementError` 404 where the path's account has no such gateway.

    What it gives goes before the changes that put something into the gateway, so that nothing is left over where
    it is removed at the same moment. It is empty for a gateway of the configuration.
    """
    account = desk.settings.accounts.get(ask.account)
    if account is not None and ask.gateway in account.gateways:
        return ()
    for one in desk.control_store(ask.caller).all(StoredGateway):
        if (one.account, one.gateway) == (ask.account, ask.gateway):
            return (Need(one),)
    raise not_found("gateway")
