"""Search and Extract: requests and answers, current and legacy (Parallel 2.1–2.4)."""

from typing import Annotated, Literal

import msgspec

from parallel_local.wire.common import FetchPolicy, Notice, SourcePolicy, UsageItem

SessionId = Annotated[str, msgspec.Meta(max_length=1000)]


class ExcerptSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_chars_per_result: int | None = None


class AdvancedSearchSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source_policy: SourcePolicy | None = None
    fetch_policy: FetchPolicy | None = None
    excerpt_settings: ExcerptSettings | None = None
    location: str | None = None
    max_results: int | None = None


class SearchRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/search`: a closed schema."""

    search_queries: list[str]
    objective: str | None = None
    mode: Literal["turbo", "fast", "basic", "advanced"] | None = None
    max_chars_total: int | None = None
    session_id: SessionId | None = None
    client_model: str | None = None
    advanced_settings: AdvancedSearchSettings | None = None


class LegacyExcerpts(msgspec.Struct, frozen=True):
    max_chars_per_result: int | None = None
    max_chars_total: int | None = None


class LegacySearchRequest(msgspec.Struct, frozen=True):
    """`POST /v1beta/search`: unknown keys are tolerated."""

    objective: str | None = None
    search_queries: list[str] | None = None
    mode: Literal["one-shot", "agentic", "fast"] | None = None
    processor: Literal["base", "pro"] | None = None
    max_results: int | None = None
    max_chars_per_result: int | None = None
    excerpts: LegacyExcerpts | None = None
    location: str | None = None
    source_policy: SourcePolicy | None = None
    fetch_policy: FetchPolicy | None = None
    session_id: SessionId | None = None
    client_model: str | None = None


class SearchResult(msgspec.Struct, frozen=True):
    url: str
    title: str | None
    publish_date: str | None
    excerpts: list[str]


class SearchResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """`session_id` is guaranteed by v1 only."""

    search_id: str
    results: list[SearchResult]
    warnings: list[Notice] | None
    usage: list[UsageItem]
    session_id: str | None = None


class FullContentSettings(msgspec.Struct, frozen=True):
    max_chars_per_result: int | None = None


class AdvancedExtractSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    fetch_policy: FetchPolicy | None = None
    excerpt_settings: ExcerptSettings | None = None
    full_content: bool | FullContentSettings = False


class ExtractRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/extract`: a closed schema."""

    urls: list[str]
    objective: str | None = None
    search_queries: list[str] | None = None
    max_chars_total: int | None = None
    session_id: SessionId | None = None
    client_model: str | None = None
    advanced_settings: AdvancedExtractSettings | None = None


class LegacyExtractRequest(msgspec.Struct, frozen=True):
    """`POST /v1beta/extract`: unknown keys are tolerated."""

    urls: list[str]
    objective: str | None = None
    search_queries: list[str] | None = None
    fetch_policy: FetchPolicy | None = None
    excerpts: bool | LegacyExcerpts = True
    full_content: bool | FullContentSettings = False
    session_id: SessionId | None = None
    client_model: str | None = None


class ExtractResult(msgspec.Struct, frozen=True):
    url: str
    title: str | None
    publish_date: str | None
    excerpts: list[str] | None
    full_content: str | None = None


class ExtractFailure(msgspec.Struct, frozen=True):
    url: str
    error_type: str
    http_status_code: int | None
    content: str | None


class ExtractResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    extract_id: str
    results: list[ExtractResult]
    errors: list[ExtractFailure]
    warnings: list[Notice] | None
    usage: list[UsageItem]
    session_id: str | None = None
