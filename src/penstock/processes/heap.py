"""Giving memory back to the system: the C library keeps what was freed between blocks that are still in use.

With glibc only; other allocators do as they like. One figure and one verb, no policies.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

_MMAP_THRESHOLD = -3  # of mallopt(3)
_LARGE_BYTES = 1024 * 1024
_WORTH_IT = 8 * 1024 * 1024  # bytes; less is soon taken again


class Heap:
    """The heap of this process. Large blocks go back as soon as they are free, the rest when it is asked for.

    By itself glibc raises the size from which on a block is given back to that of the largest that ever was, so that
    after one body of 31 MiB all later ones stay.
    """

    def __init__(self) -> None:
        library = ctypes.CDLL(None)
        set_option = getattr(library, "mallopt", None)
        if set_option is not None:
            set_option(_MMAP_THRESHOLD, _LARGE_BYTES)  # else it grows to what was freed once
        self._freed = 0
        self._trim: Callable[[int], int] | None = getattr(library, "malloc_trim", None)

    def after(self, freed: int) -> None:
        """Trims once enough has been freed since it was trimmed. To be called after each piece of work."""
        self._freed += freed
        if self.trim(self._freed):
            self._freed = 0

    def trim(self, freed: int) -> bool:
        """Gives back what is free, when `freed` bytes since the last time are worth it; whether they were.

        Takes some milliseconds, in which nothing else happens; without glibc nothing
        is given back.
        """
        if freed < _WORTH_IT:
            return False
        if self._trim is not None:
            self._trim(0)
        return True
