"""The gateway's own errors: one class, one table.

A `Fault` is a row of the table: HTTP status, Cloudflare's code, message, whose fault it is, and whether the
caller may simply try again. `GatewayError` is raised wherever a call cannot go on; `body()` is the envelope
that the caller sees (Cloudflare 3.29). Upstream errors are not errors here: they pass through unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import msgspec


class Source(Enum):
    """Whose fault an error is."""

    CLIENT = "client"
    GATEWAY = "gateway"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of error. `status` is HTTP; `code` is Cloudflare's, or our own from 9000 up."""

    status: int
    code: int
    message: str
    source: Source
    retry: bool = False
    close: bool = False  # the client's connection cannot be used after this


UNKNOWN_GATEWAY = Fault(400, 2001, "Please configure AI Gateway in the Cloudflare dashboard", Source.CLIENT)
RATE_LIMITED = Fault(429, 2003, "Rate limited", Source.CLIENT, retry=True)
INVALID_PROVIDER = Fault(400, 2008, "Invalid provider", Source.CLIENT)
UNAUTHORIZED = Fault(401, 2009, "Unauthorized", Source.CLIENT)
BAD_CHAT_FORMAT = Fault(400, 2019, "Chat completion bad format", Source.CLIENT)
NO_CREDENTIALS = Fault(400, 2040, "Configured BYOK credentials are unavailable", Source.CLIENT)
SPEND_LIMITED = Fault(429, 2045, "Spend limit exceeded", Source.CLIENT)
PROVIDER_UNREACHABLE = Fault(502, 2005, "Failed to get response from provider", Source.PROVIDER, retry=True)
PROVIDER_TIMEOUT = Fault(504, 2005, "Failed to get response from provider", Source.PROVIDER, retry=True)
PROVIDER_DOWN = Fault(503, 2005, "Failed to get response from provider", Source.PROVIDER, retry=True)
BAD_REQUEST = Fault(400, 9400, "Bad request", Source.CLIENT)
BAD_HTTP = Fault(400, 9400, "Bad request", Source.CLIENT, close=True)
FORBIDDEN = Fault(403, 9403, "Not allowed for this key", Source.CLIENT)
NOT_FOUND = Fault(404, 9404, "Not found", Source.CLIENT)
METHOD_NOT_ALLOWED = Fault(405, 9405, "Method not allowed", Source.CLIENT)
REQUEST_TIMEOUT = Fault(408, 9408, "Request timeout", Source.CLIENT, retry=True, close=True)
IDEMPOTENCY_CONFLICT = Fault(409, 9409, "Idempotency key used before", Source.CLIENT)
TOO_MANY_CALLS = Fault(429, 9429, "Too many calls for one request", Source.CLIENT)
BODY_TOO_LARGE = Fault(413, 9413, "Request body too large", Source.CLIENT, close=True)
INVALID_SEARCH = Fault(422, 9422, "Search request not valid", Source.CLIENT)
HEAD_TOO_LARGE = Fault(431, 9431, "Request header fields too large", Source.CLIENT, close=True)
INTERNAL = Fault(500, 9500, "Internal error", Source.GATEWAY)
NOT_SERVED = Fault(501, 9501, "Not served by this version", Source.GATEWAY)
UNAVAILABLE = Fault(503, 9503, "Service unavailable", Source.GATEWAY, retry=True)
BUSY = Fault(503, 9503, "Service unavailable", Source.GATEWAY, retry=True, close=True)


class GatewayError(Exception):
    """A call that ends here. `detail` says what is wrong and what to do; it never holds a secret.

    `headers` are further header lines of the answer; `message` goes before the fault's own; `param` names the member
    of the body that is wrong.
    """

    def __init__(
        self, fault: Fault, detail: str = "", *, headers: bytes = b"", message: str = "", param: str = ""
    ) -> None:
        super().__init__(detail or message or fault.message)
        self.fault = fault
        self.detail = detail
        self.headers = headers
        self.message = message or fault.message
        self.param = param

    def body(self) -> bytes:
        """The JSON envelope of Cloudflare 3.29 (singular `error`, an array)."""
        return msgspec.json.encode(
            {"success": False, "result": [], "messages": [], "error": self._listed(), **self.told()}
        )

    def told(self) -> dict[str, str | int]:
        """What the envelope says of it beside its list: name, numbers and words."""
        fault = self.fault
        return {
            "name": "AiGatewayError",
            "httpCode": fault.status,
            "internalCode": fault.code,
            "message": self.message,
            "description": self.detail or self.message,
        }

    def _listed(self) -> list[dict[str, str | int]]:
        return [{"code": self.fault.code, "message": self.message}]


def no_such_gateway(account: str, name: str, meant: str = "") -> GatewayError:
    """The error for a gateway that is not there (Cloudflare 1.2). `meant` is a hint that follows."""
    return GatewayError(UNKNOWN_GATEWAY, f"account {account[:64]!r} has no gateway {name[:64]!r}{meant}")


def without_frames(error: BaseException) -> None:
    """Takes off the frames an error has come through, for who keeps it: they hold all that was at hand there."""
    one: BaseException | None = error
    while one is not None:
        one.__traceback__ = None
        one = one.__cause__ or one.__context__
