"""Gateways of an account: list, create, look at, change and remove them (Cloudflare 4.2).

Those of the configuration file can be looked at, and are changed there. What fields look like on the wire is in
`gateway_shapes.py`, what may be changed and what that comes to in `control/gateway_changes.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from penstock.control.gateway_changes import (
    GatewayExists,
    GatewayRefused,
    NoSuchGateway,
    StandsInFile,
    WrongFields,
)
from penstock.management.answer import Answer, listing, result
from penstock.management.endpoint import (
    Ask,
    Endpoint,
    Paging,
    checked,
    json_body,
    problems,
    read_page,
    read_query,
)
from penstock.management.gateway_shapes import GatewayAnswer, GatewayCreate, GatewayUpdate, shown, to_write
from penstock.management.problem import ManagementError, invalid, not_found
from penstock.management.resources import Desk
from penstock.providers.custom import CUSTOM_PREFIX
from penstock.providers.registry import BUILT_IN
from penstock.proxy.routing import COMPAT
from penstock.settings import Settings, is_loopback
from penstock.settings.gateway_fields import Fields
from penstock.settings.gateway_secrets import SecretLost
from penstock.stores.control_store import ControlStore, Snapshot

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
    with _worded():
        change = desk.gateway_changes(store.snapshot(), ask.now_us).create(ask.account, body.id, fields)
    store.apply([change])
    return _shown(desk, store, ask.account, body.id)


def get(desk: Desk, ask: Ask) -> Answer:
    return _shown(desk, desk.control_store(ask.caller), ask.account, ask.gateway)


def update(desk: Desk, ask: Ask) -> Answer:
    body, fields = _read(desk, ask, GatewayUpdate)
    if body.id not in (None, ask.gateway):
        raise invalid("a gateway keeps its id: create another one, and remove this one", "body", "id")
    store = desk.control_store(ask.caller)
    with _worded():
        change = desk.gateway_changes(store.snapshot(), ask.now_us).replace(ask.account, ask.gateway, fields)
    if change is not None:
        store.apply([change])
    return _shown(desk, store, ask.account, ask.gateway)


def delete(desk: Desk, ask: Ask) -> Answer:
    store = desk.control_store(ask.caller)
    changes = desk.gateway_changes(store.snapshot(), ask.now_us)
    with _worded():
        change = changes.remove(ask.account, ask.gateway)
    store.apply([change])
    listed = changes.catalog.get(ask.account, ask.gateway)
    # What was not served cannot be shown: one of the file goes first, or its fields make no sense.
    if listed is None or listed.stored is None:
        return result({"id": ask.gateway})
    return result(shown(listed))


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


@contextmanager
def _worded() -> Iterator[None]:
    """Answers what is refused. Raises `ManagementError`."""
    try:
        yield
    except NoSuchGateway:
        raise not_found("gateway") from None
    except GatewayRefused as refused:
        raise _refusal(refused) from None
    except SecretLost as lost:
        raise invalid(str(lost), "body", *lost.path.strip("/").split("/")) from None


def _refusal(refused: GatewayRefused) -> ManagementError:
    match refused:
        case StandsInFile():
            return invalid(f"gateway {refused.name} stands in penstock.toml: change it there")
        case GatewayExists():
            text = f"account {refused.account} has a gateway {refused.gateway!r} already: change that one"
            return invalid(text, "body", "id")
        case WrongFields():
            return ManagementError(400, problems(refused.findings, "body"))
    return invalid(
        f"gateway {refused.name} is built in: it can be changed, and goes when penstock.toml names accounts"
    )


# -- what is shown


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
