"""Gateways of an account: list, create, look at, change and remove them (Cloudflare 4.2).

Those of the configuration file can be looked at, and are changed there. What fields look like on the wire is in
`gateway_shapes.py`, rows and secrets are in `control/stored_gateways.py`.
"""

from __future__ import annotations

from typing import NoReturn, TypeVar

from penstock.control.catalog import Listed
from penstock.control.opening import open_vault, opener
from penstock.control.stored_gateways import changed_gateway, new_gateway
from penstock.management.answer import Answer, listing, result
from penstock.management.endpoint import (
    Ask,
    Endpoint,
    Paging,
    checked,
    json_body,
    read_page,
    read_query,
)
from penstock.management.gateway_shapes import (
    RULE_ID_BYTES,
    GatewayAnswer,
    GatewayCreate,
    GatewayUpdate,
    shown,
    to_write,
    with_rule_ids,
)
from penstock.management.problem import ManagementError, invalid, not_found
from penstock.management.resources import Desk
from penstock.providers.custom import CUSTOM_PREFIX
from penstock.providers.registry import BUILT_IN
from penstock.proxy.routing import COMPAT
from penstock.settings import Settings, is_loopback
from penstock.settings.gateway_fields import Fields
from penstock.settings.gateway_secrets import SecretLost, keep_secrets
from penstock.stores.control_store import Add, ControlStore, Remove, Replace, Snapshot, StoredGateway

Body = TypeVar("Body", bound=GatewayUpdate)


class GatewaysQuery(Paging, frozen=True):
    """Which gateways: those with `search` in their id."""

    search: str = ""


def list_(desk: Desk, ask: Ask) -> Answer:
    query = read_query(ask, GatewaysQuery)
    page = read_page(ask, query.page, query.per_page)
    catalog = desk.catalog(desk.control_store(ask.caller).snapshot())
    found = [
        one
        for one in catalog.of(ask.account)
        if query.search in one.id and ask.caller.may("read", ask.account, one.id)
    ]
    return listing([shown(one) for one in found[page.offset : page.offset + page.per_page]], page, len(found))


def create(desk: Desk, ask: Ask) -> Answer:
    body, fields = _read(desk, ask, GatewayCreate)
    store = desk.control_store(ask.caller)
    snapshot = store.snapshot()
    there = desk.catalog(snapshot).get(ask.account, body.id)
    if there is not None:
        raise invalid(
            f"account {ask.account} has a gateway {body.id!r} already: change that one", "body", "id"
        )
    _add(desk, ask, store, snapshot, body.id, fields)
    return _shown(desk, store, ask.account, body.id)


def get(desk: Desk, ask: Ask) -> Answer:
    return _shown(desk, desk.control_store(ask.caller), ask.account, ask.gateway)


def update(desk: Desk, ask: Ask) -> Answer:
    body, fields = _read(desk, ask, GatewayUpdate)
    if body.id not in (None, ask.gateway):
        raise invalid("a gateway keeps its id: create another one, and remove this one", "body", "id")
    store = desk.control_store(ask.caller)
    snapshot = store.snapshot()
    listed = desk.catalog(snapshot).get(ask.account, ask.gateway)
    if listed is not None and listed.source == "file":
        _refuse(listed)
    row = _row(snapshot, ask)
    if row is not None:
        _replace(desk, ask, store, snapshot, row, fields)
    elif listed is not None:
        _add(desk, ask, store, snapshot, ask.gateway, fields)
    else:
        raise not_found("gateway")
    return _shown(desk, store, ask.account, ask.gateway)


def delete(desk: Desk, ask: Ask) -> Answer:
    store = desk.control_store(ask.caller)
    snapshot = store.snapshot()
    listed = desk.catalog(snapshot).get(ask.account, ask.gateway)
    row = _row(snapshot, ask)
    if listed is None and row is None:
        raise not_found("gateway")
    if row is None or (listed is not None and listed.source == "file"):
        assert listed is not None
        _refuse(listed)
    store.apply([Remove(row)])
    return result({"id": row.gateway} if listed is None else shown(listed))


# -- what was sent


def _read(desk: Desk, ask: Ask, kind: type[Body]) -> tuple[Body, Fields]:
    """The body, and the fields to write. Raises `ManagementError` 400 with everything that is wrong."""
    raw = json_body(ask)
    body = checked(raw, kind, "body")
    host = desk.settings.server.host
    # Who says nothing of it gets what is safe where this gateway listens.
    says = isinstance(raw, dict) and "authentication" in raw
    authentication = body.authentication if says else not is_loopback(host)
    if not authentication and not is_loopback(host):
        raise invalid(
            f"authentication must be true, for this gateway listens on {host or 'all addresses'}",
            "body",
            "authentication",
        )
    return body, to_write(body, authentication)


def _refuse(listed: Listed) -> NoReturn:
    if listed.source == "file":
        raise invalid(f"gateway {listed.name} stands in penstock.toml: change it there")
    raise invalid(
        f"gateway {listed.name} is built in: it can be changed, and goes when penstock.toml names accounts"
    )


# -- rows


def _row(snapshot: Snapshot, ask: Ask) -> StoredGateway | None:
    place = ask.account, ask.gateway
    return next((row for row in snapshot.gateways if (row.account, row.gateway) == place), None)


def _add(desk: Desk, ask: Ask, store: ControlStore, snapshot: Snapshot, gateway: str, fields: Fields) -> None:
    row_id = desk.clock.new_id(ask.now_us)
    named = with_rule_ids(fields, {}, lambda: desk.random(RULE_ID_BYTES).hex())
    try:
        whole = keep_secrets(named, {})  # nothing is stored yet that a mask could stand for
        row = new_gateway(row_id, ask.account, gateway, whole, ask.now_us, desk.sealer(snapshot))
    except SecretLost as lost:
        raise _lost(lost) from None
    store.apply([Add(row)])


def _replace(
    desk: Desk, ask: Ask, store: ControlStore, snapshot: Snapshot, old: StoredGateway, fields: Fields
) -> None:
    named = with_rule_ids(fields, old.fields, lambda: desk.random(RULE_ID_BYTES).hex())
    open_secret = opener(open_vault(snapshot, desk.environ, desk.data))
    try:
        new = changed_gateway(old, named, ask.now_us, open_secret, desk.sealer(snapshot))
    except SecretLost as lost:
        raise _lost(lost) from None
    if new != old:
        store.apply([Replace(old, new)])


def _lost(lost: SecretLost) -> ManagementError:
    return invalid(str(lost), "body", *lost.path.strip("/").split("/"))


def _shown(desk: Desk, store: ControlStore, account: str, gateway: str) -> Answer:
    """The gateway as it is now."""
    found = desk.catalog(store.snapshot()).get(account, gateway)
    if found is None:
        raise not_found("gateway")
    return result(shown(found))


_BASE = "/accounts/{account_id}/ai-gateway/gateways"
_ONE = f"{_BASE}/{{gateway_id}}"
_TAG = "AI Gateway Gateways"


def provider_url(desk: Desk, ask: Ask) -> Answer:
    snapshot = desk.control_store(ask.caller).snapshot()
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
        path=_BASE,
        handler=list_,
        permission="read",
        scope="some",
        name="aig-config-list-gateway",
        summary="List the gateways this token may read",
        tag=_TAG,
        query=GatewaysQuery,
        result=GatewayAnswer,
        is_list=True,
    ),
    Endpoint(
        method="POST",
        path=_BASE,
        handler=create,
        permission="edit",
        scope="account",
        name="aig-config-create-gateway",
        summary="Create a gateway",
        tag=_TAG,
        body=GatewayCreate,
        result=GatewayAnswer,
    ),
    Endpoint(
        method="GET",
        path=_ONE,
        handler=get,
        permission="read",
        name="aig-config-fetch-gateway",
        summary="One gateway",
        tag=_TAG,
        result=GatewayAnswer,
    ),
    Endpoint(
        method="PUT",
        path=_ONE,
        handler=update,
        permission="edit",
        name="aig-config-update-gateway",
        summary="Change a gateway: a field left out gets its default",
        tag=_TAG,
        body=GatewayUpdate,
        result=GatewayAnswer,
    ),
    Endpoint(
        method="DELETE",
        path=_ONE,
        handler=delete,
        permission="edit",
        name="aig-config-delete-gateway",
        summary="Remove a gateway, with its routes, datasets, evaluations and provider keys",
        tag=_TAG,
        result=GatewayAnswer,
    ),
    Endpoint(
        method="GET",
        path=f"{_ONE}/url/{{provider}}",
        handler=provider_url,
        permission="read",
        name="aig-config-get-gateway-url",
        summary="The address of a provider behind this gateway",
        tag=_TAG,
        result=str,
    ),
)
