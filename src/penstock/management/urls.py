"""Where a gateway's callers reach a provider (Cloudflare 4.2): the address at which this API was reached."""

from __future__ import annotations

from penstock.management.answer import Answer, result
from penstock.management.endpoint import Ask, Endpoint
from penstock.management.problem import not_found
from penstock.management.resources import Desk
from penstock.providers.custom import CUSTOM_PREFIX
from penstock.providers.registry import BUILT_IN
from penstock.proxy.routing import COMPAT
from penstock.settings import Settings
from penstock.stores.control_store import Snapshot


def get(desk: Desk, ask: Ask) -> Answer:
    snapshot = desk.directory(ask.caller).snapshot()
    if desk.catalog(snapshot).get(ask.account, ask.gateway) is None:
        raise not_found("gateway")
    provider = ask.names["provider"]
    if provider not in _known(desk.settings, snapshot, ask.account):
        raise not_found("provider")
    return result(f"{ask.base_url}/v1/{ask.account}/{ask.gateway}/{provider}")


def _known(settings: Settings, snapshot: Snapshot, account: str) -> set[str]:
    built_in = {name for one in BUILT_IN for name in (one.slug, *one.aliases)}
    own = {
        f"{CUSTOM_PREFIX}{one.slug}"
        for one in snapshot.custom_providers
        if one.account == account and one.enable
    }
    return {COMPAT, *built_in, *settings.providers, *own}


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        method="GET",
        path="/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/url/{provider}",
        handler=get,
        permission="read",
        name="aig-config-get-gateway-url",
        summary="The address of a provider behind this gateway",
        tag="AI Gateway Gateways",
        result=str,
    ),
)
