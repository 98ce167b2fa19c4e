"""Cohere's v2 chat and embeddings, as Cohere takes and answers them (dialects, A6, A7)."""

from __future__ import annotations

from collections.abc import Iterator

from support.providers.checking import Wording, body_of, data_picture, text_of, words
from support.providers.mind import (
    CACHED_TOKENS,
    FRESH_TOKENS,
    KEY,
    RETRY_AFTER,
    Asked,
    Failure,
    Json,
    Kind,
    Picture,
    Said,
    joined,
    said,
)
from support.providers.responses import WIDTH, vector
from support.providers.serving import Answer, Received
from support.providers.sse import data, streamed, whole

ID = "cohere-fake"

_WORD = Wording(
    "unknown field: parameter '{path}' is not a valid field", "invalid request: {path} must be specified"
)
_MEMBERS = words("""tools strict_tools tool_choice documents citation_options response_format safety_mode max_tokens
    stop_sequences temperature seed frequency_penalty presence_penalty k p logprobs thinking priority stream""")
_PICTURES = ("image/png", "image/jpeg", "image/webp", "image/gif")
_STATUS: dict[Kind, int] = {
    "bad": 400,
    "key": 401,
    "model": 404,
    "rate": 429,
    "inner": 500,
    "overloaded": 503,
}
_FINISH = {"end": "COMPLETE", "stop": "STOP_SEQUENCE", "length": "MAX_TOKENS", "calls": "TOOL_CALL"}
_PLAN = "I will ask the tool."


def answer(request: Received) -> Answer:
    """What Cohere says."""
    try:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            raise Failure("key", "invalid api token")
        if request.path == "/v2/embed":
            return whole(_embeddings(request.json))
        if request.path != "/v2/chat" or request.method != "POST":
            raise Failure("model", f"unknown path {request.path}")
        body = request.json
        writer = _Writer(said(_asked(body)))
    except Failure as failure:
        headers = {"retry-after": str(RETRY_AFTER)} if failure.kind == "rate" else {}
        return whole({"id": ID, "message": failure.message}, _STATUS[failure.kind], headers)
    if not body.get("stream"):
        return whole(writer.response())
    broken = data(writer.end("ERROR", "The server broke."), "message-end")
    return streamed(list(writer.events()), writer.said, broken)


# -- reading


def _asked(value: object) -> Asked:
    body = _WORD.only(value, "", _MEMBERS, ("model", "messages"))
    tools = []
    for entry, path in _WORD.items(body.get("tools", []), "tools", filled=False):
        outer = _WORD.only(entry, path, (), ("type", "function"))
        inner = _WORD.only(outer["function"], f"{path}.function", ("description",), ("name", "parameters"))
        tools.append(inner["name"])
    if body.get("tool_choice") not in (None, "REQUIRED", "NONE"):
        raise Failure("bad", f"invalid tool_choice: {body['tool_choice']}")
    if body.get("safety_mode") and (tools or body.get("documents")):
        raise Failure("bad", "safety_mode is not supported with tools or documents")
    for name, least, most in (("frequency_penalty", 0, 1), ("presence_penalty", 0, 1), ("p", 0.01, 0.99)):
        if not least <= body.get(name, least) <= most:
            raise Failure("bad", f"{name} must be between {least} and {most}")
    if len(body.get("stop_sequences", ())) > 5:
        raise Failure("bad", "too many stop_sequences")
    system, text, pictures, results = _messages(body["messages"])
    thinking = _WORD.only(body.get("thinking") or {}, "thinking", ("token_budget", "type"))
    return Asked(
        text=text,
        system=system,
        pictures=pictures,
        tools=tuple(tools),
        results=results,
        forced="*" if body.get("tool_choice") == "REQUIRED" else "",
        schema=_schema(body),
        thinks=thinking.get("type") == "enabled",
        most=body.get("max_tokens"),
        stops=tuple(body.get("stop_sequences", ())),
    )


def _schema(body: Json) -> Json | None:
    wanted = _WORD.only(
        body.get("response_format") or {"type": "text"}, "response_format", ("json_schema",), ("type",)
    )
    if wanted["type"] == "text":
        return None
    if wanted["type"] != "json_object":
        raise Failure("bad", f"invalid response_format.type: {wanted['type']}")
    schema: Json = wanted.get("json_schema", {"type": "object", "properties": {"name": {"type": "string"}}})
    if "json_schema" in wanted and not schema.get("required"):
        raise Failure("bad", "invalid json_schema: the root must have at least one required field")
    return schema


def _messages(value: object) -> tuple[str, str, tuple[Picture, ...], tuple[str, ...]]:
    systems, results, open_calls = list[str](), list[str](), set[str]()
    text, pictures = "", tuple[Picture, ...]()
    for entry, path in _WORD.items(value, "messages"):
        role = entry.get("role") if isinstance(entry, dict) else None
        if open_calls and role != "tool":
            raise Failure("bad", f"all tool calls must be answered at {path}")
        if role in ("system", "user"):
            message = _WORD.only(entry, path, (), ("role", "content"))
            words, seen = _content(message["content"], path)
            if role == "system":
                systems.append(words)
            else:
                text, pictures, results = words, seen, []
        elif role == "assistant":
            message = _WORD.only(entry, path, ("content", "tool_calls", "tool_plan", "citations"), ("role",))
            if not message.get("content") and not message.get("tool_calls"):
                raise Failure("bad", f"{path}: content or tool_calls must be specified")
            open_calls, results = _calls(message.get("tool_calls") or [], path), []
        elif role == "tool":
            message = _WORD.only(entry, path, (), ("role", "tool_call_id", "content"))
            if message["tool_call_id"] not in open_calls:
                raise Failure("bad", f"{path}: tool_call_id {message['tool_call_id']} not found")
            open_calls.remove(message["tool_call_id"])
            results.append(_content(message["content"], path)[0])
        else:
            raise Failure("bad", f"invalid role at {path}: {role}")
    if open_calls:
        raise Failure("bad", "all tool calls must be answered")
    return joined(systems), text, pictures, tuple(results)


def _calls(value: object, path: str) -> set[str]:
    ids = set()
    for entry, at in _WORD.items(value, f"{path}.tool_calls", filled=False):
        call = _WORD.only(entry, at, (), ("id", "type", "function"))
        inner = _WORD.only(call["function"], f"{at}.function", (), ("name", "arguments"))
        body_of(text_of(inner["arguments"], at).encode())
        ids.add(call["id"])
    return ids


def _content(value: object, path: str) -> tuple[str, tuple[Picture, ...]]:
    if isinstance(value, str):
        return text_of(value, path), ()
    texts, pictures = [], []
    for entry, at in _WORD.items(value, f"{path}.content"):
        part = _WORD.only(entry, at, ("text", "image_url", "thinking", "document"), ("type",))
        if part["type"] == "image_url":
            image = _WORD.only(part["image_url"], at, ("detail",), ("url",))
            pictures.append(data_picture(image["url"], at, _PICTURES))
        elif part["type"] == "document":
            texts.append(str(_WORD.only(part["document"], at, ("id",), ("data",))["data"]))
        else:
            texts.append(text_of(part.get(part["type"]), at))
    return joined(texts), tuple(pictures)


# -- writing


class _Writer:
    """One answer."""

    def __init__(self, said: Said) -> None:
        self.said = said

    def response(self) -> Json:
        """Whole."""
        message: Json = {"role": "assistant", "content": [content for content, _ in self._contents()]}
        if self.said.calls:
            message["tool_plan"] = _PLAN
            message["tool_calls"] = [
                self._call(number, call.text) for number, call in enumerate(self.said.calls)
            ]
        return {
            "id": ID,
            "finish_reason": _FINISH[self.said.ending],
            "message": message,
            "usage": self._usage(),
        }

    def _contents(self) -> Iterator[tuple[Json, list[str]]]:
        if self.said.thought:
            yield {"type": "thinking", "thinking": self.said.thought}, [self.said.thought]
        if self.said.text:
            yield {"type": "text", "text": self.said.text}, self.said.pieces

    def _call(self, number: int, arguments: str) -> Json:
        function = {"name": self.said.calls[number].name, "arguments": arguments}
        return {"id": f"get_weather_fake{number}", "type": "function", "function": function}

    def events(self) -> Iterator[bytes]:
        """In pieces."""
        frame = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        yield self._event("message-start", {"message": frame}, id=ID)
        for index, (content, pieces) in enumerate(self._contents()):
            kind = content["type"]
            start = {"message": {"content": {"type": kind, kind: ""}}}
            yield self._event("content-start", start, index=index)
            for piece in pieces:
                yield self._event("content-delta", {"message": {"content": {kind: piece}}}, index=index)
            yield self._event("content-end", None, index=index)
        for piece in (_PLAN[:6], _PLAN[6:]) if self.said.calls else ():
            yield self._event("tool-plan-delta", {"message": {"tool_plan": piece}})
        for index, call in enumerate(self.said.calls):
            started = {"message": {"tool_calls": self._call(index, "")}}
            yield self._event("tool-call-start", started, index=index)
            for piece in call.pieces:
                delta = {"message": {"tool_calls": {"function": {"arguments": piece}}}}
                yield self._event("tool-call-delta", delta, index=index)
            yield self._event("tool-call-end", None, index=index)
        yield data(self.end(_FINISH[self.said.ending]), "message-end")

    def end(self, reason: str, error: str = "") -> Json:
        """The last event."""
        delta: Json = {"finish_reason": reason, "usage": self._usage()}
        return {"type": "message-end", "delta": {**delta, **({"error": error} if error else {})}}

    def _event(self, name: str, delta: Json | None, **members: object) -> bytes:
        return data({"type": name, **members, **({} if delta is None else {"delta": delta})}, name)

    def _usage(self) -> Json:
        return {
            "billed_units": {"input_tokens": 1, "output_tokens": 1},
            "tokens": {"input_tokens": FRESH_TOKENS + CACHED_TOKENS, "output_tokens": self.said.tokens},
            "cached_tokens": CACHED_TOKENS,
        }


def _embeddings(value: object) -> Json:
    body = _WORD.only(
        value,
        "",
        ("output_dimension", "truncate", "max_tokens"),
        ("model", "texts", "input_type", "embedding_types"),
    )
    texts = [text_of(text, path) for text, path in _WORD.items(body["texts"], "texts")]
    vectors = [vector(text, body.get("output_dimension") or WIDTH) for text in texts]
    meta = {"api_version": {"version": "2"}, "billed_units": {"input_tokens": FRESH_TOKENS}}
    return {"id": ID, "embeddings": {"float": vectors}, "texts": texts, "meta": meta}
