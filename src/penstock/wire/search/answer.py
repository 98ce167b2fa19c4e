"""Results of whichever provider as the caller reads them: Parallel's answer (Parallel 2.1, search and runs A1, A5).

Restrictions and bounds are applied here once more, whatever the provider was told. No ids are made up here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from penstock.wire.dialects.json_value import Json, to_json
from penstock.wire.search.domains import host_of, may_show
from penstock.wire.search.provider import Result, Told
from penstock.wire.search.question import SearchAsked

_MISTYPED: Final = "input_validation_warning"
_LONGEST_TITLE: Final = 2000


def shown(results: Sequence[Result], asked: SearchAsked) -> tuple[list[Result], bool]:
    """The results that the caller may see, in order; and whether one of them tells no date though one was asked for."""
    found = list(_merged(_allowed(results, asked)))[: asked.results]
    excerpts = bounded([one.excerpts for one in found], asked.chars_per_result, asked.chars_total)
    kept = [Result(one.url, one.title, one.day, texts) for one, texts in zip(found, excerpts, strict=True)]
    return kept, bool(asked.after) and any(one.day is None for one in kept)


def write_answer(
    told: Told, asked: SearchAsked, search_id: str, session_id: str, more: Sequence[str]
) -> bytes:
    """The answer's body. `more` are warnings of members that were left out."""
    kept, undated = shown(told.results, asked)
    wrong = [*asked.warnings, *more]
    if undated:
        wrong.append(
            "advanced_settings.source_policy.after_date: results without a known date are among the answers"
        )
    warnings: list[Json] = [{"type": _MISTYPED, "message": one, "detail": _member(one)} for one in wrong]
    warnings += [{"type": "warning", "message": one, "detail": None} for one in told.warnings]
    results: list[Json] = [
        {
            "url": one.url,
            "title": (one.title or "").strip()[:_LONGEST_TITLE] or None,
            "publish_date": one.day,
            "excerpts": list(one.excerpts),
        }
        for one in kept
    ]
    return to_json(
        {
            "search_id": search_id,
            "session_id": session_id,
            "results": results,
            "warnings": warnings or None,
            "usage": [{"name": "sku_search", "count": 1}],
        }
    )


def _member(warning: str) -> Json:
    return {"member": warning.partition(":")[0]}


def _allowed(results: Sequence[Result], asked: SearchAsked) -> Iterator[Result]:
    for one in results:
        host = host_of(one.url)
        if not host or not may_show(host, asked.include, asked.exclude):
            continue
        if asked.after and one.day is not None and one.day < asked.after:
            continue
        yield one


def _merged(results: Iterator[Result]) -> Iterator[Result]:
    """Each address once, in its first place, with the excerpts of all."""
    by_url: dict[str, list[Result]] = {}
    for one in results:
        by_url.setdefault(one.url, []).append(one)
    for url, same in by_url.items():
        excerpts = list(dict.fromkeys(text for one in same for text in one.excerpts if text.strip()))
        title = next((one.title for one in same if one.title), None)
        day = next((one.day for one in same if one.day), None)
        yield Result(url, title, day, excerpts)


# -- how long excerpts may be; characters are counted as Python counts them


def cut(excerpts: Sequence[str], most: int) -> list[str]:
    """The first `most` characters of all excerpts together; what has none left is not there."""
    kept: list[str] = []
    for text in excerpts:
        if most <= 0:
            break
        kept.append(text[:most])
        most -= len(kept[-1])
    return kept


def bounded(results: Sequence[Sequence[str]], each: int | None, total: int | None) -> list[list[str]]:
    """The excerpts of all results: at most `each` characters of one, and `total` of all, cut from the tail."""
    found: list[list[str]] = []
    for excerpts in results:
        most = min((bound for bound in (each, total) if bound is not None), default=None)
        kept = list(excerpts) if most is None else cut(excerpts, most)
        found.append(kept)
        if total is not None:
            total -= sum(map(len, kept))
    return found
