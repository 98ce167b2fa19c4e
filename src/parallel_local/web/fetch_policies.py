"""What the contract refuses in a fetch policy (Parallel 2.1), for search and extract alike. Pure."""

from parallel_local.errors import Problem
from parallel_local.wire.common import FetchPolicy

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
