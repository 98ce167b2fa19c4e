"""FindAll endpoints that answer once (Parallel 2.12.1): ingest, runs, entity search.

How a run is carried out stands in `runs/findall.py`; its stream of events in `findall_events.py`.
"""

from concurrent.futures import Executor
from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parallel_local.answers.schema_rules import schema_problems
from parallel_local.clock import Clock
from parallel_local.errors import Problem, Shape, invalid
from parallel_local.findall.candidates import Nominee, nominees
from parallel_local.findall.conditions import Judge
from parallel_local.findall.effort import effort_of
from parallel_local.findall.entity_index import EntityIndex
from parallel_local.findall.objective import enrichment_schema, read_objective
from parallel_local.runs.findall import FindAllRuns
from parallel_local.runs.findall_service import MOST_MATCHES, FindAllService
from parallel_local.runs.processors import PROCESSORS
from parallel_local.runs.specs import metadata_problems, server_problems, server_warnings, without_secrets
from parallel_local.runs.webhooks import FINDALL_EVENTS, webhook_problems
from parallel_local.threads import in_thread
from parallel_local.web.answers import json_answer
from parallel_local.web.body import identifier, read_json
from parallel_local.web.query_rules import LONGEST_OBJECTIVE, length_problems
from parallel_local.web.rehearsal import fails_run
from parallel_local.wire.common import Notice
from parallel_local.wire.findall import (
    CandidatesRequest,
    CandidatesResponse,
    EnrichInput,
    EntityItem,
    EntitySearchRequest,
    EntitySearchResponse,
    ExtendInput,
    FindAllInput,
    FindAllSchema,
    IngestInput,
    JsonSchema,
)

_EFFORT = effort_of("base")  # of a search for entities, which is to be quick
_FEWEST_MATCHES = 5
_MOST_PREVIEW = 10
_LONGEST_CONDITION = 5000
_LONGEST_NAME = 500
_MOST_CONDITIONS = 50  # each is judged for each candidate
_RENAMED = "query is the former name of objective; it is taken as the objective"


class FindAllApi:
    """The FindAll endpoints."""

    def __init__(
        self,
        index: EntityIndex,
        runs: FindAllRuns,
        service: FindAllService,
        clock: Clock,
        threads: Executor,
    ) -> None:
        self._index = index
        self._runs = runs
        self._service = service
        self._clock = clock
        self._threads = threads

    def routes(self) -> list[Route]:
        """What is served here."""
        one = "/v1beta/findall/runs/{findall_id}"
        return [
            Route("/v1beta/findall/ingest", self.ingest, methods=["POST"]),
            Route("/v1beta/findall/entity-search", self.entity_search, methods=["POST"]),
            Route("/v1beta/findall/candidates", self.candidates, methods=["POST"]),
            Route("/v1beta/findall/runs", self.create, methods=["POST"]),
            Route(one, self.get, methods=["GET"]),
            Route(one + "/result", self.result, methods=["GET"]),
            Route(one + "/schema", self.schema, methods=["GET"]),
            Route(one + "/enrich", self.enrich, methods=["POST"]),
            Route(one + "/extend", self.extend, methods=["POST"]),
            Route(one + "/cancel", self.cancel, methods=["POST"]),
        ]

    async def ingest(self, request: Request) -> Response:
        """The objective taken apart; nothing is run."""
        asked = await read_json(request, IngestInput, Shape.VALIDATION)
        objective = asked.objective or asked.query
        if not objective or not objective.strip():
            problem = Problem(("body", "objective"), "Field required", "missing")
            raise invalid([problem], Shape.VALIDATION)
        _limit_length(objective, Shape.VALIDATION)
        renamed = [Notice("warning", _RENAMED)] if asked.objective is None else None
        return json_answer(ingested(objective, renamed))

    async def create(self, request: Request) -> Response:
        """A queued run."""
        asked = await read_json(request, FindAllInput)
        problems = _run_problems(asked)
        if problems:
            raise invalid(problems)
        return json_answer(self._service.create(asked, fails=fails_run(request)))

    async def get(self, request: Request) -> Response:
        """The state of a run."""
        return json_answer(self._runs.get(_findall(request)).run)

    async def result(self, request: Request) -> Response:
        """Run and candidates as they are now; never waits."""
        return json_answer(self._service.result(_findall(request)))

    async def schema(self, request: Request) -> Response:
        """What the run looks for."""
        return json_answer(self._service.schema(_findall(request)))

    async def enrich(self, request: Request) -> Response:
        """Fields to find for every match."""
        findall_id = _findall(request, Shape.STANDARD)
        asked = await read_json(request, EnrichInput)
        loc = ("body", "output_schema", "json_schema")
        problems = schema_problems(asked.output_schema.json_schema, loc)
        problems += server_problems(asked.mcp_servers, ("body", "mcp_servers"))
        if asked.processor not in PROCESSORS:
            problems.append(Problem(("body", "processor"), f"one of {', '.join(sorted(PROCESSORS))}"))
        if problems:
            raise invalid(problems)
        kept = msgspec.structs.replace(asked, mcp_servers=without_secrets(asked.mcp_servers))
        schema = self._service.enrich(findall_id, kept)
        warnings = server_warnings(asked.mcp_servers) or None
        return json_answer(msgspec.structs.replace(schema, warnings=warnings))

    async def extend(self, request: Request) -> Response:
        """More matches."""
        findall_id = _findall(request, Shape.STANDARD)
        asked = await read_json(request, ExtendInput)
        return json_answer(self._service.extend(findall_id, asked.additional_match_limit))

    async def cancel(self, request: Request) -> Response:
        """204 for a run that was active, 409 for one that was not."""
        self._runs.cancel(_findall(request))
        return Response(status_code=204)

    async def entity_search(self, request: Request) -> Response:
        """Entities of a kind, those that meet most of the objective first."""
        asked = await read_json(request, EntitySearchRequest, Shape.VALIDATION)
        _limit_length(asked.objective, Shape.VALIDATION)
        entities = await in_thread(self._threads, lambda: self._entities(asked))
        return json_answer(EntitySearchResponse(f"entity_set_{self._clock.new_hex()}", entities))

    async def candidates(self, request: Request) -> Response:
        """Entity search under its former name, and with its former words."""
        asked = await read_json(request, CandidatesRequest, Shape.VALIDATION)
        _limit_length(asked.objective, Shape.VALIDATION)
        kind: Literal["companies", "people"] = "companies" if asked.entity_type == "company" else "people"
        wanted = EntitySearchRequest(kind, asked.objective, asked.match_limit)
        entities = await in_thread(self._threads, lambda: self._entities(wanted))
        return json_answer(CandidatesResponse(f"candidate_set_{self._clock.new_hex()}", entities))

    def _entities(self, asked: EntitySearchRequest) -> list[EntityItem]:
        kind = asked.entity_type
        entities = self._index.now(kind)
        conditions, judge = (
            read_objective(asked.objective).conditions,
            Judge(entities, kind, _EFFORT.documents),
        )
        ranked: list[tuple[int, Nominee]] = []
        for nominee in nominees(entities, kind):
            met = sum(judge.answer(nominee, item).value == "yes" for item in conditions)
            ranked.append((met, nominee))
        best = sorted((pair for pair in ranked if pair[0]), key=lambda pair: -pair[0])
        return [_item(nominee) for _, nominee in best[: asked.match_limit]]


def ingested(objective: str, warnings: list[Notice] | None) -> FindAllSchema:
    """The schema proposed for an objective."""
    parts = read_objective(objective)
    fields = enrichment_schema(parts.fields)
    return FindAllSchema(
        objective=objective,
        entity_type=parts.entity_type,
        match_conditions=list(parts.conditions),
        enrichments=[EnrichInput(JsonSchema(fields))] if parts.fields else None,
        generator="core",
        match_limit=None,
        warnings=warnings,
    )


def _run_problems(asked: FindAllInput) -> list[Problem]:
    """The limits of Parallel 2.12.1."""
    found = metadata_problems(asked.metadata, ("body", "metadata"))
    found += webhook_problems(asked.webhook, FINDALL_EVENTS, ("body", "webhook"))
    most = _MOST_PREVIEW if asked.generator == "preview" else MOST_MATCHES
    if not _FEWEST_MATCHES <= asked.match_limit <= most:
        found.append(Problem(("body", "match_limit"), f"between {_FEWEST_MATCHES} and {most}"))
    if not asked.match_conditions:
        found.append(Problem(("body", "match_conditions"), "at least one condition is required"))
    if len(asked.match_conditions) > _MOST_CONDITIONS:
        found.append(Problem(("body", "match_conditions"), f"at most {_MOST_CONDITIONS} conditions"))
    for place, one in enumerate(asked.match_conditions[:_MOST_CONDITIONS]):
        if len(one.name) > _LONGEST_NAME or len(one.description) > _LONGEST_CONDITION:
            reason = f"name at most {_LONGEST_NAME} and description at most {_LONGEST_CONDITION} characters"
            found.append(Problem(("body", "match_conditions", place), reason))
    if len(asked.entity_type) > _LONGEST_NAME:
        found.append(Problem(("body", "entity_type"), f"at most {_LONGEST_NAME} characters"))
    if not asked.entity_type.strip():
        found.append(Problem(("body", "entity_type"), "must not be empty"))
    return found + length_problems(asked.objective, LONGEST_OBJECTIVE)


def _limit_length(objective: str, shape: Shape) -> None:
    if problems := length_problems(objective, LONGEST_OBJECTIVE):
        raise invalid(problems, shape)


def _item(nominee: Nominee) -> EntityItem:
    facts = "; ".join(f"{key}: {value}" for key, value in nominee.entity.facts.items())
    description = "; ".join(part for part in (nominee.entity.type, facts) if part)
    return EntityItem(nominee.entity.name, nominee.url, description[:500])


def _findall(request: Request, shape: Shape = Shape.VALIDATION) -> str:
    """The id in the path; what changes a run refuses a bad one in the standard shape (Parallel 2.12.1)."""
    return identifier(request, "findall_id", "findall_", shape)
