"""What belongs to a gateway, in a plan: dynamic routes and datasets, and how what is removed is called.

A route is compared by the version that serves; another one is added and deployed, and the older ones stay.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from penstock.config_as_code.document import DatasetTable, RouteTable
from penstock.config_as_code.draft import Draft
from penstock.config_as_code.plan import Step, differences
from penstock.control.datasets import MAX_DATASETS, at_most_ten, kept_filters
from penstock.control.dynamic_routes import serving
from penstock.control.log_filters import WrongFilters
from penstock.dynamic_routing.check import check_elements
from penstock.dynamic_routing.dialect import modern
from penstock.providers.custom import CUSTOM_PREFIX
from penstock.settings.toml_position import KeyPath
from penstock.stores.audit_entry import Json
from penstock.stores.control_store import (
    Add,
    CustomProvider,
    Dataset,
    DynamicRoute,
    Noun,
    ProviderKey,
    Remove,
    Replace,
    RouteDeployment,
    RouteVersion,
    StoredGateway,
    Token,
)
from penstock.stores.model_alias import ModelAlias

_COMMENT = "penstock apply"
_KINDS: Mapping[type, str] = {
    StoredGateway: "gateway",
    DynamicRoute: "route",
    Dataset: "dataset",
    ProviderKey: "provider_key",
    ModelAlias: "model_alias",
    CustomProvider: "custom_provider",
}


def removed(noun: Noun) -> Step:
    """The step that takes something away."""
    kind = _KINDS.get(type(noun), "evaluation")
    return Step("delete", kind, name_of(noun))


def name_of(noun: Noun) -> str:
    """How people know it: by account, gateway and name."""
    match noun:
        case StoredGateway():
            return f"{noun.account}/{noun.gateway}"
        case ModelAlias():
            return f"{noun.account}/{noun.name}"
        case CustomProvider():
            return f"{noun.account}/{CUSTOM_PREFIX}{noun.slug}"
        case ProviderKey():
            return f"{noun.account}/{noun.gateway}/{noun.provider} ({noun.alias})"
        case Token():
            return noun.name
    return f"{noun.account}/{noun.gateway}/{noun.name}"


# -- routes


def plan_routes(draft: Draft, account: str, gateway: str, wanted: Mapping[str, RouteTable]) -> None:
    """Routes of one gateway. One that was never deployed is left alone."""
    there = {
        route.name: route
        for route in draft.now.snapshot.routes
        if (route.account, route.gateway) == (account, gateway)
    }
    for name, table in sorted(wanted.items()):
        path = account, "gateways", gateway, "routes", name
        elements = _elements(draft, table, (*path, "elements"))
        if elements is None:
            continue
        for finding in check_elements(elements):
            draft.wrong((*path, "elements", *finding.path), f"route {name!r}: {finding.reason}")
        _plan_route(draft, account, gateway, name, elements, there.get(name))
    for name, route in there.items():
        if name not in wanted and serving(route) is not None:
            draft.does(removed(route), Remove(route))


def _elements(draft: Draft, table: RouteTable, path: KeyPath) -> list[Json] | None:
    """In the words of today."""
    given = draft.json_list(table.elements, path)
    return None if given is None else draft.json_list(modern(given), path)


def _plan_route(
    draft: Draft, account: str, gateway: str, name: str, elements: list[Json], old: DynamicRoute | None
) -> None:
    before = None if old is None else serving(old)
    if before is not None and before.elements == elements:
        return
    now = draft.now
    version = RouteVersion(id=now.new_id(), elements=elements, comment=_COMMENT, created_us=now.now_us)
    deployment = RouteDeployment(
        id=now.new_id(), version_id=version.id, comment=_COMMENT, created_us=now.now_us
    )
    label, after = f"{account}/{gateway}/{name}", {"elements": elements}
    if old is None:
        new = DynamicRoute(
            id=now.new_id(),
            account=account,
            gateway=gateway,
            name=name,
            versions=(version,),
            deployments=(deployment,),
            created_us=now.now_us,
            modified_us=now.now_us,
        )
        draft.does(Step("create", "route", label, differences({}, dict(after))), Add(new))
        return
    new = msgspec.structs.replace(
        old,
        versions=(*old.versions, version),
        deployments=(*old.deployments, deployment),
        modified_us=now.now_us,
    )
    shown = {} if before is None else {"elements": before.elements}
    draft.does(Step("update", "route", label, differences(dict(shown), dict(after))), Replace(old, new))


# -- datasets


def plan_datasets(draft: Draft, account: str, gateway: str, wanted: Mapping[str, DatasetTable]) -> None:
    """Datasets of one gateway."""
    if len(wanted) > MAX_DATASETS:
        draft.wrong(
            (account, "gateways", gateway, "datasets"),
            f"{account}/{gateway} has {len(wanted)} datasets, and may have {MAX_DATASETS}",
        )
    there = {
        dataset.name: dataset
        for dataset in draft.now.control_store.all(Dataset)
        if (dataset.account, dataset.gateway) == (account, gateway)
    }
    for name, table in sorted(wanted.items()):
        path = account, "gateways", gateway, "datasets", name
        filters = _checked_filters(draft, table, (*path, "filters"))
        _plan_dataset(draft, account, gateway, name, table.enable, filters, there.get(name))
    for name, dataset in there.items():
        if name not in wanted:
            draft.does(removed(dataset), Remove(dataset))


def _checked_filters(draft: Draft, table: DatasetTable, path: KeyPath) -> list[Json]:
    filters = draft.json_list(table.filters, path)
    try:
        return [] if filters is None else kept_filters(filters)
    except WrongFilters as wrong:
        for finding in wrong.findings:
            draft.wrong((*path, *finding.path), f"dataset {path[-2]!r}: {finding.reason}")
        return []


def _plan_dataset(
    draft: Draft,
    account: str,
    gateway: str,
    name: str,
    enable: bool,
    filters: list[Json],
    old: Dataset | None,
) -> None:
    now = draft.now
    after: dict[str, Json] = {"enable": enable, "filters": filters}
    label = f"{account}/{gateway}/{name}"
    if old is None:
        new = Dataset(
            id=now.new_id(),
            account=account,
            gateway=gateway,
            name=name,
            enable=enable,
            filters=filters,
            created_us=now.now_us,
            modified_us=now.now_us,
        )
        step = Step("create", "dataset", label, differences({}, after))
        draft.does(step, Add(new), at_most_ten(account, gateway))
        return
    changed = differences({"enable": old.enable, "filters": old.filters}, after)
    if changed:
        new = msgspec.structs.replace(old, enable=enable, filters=filters, modified_us=now.now_us)
        draft.does(Step("update", "dataset", label, changed), Replace(old, new))
