"""How strict readers of Chat Completions read a request: members, order of roles, parts, tools (dialects, A1, A8)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from support.providers.checking import Wording, body_of, check_closed, data_picture, text_of
from support.providers.mind import Asked, Failure, Json, Picture, joined

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SHORT_ID = re.compile(r"[A-Za-z0-9]{9}")
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_REASONS = re.compile(r"(?:o\d|gpt-5)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Takes:
    """What a vendor takes."""

    members: frozenset[str]
    roles: tuple[str, ...] = ("system", "user", "assistant", "tool")
    unknown: str = "Unrecognized request argument supplied: {path}"
    any_word: str = "required"
    pictures: bool = True
    schemas: bool = True
    names: bool = False  # of participants
    refusals: bool = False  # in the history
    message_extras: tuple[str, ...] = ()  # of the assistant's messages
    short_ids: bool = False  # of calls
    follows: bool = False  # behind tools' messages comes no user's


class RequestReader:
    """For one request."""

    def __init__(self, takes: Takes) -> None:
        self._takes = takes
        self._word = Wording(takes.unknown, "Missing required parameter: '{path}'.")

    def read(self, value: object) -> Asked:
        """What is asked. Raises `Failure`."""
        body = self._word.only(value, "", self._takes.members, ("model", "messages"))
        self._check_top(body)
        tools, schema = self._tools(body), self._schema(body)
        system, text, pictures, results = self._messages(body)
        most = body.get("max_completion_tokens") or body.get("max_tokens")
        stops = body.get("stop") or ()
        return Asked(
            text=text,
            system=system,
            pictures=pictures,
            tools=tools,
            results=results,
            forced=self._forced(body, tools),
            schema=schema,
            thinks=bool(body.get("reasoning_effort") not in (None, "none")),
            most=most,
            stops=(stops,) if isinstance(stops, str) else tuple(stops),
        )

    def _check_top(self, body: Json) -> None:
        if body.get("stream_options") is not None and not body.get("stream"):
            raise Failure(
                "bad",
                "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                "stream_options",
            )
        for name in ("tool_choice", "parallel_tool_calls"):
            if body.get(name) is not None and not body.get("tools"):
                raise Failure("bad", f"'{name}' is only allowed when 'tools' are specified.", name)
        if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
            raise Failure(
                "bad", "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
            )
        if body.get("top_logprobs") is not None and not body.get("logprobs"):
            raise Failure("bad", "'top_logprobs' needs 'logprobs'.", "top_logprobs")
        if _REASONS.match(str(body["model"])):
            for name in (
                "max_tokens",
                "stop",
                "logprobs",
                "presence_penalty",
                "frequency_penalty",
                "logit_bias",
            ):
                if body.get(name) is not None:
                    raise Failure(
                        "bad", f"Unsupported parameter: '{name}' is not supported with this model.", name
                    )
            if body.get("temperature", 1) != 1:
                raise Failure("bad", "Unsupported value: 'temperature' does not support it with this model.")

    # -- tools and schemas

    def _tools(self, body: Json) -> tuple[str, ...]:
        names = []
        if body.get("tools") is None:
            return ()
        for tool, path in self._word.items(body["tools"], "tools"):
            outer = self._word.only(tool, path, (), ("type", "function"))
            inner = self._word.only(
                outer["function"], f"{path}.function", ("description", "parameters", "strict"), ("name",)
            )
            if not _NAME.fullmatch(inner["name"]):
                raise Failure("bad", f"Invalid '{path}.function.name'", f"{path}.function.name")
            if inner.get("strict"):
                check_closed(inner.get("parameters", {}), f"for function '{inner['name']}'")
            names.append(inner["name"])
        return tuple(names)

    def _forced(self, body: Json, tools: tuple[str, ...]) -> str:
        choice = body.get("tool_choice")
        if choice in (None, "auto", "none"):
            return ""
        if choice == self._takes.any_word or choice == "required":
            return "*"
        named = self._word.only(choice, "tool_choice", (), ("type", "function"))
        if named["type"] != "function" or named["function"].get("name") not in tools:
            raise Failure("bad", "Invalid 'tool_choice'", "tool_choice")
        return str(named["function"]["name"])

    def _schema(self, body: Json) -> Json | None:
        if body.get("response_format") is None:
            return None
        wanted = self._word.only(body["response_format"], "response_format", ("json_schema",), ("type",))
        if wanted["type"] == "json_object":
            if "json" not in json.dumps(body["messages"]).lower():
                raise Failure("bad", "'messages' must contain the word 'json' in some form.", "messages")
            return {"type": "object", "properties": {"name": {"type": "string"}}}
        if wanted["type"] != "json_schema":
            return None
        if not self._takes.schemas:
            raise Failure("bad", "This response_format type is unavailable now")
        path = "response_format.json_schema"
        inner = self._word.only(
            wanted.get("json_schema"), path, ("schema", "strict", "description"), ("name",)
        )
        if not _NAME.fullmatch(inner["name"]):
            raise Failure("bad", f"Invalid '{path}.name'", f"{path}.name")
        if inner.get("strict"):
            check_closed(inner["schema"], f"for response_format '{inner['name']}'")
        schema: Json = inner["schema"]
        return schema

    # -- messages

    def _messages(self, body: Json) -> tuple[str, str, tuple[Picture, ...], tuple[str, ...]]:
        systems: list[str] = []
        text, pictures, results, open_calls = "", tuple[Picture, ...](), list[str](), set[str]()
        before = ""
        for value, path in self._word.items(body["messages"], "messages"):
            role = value.get("role") if isinstance(value, dict) else None
            if role not in self._takes.roles:
                raise Failure(
                    "bad", f"{path}.role: unknown variant `{role}`, expected one of {self._takes.roles}", path
                )
            if open_calls and role != "tool":
                raise Failure(
                    "bad",
                    "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
                    f"'tool_call_id'. The following did not have response messages: {sorted(open_calls)}",
                    path,
                )
            message = self._message(value, role, path)
            if role == "user":
                if self._takes.follows and before == "tool":
                    raise Failure("bad", "Unexpected role 'user' after role 'tool'", path)
                text, pictures = self._parts(message["content"], path)
                results = []
            elif role == "assistant":
                open_calls, results = self._calls(message, path), []
            elif role == "tool":
                if message["tool_call_id"] not in open_calls:
                    raise Failure(
                        "bad", "'tool' must be a response to a preceding message with 'tool_calls'.", path
                    )
                open_calls.remove(message["tool_call_id"])
                results.append(self._parts(message["content"], path)[0])
            else:
                systems.append(self._parts(message["content"], path)[0])
            before = role
        if open_calls:
            raise Failure("bad", f"Tool calls without answers: {sorted(open_calls)}", "messages")
        return joined(systems), text, pictures, tuple(results)

    def _message(self, value: object, role: str, path: str) -> Json:
        allowed = ["name"] if self._takes.names and role != "tool" else []
        if role == "assistant":
            allowed += ["content", "tool_calls", "function_call", *self._takes.message_extras]
            if self._takes.refusals:
                allowed += ["refusal", "audio"]
            return self._word.only(value, path, allowed, ("role",))
        needed = ("role", "content", "tool_call_id") if role == "tool" else ("role", "content")
        return self._word.only(value, path, allowed, needed)

    def _calls(self, message: Json, path: str) -> set[str]:
        ids = set[str]()
        if message.get("tool_calls") is None:
            if message.get("content") is None:
                raise Failure(
                    "bad", f"Invalid value for 'content' of {path}: expected a string, got null.", path
                )
            return ids
        for call, at in self._word.items(message["tool_calls"], f"{path}.tool_calls"):
            outer = self._word.only(call, at, ("index",), ("id", "type", "function"))
            inner = self._word.only(outer["function"], f"{at}.function", (), ("name", "arguments"))
            body_of(text_of(inner["arguments"], at).encode())
            if self._takes.short_ids and not _SHORT_ID.fullmatch(outer["id"]):
                raise Failure(
                    "bad", f"Tool call id was {outer['id']} but must be a-z, A-Z, 0-9, with a length of 9."
                )
            ids.add(outer["id"])
        return ids

    def _parts(self, content: object, path: str) -> tuple[str, tuple[Picture, ...]]:
        if isinstance(content, str):
            return content, ()
        texts, pictures = [], []
        for value, at in self._word.items(content, f"{path}.content"):
            part = self._word.only(value, at, ("text", "image_url", "refusal"), ("type",))
            if part["type"] == "text":
                texts.append(text_of(part.get("text"), at, filled=False))
            elif part["type"] == "image_url" and self._takes.pictures:
                image = self._word.only(part["image_url"], f"{at}.image_url", ("detail",), ("url",))
                pictures.append(data_picture(image["url"], at, _PICTURES))
            else:
                raise Failure("bad", f"Invalid value: '{part['type']}' at {at}: expected `text`.", at)
        return joined(texts), tuple(pictures)
