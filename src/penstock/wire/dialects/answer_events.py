"""What comes back from a language model, whatever the dialect: one sequence of events, for answers whole and streamed.

    Began, (Opened, Piece*, Closed)*, Stopped of each choice, Counted, Ended — or Failed, after which nothing comes.

One block is open at a time within a choice; `Piece` belongs to it. A whole answer gives the same events as a stream
that says the same, and a stream gives the same however its bytes were cut. Nothing empty is opened: a block begins when
there is something in it (thinking with a signature only, and tool calls without arguments, are something).
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from penstock.wire.dialects.conversation import Data, Family, Opaque
from penstock.wire.dialects.json_value import Json, Object


class BlockKind(StrEnum):
    TEXT = "text"
    THINKING = "thinking"
    HIDDEN_THINKING = "hidden_thinking"  # has no pieces, only `data`
    TOOL_CALL = "tool_call"  # pieces are JSON text; of a free-form tool, its input
    REFUSAL = "refusal"
    MEDIA = "media"  # has no pieces, only `media`: a picture, or sound
    NATIVE = "native"  # has no pieces, only `native`: what a hosted tool of the family did


class StopReason(StrEnum):
    """Why a choice ended (dialects, B8)."""

    END = "end"
    STOP_SEQUENCE = "stop_sequence"
    MAX_TOKENS = "max_tokens"
    CONTEXT_FULL = "context_full"
    TOOL_CALLS = "tool_calls"  # that the caller is to answer
    PAUSED = "paused"
    REFUSED = "refused"  # safety, filters, guardrails
    MALFORMED = "malformed"  # the model made nothing of use: broken calls, broken output


class Began(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The answer has begun. May come again where the source tells `model` or `id` late: what is not empty counts."""

    id: str = ""  # the provider's own
    model: str = ""  # as the provider says it
    created: int = 0  # Unix seconds; 0: unsaid
    service_tier: str = ""
    fingerprint: str = ""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A block begins."""

    kind: BlockKind
    choice: int = 0
    call_id: str = ""
    name: str = ""  # of a tool
    free: bool = False
    data: Opaque | None = None
    media: Data | None = None
    native: Object | None = None
    family: Family | None = None  # of `native`
    signature: Opaque | None = None  # of a tool call, where it is known from the beginning


class Piece(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """More of the open block. Never empty."""

    text: str
    choice: int = 0


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """The block is whole."""

    choice: int = 0
    signature: Opaque | None = None
    id: str = ""  # of the provider's item


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """What a part of the text rests on. Places count characters of the choice's whole text; -1: untold."""

    url: str = ""
    title: str = ""
    cited: str = ""  # the words at the source
    start: int = -1
    end: int = -1
    native: Object | None = None  # as the provider wrote it
    family: str = ""


class Cited(msgspec.Struct, frozen=True, kw_only=True):
    """The open text block, or the one that was closed last, rests on this."""

    citation: Citation
    choice: int = 0


class TokenLogprob(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    logprob: float
    bytes: tuple[int, ...] | None = None
    top: tuple[TokenLogprob, ...] = ()


class Logprobs(msgspec.Struct, frozen=True, kw_only=True):
    """Of the tokens of the last piece, or of some before it."""

    tokens: tuple[TokenLogprob, ...]
    choice: int = 0
    refusal: bool = False


class Stopped(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A choice has ended. The last one of a choice counts."""

    reason: StopReason
    choice: int = 0
    native: str = ""  # the provider's own word
    sequence: str = ""  # that it stopped at
    explanation: str = ""


class Counted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Tokens, so far: sums, not increments. None: untold, and what was told before stays (dialects, B9).

    Total input = `fresh` + `cache_read` + `cache_write` (all of it); total output = `output`, with `reasoning` in it.
    """

    fresh: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None  # of `cache_write`
    output: int | None = None
    reasoning: int | None = None  # of `output`
    audio_in: int | None = None  # of the input
    audio_out: int | None = None  # of `output`
    tool_prompt: int | None = None  # of the input
    searches: int | None = None


class Extra(msgspec.Struct, frozen=True, kw_only=True):
    """A member that only this provider has and that is worth keeping: Parallel's `basis`, Perplexity's `citations`."""

    name: str
    value: Json
    choice: int | None = None  # None: of the answer


class Alive(msgspec.Struct, frozen=True, gc=False):
    """The provider says that it is still there."""


class Ended(msgspec.Struct, frozen=True, gc=False):
    """The answer is whole."""


class ErrorKind(StrEnum):
    """What went wrong, in the rows of dialects, B11."""

    BAD_REQUEST = "bad_request"
    KEY = "key"
    MONEY = "money"
    PERMISSION = "permission"
    NOT_FOUND = "not_found"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    INNER = "inner"
    OVERLOADED = "overloaded"
    TIME = "time"


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's error, before the answer or within it."""

    kind: ErrorKind
    message: str
    status: int = 0  # HTTP, as the provider said it; of an error within a stream, what it would have been
    type: str = ""  # the provider's own word: `overloaded_error`, `RESOURCE_EXHAUSTED`, `ThrottlingException`
    code: str = ""
    param: str = ""
    request_id: str = ""
    retry_after: str = ""  # seconds, where the body tells them


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """The answer ends here, broken."""

    failure: Failure


Event = (
    Began | Opened | Piece | Closed | Cited | Logprobs | Stopped | Counted | Extra | Alive | Ended | Failed
)
