"""Where a request's path leads: is there such a gateway?

Gateways stand in the configuration, or in the directory; the `default` of an account is there for callers with a token
though nobody has set it up, and is made when something is put into it (Cloudflare 1.2).
"""

from __future__ import annotations

from penstock.control.stored_gateways import new_gateway
from penstock.management.problem import not_found
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.settings.gateway_fields import set_fields
from penstock.settings.gateways import DEFAULT_GATEWAY
from penstock.stores.control_store import Add, Need, StoredGateway


def need_gateway(resources: Resources, request: Request) -> tuple[Need | Add, ...]:
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
    if request.gateway == DEFAULT_GATEWAY:
        return (Add(_made_default(resources, request)),)
    raise not_found("gateway")


def _made_default(resources: Resources, request: Request) -> StoredGateway:
    snapshot = resources.control_store(request.caller).snapshot()
    implied = resources.catalog(snapshot).find(request.account, request.gateway)
    if implied is None:
        raise not_found("gateway")
    row_id = resources.clock.new_id(request.now_us)
    fields, seal = set_fields(implied.fields), resources.sealer(snapshot)
    return new_gateway(row_id, request.account, request.gateway, fields, request.now_us, seal)
