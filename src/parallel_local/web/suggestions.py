"""Task suggestions (Parallel 2.9.9): a task spec for an intent, and processors for a task spec."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parallel_local.errors import Problem, invalid
from parallel_local.runs.processors import PROCESSORS
from parallel_local.runs.suggestions import processors_for, suggested
from parallel_local.web.answers import json_answer
from parallel_local.web.body import read_json
from parallel_local.wire.suggestions import ProcessorRequest, ProcessorSuggestion, SuggestRequest


class SuggestionApi:
    """The helper endpoints of tasks."""

    def routes(self) -> list[Route]:
        """What is served here."""
        return [
            Route("/v1beta/tasks/suggest", self.suggest, methods=["POST"]),
            Route("/v1beta/tasks/suggest-processor", self.processor, methods=["POST"]),
        ]

    async def suggest(self, request: Request) -> Response:
        """A task spec. Raises 422 for an intent that says nothing."""
        asked = await read_json(request, SuggestRequest)
        if not asked.user_intent.strip():
            raise invalid([Problem(("body", "user_intent"), "must not be empty")])
        return json_answer(suggested(asked.user_intent, asked.previous_task))

    async def processor(self, request: Request) -> Response:
        """Processors, best first. Raises 422 for names that are none."""
        asked = await read_json(request, ProcessorRequest)
        choice = asked.choose_processors_from
        unknown = [place for place, name in enumerate(choice or []) if name not in PROCESSORS]
        if unknown:
            reason = f"one of {', '.join(sorted(PROCESSORS))}"
            raise invalid(
                [Problem(("body", "choose_processors_from", place), reason) for place in unknown[:100]]
            )
        names = list(PROCESSORS)
        return json_answer(ProcessorSuggestion(processors_for(asked.task_spec, choice or names, names)))
