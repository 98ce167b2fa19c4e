"""Shapes that several products share (Parallel 1.9, 2.8, 2.9.3)."""

from typing import Literal

import msgspec

Metadata = dict[str, str | int | float | bool]
Confidence = Literal["low", "medium", "high"]


class Notice(msgspec.Struct, frozen=True):
    """A remark on an accepted request."""

    type: Literal["spec_validation_warning", "input_validation_warning", "warning"]
    message: str
    detail: dict[str, object] | None = None


class UsageItem(msgspec.Struct, frozen=True):
    """One billable quantity."""

    name: str
    count: int


class Citation(msgspec.Struct, frozen=True):
    """A source with verbatim excerpts."""

    url: str
    title: str | None = None
    excerpts: list[str] | None = None


class FieldBasis(msgspec.Struct, frozen=True):
    """Why a field has its value."""

    field: str
    reasoning: str
    citations: list[Citation] = []
    confidence: Confidence | None = None


class SourcePolicy(msgspec.Struct, frozen=True):
    """Domains and dates a caller allows."""

    include_domains: list[str] = []
    exclude_domains: list[str] = []
    after_date: str | None = None


class FetchPolicy(msgspec.Struct, frozen=True):
    """How fresh a page must be and how long fetching it may take."""

    max_age_seconds: int | None = None
    timeout_seconds: float | None = None
    disable_cache_fallback: bool = False


class McpServer(msgspec.Struct, frozen=True):
    """A tool server named in a task; kept and echoed, never called."""

    url: str
    name: str
    type: Literal["url"] = "url"
    headers: dict[str, str] | None = None
    allowed_tools: list[str] | None = None


class Webhook(msgspec.Struct, frozen=True):
    """Where a caller wants to be told, and of what; without types of everything (Parallel 2.14)."""

    url: str
    event_types: list[str] = []
