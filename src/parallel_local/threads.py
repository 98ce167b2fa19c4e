"""Running blocking work beside the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

Result = TypeVar("Result")


async def in_thread(threads: Executor, work: Callable[[], Result]) -> Result:
    """The result of `work`, done in one of the threads."""
    return await asyncio.get_running_loop().run_in_executor(threads, work)
