"""How Bedrock's Converse reads a request: members, turns, blocks, tools (dialects, A5)."""

from __future__ import annotations

import json
import re

from support.providers.checking import Wording, picture, text_of, words
from support.providers.mind import Asked, Failure, Json, Picture, joined

SIGNATURE = "c2lnbmVkIGJ5IHRoZSBmYWtl"

_WORD = Wording(
    "Malformed input request: #/{path}: extraneous key [{name}] is not permitted, please reformat your input and try "
    "again.",
    "Value null at '{path}' failed to satisfy constraint: Member must not be null",
)
_MEMBERS = words("""system inferenceConfig toolConfig additionalModelRequestFields additionalModelResponseFieldPaths
    guardrailConfig requestMetadata performanceConfig serviceTier outputConfig""")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def read(value: object, model: str) -> Asked:
    """What is asked. Raises `Failure`."""
    body = _WORD.only(value, "", _MEMBERS, ("messages",))
    config = _WORD.only(
        body.get("inferenceConfig") or {},
        "inferenceConfig",
        ("maxTokens", "temperature", "topP", "stopSequences"),
    )
    for name in ("temperature", "topP"):
        if not 0 <= config.get(name, 0) <= 1:
            raise Failure("bad", f"Value at 'inferenceConfig.{name}' must be less than or equal to 1")
    thinks = _thinks(body, model)
    tools, forced = _tools(body)
    systems = [
        _WORD.only(one, path, ("text", "cachePoint", "guardContent"))
        for one, path in _WORD.items(body.get("system", []), "system", filled=False)
    ]
    turns = _Turns(thinks=thinks)
    text, pictures, results = turns.read(body["messages"])
    if turns.used_tools and not tools:
        raise Failure(
            "bad", "The toolConfig field must be defined when using toolUse and toolResult content blocks."
        )
    return Asked(
        text=text,
        system=joined([one["text"] for one in systems if "text" in one]),
        pictures=pictures,
        tools=tools,
        results=results,
        forced=forced,
        schema=_schema(body, model),
        thinks=thinks,
        most=config.get("maxTokens"),
        stops=tuple(config.get("stopSequences", ())),
    )


def _thinks(body: Json, model: str) -> bool:
    fields = body.get("additionalModelRequestFields") or {}
    known = (
        ("thinking", "top_k", "anthropic_beta", "tool_choice", "output_config") if "claude" in model else ()
    )
    _WORD.only(
        fields,
        "additionalModelRequestFields",
        (*known, "inferenceConfig", "reasoningConfig", "reasoning_effort"),
    )
    thinking = fields.get("thinking") or {}
    if thinking.get("type") == "enabled" and thinking.get("budget_tokens", 0) >= (
        (body.get("inferenceConfig") or {}).get("maxTokens") or 4096
    ):
        raise Failure("bad", "`max_tokens` must be greater than `thinking.budget_tokens`.")
    return thinking.get("type") in ("enabled", "adaptive")


def _tools(body: Json) -> tuple[tuple[str, ...], str]:
    if body.get("toolConfig") is None:
        return (), ""
    config = _WORD.only(body["toolConfig"], "toolConfig", ("toolChoice",), ("tools",))
    names = []
    for value, path in _WORD.items(config["tools"], "toolConfig.tools"):
        tool = _WORD.only(value, path, ("toolSpec", "cachePoint", "systemTool"))
        if "toolSpec" not in tool:
            continue
        spec = _WORD.only(tool["toolSpec"], path, ("description", "strict"), ("name", "inputSchema"))
        schema = _WORD.only(spec["inputSchema"], f"{path}.inputSchema", (), ("json",))
        if not _NAME.fullmatch(spec["name"]) or schema["json"].get("type") != "object":
            raise Failure("bad", f"The value at {path}.toolSpec is invalid: name, or inputSchema.json.type")
        if "description" in spec:
            text_of(spec["description"], path)
        names.append(spec["name"])
    choice = _WORD.only(
        config.get("toolChoice") or {"auto": {}}, "toolConfig.toolChoice", ("auto", "any", "tool")
    )
    if len(choice) != 1:
        raise Failure("bad", "toolChoice must have one member")
    forced = "*" if "any" in choice else str(choice["tool"]["name"]) if "tool" in choice else ""
    of_claude = (body.get("additionalModelRequestFields") or {}).get("tool_choice") or {}
    if of_claude:  # its own word goes before
        forced = "*" if of_claude["type"] == "any" else str(of_claude.get("name", ""))
    return tuple(names), forced


def _schema(body: Json, model: str) -> Json | None:
    config = _WORD.only(body.get("outputConfig") or {}, "outputConfig", ("textFormat", "effort"))
    if config.get("textFormat") is None:
        return None
    if "nova" in model:
        raise Failure("bad", "outputConfig.textFormat is not supported by this model")
    wanted = _WORD.only(config["textFormat"], "outputConfig.textFormat", (), ("type", "structure"))
    inner = _WORD.only(
        wanted["structure"]["jsonSchema"],
        "outputConfig.textFormat.structure.jsonSchema",
        ("name", "description"),
        ("schema",),
    )
    schema: Json = json.loads(inner["schema"])
    if schema.get("additionalProperties") is not False:
        raise Failure("bad", "output schema: 'additionalProperties' must be set to false")
    return schema


class _Turns:
    """Reads the messages."""

    def __init__(self, *, thinks: bool) -> None:
        self._thinks = thinks
        self.used_tools = False
        self._text = ""
        self._pictures: tuple[Picture, ...] = ()
        self._results: tuple[str, ...] = ()
        self._open: list[str] = []

    def read(self, value: object) -> tuple[str, tuple[Picture, ...], tuple[str, ...]]:
        """What was said last. Raises `Failure`."""
        wanted = "user"
        for entry, path in _WORD.items(value, "messages"):
            message = _WORD.only(entry, path, (), ("role", "content"))
            if message["role"] != wanted:
                raise Failure(
                    "bad",
                    f"A conversation must alternate between user and assistant roles, and start with user ({path}).",
                )
            wanted = "assistant" if wanted == "user" else "user"
            blocks = [(_block(one, at), at) for one, at in _WORD.items(message["content"], f"{path}.content")]
            if message["role"] == "user":
                self._asks(blocks)
            else:
                self._answers(blocks, path)
        if self._open:
            raise Failure(
                "bad", f"Expected toolResult blocks at messages for the Ids: {', '.join(self._open)}"
            )
        return self._text, self._pictures, self._results

    def _asks(self, blocks: list[tuple[Json, str]]) -> None:
        texts, pictures, results = [], [], []
        was_open = list(self._open)
        for block, at in blocks:
            if "toolResult" in block:
                self.used_tools = True
                result = _WORD.only(block["toolResult"], at, ("status",), ("toolUseId", "content"))
                if result["toolUseId"] not in self._open:
                    raise Failure(
                        "bad", "The number of toolResult blocks exceeds the number of toolUse blocks"
                    )
                self._open.remove(result["toolUseId"])
                results.append(_result(result, at))
            elif "text" in block:
                texts.append(text_of(block["text"], at))
            elif "image" in block:
                pictures.append(_image(block["image"], at))
        if self._open:
            raise Failure("bad", f"Expected toolResult blocks for the following Ids: {', '.join(self._open)}")
        self._results = tuple(results)
        if texts or pictures or not was_open:
            self._text, self._pictures = joined(texts), tuple(pictures)

    def _answers(self, blocks: list[tuple[Json, str]], path: str) -> None:
        for block, at in blocks:
            if "toolUse" in block:
                use = _WORD.only(block["toolUse"], at, (), ("toolUseId", "name", "input"))
                if not _ID.fullmatch(use["toolUseId"]) or not isinstance(use["input"], dict):
                    raise Failure("bad", f"The format of the value at {at}.toolUse is invalid")
                self._open.append(use["toolUseId"])
                self.used_tools = True
            elif "reasoningContent" in block:
                signature = block["reasoningContent"].get("reasoningText", {}).get("signature")
                if signature != SIGNATURE:
                    raise Failure("bad", f"{at}: Invalid `signature` in `thinking` block")
        first = next(iter(blocks[0][0]))
        if self._thinks and self._open and first != "reasoningContent":
            raise Failure("bad", f"{path}.content.0.type: Expected `thinking`, but found `{first}`.")


_KINDS = words("""text image document video audio toolUse toolResult reasoningContent cachePoint guardContent
    citationsContent searchResult""")


def _block(value: object, path: str) -> Json:
    block = _WORD.only(value, path, _KINDS)
    if len(block) != 1:
        raise Failure("bad", f"{path}: a content block must have one member")
    return block


def _image(value: object, path: str) -> Picture:
    image = _WORD.only(value, path, (), ("format", "source"))
    source = _WORD.only(image["source"], path, ("s3Location",), ("bytes",))
    return picture(f"image/{image['format']}", source["bytes"], path, _PICTURES)


def _result(result: Json, path: str) -> str:
    texts = []
    for value, at in _WORD.items(result["content"], path, filled=False):
        part = _WORD.only(value, at, ("text", "json", "image", "document", "video", "searchResult"))
        if "text" in part:
            texts.append(text_of(part["text"], at))
        elif "json" in part:
            texts.append(json.dumps(part["json"]))
    said = joined(texts)
    return f"failed: {said}" if result.get("status") == "error" else said
