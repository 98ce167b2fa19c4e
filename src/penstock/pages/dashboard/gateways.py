"""Gateways: all of an account, one with all its fields, what a change would change, and the change.

All of it is done by the functions of the management API (`management/gateways.py`). Gateways of the configuration file
can be looked at. Stored keys of a gateway are in `gateway_keys.py`, the form is in `gateway_form.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec

from penstock.access.limit_counters import LimitCounter, gateway_rate_counter, rule_key, spend_prefix
from penstock.control.catalog import Catalog, Listed
from penstock.control.dynamic_routes import serving
from penstock.control.no_effect import in_gateway
from penstock.control.token_changes import Place
from penstock.control.token_use import LimitUse, in_dollars, limit_use
from penstock.management import gateways as api
from penstock.management.gateway_shapes import GatewayCreate, GatewayUpdate, shown
from penstock.management.paging import MAX_PER_PAGE, Paging
from penstock.management.problem import ManagementError, invalid, not_found
from penstock.management.provider_configs import ProviderConfigAnswer, list_provider_configs
from penstock.management.reading import Pairs, checked
from penstock.management.resources import Resources
from penstock.pages.dashboard.gateway_form import Field, fields_of, sent_fields, value_text
from penstock.pages.dashboard.page import Answered, Done, Visit, action, first, need, page, pages
from penstock.pages.dashboard.route_drawing import MOST_ELEMENTS
from penstock.pricing.units import to_nano
from penstock.settings.gateways import SpendRule, rule_id
from penstock.stores.audit_entry import Json
from penstock.stores.control_store import RateLimit, Snapshot
from penstock.stores.counters import Window

_ALL: Final = "/accounts/{account}/gateways"
_ONE: Final = f"{_ALL}/{{gateway_id}}"
_MOST: Final = 200  # gateways of a list


class Line(msgspec.Struct, frozen=True):
    """A gateway in the list; `source` is where it comes from."""

    id: str
    source: str
    authentication: bool
    cache_ttl: int
    collect_logs: bool
    rate: str
    rules: int
    keys: int
    routes: int


class Gateways(msgspec.Struct, frozen=True):
    """Those that may be seen. `file` is the configuration file, where one is read."""

    gateways: tuple[Line, ...]
    more: int
    file: str
    may_edit: bool
    wrong: tuple[str, ...] = ()


class Limit(msgspec.Struct, frozen=True):
    """A limit, in words, and what is used of it; None where each value is counted apart, or nothing can be told."""

    name: str
    sign: str
    limit: float
    window: int
    technique: str
    remark: str
    use: LimitUse | None


class RouteShown(msgspec.Struct, frozen=True):
    """A dynamic route; `elements` of the version that serves, None where they are not to be drawn."""

    name: str
    versions: int
    count: int
    elements: list[Json] | None


class One(msgspec.Struct, frozen=True):
    """A gateway. `seen` is when it was last changed, to notice another change meanwhile."""

    id: str
    source: str
    file: str
    fields: tuple[Field, ...]
    limits: tuple[Limit, ...]
    keys: tuple[ProviderConfigAnswer, ...]
    account_keys: tuple[str, ...]
    routes: tuple[RouteShown, ...]
    seen: str
    may_edit: bool
    may_keys: bool
    is_stored: bool
    wrong: tuple[str, ...] = ()


class Preview(msgspec.Struct, frozen=True):
    """What a change would change; `sent` is what is to be confirmed, as JSON."""

    id: str
    changes: tuple[tuple[str, str, str], ...]
    sent: str
    seen: str


@page(_ALL, "gateways.html", permission="read", title="Gateways")
def gateway_list(resources: Resources, visit: Visit) -> Gateways:
    """The gateways of an account that the visitor may see."""
    return _list(resources, visit)


@action(_ALL, permission="edit")
def make_gateway(resources: Resources, visit: Visit, form: Pairs) -> Done | Answered:
    """A new one with the defaults; its fields are set on its page."""
    need(visit, "edit")
    name = first(form, "id").strip()
    plain = {
        "id": name,
        "cache_invalidate_on_update": False,
        "cache_ttl": 0,
        "collect_logs": True,
        "rate_limiting_interval": 0,
        "rate_limiting_limit": 0,
    }
    try:
        api.create_gateway(resources, visit.request(name), checked(plain, GatewayCreate, "form"))
    except ManagementError as error:
        wrong = tuple(one.message for one in error.problems)
        return Answered("gateways.html", "Gateways", _list(resources, visit, wrong), error.status)
    return Done(f"/accounts/{visit.account}/gateways/{name}", "It is there, and serves within a second.")


@page(_ONE, "gateway.html", permission="read", title="Gateway")
def gateway(resources: Resources, visit: Visit) -> One:
    """One gateway: its fields, limits, keys and routes."""
    need(visit, "read", visit.names["gateway_id"])
    return _one(resources, visit)


@action(f"{_ONE}/preview", permission="edit")
def preview(resources: Resources, visit: Visit, form: Pairs) -> Answered:
    """What the form would change; nothing is changed."""
    name = visit.names["gateway_id"]
    need(visit, "edit", name)
    try:
        sent = sent_fields(form)
        planned = api.planned_update(resources, visit.request(name), checked(sent, GatewayUpdate, "form"))
    except ManagementError as error:
        wrong = tuple(one.message for one in error.problems)
        return Answered("gateway.html", "Gateway", _one(resources, visit, wrong), error.status)
    changes = tuple((field, value_text(before), value_text(after)) for field, before, after in planned)
    text = msgspec.json.encode(sent).decode()
    return Answered("gateway_preview.html", "Gateway", Preview(name, changes, text, first(form, "seen")))


@action(_ONE, permission="edit")
def save(resources: Resources, visit: Visit, form: Pairs) -> Done:
    """What was looked at before it is done."""
    name = visit.names["gateway_id"]
    need(visit, "edit", name)
    if _one(resources, visit).seen != first(form, "seen"):
        raise invalid("somebody else has changed this gateway meanwhile: look at it again")
    try:
        sent = msgspec.json.decode(first(form, "sent"))
    except msgspec.DecodeError:
        raise invalid("what is to be confirmed is not there: begin anew") from None
    api.update_gateway(resources, visit.request(name), checked(sent, GatewayUpdate, "form"))
    return Done(f"/accounts/{visit.account}/gateways/{name}", "Saved. It holds within a second.")


@action(f"{_ONE}/delete", permission="edit")
def remove(resources: Resources, visit: Visit, form: Pairs) -> Done:
    """Removes it with all that belongs to it, if that was ticked."""
    name = visit.names["gateway_id"]
    need(visit, "edit", name)
    here = f"/accounts/{visit.account}/gateways"
    if first(form, "sure") != "yes":
        return Done(f"{here}/{name}", "Not removed: tick that it is meant.")
    api.delete_gateway(resources, visit.request(name))
    return Done(here, f"The gateway {name} was removed.")


def _list(resources: Resources, visit: Visit, wrong: tuple[str, ...] = ()) -> Gateways:
    snapshot = resources.snapshot()
    listed = [
        one
        for one in resources.catalog(snapshot).of(visit.account)
        if visit.caller.may("read", visit.account, one.id)
    ]
    keys = Counter((key.account, key.gateway) for key in snapshot.provider_keys)
    routes = Counter((route.account, route.gateway) for route in snapshot.routes)
    lines = tuple(_line(one, keys, routes) for one in listed[:_MOST])
    file, may_edit = resources.settings.file or "", visit.caller.may("edit", visit.account)
    return Gateways(lines, len(listed) - len(lines), file, may_edit, wrong)


def _line(one: Listed, keys: Counter[Place], routes: Counter[Place]) -> Line:
    fields, place = one.fields, (one.account, one.id)
    limit, interval = fields.rate_limiting_limit, fields.rate_limiting_interval
    rules = fields.spend_limits.rules if fields.spend_limits and fields.spend_limits.enabled else ()
    return Line(
        one.id,
        one.source,
        fields.authentication,
        fields.cache_ttl or 0,
        fields.collect_logs,
        f"{limit:,} in {interval:,} s" if limit and interval else "",
        len(rules),
        keys[place],
        routes[place],
    )


def _one(resources: Resources, visit: Visit, wrong: tuple[str, ...] = ()) -> One:
    """Raises `ManagementError` 404."""
    name = visit.names["gateway_id"]
    snapshot = resources.snapshot()
    catalog: Catalog = resources.catalog(snapshot)
    listed = catalog.find(visit.account, name)
    if listed is None:
        raise not_found("gateway")
    remarks = {one.field: one.why for one in in_gateway(resources.settings, listed)}
    answer = shown(listed)
    is_whole = visit.caller.may("read", visit.account)
    is_stored = listed.stored is not None
    keys = list_provider_configs(resources, visit.request(name), Paging(per_page=MAX_PER_PAGE)).items
    return One(
        name,
        listed.source,
        resources.settings.file or "",
        fields_of(answer, remarks),
        tuple(_limits(resources, listed, visit.now_us)),
        tuple(keys),
        tuple(
            f"{key.provider} ({key.alias})"
            for key in snapshot.provider_keys
            if is_whole and (key.account, key.gateway) == (visit.account, "")
        ),
        tuple(_routes(snapshot, visit.account, name, visit.given("route"))),
        str(answer["modified_at"]),
        listed.source != "file" and visit.caller.may("edit", visit.account, name),
        visit.caller.may("edit", visit.account, name),
        is_stored,
        wrong,
    )


def _routes(snapshot: Snapshot, account: str, gateway: str, alone: str) -> Iterator[RouteShown]:
    """The routes of a gateway, drawn as long as there is room on the page; `alone` is one that is drawn for sure."""
    room = MOST_ELEMENTS
    for route in snapshot.routes:
        if (route.account, route.gateway) != (account, gateway):
            continue
        version = serving(route)
        elements = [] if version is None else version.elements
        is_drawn = bool(elements) and (route.name == alone if alone else len(elements) <= room)
        room -= len(elements) if is_drawn else 0
        yield RouteShown(route.name, len(route.versions), len(elements), elements if is_drawn else None)


def _limits(resources: Resources, listed: Listed, now_us: int) -> list[Limit]:
    fields, found = listed.fields, []
    limit, interval = fields.rate_limiting_limit, fields.rate_limiting_interval
    if limit and interval:
        rate = RateLimit(limit, interval, fields.rate_limiting_technique)
        counter = gateway_rate_counter(listed.account, listed.id, rate)
        use = limit_use(resources.counters, counter, now_us)
        found.append(Limit("requests", "", limit, interval, rate.technique, "", use))
    spend = fields.spend_limits
    for index, rule in enumerate(spend.rules if spend is not None and spend.enabled else ()):
        if rule.enabled:
            found.append(_rule(resources, listed, rule, index, now_us))
    return found


def _rule(resources: Resources, listed: Listed, rule: SpendRule, index: int, now_us: int) -> Limit:
    """One that counts values apart has a counter for each, and none for all."""
    name = rule_id(rule, index)
    apart = [key for key, one in (rule.metadata or {}).items() if one.mode == "partition"]
    remark, use = "", None
    if apart:
        remark = f"counted apart for each {', '.join(apart)}"
    else:
        key = rule_key(spend_prefix(listed.account, listed.id), [name])
        window = Window(rule.window, rule.technique == "sliding")
        counter = LimitCounter(key, to_nano(rule.limit), window)
        use = in_dollars(limit_use(resources.counters, counter, now_us))
    return Limit(f"rule {name}", "$", rule.limit, rule.window, rule.technique, remark, use)


PAGES = pages(gateway_list, make_gateway, gateway, preview, save, remove)
