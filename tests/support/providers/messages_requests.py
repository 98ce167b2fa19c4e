"""How Anthropic reads a request: members, turns, blocks, tools, thinking (dialects, A3, A10)."""

from __future__ import annotations

import re

from support.providers.checking import Wording, check_closed, picture, text_of, words
from support.providers.mind import Asked, Failure, Json, Picture, joined

VERSIONS = ("2023-06-01", "2026-10-21")
SIGNATURE = "c2lnbmVkIGJ5IHRoZSBmYWtl"

_WORD = Wording("{path}: Extra inputs are not permitted")
_PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")
_ID = re.compile(r"[a-zA-Z0-9_-]+")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_SAMPLING = ("temperature", "top_p", "top_k")
_MEMBERS = words(
    """
    system stop_sequences tools tool_choice thinking output_config metadata service_tier speed
    inference_geo container cache_control
    """
)
_TOOL = words("type description strict cache_control eager_input_streaming defer_loading input_examples")
_NO_THINKING_BUDGET = re.compile(r"claude-(?:opus-4-[789]|(?:opus|sonnet|haiku)-[5-9])")


def read(value: object, version: str, *, counts: bool = False) -> Asked:
    """What is asked. Raises `Failure`."""
    older = () if version == "2026-10-21" else _SAMPLING
    allowed = [*_MEMBERS] if counts else [*_MEMBERS, *older, "stream"]
    body = _WORD.only(
        value, "", allowed, ("model", "messages") if counts else ("model", "messages", "max_tokens")
    )
    tools = _tools(body)
    thinks = _thinking(body, counts=counts)
    system = _system(body.get("system"))
    text, pictures, results = _Turns(thinks=thinks, version=version).read(body["messages"])
    return Asked(
        text=text,
        system=system,
        pictures=pictures,
        tools=tools,
        results=results,
        forced=_forced(body, tools, thinks=thinks),
        schema=_schema(body),
        thinks=thinks,
        most=body.get("max_tokens"),
        stops=tuple(body.get("stop_sequences", ())),
    )


def _tools(body: Json) -> tuple[str, ...]:
    names = []
    for value, path in _WORD.items(body.get("tools", []), "tools", filled=False):
        tool = _WORD.only(value, path, _TOOL, ("name", "input_schema"))
        if not _NAME.fullmatch(tool["name"]):
            raise Failure("bad", f"{path}.name: String should match pattern '{_NAME.pattern}'")
        if tool["input_schema"].get("type") != "object":
            raise Failure("bad", f"{path}.input_schema.type: Input should be 'object'")
        names.append(tool["name"])
    return tuple(names)


def _forced(body: Json, tools: tuple[str, ...], *, thinks: bool) -> str:
    if body.get("tool_choice") is None:
        return ""
    choice = _WORD.only(body["tool_choice"], "tool_choice", ("name", "disable_parallel_tool_use"), ("type",))
    if not tools:
        raise Failure("bad", "tool_choice: may only be specified while providing tools")
    if choice["type"] in ("auto", "none"):
        if choice["type"] == "none" and len(choice) > 1:
            raise Failure("bad", "tool_choice.none: Extra inputs are not permitted")
        return ""
    if thinks:
        raise Failure("bad", "Thinking may not be enabled when tool_choice forces tool use.")
    return "*" if choice["type"] == "any" else str(choice["name"])


def _thinking(body: Json, *, counts: bool) -> bool:
    if body.get("thinking") is None:
        return False
    thinking = _WORD.only(body["thinking"], "thinking", ("budget_tokens", "display"), ("type",))
    if thinking["type"] == "enabled":
        if _NO_THINKING_BUDGET.match(body["model"]):
            raise Failure("bad", "thinking.type: 'enabled' is not supported for this model")
        budget = thinking.get("budget_tokens") or 0
        if budget < 1024:
            raise Failure(
                "bad", "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
            )
        if not counts and budget >= body["max_tokens"]:
            raise Failure("bad", "`max_tokens` must be greater than `thinking.budget_tokens`")
    elif thinking["type"] == "adaptive" and not re.search(r"4-[6-9]|-[5-9]", body["model"]):
        raise Failure("bad", "adaptive thinking is not supported on this model")
    thinks = thinking["type"] in ("enabled", "adaptive", "between_tools")
    if thinks and (body.get("temperature") not in (None, 1) or body.get("top_k") is not None):
        raise Failure("bad", "`temperature` may only be set to 1 when thinking is enabled.")
    return thinks


def _system(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    blocks = [
        _WORD.only(block, path, ("cache_control", "citations"), ("type", "text"))
        for block, path in _WORD.items(value, "system")
    ]
    return joined([block["text"] for block in blocks])


def _schema(body: Json) -> Json | None:
    config = _WORD.only(body.get("output_config") or {}, "output_config", ("effort", "format"))
    if config.get("format") is None:
        return None
    wanted = _WORD.only(config["format"], "output_config.format", (), ("type", "schema"))
    if "additionalProperties" not in wanted["schema"]:
        raise Failure(
            "bad", "output_config.format.schema: For 'object' type, 'additionalProperties' must be false"
        )
    check_closed(
        {**wanted["schema"], "required": list(wanted["schema"].get("properties", {}))}, "output_config"
    )
    schema: Json = wanted["schema"]
    return schema


class _Turns:
    """Reads the messages."""

    def __init__(self, *, thinks: bool, version: str) -> None:
        self._thinks = thinks
        self._roles = ("user", "assistant") if version == VERSIONS[0] else ("user", "assistant", "system")
        self._text = ""
        self._pictures: tuple[Picture, ...] = ()
        self._results: list[str] = []
        self._open: list[str] = []

    def read(self, value: object) -> tuple[str, tuple[Picture, ...], tuple[str, ...]]:
        """What was said last. Raises `Failure`."""
        messages = []
        for entry, path in _WORD.items(value, "messages"):
            message = _WORD.only(entry, path, (), ("role", "content"))
            if message["role"] not in self._roles:
                raise Failure("bad", f"{path}.role: Input should be 'user' or 'assistant'")
            messages.append((message["role"], message["content"], path))
        if messages[0][0] == "system":
            raise Failure("bad", "messages.0: first message must use the 'user' or 'assistant' role")
        for role, content, path in messages:
            blocks = self._blocks(role, content, path)
            if role == "user":
                self._asks(blocks, path)
            elif role == "assistant":
                self._answers(blocks, path)
        if self._open:
            raise Failure(
                "bad", f"messages: `tool_use` ids were found without `tool_result` blocks: {self._open}"
            )
        return self._text, self._pictures, tuple(self._results)

    def _blocks(self, role: str, content: object, path: str) -> list[tuple[Json, str]]:
        if isinstance(content, str):
            text_of(content, path)
            return [({"type": "text", "text": content}, path)]
        found = []
        for entry, at in _WORD.items(content, f"{path}.content"):
            kind = entry.get("type") if isinstance(entry, dict) else None
            allowed, needed = _BLOCKS.get((role, str(kind)), ((), ()))
            if not needed:
                raise Failure("bad", f"{at}: Input tag '{kind}' is not one of those for the role {role}")
            found.append((_WORD.only(entry, at, (*allowed, "type"), needed), at))
        return found

    def _asks(self, blocks: list[tuple[Json, str]], path: str) -> None:
        texts, pictures = list[str](), list[Picture]()
        was_open, self._results = list(self._open), []
        for block, at in blocks:
            if block["type"] == "tool_result":
                if texts or block["tool_use_id"] not in self._open:
                    raise Failure(
                        "bad", f"{at}: unexpected `tool_use_id`: each `tool_result` must come first"
                    )
                self._open.remove(block["tool_use_id"])
                self._results.append(_result(block, at))
            elif block["type"] == "text":
                texts.append(text_of(block["text"], at))
            else:
                pictures.append(_image(block["source"], at))
        if self._open:
            raise Failure("bad", f"{path}: `tool_use` ids without `tool_result` directly after: {self._open}")
        if texts or pictures or not was_open:
            self._text, self._pictures = joined(texts), tuple(pictures)

    def _answers(self, blocks: list[tuple[Json, str]], path: str) -> None:
        if self._open:
            raise Failure("bad", f"{path}: `tool_use` ids without `tool_result`: {self._open}")
        kinds = [block["type"] for block, _ in blocks]
        if self._thinks and "tool_use" in kinds and kinds[0] not in ("thinking", "redacted_thinking"):
            raise Failure(
                "bad",
                f"{path}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{kinds[0]}`.",
            )
        for block, at in blocks:
            if block["type"] == "thinking" and block["signature"] != SIGNATURE:
                raise Failure("bad", f"{at}: Invalid `signature` in `thinking` block")
            if block["type"] == "tool_use":
                if not _ID.fullmatch(block["id"]) or not isinstance(block["input"], dict):
                    raise Failure("bad", f"{at}: Input should be a valid dictionary with a valid id")
                self._open.append(block["id"])


_BLOCKS = {
    ("user", "text"): (("cache_control", "citations"), ("text",)),
    ("user", "image"): (("cache_control",), ("source",)),
    ("user", "tool_result"): (("cache_control", "is_error", "content"), ("tool_use_id",)),
    ("assistant", "text"): (("cache_control", "citations"), ("text",)),
    ("assistant", "thinking"): ((), ("thinking", "signature")),
    ("assistant", "redacted_thinking"): ((), ("data",)),
    ("assistant", "tool_use"): (("cache_control", "caller"), ("id", "name", "input")),
    ("system", "text"): (("cache_control",), ("text",)),
}


def _image(source: object, path: str) -> Picture:
    found = _WORD.only(source, f"{path}.source", ("media_type", "data", "url"), ("type",))
    if found["type"] == "url":
        return Picture("image/" + str(found["url"]).rpartition(".")[2], 0)
    return picture(found.get("media_type"), found.get("data"), path, _PICTURES)


def _result(block: Json, path: str) -> str:
    content = block.get("content") or ""
    if isinstance(content, str):
        said = content
    else:
        parts = [
            _WORD.only(part, at, ("text", "source"), ("type",)) for part, at in _WORD.items(content, path)
        ]
        said = joined([part["text"] for part in parts if part["type"] == "text"])
    return f"failed: {said}" if block.get("is_error") else said
