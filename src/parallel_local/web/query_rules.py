"""The limits that searches of all kinds share: queries, objectives, counts (Parallel 2.1, 2.5). Pure."""

from collections.abc import Sequence

from parallel_local.errors import Problem
from parallel_local.wire.common import Notice

MOST_RESULTS = 20
INCLUDED_RESULTS = 10
LONGEST_QUERY = 200
LONGEST_OBJECTIVE = 5000


def clamped(wanted: int | None) -> tuple[int, list[Notice]]:
    """At most 20 results; asking for more is granted with a warning (Parallel 1.9)."""
    if wanted is None or wanted <= MOST_RESULTS:
        return wanted or INCLUDED_RESULTS, []
    message = f"max_results {wanted} is above {MOST_RESULTS} and was reduced to it"
    return MOST_RESULTS, [Notice("input_validation_warning", message)]


def query_problems(queries: Sequence[str], most: int, longest: int) -> list[Problem]:
    loc = ("body", "search_queries")
    found = [
        Problem((*loc, place), f"at most {longest} characters")
        for place, query in enumerate(queries)
        if len(query) > longest
    ]
    if not 1 <= len(queries) <= most:
        found.append(Problem(loc, f"1 to {most} queries are required"))
    elif not any(query.strip() for query in queries):
        found.append(Problem(loc, "at least one query must not be empty"))
    return found


def length_problems(objective: str | None, longest: int) -> list[Problem]:
    if len(objective or "") <= longest:
        return []
    return [Problem(("body", "objective"), f"at most {longest} characters")]


def positive(*fields: tuple[tuple[str | int, ...], int | None]) -> list[Problem]:
    return [
        Problem(loc, "must be greater than 0") for loc, value in fields if value is not None and value <= 0
    ]
