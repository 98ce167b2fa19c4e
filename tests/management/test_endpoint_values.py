"""Endpoints called as functions, as pages call them: values go in, values come out, and nothing is HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from penstock.management.api import ENDPOINTS
from penstock.management.caller import Caller
from penstock.management.datasets import DatasetBody, create_dataset, list_datasets
from penstock.management.endpoint import endpoints
from penstock.management.gateway_shapes import GatewayCreate
from penstock.management.gateways import GatewaysQuery, create_gateway, delete_gateway, list_gateways
from penstock.management.log_filters.filters import DatasetFilter, LogFilter
from penstock.management.log_filters.parameters import LogListQuery
from penstock.management.logs import list_logs
from penstock.management.paging import Paging
from penstock.management.problem import ManagementError
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.settings import load
from support.clock import FakeClock
from support.gateway import prepare

ADMIN = Caller(None)
NEW = GatewayCreate(
    id="g",
    cache_invalidate_on_update=False,
    cache_ttl=60,
    collect_logs=True,
    rate_limiting_interval=0,
    rate_limiting_limit=0,
)


@pytest.fixture
def resources(tmp_path: Path) -> Resources:
    """Of an installation where nothing was made yet."""
    overrides = {"server.data": str(tmp_path / "data")}
    settings = load(prepare(tmp_path, ""), environ={}, overrides=overrides)
    return Resources(lambda: settings, FakeClock(), {})


def ask(names: Mapping[str, str] | None = None) -> Request:
    """The admin, of the account `acct`."""
    found = {"account_id": "acct", "gateway_id": "g", **(names or {})}
    return Request("acct", found, ADMIN, "http://gateway.test", 1_780_000_000_000_000)


def test_a_gateway_comes_and_goes(resources: Resources) -> None:
    made = create_gateway(resources, ask(), NEW)
    assert (made["id"], made["cache_ttl"]) == ("g", 60)
    page = list_gateways(resources, ask(), GatewaysQuery())
    assert ([one["id"] for one in page.items], page.total) == (["g"], 1)
    assert delete_gateway(resources, ask())["id"] == "g"
    with pytest.raises(ManagementError) as refused:
        delete_gateway(resources, ask())
    assert refused.value.status == 404


def test_a_dataset_is_what_it_says(resources: Resources) -> None:
    create_gateway(resources, ask(), NEW)
    filters = (DatasetFilter("cost", "gt", (0.5,)),)
    made = create_dataset(resources, ask(), DatasetBody("dear", True, filters))
    assert made.filters == [{"key": "cost", "operator": "gt", "value": [0.5]}]


def test_logs_are_asked_for_by_value(resources: Resources) -> None:
    create_gateway(resources, ask(), NEW)
    query = LogListQuery(filters=(LogFilter("provider", "eq", ("openai",)),), per_page=5)
    found = list_logs(resources, ask(), query)
    assert (list(found.items), found.total) == ([], 0)


@pytest.mark.parametrize(("page", "shown"), [(1, [0, 1]), (2, [2]), (3, [])])
def test_pages_of_a_list(page: int, shown: list[int]) -> None:
    assert Paging(page, 2).part([0, 1, 2]) == shown


def test_what_is_no_endpoint_cannot_be_listed() -> None:
    with pytest.raises(AttributeError):
        endpoints(ask)


def test_a_row_says_what_its_function_says() -> None:
    (row,) = endpoints(list_datasets)
    assert row in ENDPOINTS
    assert (row.method, row.scope, row.permission) == ("GET", "gateway", "read")
    assert row.summary == "List the datasets of a gateway"
    assert row.is_list
    assert row.body is None


def test_shapes_that_are_sent_take_no_other_fields() -> None:
    for row in ENDPOINTS:
        for kind in (row.body, row.query):
            if kind is not None and row.name != "penstock-analytics":  # any caller key may be asked for there
                assert kind.__struct_config__.forbid_unknown_fields, kind
