"""Why a run failed, in words for its caller and for the log: the kind of error, and the place in this package.

An error's own message is never shown: it may hold a document's text, or a key. Only `RunFailure` is worded to be read.
"""

import traceback
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_MOST_PLACES = 6
_MOST_CAUSES = 3


class RunFailure(Exception):
    """A reason that is worded for callers: no text of documents, no keys."""


def cause(error: BaseException) -> str:
    """For the caller: `KeyError in answers/fill.py:57`, or the words of a `RunFailure`."""
    if isinstance(error, RunFailure):
        return str(error)
    return "; because of ".join(
        " in ".join((type(one).__name__, *_places(one)[-1:])) for one in _chain(error)
    )


def trace(error: BaseException) -> str:
    """For the log: the cause, and how the work came there, the innermost place first."""
    places = _places(error)[-_MOST_PLACES:]
    way = " < ".join(reversed(places)) or "outside of this package"
    return f"{cause(error)} ({way})"


def _chain(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if one is None:
            return
        yield one
        one = one.__cause__


def _places(error: BaseException) -> list[str]:
    """The places of this package that an error came through, the outermost first."""
    found: list[str] = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(_ROOT):
            found.append(f"{path.relative_to(_ROOT).as_posix()}:{line}")
    return found
