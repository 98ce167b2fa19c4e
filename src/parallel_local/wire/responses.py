"""Responses: requests, the whole answer, and the events of a streamed one (Parallel 2.10).

The shapes are those of OpenAI's Responses API, as far as the contract fills them. What is accepted and ignored
(tools, temperature and the like) stands in no request here; the answer says the defaults instead.
"""

from typing import Annotated, Literal

import msgspec

Status = Literal["completed", "failed", "in_progress"]
ItemStatus = Literal["in_progress", "completed"]


class ContentPart(msgspec.Struct, frozen=True):
    """A part of a message; only text may come, which the endpoint checks."""

    type: str | None = None
    text: str | None = None


class InputMessage(msgspec.Struct, frozen=True):
    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[ContentPart]


class Reasoning(msgspec.Struct, frozen=True):
    effort: Literal["low", "medium", "high"] | None = None


class TextFormat(msgspec.Struct, frozen=True):
    """`schema` is there for `json_schema` only."""

    type: Literal["text", "json_schema", "json_object"]
    name: str | None = None
    schema: dict[str, object] | None = None
    description: str | None = None
    strict: bool | None = None


class TextConfig(msgspec.Struct, frozen=True):
    format: TextFormat | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class ResponseRequest(msgspec.Struct, frozen=True):
    """`POST /v1/responses`; unknown keys are tolerated."""

    model: str
    input: str | list[InputMessage]
    instructions: str | None = None
    previous_response_id: str | None = None
    stream: bool | None = None
    text: TextConfig | None = None
    metadata: Annotated[dict[str, str], msgspec.Meta(max_length=16)] | None = None
    reasoning: Reasoning | None = None
    background: bool | None = None


class UrlCitation(msgspec.Struct, frozen=True, tag_field="type", tag="url_citation"):
    """The part of the text that a document vouches for: characters from `start_index` up to `end_index`."""

    url: str
    title: str
    start_index: int
    end_index: int


class OutputText(msgspec.Struct, frozen=True, tag_field="type", tag="output_text"):
    text: str
    annotations: list[UrlCitation] = []
    logprobs: list[None] = []


class OutputMessage(msgspec.Struct, frozen=True, tag_field="type", tag="message"):
    id: str
    status: ItemStatus
    content: list[OutputText]
    role: Literal["assistant"] = "assistant"


class InputDetails(msgspec.Struct, frozen=True):
    cached_tokens: int = 0


class OutputDetails(msgspec.Struct, frozen=True):
    reasoning_tokens: int = 0


class ResponseUsage(msgspec.Struct, frozen=True):
    """An estimate, never a basis for billing."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: InputDetails = InputDetails()
    output_tokens_details: OutputDetails = OutputDetails()


class ResponseError(msgspec.Struct, frozen=True):
    message: str
    code: Literal["server_error"] = "server_error"


class ResponseObject(msgspec.Struct, frozen=True):
    """An answer. What the contract leaves empty is null here, whatever the request said."""

    id: str
    created_at: int
    status: Status
    output: list[OutputMessage] = []
    usage: ResponseUsage | None = None
    completed_at: int | None = None
    error: ResponseError | None = None
    incomplete_details: None = None
    instructions: str | None = None
    metadata: dict[str, str] | None = None
    previous_response_id: str | None = None
    model: Literal["parallel"] = "parallel"
    object: Literal["response"] = "response"
    parallel_tool_calls: bool = True
    tool_choice: Literal["auto"] = "auto"
    tools: list[None] = []
    background: bool = False
    temperature: None = None
    top_p: None = None
    max_output_tokens: None = None
    reasoning: None = None
    text: None = None
    truncation: None = None
    user: None = None


class Created(msgspec.Struct, frozen=True, tag_field="type", tag="response.created"):
    response: ResponseObject
    sequence_number: int = 0


class InProgress(msgspec.Struct, frozen=True, tag_field="type", tag="response.in_progress"):
    response: ResponseObject
    sequence_number: int = 0


class ItemAdded(msgspec.Struct, frozen=True, tag_field="type", tag="response.output_item.added"):
    item: OutputMessage
    output_index: int = 0
    sequence_number: int = 0


class PartAdded(msgspec.Struct, frozen=True, tag_field="type", tag="response.content_part.added"):
    item_id: str
    part: OutputText
    output_index: int = 0
    content_index: int = 0
    sequence_number: int = 0


class TextDelta(msgspec.Struct, frozen=True, tag_field="type", tag="response.output_text.delta"):
    item_id: str
    delta: str
    logprobs: list[None] = []
    output_index: int = 0
    content_index: int = 0
    sequence_number: int = 0


class AnnotationAdded(
    msgspec.Struct, frozen=True, tag_field="type", tag="response.output_text.annotation.added"
):
    item_id: str
    annotation: UrlCitation
    annotation_index: int
    output_index: int = 0
    content_index: int = 0
    sequence_number: int = 0


class TextDone(msgspec.Struct, frozen=True, tag_field="type", tag="response.output_text.done"):
    item_id: str
    text: str
    logprobs: list[None] = []
    output_index: int = 0
    content_index: int = 0
    sequence_number: int = 0


class PartDone(msgspec.Struct, frozen=True, tag_field="type", tag="response.content_part.done"):
    item_id: str
    part: OutputText
    output_index: int = 0
    content_index: int = 0
    sequence_number: int = 0


class ItemDone(msgspec.Struct, frozen=True, tag_field="type", tag="response.output_item.done"):
    item: OutputMessage
    output_index: int = 0
    sequence_number: int = 0


class Completed(msgspec.Struct, frozen=True, tag_field="type", tag="response.completed"):
    response: ResponseObject
    sequence_number: int = 0


class Failed(msgspec.Struct, frozen=True, tag_field="type", tag="response.failed"):
    response: ResponseObject
    sequence_number: int = 0


StreamEvent = (
    Created | InProgress | ItemAdded | PartAdded | TextDelta | AnnotationAdded | TextDone
    | PartDone | ItemDone | Completed | Failed
)  # fmt: skip
