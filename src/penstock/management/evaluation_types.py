"""Which evaluators there are: a fixed list (Cloudflare 4.6)."""

from __future__ import annotations

from typing import Literal

from penstock.control.evaluators import TYPES, EvaluationType
from penstock.management.answer import Answer, page_of
from penstock.management.endpoint import Ask, Endpoint, Paging, read_page, read_query
from penstock.management.resources import Desk

_LEAST, _MOST = 5, 50


class EvaluationTypesQuery(Paging, frozen=True):
    """In which order."""

    order_by: Literal[
        "mandatory", "enable", "id", "name", "type", "description", "created_at", "modified_at"
    ] = "mandatory"
    order_by_direction: Literal["asc", "desc"] = "asc"


def list_evaluation_types(_desk: Desk, ask: Ask) -> Answer:
    query = read_query(ask, EvaluationTypesQuery)
    page = read_page(ask, query.page, query.per_page, most=_MOST, least=_LEAST)
    found = sorted(
        TYPES, key=lambda one: str(getattr(one, query.order_by)), reverse=query.order_by_direction == "desc"
    )
    return page_of(found, page)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        method="GET",
        path="/accounts/{account_id}/ai-gateway/evaluation-types",
        handler=list_evaluation_types,
        permission="read",
        scope="some",
        name="aig-config-list-evaluators",
        summary="List the evaluators",
        tag="Evaluations",
        query=EvaluationTypesQuery,
        result=EvaluationType,
        is_list=True,
    ),
)
