"""Image search, place search, decisions and accounts (Parallel 2.5–2.7, 2.16): what documents have none of.

Requests are checked as the contract has it, so that a program's mistakes show here as there. The answer is empty,
with a warning that says why; a decision is refused question by question, the account service as a whole.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parallel_local.clock import Clock
from parallel_local.errors import ApiError, Problem, invalid
from parallel_local.runs.specs import location_warning
from parallel_local.web.answers import json_answer
from parallel_local.web.body import read_json
from parallel_local.web.query_rules import (
    LONGEST_OBJECTIVE,
    LONGEST_QUERY,
    clamped,
    length_problems,
    positive,
    query_problems,
)
from parallel_local.wire.common import Notice
from parallel_local.wire.lookups import (
    DecisionAnswer,
    DecisionsRequest,
    DecisionsResponse,
    ImageSearchRequest,
    ImageSettings,
    LookupResponse,
    PlaceSearchRequest,
)

_MOST_QUERIES = 3
_LONGEST_PLACE = 5000
_DECISION_MODEL = "fast"
_NO_IMAGES = (
    "images of documents are not indexed here: there is nothing to find. Search the text with /v1/search"
)
_NO_PLACES = "there is no map behind this engine: places are never found. Search the text with /v1/search"
_NO_ACCOUNTS = (
    "this engine has no accounts: runs cost nothing, and its key is set with --api-key where it is started. "
    "Unset PARALLEL_SERVICE_API_URL to reach the account service of Parallel"
)
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_NO_JUDGMENT = "this engine quotes documents and judges nothing"


class LookupApi:
    """The endpoints whose answer is that there is nothing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def routes(self) -> list[Route]:
        """What is served here."""
        return [
            Route("/v1/images/search", self.images, methods=["POST"]),
            Route("/v1/places/search", self.places, methods=["POST"]),
            Route("/v1/decisions", self.decisions, methods=["POST"]),
            Route("/account/service/v1/{rest:path}", self.account, methods=_METHODS),
        ]

    async def images(self, request: Request) -> Response:
        """No images. Raises 422."""
        asked = await read_json(request, ImageSearchRequest)
        settings = asked.advanced_settings or ImageSettings()
        problems = query_problems(asked.search_queries, _MOST_QUERIES, LONGEST_QUERY)
        problems += length_problems(asked.objective, LONGEST_OBJECTIVE)
        problems += positive((("body", "advanced_settings", "max_results"), settings.max_results))
        if problems:
            raise invalid(problems)
        warnings = [Notice("warning", _NO_IMAGES), *clamped(settings.max_results)[1]]
        if settings.location:
            warnings.append(location_warning(settings.location))
        return self._nothing(asked.session_id, warnings)

    async def places(self, request: Request) -> Response:
        """No places. Raises 422."""
        asked = await read_json(request, PlaceSearchRequest)
        if not asked.query.strip() or len(asked.query) > _LONGEST_PLACE:
            raise invalid([Problem(("body", "query"), f"1 to {_LONGEST_PLACE} characters are required")])
        return self._nothing(asked.session_id, [Notice("warning", _NO_PLACES)])

    async def decisions(self, request: Request) -> Response:
        """A refusal for each question. Raises 422."""
        asked = await read_json(request, DecisionsRequest)
        if asked.model != _DECISION_MODEL:
            problem = Problem(
                ("body", "model"), f"{asked.model[:80]!r} is not available; use {_DECISION_MODEL!r}"
            )
            raise invalid([problem])
        answers = {name: DecisionAnswer(one.type, _NO_JUDGMENT) for name, one in asked.questions.items()}
        return json_answer(DecisionsResponse(answers, [Notice("warning", _NO_JUDGMENT)]))

    async def account(self, request: Request) -> Response:
        """403, whatever is asked for."""
        raise ApiError(403, _NO_ACCOUNTS, detail={"path": request.url.path[:200]})

    def _nothing(self, session: str | None, warnings: list[Notice]) -> Response:
        session = session or f"session_{self._clock.new_hex()}"
        return json_answer(LookupResponse(f"search_{self._clock.new_hex()}", session, warnings))
