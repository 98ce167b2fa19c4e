"""OpenAI's Responses and Embeddings, as OpenAI takes and answers them (dialects, A2, A7).

Only what is asked without state: no `previous_response_id`. Errors are those of Chat.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator

from support.providers import chat
from support.providers.checking import Wording, body_of, check_closed, data_picture, text_of, words
from support.providers.mind import (
    CACHED_TOKENS,
    FRESH_TOKENS,
    KEY,
    THINKING_TOKENS,
    Asked,
    Call,
    Failure,
    Json,
    Picture,
    Said,
    joined,
    said,
)
from support.providers.serving import Answer, Received
from support.providers.sse import data, streamed, whole

ID = "resp_fake"
WIDTH = 3  # of vectors, unless a caller wants another

_WORD = Wording("Unknown parameter: '{path}'.", "Missing required parameter: '{path}'.")
_MEMBERS = words(
    """
    input instructions max_output_tokens max_tool_calls temperature top_p top_logprobs text tools
    tool_choice parallel_tool_calls reasoning include store previous_response_id conversation background
    truncation context_management prompt stream stream_options metadata user safety_identifier
    prompt_cache_key prompt_cache_retention prompt_cache_options service_tier
    """
)
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def answer(request: Received, vendor: chat.Vendor = chat.OPENAI) -> Answer:
    """What OpenAI says, or who has the same calls."""
    headers = {"x-request-id": chat.REQUEST_ID}
    if request.path.endswith("/chat/completions"):
        return chat.answer(request, vendor)
    try:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            raise Failure("key", "Incorrect API key provided.")
        if request.path.endswith("/embeddings"):
            return whole(_embeddings(request.json), headers=headers)
        if not request.path.endswith("/responses"):
            raise Failure("model", f"Unknown request URL: {request.method} {request.path}.")
        body = request.json
        writer = _Writer(body, said(_asked(body)))
    except Failure as failure:
        return chat.failed(failure, chat.OPENAI, headers)
    if not body.get("stream"):
        return whole(writer.response(), headers=headers)
    error = {"type": "error", "sequence_number": 99, "code": "server_error", "message": "The server broke."}
    return streamed(list(writer.events()), writer.said, data({**error, "param": None}, "error"), headers)


# -- reading


def _asked(value: object) -> Asked:
    body = _WORD.only(value, "", _MEMBERS, ("model", "input"))
    for name in ("previous_response_id", "conversation"):
        if body.get(name) is not None:
            raise Failure("model", f"{name} was not found.", name)
    if (most := body.get("max_output_tokens")) is not None and most < 16:
        raise Failure("bad", "Invalid 'max_output_tokens': should be at least 16.", "max_output_tokens")
    tools = tuple(_tool(tool, path) for tool, path in _entries(body.get("tools"), "tools"))
    system, text, pictures, results = _input(body["input"])
    choice = body.get("tool_choice")
    forced = "*" if choice == "required" else str(choice["name"]) if isinstance(choice, dict) else ""
    return Asked(
        text=text,
        system=joined([part for part in (body.get("instructions"), system) if part]),
        pictures=pictures,
        tools=tools,
        results=results,
        forced=forced,
        schema=_schema(body),
        thinks=bool((body.get("reasoning") or {}).get("effort") not in (None, "none")),
        most=most,
    )


def _entries(value: object, path: str) -> list[tuple[object, str]]:
    return [] if value is None else _WORD.items(value, path, filled=False)


def _tool(value: object, path: str) -> str:
    tool = _WORD.only(value, path, ("description", "strict", "parameters"), ("type", "name"))
    if tool["type"] != "function":
        raise Failure("bad", f"Invalid value: '{tool['type']}'.", f"{path}.type")
    if tool.get("strict"):
        check_closed(tool["parameters"], f"for function '{tool['name']}'")
    return str(tool["name"])


def _schema(body: Json) -> Json | None:
    text = _WORD.only(body.get("text") or {}, "text", ("format", "verbosity"))
    found = _WORD.only(
        text.get("format") or {"type": "text"},
        "text.format",
        ("name", "schema", "strict", "description"),
        ("type",),
    )
    if found["type"] != "json_schema":
        return None
    if not found.get("name"):
        raise Failure("bad", "Missing required parameter: 'text.format.name'.", "text.format.name")
    if found.get("strict"):
        check_closed(found["schema"], "for text.format")
    schema: Json = found["schema"]
    return schema


def _input(value: object) -> tuple[str, str, tuple[Picture, ...], tuple[str, ...]]:
    if isinstance(value, str):
        return "", value, (), ()
    systems, results, open_calls = list[str](), list[str](), set[str]()
    text, pictures = "", tuple[Picture, ...]()
    for item, path in _WORD.items(value, "input"):
        kind = item.get("type", "message") if isinstance(item, dict) else ""
        if kind == "message":
            message = _WORD.only(item, path, ("type", "id", "status", "phase"), ("role", "content"))
            words, seen = _content(message["content"], message["role"], f"{path}.content")
            if message["role"] == "user":
                text, pictures, results = words, seen, []
            elif message["role"] in ("system", "developer"):
                systems.append(words)
        elif kind == "function_call":
            call = _WORD.only(item, path, ("id", "status"), ("type", "call_id", "name", "arguments"))
            body_of(call["arguments"].encode())
            open_calls.add(call["call_id"])
        elif kind == "function_call_output":
            output = _WORD.only(item, path, ("id", "status"), ("type", "call_id", "output"))
            if output["call_id"] not in open_calls:
                raise Failure(
                    "bad", f"No tool call found for function call output {output['call_id']}.", path
                )
            open_calls.remove(output["call_id"])
            results.append(_content(output["output"], "user", path)[0])
        elif kind == "reasoning":
            _WORD.only(item, path, ("content", "encrypted_content", "status"), ("type", "id", "summary"))
        else:
            raise Failure("bad", f"Invalid value: '{kind}'.", f"{path}.type")
    if open_calls:
        raise Failure("bad", f"No tool output found for function call {sorted(open_calls)[0]}.", "input")
    return joined(systems), text, pictures, tuple(results)


def _content(value: object, role: str, path: str) -> tuple[str, tuple[Picture, ...]]:
    if isinstance(value, str):
        return value, ()
    texts, pictures = [], []
    for entry, at in _WORD.items(value, path):
        part = _WORD.only(
            entry,
            at,
            ("text", "annotations", "logprobs", "refusal", "image_url", "detail", "file_id"),
            ("type",),
        )
        if part["type"] == ("output_text" if role == "assistant" else "input_text"):
            texts.append(text_of(part.get("text"), at, filled=False))
        elif part["type"] == "input_image" and role != "assistant":
            pictures.append(data_picture(part["image_url"], at, _PICTURES))
        else:
            raise Failure("bad", f"Invalid value: '{part['type']}' for the role {role}.", f"{at}.type")
    return joined(texts), tuple(pictures)


# -- writing


class _Writer:
    """One answer."""

    def __init__(self, body: Json, said: Said) -> None:
        self._body = body
        self.said = said
        self._number = -1

    def response(self) -> Json:
        """Whole."""
        length = self.said.ending == "length"
        return {
            **self._frame("incomplete" if length else "completed"),
            "incomplete_details": {"reason": "max_output_tokens"} if length else None,
            "output": [item for item, _ in self._items()],
            "usage": self._usage(),
        }

    def _frame(self, status: str) -> Json:
        body = self._body
        return {
            "id": ID,
            "object": "response",
            "created_at": chat.CREATED,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "instructions": body.get("instructions"),
            "max_output_tokens": body.get("max_output_tokens"),
            "model": body["model"],
            "output": [],
            "parallel_tool_calls": body.get("parallel_tool_calls", True),
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None},
            "store": body.get("store", True),
            "temperature": 1.0,
            "text": body.get("text") or {"format": {"type": "text"}},
            "tool_choice": body.get("tool_choice", "auto"),
            "tools": body.get("tools", []),
            "top_p": 1.0,
            "truncation": "disabled",
            "usage": None,
            "metadata": body.get("metadata") or {},
        }

    def _items(self) -> Iterator[tuple[Json, Call | None]]:
        if self.said.thought:
            summary = [{"type": "summary_text", "text": self.said.thought}]
            yield {"id": "rs_fake", "type": "reasoning", "summary": summary}, None
        if self.said.text:
            part = {"type": "output_text", "text": self.said.text, "annotations": [], "logprobs": []}
            frame = {"id": "msg_fake", "type": "message", "role": "assistant", "status": "completed"}
            yield {**frame, "content": [part]}, None
        for number, call in enumerate(self.said.calls):
            item = {"id": f"fc_fake{number}", "type": "function_call", "status": "completed"}
            yield {**item, "call_id": f"call_fake_{number}", "name": call.name, "arguments": call.text}, call

    def events(self) -> Iterator[bytes]:
        """In pieces."""
        for name in ("response.created", "response.in_progress"):
            yield self._event(name, response=self._frame("in_progress"))
        for number, (item, call) in enumerate(self._items()):
            if call is not None:
                yield from self._called(number, item, call)
            elif item["type"] == "message":
                yield from self._message(number, item)
            else:
                yield from self._reasoning(number, item)
            yield self._event("response.output_item.done", output_index=number, item=item)
        final = self.response()
        yield self._event(f"response.{final['status']}", response=final)

    def _message(self, number: int, item: Json) -> Iterator[bytes]:
        begun = {**item, "status": "in_progress", "content": []}
        yield self._event("response.output_item.added", output_index=number, item=begun)
        where = {"item_id": item["id"], "output_index": number, "content_index": 0}
        (part,) = item["content"]
        yield self._event("response.content_part.added", **where, part={**part, "text": ""})
        for piece in self.said.pieces:
            yield self._event("response.output_text.delta", **where, delta=piece, logprobs=[])
        yield self._event("response.output_text.done", **where, text=part["text"], logprobs=[])
        yield self._event("response.content_part.done", **where, part=part)

    def _called(self, number: int, item: Json, call: Call) -> Iterator[bytes]:
        begun = {**item, "status": "in_progress", "arguments": ""}
        yield self._event("response.output_item.added", output_index=number, item=begun)
        where = {"item_id": item["id"], "output_index": number}
        for piece in call.pieces:
            yield self._event("response.function_call_arguments.delta", **where, delta=piece)
        done = {"arguments": call.text, "name": call.name}
        yield self._event("response.function_call_arguments.done", **where, **done)

    def _reasoning(self, number: int, item: Json) -> Iterator[bytes]:
        yield self._event("response.output_item.added", output_index=number, item={**item, "summary": []})
        where = {"item_id": item["id"], "output_index": number, "summary_index": 0}
        (part,) = item["summary"]
        yield self._event("response.reasoning_summary_part.added", **where, part={**part, "text": ""})
        yield self._event("response.reasoning_summary_text.delta", **where, delta=part["text"])
        yield self._event("response.reasoning_summary_text.done", **where, text=part["text"])
        yield self._event("response.reasoning_summary_part.done", **where, part=part)

    def _event(self, kind: str, **members: object) -> bytes:
        self._number += 1
        return data({"type": kind, "sequence_number": self._number, **members}, kind)

    def _usage(self) -> Json:
        prompt, made = FRESH_TOKENS + CACHED_TOKENS, self.said.tokens
        return {
            "input_tokens": prompt,
            "input_tokens_details": {"cached_tokens": CACHED_TOKENS, "cache_write_tokens": 0},
            "output_tokens": made,
            "output_tokens_details": {"reasoning_tokens": THINKING_TOKENS if self.said.thought else 0},
            "total_tokens": prompt + made,
        }


# -- embeddings


def vector(text: str, width: int) -> list[float]:
    """That of a text: always the same, and exact in 32 bits."""
    return [float(len(text) + place) for place in range(width)]


def _embeddings(value: object) -> Json:
    body = _WORD.only(value, "", ("dimensions", "encoding_format", "user"), ("model", "input"))
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise Failure("bad", "'input' must be a text or a list of texts that are not empty.", "input")
    entries = []
    for number, text in enumerate(texts):
        numbers = vector(text, body.get("dimensions") or WIDTH)
        packed = base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
        shown = packed if body.get("encoding_format") == "base64" else numbers
        entries.append({"object": "embedding", "index": number, "embedding": shown})
    usage = {"prompt_tokens": FRESH_TOKENS, "total_tokens": FRESH_TOKENS}
    return {"object": "list", "data": entries, "model": body["model"], "usage": usage}
