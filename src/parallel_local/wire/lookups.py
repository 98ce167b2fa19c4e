"""Image search, place search and decisions: requests and answers (Parallel 2.5–2.7).

What the contract tells of them. Their results are never filled here, so there are no shapes for these.
"""

from typing import Annotated, Literal

import msgspec

from parallel_local.wire.common import Citation, Notice
from parallel_local.wire.search import SessionId


class ImageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    location: str | None = None
    max_results: int | None = None


class ImageSearchRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/images/search`: a closed schema."""

    search_queries: list[str]
    objective: str | None = None
    mode: Literal["fast", "advanced"] | None = None
    session_id: SessionId | None = None
    client_model: str | None = None
    advanced_settings: ImageSettings | None = None


class PlaceSearchRequest(msgspec.Struct, frozen=True):
    """`POST /v1/places/search`; how coordinates are named is not known, so other keys are let pass."""

    query: str
    location: str | None = None
    mode: Literal["fast", "advanced"] | None = None
    session_id: SessionId | None = None


class LookupResponse(msgspec.Struct, frozen=True):
    """Nothing, and why."""

    search_id: str
    session_id: str
    warnings: list[Notice]
    results: list[None] = []


class DecisionQuestion(msgspec.Struct, frozen=True):
    """`criteria` maps options to descriptions for `choice`, and is a list, lowest first, for `score`."""

    type: Literal["noul", "choice", "score"]
    instructions: str | None = None
    criteria: dict[str, str] | list[str] | None = None


class DecisionsRequest(msgspec.Struct, frozen=True):
    """`POST /v1/decisions`."""

    model: str
    state: str | dict[str, object] | list[object]
    questions: Annotated[dict[str, DecisionQuestion], msgspec.Meta(min_length=1, max_length=100)]


class DecisionAnswer(msgspec.Struct, frozen=True):
    """A refusal: there is nothing here that judges."""

    type: Literal["noul", "choice", "score"]
    refusal: str


class DecisionsResponse(msgspec.Struct, frozen=True):
    answers: dict[str, DecisionAnswer]
    warnings: list[Notice]
    citations: list[Citation] = []
