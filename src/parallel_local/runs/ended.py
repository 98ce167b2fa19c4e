"""Waiting within a run's work that ends with the run: a cancelled run waits for nobody any more.

For work that waits for others than the index, whose steps are short.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from parallel_local.runs.engine import RunEnded
from parallel_local.runs.kind import Book, Record

Result = TypeVar("Result")


async def unless_ended(book: Book[Record], run_id: str, work: Awaitable[Result]) -> Result:
    """The result of `work`. Raises `RunEnded`, with the work cancelled, as soon as the run is no longer active."""
    doing = asyncio.ensure_future(work)
    ending = asyncio.ensure_future(book.ended(run_id))
    try:
        await asyncio.wait((doing, ending), return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise RunEnded
        return doing.result()
    finally:
        doing.cancel()
        ending.cancel()
        await asyncio.gather(doing, ending, return_exceptions=True)
