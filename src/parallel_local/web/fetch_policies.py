"""Fetch policies (Parallel 2.1), for search and extract alike: what is refused, and what has no effect. Pure."""

from parallel_local.errors import Problem
from parallel_local.wire.common import FetchPolicy, Notice

_YOUNGEST_SECONDS = 600


def fetch_policy_problems(policy: FetchPolicy | None, loc: tuple[str | int, ...]) -> list[Problem]:
    """Ages below ten minutes, and budgets that are none."""
    found: list[Problem] = []
    if policy is None:
        return found
    if policy.max_age_seconds is not None and policy.max_age_seconds < _YOUNGEST_SECONDS:
        found.append(Problem((*loc, "max_age_seconds"), f"at least {_YOUNGEST_SECONDS}"))
    if policy.timeout_seconds is not None and not policy.timeout_seconds > 0:
        found.append(Problem((*loc, "timeout_seconds"), "greater than 0"))
    return found


def fetch_policy_warnings(policy: FetchPolicy | None) -> list[Notice]:
    """That a search fetches nothing, for a caller who counts on fresh pages; of defaults nothing need be said."""
    if policy is None or policy == FetchPolicy():
        return []
    reason = "fetch_policy has no effect here: nothing is fetched, and documents are found as they are now"
    return [Notice("input_validation_warning", reason)]
