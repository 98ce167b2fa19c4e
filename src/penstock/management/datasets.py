"""Datasets: stored filters over a gateway's logs, ten for each gateway (Cloudflare 3.26, 4.6).

What may stand in a filter is in `control/log_filters.py`, what is made of datasets in `evaluations.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from penstock.calls.log_record import rfc3339
from penstock.control.datasets import Name, at_most_ten, kept_filters
from penstock.control.log_filters import WrongFilters
from penstock.management.answer import Answer, page_of, result
from penstock.management.endpoint import Ask, Endpoint, Paging, json_body, problems, read_page, read_query
from penstock.management.log_filters.filters import DatasetFilter
from penstock.management.paths import need_gateway
from penstock.management.problem import ManagementError, not_found
from penstock.management.resources import Desk
from penstock.settings.check import findings
from penstock.stores.control_store import Add, ControlStore, Dataset, Remove, Replace

_TAG: Final = "Datasets"
_PATH: Final = "/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/datasets"


class DatasetBody(msgspec.Struct, frozen=True):
    """What a dataset is made of."""

    name: Name
    enable: bool
    filters: tuple[DatasetFilter, ...]


class DatasetAnswer(msgspec.Struct, frozen=True):
    """A dataset on the wire."""

    id: str
    name: str
    enable: bool
    filters: list[object]
    gateway_id: str
    account_id: str
    account_tag: str
    created_at: str
    modified_at: str


class DatasetsQuery(Paging, frozen=True):
    """Which datasets: `name` is the whole name, `search` a part of id, name or filters in any case."""

    name: str | None = None
    enable: bool | None = None
    search: str = ""


class _Head(msgspec.Struct, frozen=True):
    """A dataset's body without the filters, which have a check of their own."""

    name: Name
    enable: bool


def create_dataset(desk: Desk, ask: Ask) -> Answer:
    head, filters = _read(ask)
    need = need_gateway(desk, ask)
    dataset = Dataset(
        id=desk.clock.new_id(ask.now_us),
        account=ask.account,
        gateway=ask.gateway,
        name=head.name,
        enable=head.enable,
        filters=filters,
        created_us=ask.now_us,
        modified_us=ask.now_us,
    )
    desk.control_store(ask.caller).apply([*need, Add(dataset), at_most_ten(ask.account, ask.gateway)])
    return result(dataset_answer(dataset))


def list_datasets(desk: Desk, ask: Ask) -> Answer:
    query = read_query(ask, DatasetsQuery)
    page = read_page(ask, query.page, query.per_page)
    need_gateway(desk, ask)
    found = [one for one in own_datasets(desk.control_store(ask.caller), ask) if _fits(one, query)]
    return page_of([dataset_answer(one) for one in found], page)


def get_dataset(desk: Desk, ask: Ask) -> Answer:
    return result(dataset_answer(_dataset(desk, ask)))


def update_dataset(desk: Desk, ask: Ask) -> Answer:
    head, filters = _read(ask)
    old = _dataset(desk, ask)
    new = msgspec.structs.replace(
        old, name=head.name, enable=head.enable, filters=filters, modified_us=ask.now_us
    )
    desk.control_store(ask.caller).apply([Replace(old, new)])
    return result(dataset_answer(new))


def delete_dataset(desk: Desk, ask: Ask) -> Answer:
    dataset = _dataset(desk, ask)
    desk.control_store(ask.caller).apply([Remove(dataset)])
    return result(dataset_answer(dataset))


def own_datasets(store: ControlStore, ask: Ask) -> list[Dataset]:
    """The datasets of the path's gateway."""
    place = ask.account, ask.gateway
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


def _dataset(desk: Desk, ask: Ask) -> Dataset:
    need_gateway(desk, ask)
    for one in own_datasets(desk.control_store(ask.caller), ask):
        if one.id == ask.names["id"]:
            return one
    raise not_found("dataset")


def _fits(dataset: Dataset, query: DatasetsQuery) -> bool:
    if query.name is not None and dataset.name != query.name:
        return False
    if query.enable is not None and dataset.enable is not query.enable:
        return False
    texts = (dataset.id, dataset.name, msgspec.json.encode(dataset.filters).decode())
    return any(query.search.casefold() in text.casefold() for text in texts)


def _read(ask: Ask) -> tuple[_Head, list[object]]:
    """Name, switch and filters of a body. Raises `ManagementError` 400 with everything that is wrong."""
    value = json_body(ask)
    fields = dict(value) if isinstance(value, Mapping) else value
    filters = fields.pop("filters", None) if isinstance(fields, dict) else []
    wrong = problems(findings(fields, _Head, ("body",)))
    kept: list[object] = []
    try:
        kept = checked_filters(filters, "body", "filters")
    except ManagementError as error:
        wrong += error.problems
    if wrong:
        raise ManagementError(400, wrong)
    return msgspec.convert(fields, _Head), kept


def checked_filters(filters: object, *path: str) -> list[object]:
    """The filters as they are kept. Raises `ManagementError` 400 with everything that is wrong."""
    try:
        return kept_filters(filters)
    except WrongFilters as wrong:
        raise ManagementError(400, problems(wrong.findings, *path)) from None


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        method="POST",
        path=_PATH,
        handler=create_dataset,
        permission="edit",
        name="aig-config-create-dataset",
        summary="Make a dataset",
        tag=_TAG,
        body=DatasetBody,
        result=DatasetAnswer,
    ),
    Endpoint(
        method="GET",
        path=_PATH,
        handler=list_datasets,
        permission="read",
        name="aig-config-list-dataset",
        summary="List the datasets of a gateway",
        tag=_TAG,
        query=DatasetsQuery,
        result=DatasetAnswer,
        is_list=True,
    ),
    Endpoint(
        method="GET",
        path=f"{_PATH}/{{id}}",
        handler=get_dataset,
        permission="read",
        name="aig-config-fetch-dataset",
        summary="One dataset",
        tag=_TAG,
        result=DatasetAnswer,
    ),
    Endpoint(
        method="PUT",
        path=f"{_PATH}/{{id}}",
        handler=update_dataset,
        permission="edit",
        name="aig-config-update-dataset",
        summary="Replace a dataset",
        tag=_TAG,
        body=DatasetBody,
        result=DatasetAnswer,
    ),
    Endpoint(
        method="DELETE",
        path=f"{_PATH}/{{id}}",
        handler=delete_dataset,
        permission="edit",
        name="aig-config-delete-dataset",
        summary="Delete a dataset; its logs stay",
        tag=_TAG,
        result=DatasetAnswer,
    ),
)
