"""The answer to `run`: what the model said in an envelope, or why it said nothing (Cloudflare 1.5, 1.6).

Streams go through as they are, and so does what is no JSON, such as sound.
"""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.proxy.body_filter import BodyFilter, FilterMaker
from penstock.proxy.call import Call
from penstock.proxy.held_filter import HeldFilter

_FIRST_ERROR: Final = 400
_JSON: Final = b"application/json"
_CODES: Final = {401: 2009, 403: 2009, 429: 2003}
_UNAVAILABLE: Final = 7009
_INPUT: Final = 7003
_SHOWN: Final = 2048  # characters of a provider's words

_to_json = msgspec.json.Encoder().encode
_well_formed = msgspec.json.Decoder(msgspec.Raw).decode


class _Told(msgspec.Struct):
    """An error, in OpenAI's form or in Cloudflare's."""

    error: msgspec.Raw = msgspec.Raw(b"null")
    errors: list[msgspec.Raw] = []


class _Words(msgspec.Struct):
    message: str = ""


class _Native(msgspec.Struct):
    """An answer of Workers AI."""

    result: msgspec.Raw


_to_told = msgspec.json.Decoder(_Told).decode
_to_words = msgspec.json.Decoder(_Words).decode
_to_native = msgspec.json.Decoder(_Native).decode


def enveloping(call: Call, *, native: bool) -> FilterMaker:
    """Makes the filters of one call. `native`: its provider has an envelope of its own."""

    def made(status: int, content_type: bytes, _lines: bytes) -> BodyFilter | None:
        if status < _FIRST_ERROR and not content_type.lower().startswith(_JSON):
            return None
        return _Envelope(call, status, native=native)

    return made


class _Envelope(HeldFilter):
    """Of one answer."""

    content_type = _JSON

    def __init__(self, call: Call, status: int, *, native: bool) -> None:
        super().__init__()
        self._call = call
        self._status = status
        self._native = native

    def finish(self) -> bytes:
        body = self.taken()
        return self._failed(body) if self._status >= _FIRST_ERROR else self._completed(body)

    def _completed(self, body: bytes) -> bytes:
        call, result = self._call, _result(body, native=self._native)
        run: dict[str, object] = {
            "state": "Completed",
            "result": result,
            "usedBYOKKey": bool(call.stored_key),
            "provider": "" if call.provider is None else call.provider.slug,
            "model": call.model,
        }
        if not call.rest:
            return _to_json(run)
        if call.stored_key:
            run["gatewayMetadata"] = {"keySource": "BYOK"}
        return _to_json({"success": True, "errors": [], "messages": [], "result": run})

    def _failed(self, body: bytes) -> bytes:
        call, status, told = self._call, self._status, _words(body)[:_SHOWN]
        if not call.rest:
            error = {"code": "provider_unavailable", "message": told}
            return _to_json({"state": "Failed", "error": error, "model": call.model})
        code = _CODES.get(status, _UNAVAILABLE if status >= 500 else _INPUT)
        problem = {"code": code, "message": told}
        return _to_json({"success": False, "errors": [problem], "messages": [], "result": None})


def _result(body: bytes, *, native: bool) -> msgspec.Raw | str:
    try:
        return _to_native(body).result if native else _well_formed(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return _well_formed(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return body.decode("utf-8", "replace")


def _words(body: bytes) -> str:
    """What a provider says of an error."""
    try:
        told = _to_told(body)
        return _to_words(told.errors[0] if told.errors else told.error).message
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return body.decode("utf-8", "replace")
