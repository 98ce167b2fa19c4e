"""The gateway's own errors as callers of the unified endpoint read them: in their dialect, in which SDKs print them.

Cloudflare's codes stand beside it (Cloudflare 3.29); its `error` is a list there, of which an SDK shows nothing.
"""

from __future__ import annotations

import re
from typing import Final

from penstock.errors import (
    BAD_CHAT_FORMAT,
    FORBIDDEN,
    INVALID_PROVIDER,
    NO_CREDENTIALS,
    PROVIDER_DOWN,
    PROVIDER_TIMEOUT,
    PROVIDER_UNREACHABLE,
    UNAUTHORIZED,
    Fault,
    GatewayError,
    Source,
)
from penstock.wire.dialects.answer_events import Failure
from penstock.wire.dialects.failures import kind_of_status
from penstock.wire.dialects.json_value import Object, to_json
from penstock.wire.dialects.surfaces import INBOUND
from penstock.wire.search.errors import standard_error
from penstock.wire.surface import Surface

_ENDS: Final = re.compile(
    rb"(?:\A|/)(chat/completions|responses|messages/count_tokens|messages|embeddings|search|models(?:/.*)?)/*\Z",
    re.DOTALL,
)
_MODELS: Final = b"models"
_RUN: Final = b"/run"

_AT_REST: Final = {
    UNAUTHORIZED: Fault(401, 10000, "Authentication error", Source.CLIENT),
    FORBIDDEN: Fault(403, 10000, "Authentication error", Source.CLIENT),
    INVALID_PROVIDER: Fault(404, 7003, "Model not found", Source.CLIENT),
    BAD_CHAT_FORMAT: Fault(400, 7003, "User Input Error", Source.CLIENT),
    NO_CREDENTIALS: Fault(402, 2021, "No key is stored for this provider", Source.CLIENT),
    **{
        fault: Fault(fault.status, 7009, "Upstream service unavailable", Source.PROVIDER, retry=True)
        for fault in (PROVIDER_DOWN, PROVIDER_TIMEOUT, PROVIDER_UNREACHABLE)
    },
}
"""What the REST API calls them (Cloudflare 1.5)."""


def at_rest(error: GatewayError) -> GatewayError:
    """An error as the REST API has it."""
    fault = _AT_REST.get(error.fault)
    if fault is None:
        return error
    return GatewayError(fault, error.detail, headers=error.headers, param=error.param)


def surface_at(path: bytes) -> Surface:
    """What is asked at a path of the unified endpoint; Chat where that is not to be told."""
    found = _ENDS.search(path)
    if found is None or found[1].startswith(_MODELS):
        return Surface.CHAT
    return Surface(found[1].decode("ascii"))


def error_body(error: GatewayError, path: bytes, ref_id: str = "") -> bytes:
    """The body of an error of the gateway's own, for who asks at a path. `ref_id`: what the call is called."""
    state: Object = {"state": "Failed"} if path.endswith(_RUN) else {}
    return to_json({**_written(error, surface_at(path), ref_id), **state, "success": False, **error.told()})


def rest_error_body(error: GatewayError, path: bytes, ref_id: str = "") -> bytes:
    """The same at the REST API: in the envelope of the management API, too (Cloudflare 4.1)."""
    told = error.detail or error.message
    problem: Object = {"code": error.fault.code, "message": told}
    envelope: Object = {"success": False, "errors": [problem], "messages": [], "result": None}
    return to_json({**_written(error, surface_at(path), ref_id), **envelope})


def _written(error: GatewayError, surface: Surface, ref_id: str) -> Object:
    fault = error.fault
    if surface is Surface.SEARCH:
        detail: Object = {"code": fault.code, "param": error.param or None}
        return standard_error(ref_id, error.detail or error.message, detail)
    failure = Failure(
        kind=kind_of_status(fault.status),
        message=error.detail or error.message,
        status=fault.status,
        code=str(fault.code),
        param=error.param,
    )
    return INBOUND[surface].write_error(failure)
