"""Chat completion endpoints (Parallel 2.11): `/v1beta/chat/completions` and the aliases without a version."""

import re
from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parallel_local.answers.chat import Question, Reply
from parallel_local.answers.schema_rules import schema_problems
from parallel_local.clock import Clock
from parallel_local.errors import Problem, Shape, invalid
from parallel_local.model.replies import Replies
from parallel_local.runs.interactions import Interactions
from parallel_local.runs.processors import PROCESSORS
from parallel_local.web.answers import event_stream, json_answer
from parallel_local.web.body import read_json
from parallel_local.wire.chat import (
    ChatChoice,
    ChatChunk,
    ChatCompletion,
    ChatRequest,
    ChunkChoice,
    Delta,
    Message,
    Usage,
)

_RESEARCH_MODELS = frozenset({"lite", "base", "core"})
_MODELS = _RESEARCH_MODELS | {"speed"}
_CHARS_PER_TOKEN = 4
_LONGEST_QUESTION = 25_000
_LONGEST_EARLIER = 4000


class ChatApi:
    """The chat endpoints."""

    def __init__(self, replies: Replies, interactions: Interactions, clock: Clock) -> None:
        self._replies = replies
        self._interactions = interactions
        self._clock = clock

    def routes(self) -> list[Route]:
        """What is served here."""
        paths = ("/v1beta/chat/completions", "/v1/chat/completions", "/chat/completions")
        return [Route(path, self.complete, methods=["POST"]) for path in paths]

    async def complete(self, request: Request) -> Response:
        """A completion, whole or as a stream of chunks."""
        asked = await read_json(request, ChatRequest, Shape.VALIDATION)
        model = asked.model.removeprefix("parallel/")
        schema = _schema(asked, model)
        question = self._question(asked, model, schema)
        said = await self._replies.to(question, model)
        completion = self._completion(asked, model, said)
        if asked.stream:
            return event_stream(_chunks(completion))
        return json_answer(completion)

    def _question(self, asked: ChatRequest, model: str, schema: dict[str, object] | None) -> Question:
        users = [message.content for message in asked.messages if message.role == "user"]
        if users and len(users[-1]) > _LONGEST_QUESTION:
            problem = Problem(("body", "messages"), f"at most {_LONGEST_QUESTION} characters in the last one")
            raise invalid([problem], Shape.VALIDATION)
        said = [text[:_LONGEST_EARLIER] for text in users[:-1][-2:]]
        earlier = [self._interactions.context(asked.previous_interaction_id), *said]
        depth = PROCESSORS["lite" if model == "speed" else model]
        return Question(users[-1] if users else "", " ".join(filter(None, earlier)), schema, depth)

    def _completion(self, asked: ChatRequest, model: str, said: Reply) -> ChatCompletion:
        research = model in _RESEARCH_MODELS
        interaction = f"trun_{self._clock.new_hex()}" if research else None
        if interaction:
            self._interactions.remember(interaction, asked.messages[-1].content[:_LONGEST_EARLIER])
        prompt = sum(len(message.content) for message in asked.messages) // _CHARS_PER_TOKEN + 1
        answer = len(said.text) // _CHARS_PER_TOKEN + 1
        return ChatCompletion(
            id=f"chatcmpl-{self._clock.new_hex()}",
            created=int(self._clock.now().timestamp()),
            model=model,
            choices=[ChatChoice(Message(said.text))],
            usage=Usage(prompt, answer, prompt + answer),
            basis=said.basis if research else [],
            interaction_id=interaction,
        )


def _schema(asked: ChatRequest, model: str) -> dict[str, object] | None:
    """The schema to answer in; research models only. Raises 422 for a bad model or schema."""
    if model not in _MODELS:
        raise invalid([Problem(("body", "model"), f"one of {', '.join(sorted(_MODELS))}")], Shape.VALIDATION)
    wanted = asked.response_format
    if wanted is None or wanted.type != "json_schema":
        return None
    loc = ("body", "response_format", "json_schema")
    if wanted.json_schema is None:
        raise invalid([Problem(loc, "an object is required", "missing")], Shape.VALIDATION)
    if model not in _RESEARCH_MODELS:
        return None
    problems = schema_problems(wanted.json_schema.schema, (*loc, "schema"))
    if problems:
        raise invalid(problems, Shape.VALIDATION)
    return wanted.json_schema.schema


async def _chunks(whole: ChatCompletion) -> AsyncIterator[bytes]:
    """The completion as chunks of whole words, then the closing chunk and the OpenAI terminator."""
    blank = ChatChunk(
        whole.id, whole.created, whole.model, [], "chat.completion.chunk", "chat.completion.chunk"
    )
    text = whole.choices[0].message.content
    deltas = [Delta(role="assistant", content="")]
    deltas += [Delta(content=piece) for piece in re.findall(r"(?:\S+\s*|\s+){1,8}", text)]
    for delta in deltas:
        yield _data(msgspec.structs.replace(blank, choices=[ChunkChoice(delta)]))
    last = msgspec.structs.replace(
        blank,
        choices=[ChunkChoice(Delta(), "stop")],
        usage=whole.usage,
        basis=whole.basis,
        interaction_id=whole.interaction_id,
    )
    yield _data(last)
    yield b"data: [DONE]\n\n"


def _data(chunk: ChatChunk) -> bytes:
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"
