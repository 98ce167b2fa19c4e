"""Task suggestions: a task spec for an intent, and processors for a task spec (Parallel 2.9.9)."""

from typing import Annotated, Literal

import msgspec

from parallel_local.wire.tasks import TaskSpec

Intent = Annotated[str, msgspec.Meta(max_length=15_000)]


class PreviousTask(msgspec.Struct, frozen=True):
    """A task that was suggested before, or its input alone."""

    input_schema: dict[str, object] | None = None
    output_schema: dict[str, object] | None = None


class SuggestRequest(msgspec.Struct, frozen=True):
    """`POST /v1beta/tasks/suggest`; unknown keys are tolerated."""

    user_intent: Intent
    previous_task: PreviousTask | None = None


class SuggestWarning(msgspec.Struct, frozen=True):
    type: Literal["schema_generalization", "unparsable_input", "unattainable_task"]
    message: str


class Suggestion(msgspec.Struct, frozen=True):
    """Both schemas are JSON Schemas; `inputs` are objects that fit the first."""

    title: str
    input_schema: dict[str, object]
    output_schema: dict[str, object]
    inputs: list[dict[str, str]]
    warnings: list[SuggestWarning] | None = None


class ProcessorRequest(msgspec.Struct, frozen=True):
    """`POST /v1beta/tasks/suggest-processor`."""

    task_spec: TaskSpec
    choose_processors_from: list[str] | None = None


class ProcessorSuggestion(msgspec.Struct, frozen=True):
    """Best first."""

    recommended_processors: list[str]
