"""What an endpoint of a provider is: an operation, a row of facts about one kind of request.

Everybody who has to know what a call means asks its operation: cache, limits, costs, keys, logs, exports. Here are
the nouns. `operation_rows.py` has the verbs that the providers' files write rows with, `operation_table.py` finds the
row of a path. Pure. What is not said of a row is the careful answer: not cached, nothing known of its price.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from penstock.wire.answer_dialect import Dialect


class Kind(StrEnum):
    """What the work is. Words of logs and sums, so few, and the same for all providers."""

    ACCOUNT = "account"
    AGENT = "agent"
    AGENT_RUN = "agent run"
    AUDIO_EDIT = "audio edit"
    BATCH = "batch"
    CACHED_CONTENT = "cached content"
    CHAT = "chat"
    CLASSIFY = "classify"
    COMPLETION = "completion"
    CONTAINER = "container"
    CONVERSATION = "conversation"
    DATASET = "dataset"
    EMBEDDINGS = "embeddings"
    EVAL = "eval"
    EXTRACT = "extract"
    FILE = "file"
    FINDALL = "findall"
    FINE_TUNE = "fine-tune"
    GENERATE = "generate content"
    GUARDRAIL = "guardrail"
    IMAGE = "image"
    IMAGE_EDIT = "image edit"
    IMAGE_READ = "image read"
    INTERACTION = "interaction"
    LIBRARY = "library"
    MEMORY = "memory"
    MESSAGES = "messages"
    MODELS = "models"
    MODERATION = "moderation"
    MONITOR = "monitor"
    OCR = "ocr"
    OTHER = "other"
    PREDICTION = "prediction"
    REALTIME = "realtime"
    RERANK = "rerank"
    RESEARCH = "research"
    RESPONSES = "responses"
    SEARCH = "search"
    SESSION = "session"
    SKILL = "skill"
    SPEECH = "speech"
    THREAD = "thread"
    TOKEN_COUNT = "token count"
    TOOL = "tool"
    TRANSCRIPTION = "transcription"
    TRANSLATION = "translation"
    UPLOAD = "upload"
    VECTOR_STORE = "vector store"
    VIDEO = "video"
    VOICE = "voice"
    WORKFLOW = "workflow"


class Effect(StrEnum):
    """What a request does at the provider."""

    GENERATE = "generate"  # an answer out of the request, and leaves nothing behind
    READ = "read"  # what is stored there
    ORDER = "order"  # makes something that lives on: a job, an object, a session, a key
    CHANGE = "change"
    CANCEL = "cancel"
    DELETE = "delete"
    UPLOAD = "upload"


class Bills(StrEnum):
    """What a request costs at the provider."""

    WORK = "work"  # is paid, by what the request and its answer tell
    NOTHING = "nothing"  # known to be free
    LATER = "later"  # is paid, by what only its end will tell
    UNKNOWN = "unknown"


class Cacheable(StrEnum):
    """Whether its answer may be kept and given again, where a gateway keeps answers."""

    REFUSED = "refused"  # nor where its caller asks for it
    NEVER = "never"
    ALWAYS = "always"
    UNFLAGGED = "unless flagged"  # unless one of its flags is set


@dataclass(frozen=True, slots=True)
class Flag:
    """Something in a request that makes another thing of it.

    `when` are places, all of which must hold: `body:background=true` a member of a JSON body and its value, `body:x`
    a member that is there and not null, `query:x`, `header:x` likewise. `becomes` is what the request does then; None:
    the same. Its answer is not to be kept then, unless `cacheable` says so.
    """

    when: tuple[str, ...]
    becomes: Effect | None = None
    cacheable: Cacheable = Cacheable.NEVER

    @property
    def name(self) -> str:
        """What it is called at the end of an operation's name."""
        name, _, value = self.when[0].partition(":")[2].partition("=")
        return f"no_{name}" if value == "false" else name


@dataclass(frozen=True, slots=True)
class Settles:
    """That a read tells what an order has used in the end: JSON pointers into its answer."""

    id: str = "/id"  # `path`: the answer does not name it, it is the last name in the read's path
    status: str = "/status"  # empty: that there is an answer (200, no 202) is the end
    final: tuple[str, ...] = ("completed",)  # words of the status after which nothing changes
    usage: str = "/usage"  # empty: the end is told, and no amount
    unpaid: tuple[
        str, ...
    ] = ()  # of those words, the ones after which nothing is paid, whatever else is told
    seconds: str = ""  # how long a video is that was made, where the first of those words tells that it was
    results: str = ""  # where it names another object that tells it, if it says nothing of it itself: a file
    lines: str = ""  # the answer is lines, a part of the work in each, and there is what was answered to it
    each: bool = False  # the answer is events, each of which may tell of another order


def _member(place: str) -> str:
    """The member of the body that a place begins with: `inputs` of `body:inputs[].processor`."""
    return place.partition(":")[2].partition("=")[0].partition(".")[0].removesuffix("[]")


WRITING = frozenset(
    {
        Kind.AGENT_RUN,
        Kind.CHAT,
        Kind.COMPLETION,
        Kind.CONVERSATION,
        Kind.GENERATE,
        Kind.INTERACTION,
        Kind.MESSAGES,
        Kind.RESPONSES,
    }
)
"""What language models write."""

_WRITTEN = WRITING | {Kind.EMBEDDINGS}
_BY_TOKENS = frozenset({"tokens", "neurons"})


@dataclass(frozen=True, slots=True)
class Operation:
    """What a request is. Fields are plain attributes: some are read for every call."""

    name: str  # `openai.responses.cancel`: stays the same, and there are few
    kind: Kind
    effect: Effect
    bills: Bills
    pattern: str = (
        ""  # `POST responses/{id}/cancel`, below what all its paths begin with; `WS`: a GET that upgrades
    )
    dialect: Dialect = Dialect.NONE  # where the answer names usage and model, and how a stream ends and fails
    models: tuple[
        str, ...
    ] = ()  # where the request names its model: `body:model`, `form:model`, `query:model`,
    # `header:x-model-version`, `path`
    product: str = ""  # goes before what is named there: `search-advanced`; alone where nothing is named
    default: str = ""  # what the provider takes where nothing is named
    cacheable: Cacheable = Cacheable.NEVER
    flags: tuple[Flag, ...] = ()
    vary: tuple[str, ...] = ()  # request headers, lower case, that change the answer
    unit: str = "tokens"  # what a price multiplies
    settles: Settles | None = None
    secret: bool = False  # a credential is in the request or the answer: no body is kept anywhere
    websocket: bool = False  # only as an upgrade
    lists: tuple[str, ...] = ()  # where an answer that lists models names each: `data[].id`
    sure: bool = True  # from the vendor's own papers or client; else inferred
    once: str = (
        ""  # where an order has a key by which it is done once, however often it is sent: `body:request_key`
    )
    flag_marks: tuple[bytes, ...] | None = field(init=False, compare=False, repr=False)
    """What stands in every body with a flag set, a mark for each; None where a flag needs none."""

    is_kept: bool = field(init=False, compare=False, repr=False)
    """Whether its answer may be kept at all."""
    is_work: bool = field(init=False, compare=False, repr=False)
    """Whether somebody pays for it, now or later, or nobody knows."""
    shows_tokens: bool = field(init=False, compare=False, repr=False)
    """Whether it uses tokens that the texts of its bodies show."""
    counts_usage: bool = field(init=False, compare=False, repr=False)
    """Whether usage in its answer is its own: not where stored work is read, or an order tells of something else."""

    def __post_init__(self) -> None:
        inside = [[one for one in flag.when if one.startswith("body:")] for flag in self.flags]
        marks = tuple(f'"{_member(places[0])}"'.encode() for places in inside if places)
        object.__setattr__(self, "flag_marks", marks if len(marks) == len(inside) else None)
        is_kept = self.cacheable in (Cacheable.ALWAYS, Cacheable.UNFLAGGED)
        object.__setattr__(self, "is_kept", is_kept)
        object.__setattr__(self, "is_work", self.bills is not Bills.NOTHING)
        is_paid = self.effect is Effect.GENERATE and self.bills is Bills.WORK and self.unit in _BY_TOKENS
        object.__setattr__(self, "shows_tokens", is_paid and self.kind in _WRITTEN)
        own = self.effect is Effect.GENERATE or self.kind is Kind.OTHER or self.dialect is not Dialect.NONE
        object.__setattr__(self, "counts_usage", self.is_work and own)

    def flagged(self, flag: Flag) -> Operation:
        """What it is where a flag is set."""
        if flag.becomes is None:
            return replace(self, cacheable=flag.cacheable, flags=())
        bills = {Effect.READ: Bills.NOTHING, Effect.ORDER: Bills.LATER}.get(flag.becomes, self.bills)
        return replace(
            self,
            name=f"{self.name}.{flag.name}",
            effect=flag.becomes,
            bills=bills,
            cacheable=flag.cacheable,
            flags=(),
        )


Rows = tuple[Operation, ...]

LANGUAGE = WRITING | {Kind.CLASSIFY, Kind.EMBEDDINGS, Kind.RERANK}
"""What language models do."""

OTEL_NAMES = {
    Kind.AGENT_RUN: "invoke_agent",
    Kind.CHAT: "chat",
    Kind.COMPLETION: "text_completion",
    Kind.CONVERSATION: "invoke_agent",
    Kind.EMBEDDINGS: "embeddings",
    Kind.GENERATE: "generate_content",
    Kind.INTERACTION: "generate_content",
    Kind.MESSAGES: "chat",
    Kind.RESEARCH: "invoke_agent",
    Kind.RESPONSES: "chat",
    Kind.SEARCH: "retrieval",
    Kind.TOOL: "execute_tool",
    Kind.VECTOR_STORE: "retrieval",
    Kind.WORKFLOW: "invoke_workflow",
}
"""`gen_ai.operation.name` of work (OpenTelemetry's registry of May 2026); other kinds have none."""


def otel_name(operation: Operation) -> str | None:
    """`gen_ai.operation.name` of an operation; None where the registry has no word for it."""
    if operation.kind is Kind.AGENT and operation.effect is Effect.ORDER:
        return "create_agent"
    return OTEL_NAMES.get(operation.kind) if operation.is_work else None


def variants(operation: Operation) -> Iterator[Operation]:
    """What else a request of this row may be."""
    return (operation.flagged(flag) for flag in operation.flags if flag.becomes is not None)
