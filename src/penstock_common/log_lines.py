"""The log of a process: each record is one line of text that drives no terminal, whatever its message quotes.

What is escaped, and how, is in `printable.py`, which those import who do not log.
"""

from __future__ import annotations

import logging
import sys
import time
from typing import Final

from penstock_common.printable import one_line

_CHATTY: Final = ("httpx", "httpcore")  # a line for each request, with its URL
_LOG_FORMAT: Final = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


class LogFormatter(logging.Formatter):
    """One line for each record, whatever is in its message, and in the exception that it tells of. Times are UTC."""

    default_msec_format = "%s.%03dZ"

    @staticmethod
    def converter(seconds: float | None) -> time.struct_time:
        """The time of a record."""
        return time.gmtime(seconds)

    def format(self, record: logging.LogRecord) -> str:
        return one_line(super().format(record))


def log_to_stderr(level: int) -> None:
    """Writes records of this level and above, in this process and those it forks."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogFormatter(_LOG_FORMAT))
    logging.basicConfig(level=level, handlers=[handler])
    for library in _CHATTY:
        logging.getLogger(library).setLevel(max(level, logging.WARNING))
