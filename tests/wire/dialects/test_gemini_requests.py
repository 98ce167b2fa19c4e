"""What is asked, as generateContent: turns, tools, generation, and what cannot go."""

from __future__ import annotations

import msgspec
import pytest

from penstock.wire.dialects.chat import CHAT
from penstock.wire.dialects.conversation import (
    Audio,
    CacheMark,
    Conversation,
    Data,
    Document,
    Family,
    FileId,
    Found,
    HiddenThinking,
    HostedTool,
    Image,
    Message,
    Native,
    Opaque,
    OutputFormat,
    Part,
    Reasoning,
    Refusal,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Url,
    WebSearch,
)
from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.gemini import GEMINI
from penstock.wire.dialects.json_value import Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.translation import Translation

OLD, MIDDLE, NEW = "gemini-2.0-flash", "gemini-2.5-flash", "gemini-3-flash-preview"
VERTEX = "vertex"
PNG = Data("image/png", "iVBORw0KGgo=")
SIGNED = Opaque(Family.GOOGLE, "c2ln")
FOREIGN = Opaque(Family.ANTHROPIC, "Zm9yZWlnbg==")


def user(*parts: Part) -> Message:
    return Message(role="user", parts=parts, at="u")


def model(*parts: Part) -> Message:
    return Message(role="assistant", parts=parts, at="a")


def system(*texts: str, at: str = "s") -> Message:
    return Message(role="system", parts=tuple(text(one) for one in texts), at=at)


def text(said: str, at: str = "t", **more: object) -> Text:
    return msgspec.structs.replace(Text(text=said, at=at), **more)


def call(number: str = "c1", name: str = "look", arguments: str = "{}", **more: object) -> ToolCall:
    return msgspec.structs.replace(
        ToolCall(id=number, name=name, arguments=arguments, at=f"call {number}"), **more
    )


def result(*parts: Text | Image | Document | Found, number: str = "c1", failed: bool = False) -> ToolResult:
    return ToolResult(call_id=number, parts=parts, at=f"result {number}", failed=failed)


def tool(name: str = "look", **more: object) -> Tool:
    return msgspec.structs.replace(Tool(name=name, at="tools[0]"), **more)


def asked(*messages: Message, **more: object) -> Conversation:
    return msgspec.structs.replace(Conversation(model="", messages=messages or (user(text("hi")),)), **more)


def sent(
    conversation: Conversation, name: str = NEW, host: str = "", dropped: Dropped | None = None
) -> Object:
    target = Target(provider="google-ai-studio", model=name, host=host)
    return GEMINI.write_request(conversation, target, Dropped() if dropped is None else dropped).body


def turns(*messages: Message, name: str = NEW, dropped: Dropped | None = None) -> object:
    return sent(asked(*messages), name, dropped=dropped)["contents"]


def refused(conversation: Conversation, name: str = NEW, host: str = "") -> str:
    with pytest.raises(Refused) as found:
        sent(conversation, name, host)
    return found.value.path


def told(conversation: Conversation, name: str = NEW, host: str = "") -> tuple[str, ...]:
    dropped = Dropped()
    sent(conversation, name, host, dropped)
    return dropped.paths


# -- turns


def test_system_texts_stand_apart_in_order_and_a_later_one_is_told() -> None:
    dropped = Dropped()
    conversation = asked(system("one", "two"), user(text("hi")), system("three", at="messages[2]"))
    body = sent(conversation, dropped=dropped)
    assert body["systemInstruction"] == {"parts": [{"text": "one"}, {"text": "two"}, {"text": "three"}]}
    assert body["contents"] == [{"role": "user", "parts": [{"text": "hi"}]}]
    assert dropped.paths == ("messages[2]",)


def test_only_a_system_message_is_refused() -> None:
    assert refused(asked(system("alone"))) == "messages"


def test_neighbours_of_one_role_become_one_turn_with_their_parts_apart() -> None:
    assert turns(user(text("a")), user(text("b")), model(text("c")), model(text("d")), user(text("e"))) == [
        {"role": "user", "parts": [{"text": "a"}, {"text": "b"}]},
        {"role": "model", "parts": [{"text": "c"}, {"text": "d"}]},
        {"role": "user", "parts": [{"text": "e"}]},
    ]


def test_results_stand_in_a_turn_by_themselves_with_names_looked_up() -> None:
    found = turns(
        user(text("go")),
        model(text("well"), call("c1", "look"), call("c2", "listen", '{"at": "door"}')),
        user(result(text("dark")), result(text('{"heard": [1]}'), number="c2"), text("and now?")),
        name=MIDDLE,
    )
    assert found == [
        {"role": "user", "parts": [{"text": "go"}]},
        {
            "role": "model",
            "parts": [
                {"text": "well"},
                {"functionCall": {"name": "look", "args": {}}},
                {"functionCall": {"name": "listen", "args": {"at": "door"}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "look", "response": {"output": "dark"}}},
                {"functionResponse": {"name": "listen", "response": {"heard": [1]}}},
            ],
        },
        {"role": "user", "parts": [{"text": "and now?"}]},
    ]


def test_texts_between_calls_come_before_them() -> None:
    found = turns(user(text("go")), model(text("a"), call("c1"), text("b"), call("c2")), name=MIDDLE)
    assert isinstance(found, list)
    assert [next(iter(part)) for part in found[1]["parts"]] == [
        "text",
        "text",
        "functionCall",
        "functionCall",
    ]


@pytest.mark.parametrize(
    ("output", "response"),
    [
        ("42", {"output": "42"}),
        ("true", {"output": "true"}),
        ("[1, 2]", {"output": "[1, 2]"}),
        ("plain", {"output": "plain"}),
        ("", {"output": ""}),
        ('{"a": {"b": 1}}', {"a": {"b": 1}}),
        ('{"output": 1}', {"output": 1}),
        ('{"a": [{"$ref": "#/x"}]}', {"output": '{"a": [{"$ref": "#/x"}]}'}),
        ('{"a": "about \\"$ref\\": it"}', {"a": 'about "$ref": it'}),
        ("{broken", {"output": "{broken"}),
        ('{"a": 1e999}', {"output": '{"a": 1e999}'}),
    ],
)
def test_a_response_is_an_object(output: str, response: Object) -> None:
    found = turns(user(text("go")), model(call()), user(result(text(output))), name=MIDDLE)
    assert isinstance(found, list)
    assert found[-1]["parts"] == [{"functionResponse": {"name": "look", "response": response}}]


def test_several_texts_and_none_and_failures_of_results() -> None:
    found = turns(
        user(text("go")),
        model(call("c1"), call("c2"), call("c3")),
        user(
            result(text("a"), text("b"), number="c1"),
            result(number="c2"),
            result(text('{"code": 1}'), number="c3", failed=True),
        ),
        name=MIDDLE,
    )
    assert isinstance(found, list)
    assert [part["functionResponse"]["response"] for part in found[-1]["parts"]] == [
        {"output": ["a", "b"]},
        {"output": ""},
        {"error": '{"code": 1}'},
    ]


def test_a_result_without_a_call_is_refused() -> None:
    assert refused(asked(user(result(text("x"))))) == "result c1"


@pytest.mark.parametrize("name", [NEW, "models/gemini-3-pro-preview", "gemini-flash-latest", "gemini-4-pro"])
def test_newer_models_get_ids(name: str) -> None:
    found = turns(user(text("go")), model(call(signature=SIGNED)), user(result(text("x"))), name=name)
    assert isinstance(found, list)
    assert found[1]["parts"] == [
        {"functionCall": {"name": "look", "args": {}, "id": "c1"}, "thoughtSignature": "c2ln"}
    ]
    assert found[2]["parts"][0]["functionResponse"]["id"] == "c1"


@pytest.mark.parametrize("host", ["", VERTEX])
@pytest.mark.parametrize("name", [OLD, MIDDLE, "publishers/google/models/gemini-2.5-pro"])
def test_older_models_get_none(name: str, host: str) -> None:
    body = sent(asked(user(text("go")), model(call()), user(result(text("x")))), name, host)
    assert '"id"' not in msgspec.json.encode(body).decode()


def test_pictures_in_results() -> None:
    picture = Image(place=PNG, at="p")
    messages = (
        user(text("go")),
        model(call(signature=SIGNED)),
        user(result(text("see"), picture), text("so?")),
    )
    inline = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}
    new, old = turns(*messages), turns(*messages, name=MIDDLE)
    assert isinstance(new, list)
    assert isinstance(old, list)
    assert new[2]["parts"][0]["functionResponse"]["parts"] == [inline]
    assert new[3:] == [{"role": "user", "parts": [{"text": "so?"}]}]
    assert old[2]["parts"] == [{"functionResponse": {"name": "look", "response": {"output": "see"}}}]
    assert old[3:] == [{"role": "user", "parts": [inline, {"text": "so?"}]}]


def test_search_results_become_text_and_are_told() -> None:
    found = Found(source="https://a", title="A", texts=("one", "two"), at="f")
    conversation = asked(user(text("go")), model(call()), user(result(found)))
    body = sent(conversation, MIDDLE)
    assert isinstance(body["contents"], list)
    assert "A\\nhttps://a\\none\\ntwo" in msgspec.json.encode(body["contents"][-1]).decode()
    assert told(conversation, MIDDLE) == ("f",)


@pytest.mark.parametrize("arguments", ["[1]", "{", "1", "{}}"])
def test_arguments_that_are_no_object_are_refused(arguments: str) -> None:
    assert refused(asked(user(text("go")), model(call(arguments=arguments)))) == "call c1"


def test_a_refusal_in_the_history_is_text_and_told() -> None:
    dropped = Dropped()
    found = turns(user(text("x")), model(Refusal(text="no", at="r")), dropped=dropped)
    assert isinstance(found, list)
    assert found[1]["parts"] == [{"text": "no"}]
    assert dropped.paths == ("r",)


def test_empty_texts_are_no_parts() -> None:
    assert turns(user(text(""), text("a")), model(text("")), user(text("b"))) == [
        {"role": "user", "parts": [{"text": "a"}, {"text": "b"}]}
    ]


def test_a_request_that_is_nested_deeply_is_written_or_refused() -> None:
    translation = Translation(CHAT, GEMINI, Target(provider="google-ai-studio", model=MIDDLE))
    outcomes = set()
    for depth in range(700, 1000):
        deep = '{"a":' * depth + "1" + "}" * depth
        parameters = f'{{"type": "object", "default": {deep}}}'
        tools = f'[{{"type": "function", "function": {{"name": "look", "parameters": {parameters}}}}}]'
        messages = '[{"role": "user", "content": "x"}]'
        body = f'{{"model": "m", "messages": {messages}, "tools": {tools}}}'.encode()
        try:
            translation.request(body, "c", 1)
            outcomes.add("")
        except Refused as refused:
            outcomes.add(refused.why.partition(":")[0])
    assert outcomes == {"", "the body is nested too deeply", "the body must be a JSON object"}


# -- signatures


def test_signatures_stay_beside_exactly_their_parts() -> None:
    found = turns(
        user(text("go")),
        model(
            Thinking(text="hm", at="th"),
            text("a", signature=SIGNED),
            text("b"),
            text("", signature=Opaque(Family.GOOGLE, "bGFzdA==")),
        ),
        user(text("on")),
    )
    assert isinstance(found, list)
    assert found[1]["parts"] == [
        {"text": "hm", "thought": True},
        {"text": "a", "thoughtSignature": "c2ln"},
        {"text": "b"},
        {"text": "", "thoughtSignature": "bGFzdA=="},
    ]


def test_foreign_thoughts_are_left_out_and_told() -> None:
    dropped = Dropped()
    found = turns(
        user(text("go")),
        model(
            Thinking(text="hm", at="th", signature=FOREIGN),
            HiddenThinking(data=FOREIGN, at="hidden"),
            text("a", at="signed", signature=FOREIGN),
        ),
        dropped=dropped,
    )
    assert isinstance(found, list)
    assert found[1]["parts"] == [{"text": "a"}]
    assert dropped.paths == ("th", "hidden", "signed")


@pytest.mark.parametrize(
    "thought", [Thinking(text="", at="th", signature=SIGNED), HiddenThinking(data=SIGNED, at="th")]
)
def test_a_signature_before_a_call_is_that_of_the_call(thought: Part) -> None:
    found = turns(user(text("go")), model(thought, call()), user(result(text("x"))))
    assert isinstance(found, list)
    assert found[1]["parts"] == [
        {"functionCall": {"name": "look", "args": {}, "id": "c1"}, "thoughtSignature": "c2ln"}
    ]


class SentPart(msgspec.Struct, rename="camel"):
    thought_signature: str = ""


class SentTurn(msgspec.Struct):
    role: str
    parts: list[SentPart]


def skipped(conversation: Conversation, name: str = NEW) -> list[list[str]]:
    contents = msgspec.convert(sent(conversation, name)["contents"], list[SentTurn])
    return [[part.thought_signature for part in turn.parts] for turn in contents if turn.role == "model"]


SKIP = "skip_thought_signature_validator"


def test_calls_of_other_models_get_googles_value_once_a_step_of_the_current_turn() -> None:
    def step(*numbers: str, signature: Opaque | None = None) -> tuple[Message, Message]:
        calls = [call(number, signature=signature if number == numbers[0] else None) for number in numbers]
        return model(*calls), user(*(result(text("x"), number=number) for number in numbers))

    conversation = asked(
        user(text("first")),
        *step("old"),
        model(text("done")),
        user(text("now")),
        *step("a", "b"),
        *step("c", signature=SIGNED),
        *step("d", signature=FOREIGN),
    )
    assert skipped(conversation) == [[""], [""], [SKIP, ""], ["c2ln"], [SKIP]]
    assert told(conversation) == ("call d", "call a")
    assert skipped(conversation, MIDDLE) == [[""], [""], ["", ""], ["c2ln"], [""]]
    assert told(conversation, MIDDLE) == ("call d",)


# -- media


@pytest.mark.parametrize(
    ("part", "name", "host", "written"),
    [
        (Image(place=PNG, at="p"), OLD, "", {"inlineData": {"mimeType": "image/png", "data": PNG.base64}}),
        (
            Image(place=Data("image/jpg", "AA=="), at="p"),
            NEW,
            "",
            {"inlineData": {"mimeType": "image/jpeg", "data": "AA=="}},
        ),
        (
            Audio(place=Data("", "AA=="), format="mp3", at="p"),
            NEW,
            "",
            {"inlineData": {"mimeType": "audio/mp3", "data": "AA=="}},
        ),
        (
            Document(place=Data("", "AA=="), name="a.b.PDF", at="p"),
            NEW,
            VERTEX,
            {"inlineData": {"mimeType": "application/pdf", "data": "AA==", "displayName": "a.b.PDF"}},
        ),
        (
            Image(place=Url("https://x.test/a.png?b=c.gif"), at="p"),
            MIDDLE,
            "",
            {"fileData": {"fileUri": "https://x.test/a.png?b=c.gif", "mimeType": "image/png"}},
        ),
        (Image(place=Url("gs://b/a"), at="p"), OLD, VERTEX, {"fileData": {"fileUri": "gs://b/a"}}),
        (
            Document(place=Url("https://www.youtube.com/watch?v=1"), at="p"),
            OLD,
            "",
            {"fileData": {"fileUri": "https://www.youtube.com/watch?v=1"}},
        ),
        (
            Document(place=FileId("files/1", Family.GOOGLE), at="p"),
            OLD,
            "",
            {"fileData": {"fileUri": "files/1"}},
        ),
    ],
)
def test_media(part: Part, name: str, host: str, written: Object) -> None:
    contents = sent(asked(user(part)), name, host)["contents"]
    assert contents == [{"role": "user", "parts": [written]}]


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (Image(place=Url("https://x.test/a.png"), at="p"), OLD),
        (Image(place=Url("gs://b/a.png"), at="p"), NEW),
        (Image(place=Url("s3://b/a.png"), at="p"), NEW),
        (Image(place=FileId("file-1", Family.OPENAI), at="p"), NEW),
        (Image(place=Data("", "AA=="), at="p"), NEW),
        (Document(place=Data("", "AA=="), name="noending", at="p"), NEW),
        (Native(family=Family.ANTHROPIC, value={"type": "server_tool_use"}, at="p"), NEW),
    ],
)
def test_media_that_cannot_go(part: Part, name: str) -> None:
    assert refused(asked(user(part)), name) == "p"


def test_what_stands_beside_media_is_told() -> None:
    mark = CacheMark("mark")
    picture = Image(place=PNG, at="m[0]", detail="high", cache=mark)
    paper = Document(place=PNG, at="m[1]", name="n", title="t", context="c", cited=True)
    conversation = asked(user(picture, Image(place=PNG, at="m[2]", detail="auto"), paper))
    assert told(conversation) == (
        "mark",
        "m[0].image_url.detail",
        "m[1].title",
        "m[1].context",
        "m[1].citations",
        "m[1].file.filename",
    )
    conversation.family = Family.ANTHROPIC
    assert "m[0].detail" in told(conversation)


# -- tools


def config(**more: object) -> object:
    return sent(asked(tools=(tool(), tool("listen")), **more)).get("toolConfig")


@pytest.mark.parametrize(
    ("choice", "calling"),
    [
        (ToolChoice(mode="auto", at="c"), {"mode": "AUTO"}),
        (ToolChoice(mode="none", at="c"), {"mode": "NONE"}),
        (ToolChoice(mode="required", at="c"), {"mode": "ANY"}),
        (
            ToolChoice(mode="one", at="c", names=("look",)),
            {"mode": "ANY", "allowedFunctionNames": ["look"]},
        ),
        (
            ToolChoice(mode="auto", at="c", names=("look", "listen")),
            {"mode": "VALIDATED", "allowedFunctionNames": ["look", "listen"]},
        ),
        (
            ToolChoice(mode="required", at="c", names=("listen",)),
            {"mode": "ANY", "allowedFunctionNames": ["listen"]},
        ),
    ],
)
def test_the_choice(choice: ToolChoice, calling: Object) -> None:
    assert config(tool_choice=choice) == {"functionCallingConfig": calling}


def test_no_choice_is_none() -> None:
    assert config() is None


def test_strict_tools_are_validated() -> None:
    strict = asked(tools=(tool(strict=True), tool("b", strict=False)))
    assert sent(strict)["toolConfig"] == {"functionCallingConfig": {"mode": "VALIDATED"}}
    strict.tool_choice = ToolChoice(mode="required", at="c")
    assert sent(strict)["toolConfig"] == {"functionCallingConfig": {"mode": "ANY"}}
    assert sent(asked(tools=(tool(strict=False),))).get("toolConfig") is None


@pytest.mark.parametrize("mode", ["auto", "none"])
def test_a_choice_without_functions_is_left_out(mode: str) -> None:
    search = WebSearch(at="w", value={}, family=Family.OPENAI)
    conversation = asked(hosted=(search,), tool_choice=ToolChoice(mode=mode, at="c"))  # type: ignore[arg-type]
    body = sent(conversation, MIDDLE)
    assert body["tools"] == [{"googleSearch": {}}]
    assert "toolConfig" not in body


def test_a_forced_call_without_functions_is_refused() -> None:
    assert refused(asked(tool_choice=ToolChoice(mode="required", at="c"))) == "c"


def test_a_tool_that_is_not_there_cannot_be_chosen() -> None:
    choice = ToolChoice(mode="one", at="c", names=("gone",))
    assert refused(asked(tools=(tool(),), tool_choice=choice)) == "c"


def test_one_call_at_a_time_cannot_be_asked_for() -> None:
    paths = {"parallel_tools": "parallel_tool_calls"}
    assert told(asked(tools=(tool(),), parallel_tools=False, paths=paths)) == ("parallel_tool_calls",)
    assert told(asked(tools=(tool(),), parallel_tools=True)) == ()


def declared(one: Tool, name: str = NEW) -> Object:
    found = sent(asked(tools=(one,)), name)["tools"]
    assert isinstance(found, list)
    return found[0]["functionDeclarations"][0]  # type: ignore[index,call-overload,return-value]


@pytest.mark.parametrize(
    "parameters", [None, {}, {"type": "object"}, {"type": "object", "properties": {}, "required": []}]
)
def test_a_function_without_parameters_has_none(parameters: Object | None) -> None:
    assert declared(tool(parameters=parameters)) == {"name": "look"}
    assert declared(tool(parameters=parameters), OLD) == {"name": "look"}


def test_a_blank_description_is_none() -> None:
    assert declared(tool(description=" \n")) == {"name": "look"}
    assert declared(tool(description="sees")) == {"name": "look", "description": "sees"}


def test_newer_models_take_json_schema_as_it_is() -> None:
    schema: Object = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A"}, "pattern": {"type": ["string", "null"]}},
        "required": ["a"],
        "additionalProperties": False,
        "$defs": {"A": {"type": "integer", "exclusiveMinimum": 0, "multipleOf": 2, "const": 4}},
    }
    assert declared(tool(parameters=schema), MIDDLE) == {"name": "look", "parametersJsonSchema": schema}


def test_names_that_are_not_legal_are_changed_everywhere_and_told() -> None:
    name = "mcp/server tool"
    conversation = asked(
        user(text("go")),
        model(call(name=name, signature=SIGNED)),
        user(result(text("x"))),
        tools=(tool(name),),
        tool_choice=ToolChoice(mode="one", at="c", names=(name,)),
    )
    body = msgspec.json.encode(sent(conversation)).decode()
    assert name not in body
    assert body.count('"mcp_server_tool_') == 4
    assert told(conversation) == ("tools[0].function.name",)


def test_search_beside_functions() -> None:
    search = WebSearch(at="w", value={}, family=Family.OPENAI)
    conversation = asked(tools=(tool(),), hosted=(search,))
    assert refused(conversation, MIDDLE) == "w"
    assert sent(conversation, NEW)["tools"] == [
        {"functionDeclarations": [{"name": "look"}]},
        {"googleSearch": {}},
    ]


def test_what_searches_are_asked_for_besides() -> None:
    def search(**more: object) -> Conversation:
        return asked(
            hosted=(msgspec.structs.replace(WebSearch(at="w", value={}, family=Family.OPENAI), **more),)
        )

    tuned = search(context_size="low", most_uses=2, location={"city": "Rome"})
    assert told(tuned) == ("w.search_context_size", "w.max_uses", "w.user_location")
    assert refused(search(domains=("a.test",))) == "w"
    assert refused(search(blocked_domains=("a.test",))) == "w"
    body = sent(search(blocked_domains=("a.test",)), NEW, VERTEX)
    assert body["tools"] == [{"googleSearch": {"excludeDomains": ["a.test"]}}]


def test_tools_of_others_are_refused() -> None:
    hosted = HostedTool(family=Family.OPENAI, kind="file_search", value={}, at="h")
    assert refused(asked(hosted=(hosted,))) == "h"
    assert refused(asked(tools=(tool(free={}),))) == "tools[0]"
    assert refused(asked(user(text("x")), model(call(free=True)))) == "call c1"
    own = HostedTool(family=Family.GOOGLE, kind="urlContext", value={"urlContext": {}}, at="h")
    assert sent(asked(hosted=(own,)))["tools"] == [{"urlContext": {}}]


# -- generation


def generation(name: str = NEW, **more: object) -> object:
    return sent(asked(**more), name).get("generationConfig")


def test_only_what_was_asked_for_is_said() -> None:
    assert sent(asked()) == {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}


def test_all_that_tunes() -> None:
    sampling = Sampling(
        temperature=0.0,
        top_p=0.5,
        top_k=4,
        seed=-7,
        frequency_penalty=0.1,
        presence_penalty=-0.1,
        logprobs=True,
        top_logprobs=3,
        choices=2,
    )
    assert generation(sampling=sampling, max_tokens=100, stop=("a", "b")) == {
        "maxOutputTokens": 100,
        "temperature": 0.0,
        "topP": 0.5,
        "topK": 4,
        "seed": -7,
        "frequencyPenalty": 0.1,
        "presencePenalty": -0.1,
        "candidateCount": 2,
        "stopSequences": ["a", "b"],
        "responseLogprobs": True,
        "logprobs": 3,
    }


def test_what_gemini_has_less_of() -> None:
    paths = {"choices": "n", "stop": "stop_sequences"}
    assert refused(asked(stop=tuple("abcdef"), paths=paths)) == "stop_sequences"
    assert refused(asked(sampling=Sampling(choices=9), paths=paths)) == "n"
    assert refused(asked(sampling=Sampling(logprobs=True, top_logprobs=21))) == "top_logprobs"
    assert told(asked(sampling=Sampling(seed=2**31))) == ("seed",)
    assert generation(sampling=Sampling(logprobs=False, top_logprobs=3)) is None


def test_what_gemini_has_not_is_told() -> None:
    conversation = asked(
        sampling=Sampling(logit_bias={"1": 2}),
        verbosity="low",
        cache_key="k",
        cache=CacheMark("cache_control"),
        user="somebody",
        metadata={"a": "b"},
        service_tier="scale",
        extra={
            "prediction": {},
            "safety_settings": [{"category": "C", "threshold": "T"}],
            "cachedContent": "c/1",
        },
        paths={"cache_key": "prompt_cache_key"},
    )
    dropped = Dropped()
    body = sent(conversation, dropped=dropped)
    assert dropped.paths == (
        "logit_bias",
        "metadata.a",
        "user",
        "service_tier",
        "prediction",
        "verbosity",
        "prompt_cache_key",
        "cache_control",
    )
    assert body["safetySettings"] == [{"category": "C", "threshold": "T"}]
    assert body["cachedContent"] == "c/1"


def test_labels_on_vertex() -> None:
    metadata = {"team": "red-1", "Team": "x", "sort": "Upper"}
    conversation = asked(user="u_1", metadata=metadata)
    assert sent(conversation, host=VERTEX)["labels"] == {"team": "red-1", "user": "u_1"}
    assert told(conversation, host=VERTEX) == ("metadata.Team", "metadata.sort")


@pytest.mark.parametrize(
    ("tier", "written"), [("flex", "flex"), ("priority", "priority"), ("default", "standard"), ("auto", None)]
)
def test_service_tiers(tier: str, written: str | None) -> None:
    assert sent(asked(service_tier=tier)).get("serviceTier") == written
    assert told(asked(service_tier=tier)) == ()


def test_formats() -> None:
    schema: Object = {"type": "object", "properties": {"a": {"type": "integer", "exclusiveMinimum": 1}}}
    wanted = OutputFormat(kind="schema", at="response_format", name="n", schema=schema, strict=True)
    assert generation(format=OutputFormat(kind="json", at="f")) == {"responseMimeType": "application/json"}
    assert generation(MIDDLE, format=wanted) == {
        "responseMimeType": "application/json",
        "responseJsonSchema": schema,
    }
    assert generation(OLD, format=wanted) == {
        "responseMimeType": "application/json",
        "responseSchema": {
            "type": "OBJECT",
            "properties": {"a": {"type": "INTEGER", "minimum": 2}},
        },
    }
    assert told(asked(format=wanted)) == ("response_format.json_schema.strict",)
    assert told(asked(format=wanted, family=Family.ANTHROPIC)) == ()


# -- thinking


@pytest.mark.parametrize(
    ("name", "effort", "config", "is_told"),
    [
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0}, False),
        ("gemini-2.5-flash", "minimal", {"thinkingBudget": 512}, False),
        ("gemini-2.5-flash", "low", {"thinkingBudget": 1024}, False),
        ("gemini-2.5-flash", "medium", {"thinkingBudget": 8192}, False),
        ("gemini-2.5-flash", "high", {"thinkingBudget": 24576}, False),
        ("gemini-2.5-flash", "max", {"thinkingBudget": 24576}, False),
        ("gemini-2.5-flash-lite", "none", {"thinkingBudget": 0}, False),
        ("gemini-2.5-pro", "none", {"thinkingBudget": 128}, True),
        ("gemini-2.5-pro", "xhigh", {"thinkingBudget": 24576}, False),
        ("gemini-2.5-pro", "max", {"thinkingBudget": 32768}, False),
        ("gemini-3-pro-preview", "none", {"thinkingLevel": "LOW"}, True),
        ("gemini-3-pro-preview", "minimal", {"thinkingLevel": "LOW"}, True),
        ("gemini-3-pro-preview", "low", {"thinkingLevel": "LOW"}, False),
        ("gemini-3-pro-preview", "medium", {"thinkingLevel": "HIGH"}, True),
        ("gemini-3-pro-preview", "high", {"thinkingLevel": "HIGH"}, False),
        ("gemini-3-flash-preview", "none", {"thinkingLevel": "MINIMAL"}, True),
        ("gemini-3-flash-preview", "minimal", {"thinkingLevel": "MINIMAL"}, False),
        ("gemini-3-flash-preview", "medium", {"thinkingLevel": "MEDIUM"}, False),
        ("gemini-3-flash-preview", "xhigh", {"thinkingLevel": "HIGH"}, True),
        ("gemini-3-flash-preview", "max", {"thinkingLevel": "HIGH"}, True),
        ("gemini-3.1-pro-preview", "medium", {"thinkingLevel": "MEDIUM"}, False),
        ("gemini-2.0-flash", "high", None, True),
        ("gemini-2.0-flash", "none", None, False),
    ],
)
def test_efforts(name: str, effort: str, config: Object | None, is_told: bool) -> None:
    conversation = asked(reasoning=Reasoning(at="e", effort=effort, shown=False))
    wanted = None if config is None else {"thinkingConfig": config}
    assert sent(conversation, name).get("generationConfig") == wanted
    assert told(conversation, name) == (("e",) if is_told else ())


@pytest.mark.parametrize(
    ("name", "budget", "config", "is_told"),
    [
        ("gemini-2.5-flash", 0, {"thinkingBudget": 0}, False),
        ("gemini-2.5-flash", 2000, {"thinkingBudget": 2000}, False),
        ("gemini-2.5-flash", -1, {"thinkingBudget": -1}, False),
        ("gemini-2.5-flash", 30000, {"thinkingBudget": 24576}, True),
        ("gemini-2.5-flash-lite", 100, {"thinkingBudget": 512}, True),
        ("gemini-2.5-pro", 0, {"thinkingBudget": 128}, True),
        ("gemini-3-flash-preview", 2000, {"thinkingLevel": "LOW"}, True),
        ("gemini-3-flash-preview", 10000, {"thinkingLevel": "MEDIUM"}, True),
        ("gemini-3-flash-preview", 30000, {"thinkingLevel": "HIGH"}, True),
        ("gemini-3-flash-preview", -1, None, False),
    ],
)
def test_budgets(name: str, budget: int, config: Object | None, is_told: bool) -> None:
    conversation = asked(reasoning=Reasoning(at="thinking", budget=budget, shown=False))
    wanted = None if config is None else {"thinkingConfig": config}
    assert sent(conversation, name).get("generationConfig") == wanted
    assert told(conversation, name) == (("thinking",) if is_told else ())


def test_leaving_it_to_the_model() -> None:
    adaptive = Reasoning(at="thinking", adaptive=True)
    assert generation(MIDDLE, reasoning=adaptive, family=Family.ANTHROPIC) == {
        "thinkingConfig": {"thinkingBudget": -1}
    }
    assert generation(NEW, reasoning=adaptive, family=Family.ANTHROPIC) is None


@pytest.mark.parametrize(
    ("shown", "family", "effort", "included"),
    [
        (None, None, "low", True),
        (None, None, "none", False),
        (False, None, "low", False),
        (None, Family.OPENAI, "low", False),
        (True, Family.OPENAI, "low", True),
        (True, Family.ANTHROPIC, "low", True),
    ],
)
def test_who_sees_the_thoughts(
    shown: bool | None, family: Family | None, effort: str, included: bool
) -> None:
    found = generation(reasoning=Reasoning(at="e", effort=effort, shown=shown), family=family)
    assert isinstance(found, dict)
    assert ("includeThoughts" in found["thinkingConfig"]) is included


# -- counting


def test_all_of_the_input_is_counted() -> None:
    conversation = asked(system("s"), user(text("hi")), tools=(tool(),), max_tokens=5, user="u")
    counted: Object = {
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        "systemInstruction": {"parts": [{"text": "s"}]},
        "tools": [{"functionDeclarations": [{"name": "look"}]}],
    }
    studio = Target(provider="google-ai-studio", model="gemini-2.5-pro")
    vertex = Target(provider="google-vertex-ai", model="google/gemini-2.5-pro", host=VERTEX)
    assert GEMINI.write_count_request(conversation, vertex, Dropped()).body == counted
    assert GEMINI.write_count_request(conversation, studio, Dropped()).body == {
        "generateContentRequest": {"model": "models/gemini-2.5-pro", **counted}
    }


def test_what_was_counted() -> None:
    assert GEMINI.read_count(b'{"totalTokens": 31, "promptTokensDetails": []}') == 31
    assert GEMINI.read_count(b"{}") is None
    with pytest.raises(msgspec.MsgspecError):
        GEMINI.read_count(b"[]")
