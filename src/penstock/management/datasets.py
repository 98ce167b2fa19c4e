"""Datasets: stored filters over a gateway's logs, ten for each gateway (Cloudflare 3.26, 4.6).

What may stand in a filter is in `control/log_filters.py`, what is made of datasets in `evaluations.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from penstock.control.datasets import Name, at_most_ten, kept_filters
from penstock.control.log_filters import WrongFilters
from penstock.management.endpoint import delete, endpoints, get, post, put
from penstock.management.log_filters.filters import DatasetFilter
from penstock.management.paging import Listing, Paging, page_of
from penstock.management.paths import need_gateway
from penstock.management.problem import ManagementError, not_found
from penstock.management.reading import problems, wrong
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.stores.control_store import Add, ControlStore, Dataset, Remove, Replace
from penstock.time_text import rfc3339

_TAG: Final = "Datasets"
_PATH: Final = "/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/datasets"


class DatasetBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a dataset is made of."""

    name: Name
    """What people call it; in a gateway each has another."""
    enable: bool
    """May evaluations use it?"""
    filters: tuple[DatasetFilter, ...]
    """Which logs are in it: those that all filters hold for."""

    @classmethod
    def read(cls, given: object) -> DatasetBody:
        """Filters are worded as those of logs. Raises `ManagementError` 400 with everything that is wrong."""
        fields = dict(given) if isinstance(given, Mapping) else given
        filters = fields.pop("filters", None) if isinstance(fields, dict) else []
        found = wrong(fields, _Head, "body")
        kept: list[object] = []
        try:
            kept = checked_filters(filters, "body", "filters")
        except ManagementError as error:
            found += error.problems
        if found:
            raise ManagementError(400, found)
        head = msgspec.convert(fields, _Head)
        return cls(head.name, head.enable, msgspec.convert(kept, tuple[DatasetFilter, ...]))

    def stored_filters(self) -> list[object]:
        """The filters as they are kept."""
        return [{"key": one.key, "operator": one.operator, "value": list(one.value)} for one in self.filters]


class DatasetAnswer(msgspec.Struct, frozen=True):
    """A dataset on the wire."""

    id: str
    """What the API knows it by."""
    name: str
    """What people call it."""
    enable: bool
    """May evaluations use it?"""
    filters: list[object]
    """Which logs are in it, as `key`, `operator` and `value`."""
    gateway_id: str
    """The gateway whose logs they are."""
    account_id: str
    """The account it belongs to."""
    account_tag: str
    """The account once more, as Cloudflare has it."""
    created_at: str
    """When it was made: RFC 3339, UTC."""
    modified_at: str
    """When it was last changed: RFC 3339, UTC."""


class DatasetsQuery(Paging, frozen=True):
    """Which datasets: `name` is the whole name, `search` a part of id, name or filters in any case."""

    name: str | None = None
    """The whole name."""
    enable: bool | None = None
    """Only those that evaluations may use, or not."""
    search: str = ""
    """A part of id, name or filters, in any case."""


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A dataset's body without the filters, which have a check of their own."""

    name: Name
    enable: bool


@post(_PATH, "aig-config-create-dataset", permission="edit", tag=_TAG)
def create_dataset(resources: Resources, request: Request, body: DatasetBody) -> DatasetAnswer:
    """Make a dataset."""
    need = need_gateway(resources, request)
    dataset = Dataset(
        id=resources.clock.new_id(request.now_us),
        account=request.account,
        gateway=request.gateway,
        name=body.name,
        enable=body.enable,
        filters=body.stored_filters(),
        created_us=request.now_us,
        modified_us=request.now_us,
    )
    store = resources.control_store(request.caller)
    store.apply([*need, Add(dataset), at_most_ten(request.account, request.gateway)])
    return dataset_answer(dataset)


@get(_PATH, "aig-config-list-dataset", permission="read", tag=_TAG)
def list_datasets(resources: Resources, request: Request, query: DatasetsQuery) -> Listing[DatasetAnswer]:
    """List the datasets of a gateway."""
    need_gateway(resources, request)
    found = [
        one for one in own_datasets(resources.control_store(request.caller), request) if _fits(one, query)
    ]
    return page_of([dataset_answer(one) for one in found], query)


@get(f"{_PATH}/{{id}}", "aig-config-fetch-dataset", permission="read", tag=_TAG)
def get_dataset(resources: Resources, request: Request) -> DatasetAnswer:
    """One dataset."""
    return dataset_answer(_dataset(resources, request))


@put(f"{_PATH}/{{id}}", "aig-config-update-dataset", permission="edit", tag=_TAG)
def update_dataset(resources: Resources, request: Request, body: DatasetBody) -> DatasetAnswer:
    """Replace a dataset."""
    old = _dataset(resources, request)
    new = msgspec.structs.replace(
        old,
        name=body.name,
        enable=body.enable,
        filters=body.stored_filters(),
        modified_us=request.now_us,
    )
    resources.control_store(request.caller).apply([Replace(old, new)])
    return dataset_answer(new)


@delete(f"{_PATH}/{{id}}", "aig-config-delete-dataset", permission="edit", tag=_TAG)
def delete_dataset(resources: Resources, request: Request) -> DatasetAnswer:
    """Delete a dataset; its logs stay."""
    dataset = _dataset(resources, request)
    resources.control_store(request.caller).apply([Remove(dataset)])
    return dataset_answer(dataset)


def own_datasets(store: ControlStore, request: Request) -> list[Dataset]:
    """The datasets of the path's gateway."""
    place = request.account, request.gateway
    return [one for one in store.all(Dataset) if (one.account, one.gateway) == place]


def dataset_answer(dataset: Dataset) -> DatasetAnswer:
    """As it goes out."""
    return DatasetAnswer(
        dataset.id,
        dataset.name,
        dataset.enable,
        dataset.filters,
        dataset.gateway,
        dataset.account,
        dataset.account,
        rfc3339(dataset.created_us),
        rfc3339(dataset.modified_us),
    )


def _dataset(resources: Resources, request: Request) -> Dataset:
    need_gateway(resources, request)
    for one in own_datasets(resources.control_store(request.caller), request):
        if one.id == request.names["id"]:
            return one
    raise not_found("dataset")


def _fits(dataset: Dataset, query: DatasetsQuery) -> bool:
    if query.name is not None and dataset.name != query.name:
        return False
    if query.enable is not None and dataset.enable is not query.enable:
        return False
    texts = (dataset.id, dataset.name, msgspec.json.encode(dataset.filters).decode())
    return any(query.search.casefold() in text.casefold() for text in texts)


def checked_filters(filters: object, *path: str) -> list[object]:
    """The filters as they are kept. Raises `ManagementError` 400 with everything that is wrong."""
    try:
        return kept_filters(filters)
    except WrongFilters as refused:
        raise ManagementError(400, problems(refused.findings, *path)) from None


ENDPOINTS = endpoints(create_dataset, list_datasets, get_dataset, update_dataset, delete_dataset)
