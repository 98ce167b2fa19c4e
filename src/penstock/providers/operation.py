"""What an endpoint of a provider is: an operation, a row of facts about one kind of request.

Everybody who has to know what a call means asks its operation: cache, limits, costs, keys, logs, exports. Here are
the nouns, and the verbs that the providers' files write their rows with; `operation_table.py` finds the row of a path.
Pure. What is not said of a row is the careful answer: not cached, nothing known of its price.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
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

    NEVER = "never"
    ALWAYS = "always"
    UNFLAGGED = "unless flagged"  # unless one of its flags is set


@dataclass(frozen=True, slots=True)
class Flag:
    """Something in a request that makes another thing of it.

    `when` are places, all of which must hold: `body:background=true` a member of a JSON body and its value, `body:x`
    a member that is there and not null, `query:x`, `header:x` likewise. `becomes` is what the request does then; None:
    the same, but its answer is not to be kept.
    """

    when: tuple[str, ...]
    becomes: Effect | None = None

    @property
    def name(self) -> str:
        """What it is called at the end of an operation's name."""
        return self.when[0].partition(":")[2].partition("=")[0]


@dataclass(frozen=True, slots=True)
class Settles:
    """That a read tells what an order has used in the end: JSON pointers into its answer."""

    id: str = "/id"
    status: str = "/status"
    final: tuple[str, ...] = ("completed",)  # words of the status after which nothing changes
    usage: str = "/usage"  # empty: the end is told, and no amount


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
    sure: bool = True  # from the vendor's own papers or client; else inferred

    @property
    def is_work(self) -> bool:
        """Whether somebody pays for it, now or later, or nobody knows."""
        return self.bills is not Bills.NOTHING

    @property
    def is_order(self) -> bool:
        """Whether it leaves something behind, so that doing it twice is two things."""
        return self.effect not in (Effect.GENERATE, Effect.READ)

    def flagged(self, flag: Flag) -> Operation:
        """What it is where a flag is set."""
        if flag.becomes is None:
            return replace(self, cacheable=Cacheable.NEVER, flags=())
        bills = {Effect.READ: Bills.NOTHING, Effect.ORDER: Bills.LATER}.get(flag.becomes, self.bills)
        return replace(
            self,
            name=f"{self.name}.{flag.name}",
            effect=flag.becomes,
            bills=bills,
            cacheable=Cacheable.NEVER,
            flags=(),
        )


OTEL_NAMES = {
    Kind.AGENT_RUN: "invoke_agent",
    Kind.CHAT: "chat",
    Kind.COMPLETION: "text_completion",
    Kind.EMBEDDINGS: "embeddings",
    Kind.GENERATE: "generate_content",
    Kind.INTERACTION: "generate_content",
    Kind.MESSAGES: "chat",
    Kind.RESEARCH: "invoke_agent",
    Kind.RESPONSES: "chat",
    Kind.SEARCH: "retrieval",
    Kind.TOOL: "execute_tool",
    Kind.WORKFLOW: "invoke_workflow",
}
"""`gen_ai.operation.name` of work (OpenTelemetry's registry of May 2026); other kinds have none."""


def otel_name(operation: Operation) -> str | None:
    """`gen_ai.operation.name` of an operation; None where the registry has no word for it."""
    if operation.kind is Kind.AGENT and operation.effect is Effect.ORDER:
        return "create_agent"
    return OTEL_NAMES.get(operation.kind) if operation.is_work else None


# -- what the tables are written with. `paths` are separated by blanks; `{x}` is one segment, `{x*}` one or more.

_UNNAMED = "?"
Rows = tuple[Operation, ...]


def work(
    paths: str,
    kind: Kind,
    dialect: Dialect = Dialect.NONE,
    *,
    models: str = "body:model",
    cache: Cacheable = Cacheable.ALWAYS,
    flags: tuple[Flag, ...] = (),
    vary: tuple[str, ...] = (),
    unit: str = "tokens",
    bills: Bills = Bills.WORK,
    method: str = "POST",
    product: str = "",
    default: str = "",
    sure: bool = True,
) -> Rows:
    """Requests that are answered out of themselves, for money. `models` are places, separated by blanks."""
    if flags and cache is Cacheable.ALWAYS:
        cache = Cacheable.UNFLAGGED
    return tuple(
        Operation(
            _UNNAMED, kind, Effect.GENERATE, bills, f"{method} {path}", dialect, tuple(models.split()), product,
            default, cache, flags, vary, unit, sure=sure,
        )
        for path in paths.split()
    )  # fmt: skip


def counts(
    paths: str, kind: Kind = Kind.TOKEN_COUNT, *, models: str = "body:model", sure: bool = True
) -> Rows:
    """Requests that are answered out of themselves, for nothing: a count in the answer is no usage."""
    return work(paths, kind, models=models, bills=Bills.NOTHING, sure=sure)


def orders(
    paths: str,
    kind: Kind,
    dialect: Dialect = Dialect.NONE,
    *,
    models: str = "",
    unit: str = "tokens",
    bills: Bills = Bills.LATER,
    method: str = "POST",
    product: str = "",
    default: str = "",
    flags: tuple[Flag, ...] = (),
    secret: bool = False,
    sure: bool = True,
) -> Rows:
    """Requests for something that lives on and is paid by what comes of it."""
    return tuple(
        Operation(
            _UNNAMED, kind, Effect.ORDER, bills, f"{method} {path}", dialect, tuple(models.split()), product,
            default, flags=flags, unit=unit, secret=secret, sure=sure,
        )
        for path in paths.split()
    )  # fmt: skip


def makes(
    paths: str, kind: Kind, *, models: str = "", method: str = "POST", secret: bool = False, sure: bool = True
) -> Rows:
    """Requests for something that lives on and costs nothing by itself."""
    return orders(paths, kind, models=models, bills=Bills.NOTHING, method=method, secret=secret, sure=sure)


def reads(
    paths: str,
    kind: Kind,
    dialect: Dialect = Dialect.NONE,
    *,
    settles: Settles | None = None,
    method: str = "GET",
    models: str = "",
    secret: bool = False,
    sure: bool = True,
) -> Rows:
    """Requests for what is stored. Never paid, whatever the answer tells."""
    return _free(
        paths,
        kind,
        Effect.READ,
        method,
        dialect=dialect,
        settles=settles,
        models=models,
        secret=secret,
        sure=sure,
    )


def changes(paths: str, kind: Kind, *, method: str = "POST", secret: bool = False, sure: bool = True) -> Rows:
    """Requests that change what is stored, for nothing."""
    return _free(paths, kind, Effect.CHANGE, method, secret=secret, sure=sure)


def cancels(
    paths: str,
    kind: Kind,
    *,
    method: str = "POST",
    dialect: Dialect = Dialect.NONE,
    settles: Settles | None = None,
    models: str = "",
    sure: bool = True,
) -> Rows:
    """Requests that end what is under way, for nothing."""
    return _free(
        paths, kind, Effect.CANCEL, method, dialect=dialect, settles=settles, models=models, sure=sure
    )


def deletes(paths: str, kind: Kind, *, method: str = "DELETE", sure: bool = True) -> Rows:
    """Requests that remove what is stored, for nothing."""
    return _free(paths, kind, Effect.DELETE, method, sure=sure)


def uploads(paths: str, kind: Kind = Kind.FILE, *, method: str = "POST", sure: bool = True) -> Rows:
    """Requests that bring something to be kept, for nothing."""
    return _free(paths, kind, Effect.UPLOAD, method, sure=sure)


def whatever(paths: str, kind: Kind = Kind.ACCOUNT, *, secret: bool = False, sure: bool = True) -> Rows:
    """All requests below a path, each what its method says, and none paid."""
    return (
        *reads(paths, kind, secret=secret, sure=sure),
        *makes(paths, kind, secret=secret, sure=sure),
        *changes(paths, kind, method="PUT", secret=secret, sure=sure),
        *changes(paths, kind, method="PATCH", secret=secret, sure=sure),
        *deletes(paths, kind, sure=sure),
    )


def sessions(
    paths: str, kind: Kind, *, models: str = "query:model", unit: str = "tokens", sure: bool = True
) -> Rows:
    """Upgrades to a WebSocket, paid by what passes over it."""
    rows = work(paths, kind, models=models, cache=Cacheable.NEVER, unit=unit, method="WS", sure=sure)
    return tuple(replace(row, websocket=True) for row in rows)


def _free(
    paths: str,
    kind: Kind,
    effect: Effect,
    method: str,
    *,
    dialect: Dialect = Dialect.NONE,
    settles: Settles | None = None,
    models: str = "",
    secret: bool = False,
    sure: bool,
) -> Rows:
    return tuple(
        Operation(
            _UNNAMED, kind, effect, Bills.NOTHING, f"{method} {path}", dialect, tuple(models.split()),
            settles=settles, secret=secret, sure=sure,
        )
        for path in paths.split()
    )  # fmt: skip


def variants(operation: Operation) -> Iterator[Operation]:
    """What else a request of this row may be."""
    return (operation.flagged(flag) for flag in operation.flags if flag.becomes is not None)


def below(root: str, *groups: Rows) -> Rows:
    """The same rows under another root, which ends with a slash."""

    def moved(row: Operation) -> Operation:
        method, _, path = row.pattern.partition(" ")
        return replace(row, pattern=f"{method} {root}{path}")

    return tuple(moved(row) for rows in groups for row in rows)
