"""Chat completions that answer in JSON, from servers that differ in which parameters they take.

A server that refuses a parameter is asked again without it, and remembered. The answer is text: whether it is the
JSON that was asked for, and whether any of it is true, is judged elsewhere.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from parallel_local.clock import Clock
from parallel_local.model_server.transport import ModelError, ModelRefusal, ModelServer

_MOST_DIALECTS = 6
_BYTES_PER_TOKEN = 4
_MOST_TOKENS = 10_000_000  # of one answer; more is a lie


class Said(msgspec.Struct, frozen=True):
    """A message of a conversation."""

    role: Literal["system", "user"]
    content: str


class Completion(msgspec.Struct, frozen=True):
    """What the model wrote, and the tokens of question and answer."""

    text: str
    tokens: int


class Dialect(msgspec.Struct, frozen=True):
    """The parameters that a server takes; the first is the one that constrains its answer most."""

    format: Literal["json_schema", "json_object", "text"] = "json_schema"
    limit: Literal["max_tokens", "max_completion_tokens", "none"] = "max_tokens"
    cold: bool = True


class _Part(msgspec.Struct):
    text: str | None = None


class _Message(msgspec.Struct):
    content: str | list[_Part] | None = None

    @property
    def text(self) -> str:
        """All that was written; some servers answer in parts, and what has no text is none of it."""
        if isinstance(self.content, list):
            return "".join(part.text or "" for part in self.content)
        return self.content or ""


class _Choice(msgspec.Struct):
    message: _Message


class _Usage(msgspec.Struct):
    total_tokens: int | None = None


class _Answer(msgspec.Struct):
    choices: list[_Choice]


class _Counted(msgspec.Struct):
    usage: _Usage | None = None


class ChatCompletions:
    """The chat endpoint of a server, for one model."""

    def __init__(self, server: ModelServer, model: str, clock: Clock) -> None:
        self._server = server
        self._model = model
        self._clock = clock
        self._dialect = Dialect()

    async def complete(
        self, said: Sequence[Said], schema: Mapping[str, object], most_tokens: int, seconds: float
    ) -> Completion:
        """The model's answer to a conversation, within `seconds`. Raises `ModelError`."""
        until = self._clock.now().timestamp() + seconds
        dialect = self._dialect
        for _ in range(_MOST_DIALECTS):
            body = _request(self._model, said, schema, most_tokens, dialect)
            left = until - self._clock.now().timestamp()
            try:
                answer = await self._server.post("/chat/completions", body, left)
            except ModelRefusal as refusal:
                plainer = _plainer(dialect, refusal.said)
                if plainer is None:
                    raise
                dialect = plainer
            else:
                self._dialect = dialect
                return _completion(answer, said)
        raise ModelError("its server refuses every form of the request")


def estimated_tokens(said: Sequence[Said]) -> int:
    """About how many tokens a conversation is, by its length."""
    return sum(_tokens(one.content) for one in said)


def _request(
    model: str, said: Sequence[Said], schema: Mapping[str, object], most_tokens: int, dialect: Dialect
) -> dict[str, object]:
    body: dict[str, object] = {"model": model, "messages": [msgspec.to_builtins(one) for one in said]}
    if dialect.format == "json_schema":
        named = {"name": "answer", "schema": schema}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    elif dialect.format == "json_object":
        body["response_format"] = {"type": "json_object"}
    if dialect.limit != "none":
        body[dialect.limit] = most_tokens
    if dialect.cold:
        body["temperature"] = 0
    return body


def _plainer(dialect: Dialect, said: str) -> Dialect | None:
    """The dialect to try next, by what the server complains about; None when nothing is left to leave out."""
    if "max_completion_tokens" in said and dialect.limit == "max_tokens":
        return msgspec.structs.replace(dialect, limit="max_completion_tokens")
    if dialect.limit != "none" and dialect.limit in said:
        return msgspec.structs.replace(dialect, limit="none")
    if "temperature" in said and dialect.cold:
        return msgspec.structs.replace(dialect, cold=False)
    if dialect.format == "json_schema":
        return msgspec.structs.replace(dialect, format="json_object")
    if dialect.format == "json_object":
        return msgspec.structs.replace(dialect, format="text")
    if dialect.cold:
        return msgspec.structs.replace(dialect, cold=False)
    return None


def _completion(body: bytes, said: Sequence[Said]) -> Completion:
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise ModelError("its server's answer is no chat completion") from None
    text = answer.choices[0].message.text if answer.choices else ""
    if not text.strip():
        raise ModelError("it wrote nothing")
    return Completion(text, _counted(body) or estimated_tokens(said) + _tokens(text))


def _counted(body: bytes) -> int:
    """The tokens that the server counted; 0 when it counted none, or nothing that makes sense."""
    try:
        usage = msgspec.json.decode(body, type=_Counted).usage
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return 0
    total = usage.total_tokens if usage else None
    return total if total is not None and 0 < total <= _MOST_TOKENS else 0


def _tokens(text: str) -> int:
    return len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN + 1
