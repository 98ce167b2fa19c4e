"""The refusals of the API: one exception, and which of the contract's bodies it is told in.

What lives here: status, message, detail and shape (Parallel 1.7). What must not: HTTP responses.
"""

from collections.abc import Sequence
from enum import Enum

import msgspec


class Shape(Enum):
    """Bodies of Parallel 1.7: A is the standard one, B lists problems, C is OpenAI's, D comes from the edge."""

    STANDARD = "A"
    VALIDATION = "B"
    OPENAI = "C"
    EDGE = "D"


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong with a request. `loc` starts with `body`, `query` or `path`."""

    loc: tuple[str | int, ...]
    msg: str
    type: str = "value_error"


class ApiError(Exception):
    """A request that is answered with an error status. In shape C, `detail` may have `param` and `code`."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        shape: Shape = Shape.STANDARD,
        detail: dict[str, object] | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.shape = shape
        self.detail = detail
        self.problems = tuple(problems)


def invalid(problems: Sequence[Problem], shape: Shape = Shape.STANDARD) -> ApiError:
    """422 for a request that breaks the schema."""
    message = "; ".join(f"{'.'.join(map(str, p.loc))}: {p.msg}" for p in problems)
    detail: dict[str, object] = {"errors": [msgspec.to_builtins(problem) for problem in problems]}
    return ApiError(422, message, shape=shape, detail=detail, problems=problems)


def not_found(what: str, identifier: str) -> ApiError:
    """404 for an identifier nobody knows."""
    return ApiError(404, f"{what} not found: {identifier[:200]}", detail={"id": identifier[:200]})
