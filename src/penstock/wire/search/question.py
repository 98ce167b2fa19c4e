"""What a caller asks of the search surface, in the shape of Parallel's `POST /v1/search`: read once, and checked.

Parallel 2.1, 2.8; search and runs A1. What a provider makes of it is in the provider's own file, what is wrong with
it is told before any provider is chosen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Final, Literal

import msgspec

from penstock.wire.search.domains import domain_fault, plain_domain
from penstock.wire.search.places import is_country
from penstock_common.check import findings, values_in

MOST_RESULTS: Final = 20
"""That are asked of anybody; more is taken for so many (Parallel 2.1)."""

USUAL_RESULTS: Final = 10
_MOST_QUERIES: Final = 5
_LONGEST_QUERY: Final = 200
_LONGEST_OBJECTIVE: Final = 5000
_MOST_DOMAINS: Final = 200
_LEAST_AGE: Final = 600  # seconds
_MOST_VALUES: Final = 20_000  # in a body, each of which becomes an object
_LONGEST_NAME: Final = 256
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Mode = Literal["turbo", "fast", "basic", "advanced"]


class SourcePolicy(msgspec.Struct, frozen=True):
    include_domains: list[str] = []
    exclude_domains: list[str] = []
    after_date: str | None = None


class FetchPolicy(msgspec.Struct, frozen=True):
    max_age_seconds: int | None = None
    timeout_seconds: float | None = None
    disable_cache_fallback: bool = False


class ExcerptSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    max_chars_per_result: int | None = None


class AdvancedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source_policy: SourcePolicy | None = None
    fetch_policy: FetchPolicy | None = None
    excerpt_settings: ExcerptSettings | None = None
    location: str | None = None
    max_results: int | None = None


class SearchRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Closed, as Parallel's is."""

    search_queries: list[str]
    objective: str | None = None
    mode: Mode | None = None
    max_chars_total: int | None = None
    session_id: Annotated[str, msgspec.Meta(max_length=1000)] | None = None
    client_model: str | None = None
    advanced_settings: AdvancedSettings | None = None


class SearchAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A checked request. Nothing is left out of it; bounds and lists are as they hold in the end."""

    queries: tuple[str, ...]
    objective: str = ""
    mode: Mode = "advanced"
    results: int = USUAL_RESULTS
    chars_total: int | None = None
    chars_per_result: int | None = None
    include: tuple[str, ...] = ()  # of these hosts and what is below them, or of endings: `.gov`
    exclude: tuple[str, ...] = ()  # empty where there are `include`: these go before
    after: str = ""  # `YYYY-MM-DD`
    country: str = ""  # ISO 3166, upper case
    max_age: int | None = None  # seconds
    fetch_seconds: float | None = None
    no_stale: bool = False
    session: str = ""
    client_model: str = ""
    warnings: tuple[str, ...] = ()  # of what does not hold as it was written
    members: tuple[tuple[str, msgspec.Raw], ...] = ()  # as they came, without the model


class Misasked(Exception):
    """A request that is none of Parallel's. `problems` are places in the body, and what is wrong there."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__("; ".join(f"{place}: {what}" if place else what for place, what in problems))
        self.problems = problems


_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_to_plain = msgspec.json.Decoder().decode
_to_name = msgspec.json.Decoder(str).decode
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)


def read_search(body: bytes) -> tuple[SearchAsked, str]:
    """The request, and the model that it names beside Parallel's own members; empty for none. Raises `Misasked`."""
    members = _read(body)
    model = _model(members.pop("model", None))
    plain = {name: _to_plain(value) for name, value in members.items()}
    wrong = [(_place(one.path), one.reason) for one in findings(plain, SearchRequest)]
    if wrong:
        raise Misasked(*wrong)
    request = msgspec.convert(plain, SearchRequest)
    wrong = list(_faults(request))
    if wrong:
        raise Misasked(*wrong)
    return msgspec.structs.replace(_asked(request), members=tuple(members.items())), model


def _read(body: bytes) -> dict[str, msgspec.Raw]:
    if any(count > _MOST_VALUES for count in values_in(body)):
        raise Misasked(("", "the body has more values than any search"))
    try:
        members = _members(body)
        _to_plain(body)
    except _UNREADABLE as error:
        raise Misasked(("", f"the body must be a JSON object: {error}")) from None
    return members


def _model(raw: msgspec.Raw | None) -> str:
    if raw is None or bytes(raw) == b"null":
        return ""
    try:
        name = _to_name(raw)
    except msgspec.MsgspecError:
        name = ""
    if not 0 < len(name) <= _LONGEST_NAME:
        raise Misasked(("model", "allowed: provider or provider/kind, such as exa or exa/auto"))
    return name


def _place(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path))[:200]


def _faults(request: SearchRequest) -> Iterator[tuple[str, str]]:
    """What is wrong though each member is of its type."""
    queries = request.search_queries
    if not 1 <= len(queries) <= _MOST_QUERIES:
        yield "search_queries", f"allowed: 1 to {_MOST_QUERIES} queries, found {len(queries)}"
    elif not any(query.strip() for query in queries):
        yield "search_queries", "at least one query must not be empty"
    if any(len(query) > _LONGEST_QUERY for query in queries):
        yield "search_queries", f"allowed: {_LONGEST_QUERY} characters for each"
    if len(request.objective or "") > _LONGEST_OBJECTIVE:
        yield "objective", f"allowed: {_LONGEST_OBJECTIVE} characters"
    settings = request.advanced_settings or AdvancedSettings()
    excerpts = settings.excerpt_settings or ExcerptSettings()
    fetch = settings.fetch_policy or FetchPolicy()
    for place, number, least in (
        ("max_chars_total", request.max_chars_total, 1),
        ("advanced_settings.max_results", settings.max_results, 1),
        ("advanced_settings.excerpt_settings.max_chars_per_result", excerpts.max_chars_per_result, 1),
        ("advanced_settings.fetch_policy.max_age_seconds", fetch.max_age_seconds, _LEAST_AGE),
    ):
        if number is not None and number < least:
            yield place, f"allowed: {least} or more"
    if fetch.timeout_seconds is not None and not 0 < fetch.timeout_seconds < 1e6:
        yield "advanced_settings.fetch_policy.timeout_seconds", "allowed: a number above 0"
    yield from _policy_faults(settings.source_policy or SourcePolicy())


def _policy_faults(policy: SourcePolicy) -> Iterator[tuple[str, str]]:
    place = "advanced_settings.source_policy"
    if len(policy.include_domains) + len(policy.exclude_domains) > _MOST_DOMAINS:
        yield place, f"allowed: {_MOST_DOMAINS} domains in both lists together"
        return
    for name in ("include_domains", "exclude_domains"):
        fault = next(filter(None, map(domain_fault, getattr(policy, name))), "")
        if fault:
            yield f"{place}.{name}", fault
    if policy.after_date is not None and not _is_day(policy.after_date):
        yield f"{place}.after_date", "allowed: a date as YYYY-MM-DD"


def _is_day(text: str) -> bool:
    if _DAY.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _asked(request: SearchRequest) -> SearchAsked:
    settings = request.advanced_settings or AdvancedSettings()
    policy = settings.source_policy or SourcePolicy()
    fetch = settings.fetch_policy or FetchPolicy()
    excerpts = settings.excerpt_settings or ExcerptSettings()
    include = tuple(dict.fromkeys(map(plain_domain, policy.include_domains)))
    exclude = () if include else tuple(dict.fromkeys(map(plain_domain, policy.exclude_domains)))
    wanted, warnings = settings.max_results or USUAL_RESULTS, list[str]()
    if wanted > MOST_RESULTS:
        warnings.append(f"advanced_settings.max_results: {MOST_RESULTS} is the most; taken for that")
    country = (settings.location or "").strip().upper()
    if country and not is_country(country):
        warnings.append("advanced_settings.location: not a country of ISO 3166-1 alpha-2; ignored")
        country = ""
    return SearchAsked(
        queries=tuple(query.strip() for query in request.search_queries if query.strip()),
        objective=(request.objective or "").strip(),
        mode=request.mode or "advanced",
        results=min(wanted, MOST_RESULTS),
        chars_total=request.max_chars_total,
        chars_per_result=excerpts.max_chars_per_result,
        include=include,
        exclude=exclude,
        after=policy.after_date or "",
        country=country,
        max_age=fetch.max_age_seconds,
        fetch_seconds=fetch.timeout_seconds,
        no_stale=fetch.disable_cache_fallback,
        session=request.session_id or "",
        client_model=request.client_model or "",
        warnings=tuple(warnings),
    )
