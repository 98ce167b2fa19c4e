"""The questions that the ledger is asked in its work: every key a list can be chosen by, and the analytics.

For each key values that many, few and no calls have. Nothing is asked here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from bench.ledger_rows import ACCOUNT, BEGIN_US, MONTH_US
from penstock.stores.ledger import Condition, Key, Operator, Query, Scalar
from penstock.stores.rollups import Bucket, Question

_FILTERS: dict[Key, tuple[tuple[Operator, Scalar], ...]] = {
    "id": (("eq", "0199c8ff-1000-7000-8000-000000000000"),),
    "event_id": (("eq", "0199c8ff-1000-7000-8000-000000000000"),),
    "provider": (
        ("eq", "openai"), ("eq", "deepseek"), ("eq", "nobody"), ("neq", "openai"), ("contains", "throp"),
    ),
    "model": (
        ("eq", "openai/gpt-5"), ("eq", "openai/gpt-3.5-turbo"), ("eq", "openai/none"), ("neq", "openai/gpt-5"),
        ("contains", "3.5"), ("eq", None),
    ),
    "model_type": (("eq", "text generation"), ("eq", "none")),
    "request_type": (("eq", "chat"), ("eq", "none")),
    "request_content_type": (("eq", "application/json"), ("contains", "xml")),
    "response_content_type": (("contains", "json"), ("eq", "text/html")),
    "status_code": (("eq", 200), ("eq", 404), ("eq", 418), ("gt", 499), ("neq", 200)),
    "success": (("eq", True), ("eq", False)),
    "cached": (("eq", True), ("eq", False)),
    "cost": (("gt", 0.0001), ("gt", 0.1), ("gt", 100.0), ("lt", 0.00001), ("eq", 0.0), ("eq", None)),
    "tokens": (("gt", 1000), ("gt", 12_000), ("gt", 1_000_000), ("lt", 10)),
    "tokens_in": (("gt", 100), ("gt", 12_000), ("gt", 1_000_000), ("eq", 500)),
    "tokens_out": (("gt", 100), ("gt", 2600), ("gt", 1_000_000), ("lt", 2)),
    "duration": (("gt", 100), ("gt", 20_000), ("gt", 10_000_000), ("lt", 30)),
    "feedback": (("eq", 1), ("eq", None)),
    "metadata.key": (("eq", "team"), ("eq", "none"), ("contains", "tea")),
    "metadata.value": (("eq", "team-3"), ("eq", "user-997"), ("eq", "none"), ("contains", "eam-1")),
    "authentication": (("eq", True), ("eq", False)),
    "wholesale": (("eq", False), ("eq", True)),
    "compatibilityMode": (("eq", False), ("eq", True)),
    "estimated": (("eq", True), ("eq", False)),
    "dlp_action": (("eq", "BLOCK"),),
    "user_agent": (("eq", "curl/8/1"), ("contains", "python"), ("contains", "wget")),
    "token": (("eq", "token-7"), ("eq", "none"), ("contains", "ken-4")),
    "operation": (("eq", "openai.chat.completions.create"), ("contains", "embed"), ("neq", "unknown")),
    "provider_error": (("eq", "overloaded_error"), ("contains", "server")),
    "team": (("eq", "team-3"), ("eq", "none"), ("contains", "eam-1")),
    "user": (("eq", "user-1"), ("eq", "user-197"), ("eq", "none"), ("contains", "19")),
}  # fmt: skip


class Filter(NamedTuple):
    """One list: what it is called in a remark, and the question."""

    name: str
    where: Query


def one_filter_each(gateway: str) -> Iterator[Filter]:
    """Lists of one gateway's calls, each chosen by one condition."""
    middle = _rfc3339(BEGIN_US + MONTH_US // 2)
    yield _filter(gateway, "created_at", "gt", middle)
    yield _filter(gateway, "created_at", "lt", middle)
    for key, cases in _FILTERS.items():
        for operator, value in cases:
            yield _filter(gateway, key, operator, value)


def analytics() -> dict[str, Question]:
    """A month of one account, as a dashboard asks."""
    since, until = BEGIN_US, BEGIN_US + MONTH_US
    return {
        "by day": Question(ACCOUNT, since, until, Bucket("day")),
        "by hour and model": Question(ACCOUNT, since, until, Bucket("hour"), ("model",)),
        "by day, with latencies": Question(ACCOUNT, since, until, Bucket("day"), latencies=True),
    }


def _filter(gateway: str, key: Key, operator: Operator, value: Scalar) -> Filter:
    condition = Condition(key, operator, (value,))
    return Filter(f"{key} {operator} {value!r}", Query(ACCOUNT, (gateway,), ((condition,),)))


def _rfc3339(moment_us: int) -> str:
    return f"{datetime.fromtimestamp(moment_us // 1_000_000, UTC):%Y-%m-%dT%H:%M:%S}Z"
