"""OpenAI's chat dialect, as far as the unified endpoint needs it: the model's name in a request body.

Only the top level of the object is looked at; all other members keep their bytes (Cloudflare 1.4).
"""

from __future__ import annotations

import msgspec

from penstock.errors import BAD_CHAT_FORMAT, GatewayError

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_text = msgspec.json.Decoder(str).decode


class ChatRequest:
    """A chat request whose model can be read and replaced."""

    __slots__ = ("_members", "model")

    def __init__(self, body: bytes) -> None:
        """Raises `GatewayError` 400/2019 for anything but a JSON object with a string `model`."""
        try:
            self._members = _members(body)
            self.model = _text(self._members["model"])
        except KeyError:
            raise GatewayError(BAD_CHAT_FORMAT, "the body must have a model: {provider}/{model}") from None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise GatewayError(
                BAD_CHAT_FORMAT, f"the body must be a JSON object with a model: {error}"
            ) from None

    def with_model(self, model: str) -> bytes:
        """The body with another model's name."""
        return msgspec.json.encode({**self._members, "model": model})
