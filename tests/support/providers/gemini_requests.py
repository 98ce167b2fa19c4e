"""How Google reads a request: members, turns, parts, functions, the subset of schemas (dialects, A4, A10)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from support.providers.checking import Wording, picture, text_of, words
from support.providers.mind import Asked, Failure, Json, Picture, joined

SIGNATURE = "c2lnbmVkIGJ5IHRoZSBmYWtl"


class _Google(Wording):
    """Names may be written in camelCase or with underscores."""

    def only(self, value: object, path: str, allowed: Iterable[str], needed: Iterable[str] = ()) -> Json:
        if isinstance(value, dict):
            value = {
                _UNDERSCORED.sub(lambda match: match[1].upper(), name): one for name, one in value.items()
            }
        return Wording.only(self, value, path, allowed, needed)


_UNDERSCORED = re.compile(r"_([a-z])")
_WORD = _Google(
    "Invalid JSON payload received. Unknown name \"{name}\" at '{path}': Cannot find field.",
    "{path} is not specified",
)
_PICTURES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
_NAME = re.compile(r"[A-Za-z_][\w.:-]{0,127}")
_MEMBERS = words(
    "systemInstruction tools toolConfig safetySettings cachedContent serviceTier generationConfig"
)
_CONFIG = words(
    """
    temperature topP topK seed presencePenalty frequencyPenalty maxOutputTokens stopSequences
    candidateCount responseMimeType responseSchema responseJsonSchema responseFormat responseLogprobs
    logprobs thinkingConfig responseModalities speechConfig mediaResolution imageConfig
    """
)
_SCHEMA = words(
    """
    type format title description nullable enum items maxItems minItems properties required maxProperties
    minProperties minLength maxLength pattern minimum maximum example anyOf default propertyOrdering
    additionalProperties defs ref
    """
)
_TYPES = ("STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL")


def is_signed(model: str) -> bool:
    """Whether calls of a model have ids and signatures."""
    return model.startswith("gemini-3")


def read(value: object, model: str, *, vertex: bool) -> Asked:
    """What is asked. Raises `Failure`."""
    extra = ("labels",) if vertex else ("model",)
    body = _WORD.only(
        value,
        "",
        (*_MEMBERS, *extra),
        ("contents",),
    )
    config = _WORD.only(body.get("generationConfig") or {}, "generation_config", _CONFIG)
    tools = _tools(body)
    system = ""
    if "systemInstruction" in body:
        instruction = _WORD.only(body["systemInstruction"], "system_instruction", ("role",), ("parts",))
        parts = _WORD.items(instruction["parts"], "system_instruction.parts")
        system = joined([_WORD.only(part, path, (), ("text",))["text"] for part, path in parts])
    text, pictures, results = _Turns(model, vertex=vertex).read(body["contents"])
    return Asked(
        text=text,
        system=system,
        pictures=pictures,
        tools=tools,
        results=results,
        forced=_forced(body, tools),
        schema=_schema(config),
        thinks=_thinks(config, model),
        most=config.get("maxOutputTokens"),
        stops=tuple(config.get("stopSequences", ())),
    )


def embedded(body: Json, verb: str) -> tuple[list[str], list[int | None]]:
    """Texts and widths. Raises `Failure`."""
    if verb == "predict":
        top = _WORD.only(body, "", ("parameters",), ("instances",))
        width = _WORD.only(
            top.get("parameters") or {}, "parameters", ("outputDimensionality", "autoTruncate")
        ).get("outputDimensionality")
        entries = _WORD.items(top["instances"], "instances")
        texts = [
            _WORD.only(one, path, ("task_type", "title"), ("content",))["content"] for one, path in entries
        ]
        return texts, [width] * len(texts)
    requests = (
        _WORD.items(_WORD.only(body, "", (), ("requests",))["requests"], "requests")
        if verb == "batchEmbedContents"
        else [(body, "")]
    )
    texts, widths = [], []
    for value, path in requests:
        one = _WORD.only(value, path, ("model", "taskType", "title", "outputDimensionality"), ("content",))
        content = _WORD.only(one["content"], "content", ("role",), ("parts",))
        texts.append(
            joined(
                [
                    _WORD.only(part, at, (), ("text",))["text"]
                    for part, at in _WORD.items(content["parts"], "parts")
                ]
            )
        )
        widths.append(one.get("outputDimensionality"))
    return texts, widths


# -- tools and what tunes


def _tools(body: Json) -> tuple[str, ...]:
    names = []
    for value, path in _WORD.items(body.get("tools", []), "tools", filled=False):
        tool = _WORD.only(
            value, path, ("functionDeclarations", "googleSearch", "urlContext", "codeExecution")
        )
        for declared, at in _WORD.items(tool.get("functionDeclarations", []), path, filled=False):
            function = _WORD.only(
                declared, at, ("description", "parameters", "parametersJsonSchema", "response"), ("name",)
            )
            if not _NAME.fullmatch(function["name"]):
                raise Failure("bad", f"Invalid function name at {at}")
            if "parameters" in function:
                _check_schema(function["parameters"], f"{at}.parameters")
                if "parametersJsonSchema" in function:
                    raise Failure("bad", f"{at}: parameters and parametersJsonSchema are exclusive")
            names.append(function["name"])
    return tuple(names)


def _forced(body: Json, tools: tuple[str, ...]) -> str:
    if "toolConfig" not in body:
        return ""
    outer = _WORD.only(body["toolConfig"], "tool_config", ("functionCallingConfig", "retrievalConfig"))
    config = _WORD.only(
        outer.get("functionCallingConfig") or {}, "function_calling_config", ("mode", "allowedFunctionNames")
    )
    names = config.get("allowedFunctionNames", [])
    if config.get("mode") not in (None, "AUTO", "ANY", "NONE", "VALIDATED"):
        raise Failure("bad", f"Invalid value at 'mode': {config['mode']}")
    if names and config.get("mode") not in ("ANY", "VALIDATED"):
        raise Failure("bad", "allowed_function_names should only be set when mode is ANY")
    if set(names) - set(tools):
        raise Failure("bad", "allowed_function_names has names that are not declared")
    return (names[0] if names else "*") if config.get("mode") == "ANY" else ""


def _schema(config: Json) -> Json | None:
    for name in ("responseSchema", "responseJsonSchema"):
        if name in config and config.get("responseMimeType") != "application/json":
            raise Failure("bad", f"{name} needs response_mime_type application/json")
    if "responseSchema" in config:
        _check_schema(config["responseSchema"], "response_schema")
    schema = config.get("responseJsonSchema") or config.get("responseSchema")
    if schema is None and config.get("responseMimeType") == "application/json":
        return {"type": "object", "properties": {"name": {"type": "string"}}}
    found: Json | None = schema
    return found


def _check_schema(value: object, path: str) -> None:
    schema = _WORD.only(value, path, _SCHEMA)
    if "type" in schema and schema["type"] not in _TYPES:
        raise Failure("bad", f"Invalid value at '{path}.type': {schema['type']!r}")
    for name, inner in schema.get("properties", {}).items():
        _check_schema(inner, f"{path}.properties.{name}")
    for name in schema.get("required", ()):
        if name not in schema.get("properties", {}):
            raise Failure("bad", f"{path}.required: property is not defined: {name}")
    if "items" in schema:
        _check_schema(schema["items"], f"{path}.items")
    for inner in schema.get("anyOf", ()):
        _check_schema(inner, f"{path}.any_of")


def _thinks(config: Json, model: str) -> bool:
    thinking = _WORD.only(
        config.get("thinkingConfig") or {},
        "thinking_config",
        ("includeThoughts", "thinkingBudget", "thinkingLevel"),
    )
    if "thinkingLevel" in thinking and (not is_signed(model) or "thinkingBudget" in thinking):
        raise Failure("bad", "Thinking level is not supported for this model.")
    return bool(thinking.get("includeThoughts")) and thinking.get("thinkingBudget") != 0


# -- turns


class _Turns:
    """Reads `contents`."""

    def __init__(self, model: str, *, vertex: bool) -> None:
        self._signed = is_signed(model)
        self._vertex = vertex
        self._text = ""
        self._pictures: tuple[Picture, ...] = ()
        self._results: tuple[str, ...] = ()
        self._open: list[str] = []
        self._before = ""

    def read(self, value: object) -> tuple[str, tuple[Picture, ...], tuple[str, ...]]:
        """What was said last. Raises `Failure`."""
        for entry, path in _WORD.items(value, "contents"):
            content = _WORD.only(entry, path, ("role",), ("parts",))
            role = content.get("role", "user")
            if role not in ("user", "model"):
                raise Failure("bad", "Please use a valid role: user, model.")
            if role == self._before:
                raise Failure(
                    "bad", "Please ensure that multiturn requests alternate between user and model."
                )
            self._before = role
            parts = [(_part(part, at), at) for part, at in _WORD.items(content["parts"], f"{path}.parts")]
            if role == "model":
                self._answers(parts, path)
            else:
                self._asks(parts, path)
        if self._open:
            raise Failure(
                "bad", "Please ensure that function call turn is followed by a function response turn."
            )
        return self._text, self._pictures, self._results

    def _asks(self, parts: list[tuple[Json, str]], path: str) -> None:
        texts, pictures, results = [], [], []
        for part, at in parts:
            if "functionResponse" in part:
                response = _WORD.only(part["functionResponse"], at, ("id", "parts"), ("name", "response"))
                results.append((response["name"], _result(response)))
            elif "text" in part:
                texts.append(text_of(part["text"], at))
            elif "inlineData" in part:
                inline = _WORD.only(part["inlineData"], at, (), ("mimeType", "data"))
                data = str(inline["data"]).replace("-", "+").replace("_", "/")  # both alphabets are read
                pictures.append(picture(inline["mimeType"], data, at, _PICTURES))
            elif "fileData" in part:
                file = _WORD.only(part["fileData"], at, (), ("mimeType", "fileUri"))
                pictures.append(Picture(file["mimeType"], 0))
        if sorted(name for name, _ in results) != sorted(self._open):
            raise Failure(
                "bad",
                "Please ensure that the number of function response parts is equal to the number of function call "
                f"parts of the function call turn ({path}).",
            )
        was_open, self._open = self._open, []
        self._results = tuple(text for _, text in results)
        if texts or pictures or not was_open:
            self._text, self._pictures = joined(texts), tuple(pictures)

    def _answers(self, parts: list[tuple[Json, str]], path: str) -> None:
        calls = [part for part, _ in parts if "functionCall" in part]
        if self._signed and calls and not calls[0].get("thoughtSignature"):
            raise Failure(
                "bad", f"Function call at {path} is missing a thought_signature in functionCall parts."
            )
        for part, at in parts:
            if part.get("thoughtSignature") not in (None, SIGNATURE):
                raise Failure("bad", f"Thought signature is not valid at {at}.")
        for call in calls:
            function = _WORD.only(call["functionCall"], path, ("args", "id"), ("name",))
            if not isinstance(function.get("args", {}), dict):
                raise Failure("bad", f"Invalid value at '{path}.args'")
            self._open.append(function["name"])


def _part(value: object, path: str) -> Json:
    kinds = ("text", "inlineData", "fileData", "functionCall", "functionResponse")
    part = _WORD.only(value, path, (*kinds, "thought", "thoughtSignature", "mediaResolution"))
    if sum(kind in part for kind in kinds) != 1:
        raise Failure("bad", f"{path}: required oneof field 'data' must have one initialized field")
    return part


def _result(response: Json) -> str:
    said = response["response"]
    if not isinstance(said, dict):
        raise Failure("bad", "Invalid value at 'function_response.response'")
    if "error" in said:
        return f"failed: {said['error']}"
    found = said.get("output", said.get("result", said))
    return found if isinstance(found, str) else str(found)
