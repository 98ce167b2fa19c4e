"""Reading a request target of the data plane: `/v1/{account}/{gateway}/{provider}/{tail}` (Cloudflare 1.1).

Pure text work. Says what the parts are and refuses targets that could mean one thing here and another thing
at the provider; whether a gateway or a provider exists is not known here.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_to_bytes

from penstock.errors import BAD_REQUEST, GatewayError

PREFIX = b"/v1/"
_DOTS = re.compile(rb"(?:^|[/\\])\.{1,2}(?:[/\\;]|$)")
_UNSAFE = re.compile(rb"[\x00-\x20\x7f-\xff#]")
_SECRET_NAME = re.compile(r"(?i)(?:.*[_.-])?(?:key|token|secret|password|signature|credential|sig)")


def split_target(target: bytes) -> tuple[bytes, bytes]:
    """Path and query (with its `?`) of an origin-form target; refuses every other form."""
    if not target.startswith(b"/"):
        raise GatewayError(BAD_REQUEST, "the request target must be a path beginning with /")
    path, mark, query = target.partition(b"?")
    if _UNSAFE.search(target):
        raise GatewayError(BAD_REQUEST, "the request target has a character that must be percent-encoded")
    return path, mark + query


def check_path(path: bytes) -> None:
    """Refuses dot segments, also percent-encoded ones: no call may climb out of the provider's path."""
    if b"." not in path and b"%" not in path:
        return
    if _DOTS.search(path) or (b"%" in path and _DOTS.search(unquote_to_bytes(path))):
        raise GatewayError(BAD_REQUEST, "the path must not have . or .. segments")
    if b"%" in path and _has_control(unquote_to_bytes(path)):
        raise GatewayError(BAD_REQUEST, "the path must not have encoded control characters")


def _has_control(path: bytes) -> bool:
    return any(byte < 0x20 or byte == 0x7F for byte in path)


def redact_query(query: str) -> str:
    """The query for the log, with the values of credential parameters taken out (`?key=…`)."""
    if "=" not in query:
        return query
    mark = query[: query.startswith("?")]
    return mark + "&".join(map(_redact_parameter, query[len(mark) :].split("&")))


def _redact_parameter(parameter: str) -> str:
    """Of two queries stuck together, as careless clients send, each is looked at."""
    parts = parameter.split("?")
    for index, part in enumerate(parts):
        name, equals, _ = part.partition("=")
        if equals and _SECRET_NAME.fullmatch(unquote(name)):
            return "?".join((*parts[:index], f"{name}=[redacted]"))
    return parameter
