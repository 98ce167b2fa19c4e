"""Evaluations: evaluators over the logs of datasets, run once, when the evaluation is made (Cloudflare 3.26, 4.6).

How an evaluator judges is in `control/evaluators.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from penstock.control.datasets import Name
from penstock.control.evaluators import TYPES, EvaluationType, Seen, judged
from penstock.control.log_filters import DATASET_RULES
from penstock.management.datasets import DatasetAnswer, dataset_answer, own_datasets
from penstock.management.endpoint import delete, endpoints, get, post
from penstock.management.log_filters.filters import conditions
from penstock.management.open_ledger import reading
from penstock.management.paging import Listing, Paging, page_of
from penstock.management.paths import need_gateway
from penstock.management.problem import INVALID, ManagementError, Problem, not_found
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.stores.control_store import Add, Dataset, Evaluation, EvaluationResult, Remove
from penstock.stores.ledger import Query
from penstock.time_text import rfc3339

_TAG: Final = "Evaluations"
_PATH: Final = "/accounts/{account_id}/ai-gateway/gateways/{gateway_id}/evaluations"


MAX_LOGS: Final = 10_000
"""So many logs are looked at for one evaluation, shared by its datasets."""


Ids = Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=10)]


class EvaluationBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to evaluate, and by which evaluators."""

    name: Name
    """What people call it; in a gateway each has another."""
    dataset_ids: Ids
    """The datasets whose logs are looked at."""
    evaluation_type_ids: Ids
    """The evaluators that look at them."""


class ResultAnswer(msgspec.Struct, frozen=True):
    """What one evaluator said. `status` 1: `result` is a number; 0: there was nothing to make one of."""

    id: str
    """What the API knows it by."""
    evaluation_id: str
    """The evaluation it is part of."""
    evaluation_type_id: str
    """The evaluator that says it."""
    result: str
    """A number as text; empty where there was nothing to make one of."""
    status: int
    """1: there is a number; 0: there is none."""
    status_description: str
    """What the number was made of, or why there is none."""
    total_logs: int
    """How many logs were looked at."""
    created_at: str
    """When it was made: RFC 3339, UTC."""
    modified_at: str
    """When it was last changed: RFC 3339, UTC."""


class EvaluationAnswer(msgspec.Struct, frozen=True):
    """An evaluation on the wire, with those of its datasets that are still there."""

    id: str
    """What the API knows it by."""
    name: str
    """What people call it."""
    gateway_id: str
    """The gateway whose logs they are."""
    processed: bool
    """Always true: it is run when it is made."""
    total_logs: int
    """How many logs were looked at."""
    datasets: list[DatasetAnswer]
    """Its datasets, as far as they are still there."""
    results: list[ResultAnswer]
    """What each evaluator said."""
    created_at: str
    """When it was made: RFC 3339, UTC."""
    modified_at: str
    """When it was last changed: RFC 3339, UTC."""


class EvaluationsQuery(Paging, frozen=True):
    """Which evaluations: `name` is the whole name, `search` a part of id or name in any case."""

    name: str | None = None
    """The whole name."""
    processed: bool | None = None
    """Only those that were run, or not."""
    search: str = ""
    """A part of id or name, in any case."""


class _Logs(NamedTuple):
    """The logs of some datasets, each once; `all`: none was left out."""

    seen: Collection[Seen]
    all: bool


@post(_PATH, "aig-config-create-evaluations", permission="edit", tag=_TAG)
def create_evaluation(resources: Resources, request: Request, body: EvaluationBody) -> EvaluationAnswer:
    """Evaluate the logs of datasets."""
    need = need_gateway(resources, request)
    store = resources.control_store(request.caller)
    datasets = own_datasets(store, request)
    wrong = [*_unknown_datasets(body, datasets), *_unknown_types(body)]
    if wrong:
        raise ManagementError(400, wrong)
    logs = _logs(resources, [one for one in datasets if one.id in body.dataset_ids])
    types = [one for one in TYPES if one.id in body.evaluation_type_ids]
    evaluation = Evaluation(
        id=resources.clock.new_id(request.now_us),
        account=request.account,
        gateway=request.gateway,
        name=body.name,
        dataset_ids=tuple(dict.fromkeys(body.dataset_ids)),
        evaluation_type_ids=tuple(one.id for one in types),
        processed=True,
        total_logs=len(logs.seen),
        results=tuple(_judged(resources, request, one, logs) for one in types),
        created_us=request.now_us,
        modified_us=request.now_us,
    )
    store.apply([*need, Add(evaluation)])
    return _answer(evaluation, datasets)


@get(_PATH, "aig-config-list-evaluations", permission="read", tag=_TAG)
def list_evaluations(
    resources: Resources, request: Request, query: EvaluationsQuery
) -> Listing[EvaluationAnswer]:
    """List the evaluations of a gateway."""
    need_gateway(resources, request)
    datasets = own_datasets(resources.control_store(request.caller), request)
    found = [one for one in _own(resources, request) if _fits(one, query)]
    return page_of([_answer(one, datasets) for one in found], query)


@get(f"{_PATH}/{{id}}", "aig-config-fetch-evaluations", permission="read", tag=_TAG)
def get_evaluation(resources: Resources, request: Request) -> EvaluationAnswer:
    """One evaluation."""
    evaluation = _evaluation(resources, request)
    return _answer(evaluation, own_datasets(resources.control_store(request.caller), request))


@delete(f"{_PATH}/{{id}}", "aig-config-delete-evaluations", permission="edit", tag=_TAG)
def delete_evaluation(resources: Resources, request: Request) -> EvaluationAnswer:
    """Delete an evaluation."""
    evaluation = _evaluation(resources, request)
    store = resources.control_store(request.caller)
    store.apply([Remove(evaluation)])
    return _answer(evaluation, own_datasets(store, request))


def _unknown_datasets(body: EvaluationBody, datasets: Sequence[Dataset]) -> Iterator[Problem]:
    by_id = {one.id: one for one in datasets}
    for number, wanted in enumerate(body.dataset_ids):
        path = ("body", "dataset_ids", str(number))
        if wanted not in by_id:
            yield Problem(INVALID, "this gateway has no such dataset", path)
        elif not by_id[wanted].enable:
            yield Problem(INVALID, "this dataset is not enabled", path)


def _unknown_types(body: EvaluationBody) -> Iterator[Problem]:
    for number, wanted in enumerate(body.evaluation_type_ids):
        if all(wanted != one.id for one in TYPES):
            path = ("body", "evaluation_type_ids", str(number))
            yield Problem(INVALID, "there is no such evaluation type", path)


def _logs(resources: Resources, datasets: Sequence[Dataset]) -> _Logs:
    """The newest logs of each dataset, up to a share of `MAX_LOGS`."""
    share = MAX_LOGS // len(datasets)
    found: dict[str, Seen] = {}
    is_all = True
    with reading(resources) as ledger:
        for dataset in datasets if ledger is not None else ():
            held = conditions(dataset.filters, DATASET_RULES)
            where = Query(dataset.account, (dataset.gateway,), tuple((one,) for one in held))
            rows = ledger.calls(where, share + 1) if ledger is not None else []
            is_all &= len(rows) <= share
            found.update((row.id, Seen(row.cost_nano, row.duration_us, row.feedback)) for row in rows[:share])
    return _Logs(found.values(), is_all)


def _judged(
    resources: Resources, request: Request, evaluation_type: EvaluationType, logs: _Logs
) -> EvaluationResult:
    verdict = judged(evaluation_type, logs.seen)
    rest = "" if logs.all else "; there are older logs, which were not looked at"
    return EvaluationResult(
        id=resources.clock.new_id(request.now_us),
        evaluation_type_id=evaluation_type.id,
        result=verdict.result,
        status=verdict.status,
        status_description=verdict.description + rest,
        total_logs=len(logs.seen),
        created_us=request.now_us,
    )


def _own(resources: Resources, request: Request) -> list[Evaluation]:
    place = request.account, request.gateway
    found = resources.control_store(request.caller).all(Evaluation)
    return [one for one in found if (one.account, one.gateway) == place]


def _evaluation(resources: Resources, request: Request) -> Evaluation:
    need_gateway(resources, request)
    for one in _own(resources, request):
        if one.id == request.names["id"]:
            return one
    raise not_found("evaluation")


def _fits(evaluation: Evaluation, query: EvaluationsQuery) -> bool:
    if query.name is not None and evaluation.name != query.name:
        return False
    if query.processed is not None and evaluation.processed is not query.processed:
        return False
    return any(query.search.casefold() in text.casefold() for text in (evaluation.id, evaluation.name))


def _answer(evaluation: Evaluation, datasets: Sequence[Dataset]) -> EvaluationAnswer:
    return EvaluationAnswer(
        id=evaluation.id,
        name=evaluation.name,
        gateway_id=evaluation.gateway,
        processed=evaluation.processed,
        total_logs=evaluation.total_logs,
        datasets=[dataset_answer(one) for one in datasets if one.id in evaluation.dataset_ids],
        results=[_result(evaluation, one) for one in evaluation.results],
        created_at=rfc3339(evaluation.created_us),
        modified_at=rfc3339(evaluation.modified_us),
    )


def _result(evaluation: Evaluation, said: EvaluationResult) -> ResultAnswer:
    return ResultAnswer(
        said.id,
        evaluation.id,
        said.evaluation_type_id,
        said.result,
        said.status,
        said.status_description,
        said.total_logs,
        rfc3339(said.created_us),
        rfc3339(said.created_us),
    )


class EvaluationTypesQuery(Paging, frozen=True):
    """In which order."""

    per_page: Annotated[int, msgspec.Meta(ge=5, le=50)] = 20
    """How many on a page."""
    order_by: Literal[
        "mandatory", "enable", "id", "name", "type", "description", "created_at", "modified_at"
    ] = "mandatory"
    """What they are ordered by."""
    order_by_direction: Literal["asc", "desc"] = "asc"
    """In which direction."""


@get(
    "/accounts/{account_id}/ai-gateway/evaluation-types",
    "aig-config-list-evaluators",
    permission="read",
    scope="some",
    tag="Evaluations",
)
def list_evaluation_types(
    _resources: Resources, request: Request, query: EvaluationTypesQuery
) -> Listing[EvaluationType]:
    """List the evaluators."""
    found = sorted(
        TYPES, key=lambda one: str(getattr(one, query.order_by)), reverse=query.order_by_direction == "desc"
    )
    return page_of(found, query)


ENDPOINTS = endpoints(
    create_evaluation, list_evaluations, get_evaluation, delete_evaluation, list_evaluation_types
)
