"""`POST /v1/responses` (Parallel 2.10): an answer with citations, whole or as a stream of its ten events.

Refusals that the contract names are 400 in OpenAI's shape, everything else that breaks the schema is 422 with the
list of problems. How an answer is found stands in `answers/research.py`.
"""

import logging
from collections.abc import AsyncIterator, Iterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parallel_local.answers.chat import Question
from parallel_local.answers.research import cited, research
from parallel_local.answers.schema_rules import schema_problems
from parallel_local.clock import Clock
from parallel_local.errors import ApiError, Problem, Shape, invalid
from parallel_local.model.replies import Replies
from parallel_local.runs.interactions import Interactions
from parallel_local.runs.processors import PROCESSORS
from parallel_local.web.answers import event_stream, json_answer, struct_frame
from parallel_local.web.body import read_json
from parallel_local.wire.responses import (
    AnnotationAdded,
    Completed,
    Created,
    Failed,
    InProgress,
    InputMessage,
    ItemAdded,
    ItemDone,
    OutputMessage,
    OutputText,
    PartAdded,
    PartDone,
    ResponseError,
    ResponseObject,
    ResponseRequest,
    ResponseUsage,
    StreamEvent,
    TextDelta,
    TextDone,
    TextFormat,
)

_MODEL = "parallel"
_EFFORTS = {"low": "base", "medium": "core", "high": "pro"}
_TEXT_PARTS = frozenset({"input_text", "output_text", "text"})
_LONGEST_INPUT = 20_000
_LONGEST_KEY = 64
_LONGEST_VALUE = 512
_LONGEST_EARLIER = 4000
_CHARS_PER_TOKEN = 4
log = logging.getLogger("parallel_local.web.responses")


class Asked(msgspec.Struct, frozen=True):
    """A checked request: the conversation in plain text, and the schema of the answer if it has one."""

    request: ResponseRequest
    said: list[tuple[str, str]]  # role and text
    schema: dict[str, object] | None
    earlier: str

    @property
    def question(self) -> str:
        """The last message of the user."""
        return next(text for role, text in reversed(self.said) if role == "user")


class ResponsesApi:
    """The responses endpoint."""

    def __init__(self, replies: Replies, interactions: Interactions, clock: Clock) -> None:
        self._replies = replies
        self._interactions = interactions
        self._clock = clock

    def routes(self) -> list[Route]:
        """What is served here."""
        return [Route("/v1/responses", self.respond, methods=["POST"])]

    async def respond(self, request: Request) -> Response:
        """An answer, whole or as a stream of events."""
        asked = self._asked(await read_json(request, ResponseRequest, Shape.VALIDATION))
        begun = self._begun(asked.request)
        if asked.request.stream:
            return event_stream(self._frames(asked, begun))
        return json_answer(await self._answered(asked, begun))

    def _asked(self, request: ResponseRequest) -> Asked:
        """The request, checked. Raises 400 or 422."""
        said = _conversation(request)
        schema = _schema(request.text.format if request.text else None)
        _limits(request, said)
        earlier = self._interactions.context(request.previous_response_id)
        if request.previous_response_id is not None and not earlier:
            reason = f"previous response {request.previous_response_id[:80]!r} not found"
            raise _refused(reason, "previous_response_id", "previous_response_not_found")
        return Asked(request, said, schema, earlier)

    def _begun(self, request: ResponseRequest) -> ResponseObject:
        return ResponseObject(
            id=f"resp_{self._clock.new_hex()}",
            created_at=int(self._clock.now().timestamp()),
            status="in_progress",
            instructions=request.instructions,
            metadata=request.metadata,
            previous_response_id=request.previous_response_id,
        )

    async def _answered(self, asked: Asked, begun: ResponseObject) -> ResponseObject:
        """The answer; from now on it can be named as `previous_response_id`."""
        effort = (asked.request.reasoning.effort if asked.request.reasoning else None) or "medium"
        users = [text[:_LONGEST_EARLIER] for role, text in asked.said if role == "user"]
        context = " ".join(filter(None, [asked.earlier, *users[-3:-1]]))
        question = Question(asked.question, context, asked.schema, PROCESSORS[_EFFORTS[effort]])
        said = await self._replies.to(question, _EFFORTS[effort], research)
        found = cited(said, is_json=asked.schema is not None)
        self._interactions.remember(begun.id, f"{users[-1]} {context}"[:_LONGEST_EARLIER])
        text = OutputText(found.text, found.citations)
        item = OutputMessage(f"msg_{self._clock.new_hex()}", "completed", [text])
        return msgspec.structs.replace(
            begun,
            status="completed",
            completed_at=int(self._clock.now().timestamp()),
            output=[item],
            usage=_usage(asked.said, found.text),
        )

    async def _frames(self, asked: Asked, begun: ResponseObject) -> AsyncIterator[bytes]:
        """The first two events at once, the others when there is an answer."""
        yield struct_frame(Created(begun, 0))
        yield struct_frame(InProgress(begun, 1))
        try:
            whole = await self._answered(asked, begun)
        except Exception:  # the stream has begun: only an event can still tell of it
            log.exception("response %s failed", begun.id)
            error = ResponseError("the answer could not be made; see the log of the engine")
            yield struct_frame(Failed(msgspec.structs.replace(begun, status="failed", error=error), 2))
            return
        for number, event in enumerate(_events(whole), start=2):
            yield struct_frame(msgspec.structs.replace(event, sequence_number=number))


def _events(whole: ResponseObject) -> Iterator[StreamEvent]:
    """What a finished answer is told in, after its beginning; the text is one delta (Parallel 2.10)."""
    item = whole.output[0]
    part = item.content[0]
    bare = msgspec.structs.replace(part, text="", annotations=[])
    yield ItemAdded(OutputMessage(item.id, "in_progress", []))
    yield PartAdded(item.id, bare)
    yield TextDelta(item.id, part.text)
    for place, citation in enumerate(part.annotations):
        yield AnnotationAdded(item.id, citation, place)
    yield TextDone(item.id, part.text)
    yield PartDone(item.id, part)
    yield ItemDone(item)
    yield Completed(whole)


def _conversation(request: ResponseRequest) -> list[tuple[str, str]]:
    """The messages as text. Raises 400 for what the contract refuses by name."""
    if request.model.casefold() != _MODEL:
        raise _refused(f"model {request.model[:80]!r} is not available; use {_MODEL!r}", "model")
    if request.background:
        raise _refused("background responses are not supported; leave background out", "background")
    given = request.input
    messages = [InputMessage("user", given)] if isinstance(given, str) else given
    said = [(message.role, _plain(message)) for message in messages]
    if not any(text.strip() for _, text in said):
        raise _refused("input must not be empty", "input")
    if not any(role == "user" and text.strip() for role, text in said):
        raise _refused("input needs at least one message of the user", "input")
    return [(role, text) for role, text in said if text.strip()]


def _plain(message: InputMessage) -> str:
    """The text of a message. Raises 400 for parts that are no text."""
    if isinstance(message.content, str):
        return message.content
    for part in message.content:
        if part.type not in _TEXT_PARTS and not (part.type is None and part.text is not None):
            raise _refused(
                f"content parts of type {(part.type or '')[:80]!r} are not supported: text only", "input"
            )
    return "\n".join(part.text or "" for part in message.content)


def _schema(wanted: TextFormat | None) -> dict[str, object] | None:
    """The schema to answer in. Raises 422 for a bad one."""
    if wanted is None or wanted.type != "json_schema":
        return None
    loc = ("body", "text", "format")
    missing = [name for name, value in (("name", wanted.name), ("schema", wanted.schema)) if value is None]
    problems = [Problem((*loc, name), "this field is required", "missing") for name in missing]
    if wanted.schema is not None:
        problems += schema_problems(wanted.schema, (*loc, "schema"))
    if problems:
        raise invalid(problems, Shape.VALIDATION)
    return wanted.schema


def _limits(request: ResponseRequest, said: list[tuple[str, str]]) -> None:
    """422 for what is longer than the contract allows."""
    problems: list[Problem] = []
    if sum(len(text) for _, text in said) + len(request.instructions or "") > _LONGEST_INPUT:
        reason = f"input and instructions together at most {_LONGEST_INPUT} characters"
        problems.append(Problem(("body", "input"), reason))
    for key, value in (request.metadata or {}).items():
        if len(key) > _LONGEST_KEY or len(value) > _LONGEST_VALUE:
            reason = f"key at most {_LONGEST_KEY} and value at most {_LONGEST_VALUE} characters"
            problems.append(Problem(("body", "metadata", key[:_LONGEST_KEY]), reason))
    if problems:
        raise invalid(problems, Shape.VALIDATION)


def _refused(message: str, param: str, code: str | None = None) -> ApiError:
    """400 in OpenAI's shape (Parallel 1.7 C)."""
    return ApiError(400, message, shape=Shape.OPENAI, detail={"param": param, "code": code})


def _usage(said: list[tuple[str, str]], answer: str) -> ResponseUsage:
    read = sum(len(text) for _, text in said) // _CHARS_PER_TOKEN + 1
    written = len(answer) // _CHARS_PER_TOKEN + 1
    return ResponseUsage(read, written, read + written)
