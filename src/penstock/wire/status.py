"""Status lines, ready to send."""

from __future__ import annotations

from http import HTTPStatus

_KNOWN = {
    status.value: b"HTTP/1.1 %d %b\r\n" % (status.value, status.phrase.encode("ascii"))
    for status in HTTPStatus
}


def status_line(status: int) -> bytes:
    """`HTTP/1.1 200 OK` with its line end; an unknown status has an empty phrase."""
    return _KNOWN.get(status) or b"HTTP/1.1 %d \r\n" % status
