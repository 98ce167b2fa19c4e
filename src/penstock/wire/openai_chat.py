"""OpenAI's chat dialect, as far as the unified endpoint needs it: the model's name in a request body.

Only the top level of the object is looked at; all other members keep their bytes (Cloudflare 1.4).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from penstock.errors import BAD_CHAT_FORMAT, GatewayError
from penstock.pieces import Pieces
from penstock.wire.json_members import members, with_member
from penstock.wire.json_outline import SMALL_BYTES, Part, outline, readable

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_well_formed = msgspec.json.Decoder(msgspec.Raw).decode
_NAME = b'"model"'
_SPELLED = b"\\u006"  # in which each letter of that name may be written
_text = msgspec.json.Decoder(str).decode


class ChatRequest:
    """A chat request whose model can be read and replaced. Made by `reading`, or of a small body."""

    __slots__ = ("_members", "_place", "body", "model")

    def __init__(self, body: bytes, parts: Sequence[Part] = ()) -> None:
        """Raises `GatewayError` 400/2019 for anything but a JSON object with a string `model`.

        `parts`: of a large body. Where a name is there twice, the last one counts.
        """
        try:
            self.body = body
            self._place = next((part for part in reversed(parts) if part.name == "model"), None)
            if parts:
                self._members = {}
                self.model = _text(b"" if self._place is None else body[self._place.start : self._place.end])
            else:
                self._members = _members(body)
                self.model = _text(self._members["model"])
        except KeyError:
            raise GatewayError(BAD_CHAT_FORMAT, "the body must have a model: {provider}/{model}") from None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise GatewayError(
                BAD_CHAT_FORMAT, f"the body must be a JSON object with a model: {error}"
            ) from None

    def with_model(self, model: str) -> bytes:
        """The body with another model's name, and the same bytes else, unless it names several."""
        body, name = self.body, msgspec.json.encode(model)
        if self._place is not None:
            return b"".join((body[: self._place.start], name, body[self._place.end :]))
        old = bytes(self._members["model"])
        if body.count(old) == 1 and body.count(_NAME) == 1 and _SPELLED not in body:
            return body.replace(old, name)
        try:
            return with_member(body, members(body), "model", name)
        except ValueError:  # it is there twice
            return msgspec.json.encode({**self._members, "model": model})


def reading(body: bytes) -> Pieces[ChatRequest]:
    """The request in a body of any size. Raises as `ChatRequest` does, and 413 for what takes too long to read."""
    if len(body) <= SMALL_BYTES:
        return ChatRequest(body)
    yield from readable(body)
    try:
        _well_formed(body)
        yield len(body)
        parts = yield from outline(body)
    except (ValueError, RecursionError) as error:
        raise GatewayError(BAD_CHAT_FORMAT, f"the body must be a JSON object with a model: {error}") from None
    return ChatRequest(body, [part for part in parts if part.name == "model"] or parts[:1])
