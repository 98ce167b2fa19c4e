"""What is asked of a language model, whatever the dialect: the inner form of a request. Values only.

Readers make it of a caller's request, writers make a provider's request of it. `at` is always the path at which the
caller wrote a thing, so that a writer who cannot carry it says which one it was. None and empty stand for what the
caller did not say: a dialect's defaults are not put in, and are not carried to another dialect.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal

import msgspec

from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Refused


class Family(StrEnum):
    """Who can read what only its maker can: signatures, encrypted reasoning, ids of files, hosted tools."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    GOOGLE = "google"
    BEDROCK = "bedrock"  # what Converse made of models that are not Anthropic's
    COHERE = "cohere"


class Opaque(msgspec.Struct, frozen=True):
    """A text that is carried out and taken back as it is, and sent only to the family that made it."""

    family: Family
    value: str


# -- where bytes are


class Data(msgspec.Struct, frozen=True, tag="data"):
    """Bytes in the request itself."""

    media_type: str  # `image/png`; empty where the caller does not say
    base64: str  # without the head of a data URL, without blanks


class Url(msgspec.Struct, frozen=True, tag="url"):
    """An address (http, https, gs, s3) that the provider is to fetch."""

    url: str


class FileId(msgspec.Struct, frozen=True, tag="file_id"):
    """A file that was uploaded to one provider, and means nothing to another."""

    id: str
    family: Family


Place = Data | Url | FileId


class CacheMark(msgspec.Struct, frozen=True):
    """Up to here the prompt is to be cached."""

    at: str
    ttl: str = ""  # `5m`, `1h`, or unsaid


# -- parts of messages


class Text(msgspec.Struct, frozen=True, kw_only=True, tag="text"):
    text: str
    at: str
    cache: CacheMark | None = None
    signature: Opaque | None = None  # Gemini's may stand on a text, also on an empty one
    citations: tuple[Object, ...] = ()  # of an earlier answer, as `Conversation.family` writes them


class Refusal(msgspec.Struct, frozen=True, kw_only=True, tag="refusal"):
    """That the model would not answer, in its own words."""

    text: str
    at: str


class Image(msgspec.Struct, frozen=True, kw_only=True, tag="image"):
    place: Place
    at: str
    detail: str = ""  # `low`, `high`, `auto`, `original`
    cache: CacheMark | None = None
    signature: Opaque | None = None  # of one that Gemini made


class Audio(msgspec.Struct, frozen=True, kw_only=True, tag="audio"):
    place: Place
    at: str
    format: str = ""  # `wav`, `mp3`
    cache: CacheMark | None = None


class Document(msgspec.Struct, frozen=True, kw_only=True, tag="document"):
    """A file: a PDF, a text, a table."""

    place: Place
    at: str
    name: str = ""  # with its extension, as the caller wrote it
    title: str = ""
    context: str = ""
    cited: bool = False  # the caller wants citations from it
    cache: CacheMark | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True, tag="found"):
    """A search result that the caller gives, to be cited from."""

    source: str
    title: str
    texts: tuple[str, ...]
    at: str
    cited: bool = False
    cache: CacheMark | None = None


class ToolCall(msgspec.Struct, frozen=True, kw_only=True, tag="tool_call"):
    """A call that the model made, and the caller is to answer."""

    id: str  # never empty: a reader of a dialect without ids makes them up
    name: str
    arguments: str  # JSON text; the input itself of a free-form tool
    at: str
    free: bool = False  # of a free-form tool (OpenAI's `custom`)
    signature: Opaque | None = None
    cache: CacheMark | None = None


class ToolResult(msgspec.Struct, frozen=True, kw_only=True, tag="tool_result"):
    """What the caller answers to a tool call."""

    call_id: str
    parts: tuple[Text | Image | Document | Found, ...]
    at: str
    failed: bool = False
    free: bool = False
    cache: CacheMark | None = None


class Thinking(msgspec.Struct, frozen=True, kw_only=True, tag="thinking"):
    """Reasoning of an earlier turn. Its text may be empty beside a signature, and is still a part."""

    text: str
    at: str
    signature: Opaque | None = None
    id: str = ""  # OpenAI's item, where the provider keeps it


class HiddenThinking(msgspec.Struct, frozen=True, kw_only=True, tag="hidden_thinking"):
    """Reasoning that nobody but its maker may see."""

    data: Opaque
    at: str
    id: str = ""


class Native(msgspec.Struct, frozen=True, kw_only=True, tag="native"):
    """A block of one family that no other has, such as its hosted tools' calls and results: goes back as it is."""

    family: Family
    value: Object
    at: str

    @property
    def is_search(self) -> bool:
        """Whether it tells of a search: what came of that stands in the text behind it, too."""
        kind = self.value.get("type")
        tool = self.value.get("name") if kind == "server_tool_use" else None
        return kind in _SEARCH_RESULTS or tool in _SEARCHES


_SEARCHES: Final = ("web_search", "web_fetch")
_SEARCH_RESULTS: Final = ("web_search_tool_result", "web_fetch_tool_result")

UserPart = Text | Image | Audio | Document | Found | ToolResult | Native
AssistantPart = Text | Refusal | Thinking | HiddenThinking | ToolCall | Audio | Image | Native
Part = (
    Text
    | Refusal
    | Image
    | Audio
    | Document
    | Found
    | ToolCall
    | ToolResult
    | Thinking
    | HiddenThinking
    | Native
)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One turn. Tool results are parts of a `user` message: those of one turn's calls stand in one message, first."""

    role: Literal["system", "user", "assistant"]  # `developer` is `system`
    parts: tuple[Part, ...]
    at: str
    name: str = ""  # of a participant
    phase: str = ""  # `commentary`, `final_answer`


# -- tools


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A function that the caller offers."""

    name: str
    at: str
    description: str = ""
    parameters: Object | None = None  # JSON Schema; None: it takes none
    strict: bool | None = None
    cache: CacheMark | None = None
    free: Object | None = (
        None  # a free-form tool, with its `format` as Responses writes it; `parameters` is None
    )
    extra: Object = {}  # members that only the caller's dialect has, by name; their path is `at` and the name


class HostedTool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool that the provider runs itself."""

    family: Family
    kind: str  # its `type`: `web_search_20250305`, `file_search`, …
    value: Object  # as the caller wrote it
    at: str


class WebSearch(msgspec.Struct, frozen=True, kw_only=True):
    """The one hosted tool that several dialects have."""

    at: str
    value: Object  # as the caller wrote it
    family: Family
    context_size: str = ""
    domains: tuple[str, ...] = ()
    blocked_domains: tuple[str, ...] = ()
    most_uses: int | None = None
    location: Object | None = None  # `city`, `region`, `country`, `timezone`


class ToolChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What the model may call. `names` limit it to some of the tools; with `one` it is exactly that."""

    mode: Literal["none", "auto", "required", "one"]
    at: str
    names: tuple[str, ...] = ()


# -- the rest


class OutputFormat(msgspec.Struct, frozen=True, kw_only=True):
    """How the answer is to look, where it is not just text."""

    kind: Literal["json", "schema"]
    at: str
    name: str = ""
    schema: Object | None = None
    strict: bool | None = None
    description: str = ""


class Reasoning(msgspec.Struct, frozen=True, kw_only=True):
    """How much the model is to think, in the words of who asked; at most one of `effort` and `budget` counts."""

    at: str
    effort: str = ""  # `none` `minimal` `low` `medium` `high` `xhigh` `max`
    budget: int | None = None  # tokens; 0: none; -1: as the model likes
    adaptive: bool = False
    shown: bool | None = None  # whether the caller wants to see it, in which form is the dialect's
    summary: str = ""  # `auto`, `concise`, `detailed`
    yields: bool = False  # may be switched off, and told, where the history lacks what thinking needs of it


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """How tokens are chosen. The caller's path of each stands in `Conversation.paths` under its name here."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: Object | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    choices: int | None = None  # OpenAI's `n`


class Conversation(msgspec.Struct, kw_only=True):
    """A request for text, with all that may stand in it.

    `paths` gives the caller's path of members that are one value here: `max_tokens` → `max_completion_tokens`. Members
    that nobody else has are `extra`, by name: a writer of the same family takes those it knows, and tells the others,
    but refuses those in `needed` (see `extras.leave`).
    """

    model: str  # as the provider is to get it
    messages: tuple[Message, ...]  # with system messages at their places
    tools: tuple[Tool, ...] = ()
    hosted: tuple[HostedTool | WebSearch, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tools: bool | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    sampling: Sampling = Sampling()
    format: OutputFormat | None = None
    reasoning: Reasoning | None = None
    verbosity: str = ""
    stream: bool = False
    stream_usage: bool = False  # the caller wants the counts in the stream, too
    user: str = ""  # who is behind the call
    metadata: dict[str, str] = {}
    service_tier: str = ""
    cache: CacheMark | None = None  # of the whole request: its last block that can be marked
    cache_key: str = ""
    family: Family | None = None  # whose dialect the caller speaks; None: what many speak
    extra: dict[str, Json] = {}
    needed: frozenset[str] = frozenset()  # of `extra`: without them the answer would mean something else
    betas: tuple[str, ...] = ()  # flags of the caller's `anthropic-beta`, from its header or its body
    as_written: Object | None = None  # the caller's whole body, for the same dialect on another host
    repeated: Object = {}  # members that the caller's dialect repeats in its answers, as the caller wrote them
    unread: Refused | None = None  # why it cannot be carried to other dialects; then the rest is empty
    paths: dict[str, str] = {}
    call_id: str = ""  # the gateway's own of this call: for ids of answers where the provider tells none
    asked_at: int = 0  # Unix seconds, likewise

    def at(self, name: str) -> str:
        """The caller's path of one of the members above."""
        return self.paths.get(name, name)
