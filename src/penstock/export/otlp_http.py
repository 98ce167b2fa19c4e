"""OTLP over HTTP: how a request is sent, and what the answers mean (OTLP 1.5, "OTLP/HTTP").

429, 502, 503 and 504 are tried again, after `Retry-After` where it is given; other errors drop what was sent.
"""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from penstock.exits.sender import Send, TryAgain, host_of
from penstock.export.delivery import Refused

_LATER: Final = frozenset((429, 502, 503, 504))
_SHOWN_CHARS = 300

log = logging.getLogger("penstock.keeper")

Rejected = Callable[[bytes], tuple[int, str]]
"""How many of the records a receiver left out, and why, by its answer. Raises ValueError for what is no answer."""


async def post(
    send: Send, url: str, headers: Mapping[str, str], body: bytes, content_type: str, rejected: Rejected
) -> None:
    """Returns when the receiver has it. Raises `TryAgain`, `Refused`."""
    own = {"content-type": content_type, "content-encoding": "gzip"}
    answer = await send("POST", url, {**headers, **own}, gzip.compress(body, 1, mtime=0))
    if answer.is_good:
        _say_rejected(url, answer.body, rejected)
    elif answer.status in _LATER or answer.status < 400:
        raise TryAgain(f"{host_of(url)} answered with status {answer.status}", answer.retry_after)
    else:
        said = answer.body.decode(errors="replace")[:_SHOWN_CHARS]
        raise Refused(f"{host_of(url)} answered with status {answer.status}: {said!r}")


def _say_rejected(url: str, body: bytes, rejected: Rejected) -> None:
    """A part that the receiver did not take is not sent again: it would not take it then, either."""
    try:
        count, reason = rejected(body) if body else (0, "")
    except ValueError:
        return
    if count:
        log.error("%s left out %d records: %r", host_of(url), count, reason[:_SHOWN_CHARS])
    elif reason:
        log.warning("%s says: %r", host_of(url), reason[:_SHOWN_CHARS])


class _PartialSuccess(msgspec.Struct, rename="camel"):
    rejected_spans: int | str = 0
    rejected_data_points: int | str = 0
    error_message: str = ""


class _Response(msgspec.Struct, rename="camel"):
    partial_success: _PartialSuccess | None = None


def rejected_by_json(body: bytes) -> tuple[int, str]:
    """Of an answer in JSON, to spans or to metrics."""
    try:
        partial = msgspec.json.decode(body, type=_Response).partial_success
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from error
    if partial is None:
        return 0, ""
    return int(partial.rejected_spans) + int(partial.rejected_data_points), partial.error_message
