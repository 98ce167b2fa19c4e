"""Waiting that ends before what is waited for: with the run that it is for, or with whoever asked.

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
    return await unless(book.ended(run_id), work, RunEnded)


async def unless(ending: Awaitable[None], work: Awaitable[Result], raised: type[Exception]) -> Result:
    """The result of `work`. Raises that, with the work cancelled, as soon as `ending` comes before it."""
    doing, ended = asyncio.ensure_future(work), asyncio.ensure_future(ending)
    try:
        await asyncio.wait((doing, ended), return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise raised
        return doing.result()
    finally:
        doing.cancel()
        ended.cancel()
        await asyncio.gather(doing, ended, return_exceptions=True)
