"""Gateways of an account: list, create, look at, change and remove them (Cloudflare 4.2).

Those of the configuration file can be looked at, and are changed there. What fields look like on the wire is in
`gateway_shapes.py`, what may be changed and what that comes to in `control/gateway_changes.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import UNSET

from penstock.control.catalog import Listed
from penstock.control.gateway_changes import (
    GatewayExists,
    GatewayRefused,
    NameIsPath,
    NoSuchGateway,
    StandsInFile,
    WrongFields,
)
from penstock.control.no_effect import in_gateway
from penstock.management.endpoint import delete, endpoints, get, post, put
from penstock.management.gateway_shapes import GatewayCreate, GatewayShown, GatewayUpdate, shown, to_write
from penstock.management.paging import Listing, Paging
from penstock.management.problem import ManagementError, invalid, not_found
from penstock.management.reading import problems
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.providers.custom import CUSTOM_PREFIX
from penstock.providers.registry import BUILT_IN
from penstock.proxy.did_you_mean import COMPAT
from penstock.settings import Settings, is_loopback
from penstock.settings.gateway_fields import Fields, set_fields
from penstock.settings.gateway_secrets import SecretLost
from penstock.stores.control_store import Add, Replace, Snapshot, StoredGateway

_BASE = "/accounts/{account_id}/ai-gateway/gateways"
_ONE = f"{_BASE}/{{gateway_id}}"
_TAG = "AI Gateway Gateways"


Differences = tuple[tuple[str, object, object], ...]
"""Fields, with what they are before and after a change."""


class GatewaysQuery(Paging, frozen=True):
    """Which gateways: those with `search` in their id."""

    search: str = ""
    """A part of the id."""


@get(_BASE, "aig-config-list-gateway", permission="read", scope="some", tag=_TAG)
def list_gateways(resources: Resources, request: Request, query: GatewaysQuery) -> Listing[GatewayShown]:
    """List the gateways this token may read."""
    catalog = resources.catalog(resources.snapshot())
    found = [
        one
        for one in catalog.of(request.account)
        if query.search in one.id and request.caller.may("read", request.account, one.id)
    ]
    page = query.part(found)
    for one in page:
        _say_in_vain(resources, request, one)
    return Listing([shown(one) for one in page], query, len(found))


@post(_BASE, "aig-config-create-gateway", permission="edit", tag=_TAG)
def create_gateway(resources: Resources, request: Request, body: GatewayCreate) -> GatewayShown:
    """Create a gateway."""
    fields = _fields(resources, body)
    store = resources.control_store(request.caller)
    changes = resources.gateway_changes(store.snapshot(), request.now_us)
    with _worded():
        change = changes.create(request.account, body.id, fields)
    store.apply([change])
    return _shown(resources, request, body.id)


@get(_ONE, "aig-config-fetch-gateway", permission="read", tag=_TAG)
def get_gateway(resources: Resources, request: Request) -> GatewayShown:
    """One gateway."""
    return _shown(resources, request, request.gateway)


@put(_ONE, "aig-config-update-gateway", permission="edit", tag=_TAG)
def update_gateway(resources: Resources, request: Request, body: GatewayUpdate) -> GatewayShown:
    """Change a gateway: a field left out gets its default."""
    store = resources.control_store(request.caller)
    change = _update(resources, request, body, store.snapshot())
    if change is not None:
        store.apply([change])
    return _shown(resources, request, request.gateway)


def planned_update(resources: Resources, request: Request, body: GatewayUpdate) -> Differences:
    """What `update_gateway` would change, secrets masked; nothing is changed. Raises as that does."""
    snapshot = resources.snapshot()
    change = _update(resources, request, body, snapshot)
    listed = resources.catalog(snapshot).find(request.account, request.gateway)
    match change:
        case Add(StoredGateway() as new):
            return _differences(
                {} if listed is None else set_fields(listed.fields), new, secrets=bool(new.sealed)
            )
        case Replace(StoredGateway() as old, StoredGateway() as new):
            return _differences(old.fields, new, secrets=new.sealed != old.sealed)
    return ()


def _update(
    resources: Resources, request: Request, body: GatewayUpdate, snapshot: Snapshot
) -> Add | Replace | None:
    """Raises `ManagementError`."""
    fields = _fields(resources, body)
    if body.id not in (None, request.gateway):
        raise invalid("a gateway keeps its id: create another one, and remove this one", "body", "id")
    changes = resources.gateway_changes(snapshot, request.now_us)
    with _worded():
        return changes.replace(request.account, request.gateway, fields)


def _differences(before: Fields, new: StoredGateway, *, secrets: bool) -> Differences:
    """By field; None is the default."""
    names = dict.fromkeys((*before, *new.fields))
    found = [(name, before.get(name), new.fields.get(name)) for name in names]
    changed = [one for one in found if one[1] != one[2]]
    return (*changed, *([("secrets", "stored", "changed")] if secrets else []))


@delete(_ONE, "aig-config-delete-gateway", permission="edit", tag=_TAG)
def delete_gateway(resources: Resources, request: Request) -> GatewayShown:
    """Remove a gateway, with its routes, datasets, evaluations and provider keys."""
    store = resources.control_store(request.caller)
    changes = resources.gateway_changes(store.snapshot(), request.now_us)
    with _worded():
        change = changes.remove(request.account, request.gateway)
    store.apply([change])
    listed = changes.catalog.get(request.account, request.gateway)
    # What was not served cannot be shown: one of the file goes first, or its fields make no sense.
    if listed is None or listed.stored is None:
        return {"id": request.gateway}
    return shown(listed)


# -- what was sent


def _fields(resources: Resources, body: GatewayUpdate) -> Fields:
    """The fields to write. Raises `ManagementError` 400."""
    host = resources.settings.server.host
    # Who says nothing of it gets what is safe where this gateway listens.
    authentication = not is_loopback(host) if body.authentication is UNSET else body.authentication
    if not authentication and not is_loopback(host):
        raise invalid(
            f"authentication must be true, for this gateway listens on {host or 'all addresses'}",
            "body",
            "authentication",
        )
    return to_write(body, authentication)


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
        case NameIsPath():
            text = f"{refused.word!r} names no account and no gateway: paths of unified calls begin with it"
            return invalid(text, *(("body", "id") if refused.word == refused.gateway else ()))
        case WrongFields():
            return ManagementError(400, problems(refused.findings, "body"))
    return invalid(
        f"gateway {refused.name} is built in: it can be changed, and goes when penstock.toml names accounts"
    )


# -- what is shown


def _shown(resources: Resources, request: Request, gateway: str) -> GatewayShown:
    """The gateway as it is now."""
    snapshot = resources.snapshot()
    found = resources.catalog(snapshot).find(request.account, gateway)
    if found is None:
        raise not_found("gateway")
    _say_in_vain(resources, request, found)
    return shown(found)


def _say_in_vain(resources: Resources, request: Request, listed: Listed) -> None:
    for one in in_gateway(resources.settings, listed):
        request.say(f"gateway {listed.id}: {one.sentence}", one.field)


@get(f"{_ONE}/url/{{provider}}", "aig-config-get-gateway-url", permission="read", tag=_TAG)
def provider_url(resources: Resources, request: Request) -> str:
    """The address of a provider behind this gateway."""
    snapshot = resources.snapshot()
    if resources.catalog(snapshot).find(request.account, request.gateway) is None:
        raise not_found("gateway")
    provider = request.names["provider"]
    if provider not in _known(resources.settings, snapshot, request.account):
        raise not_found("provider")
    return f"{request.base_url}/v1/{request.account}/{request.gateway}/{provider}"


def _known(settings: Settings, snapshot: Snapshot, account: str) -> set[str]:
    built_in = {name for one in BUILT_IN for name in (one.slug, *one.aliases)}
    own = {
        f"{CUSTOM_PREFIX}{one.slug}"
        for one in snapshot.custom_providers
        if one.account == account and one.enable
    }
    return {COMPAT, *built_in, *settings.providers, *own}


ENDPOINTS = endpoints(
    list_gateways, create_gateway, get_gateway, update_gateway, delete_gateway, provider_url
)
