"""The model that a request asks for: in its body, or in its path.

It decides price and limits before there is an answer, and names the call in the log. Pure; None where
nothing is named; what the vendors call their models is left as it is.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

import msgspec

_MODEL_IN_PATH = re.compile(
    r"(?:^|/)models/([^/:?]+):\w"  # Google: models/{model}:generateContent
    r"|(?:^|/)model/([^/?]+)/(?:invoke|converse)"  # Bedrock: model/{model}/invoke
    r"|^(@[^?]+)"  # Workers AI: @cf/meta/llama-3.1-8b-instruct
)
_DEPLOYMENT = re.compile(r"[^/]+/(?!openai/v1/)(?:openai/deployments/)?([^/?]+)/")  # Azure
_REPOSITORY = re.compile(r"(?:models/)?([^/?]+(?:/[^/?]+)?)")  # HuggingFace: {org}/{model}
_MODEL_FIRST = re.compile(rb'\s*\{\s*"model"\s*:\s*("(?:[^"\\]|\\.){1,256}")')
_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeError)  # deep nesting is a RecursionError


class _Question(msgspec.Struct, gc=False):
    model: str | None = None


_to_question = msgspec.json.Decoder(_Question).decode
_to_text = msgspec.json.Decoder(str).decode


def asked_model(provider: str, path_tail: str, body: bytes, *, strict: bool = False) -> str | None:
    """The model of a request to `provider` (a slug), by its path or else by its plain body.

    Where the path names it, that is what the provider goes by, whatever the body says. An Azure deployment may
    have any name, so a body that names the model tells more of it; `strict` trusts only what Azure goes by.
    """
    model = model_in_path(path_tail)
    if not model and provider == "huggingface" and (repository := _REPOSITORY.match(path_tail)):
        model = unquote(repository[1])
    deployment = _DEPLOYMENT.match(path_tail) if provider == "azure-openai" and not model else None
    if deployment is not None and strict:
        return unquote(deployment[1])
    model = model or (model_in_body(body) if body else None)
    return model or (unquote(deployment[1]) if deployment is not None else None)


def model_in_body(body: bytes, *, is_cut: bool = False) -> str | None:
    """`model` of a JSON object. Of a cut one only where it comes first: further in it would be a guess."""
    try:
        return _first_model(body) if is_cut else _to_question(body).model
    except _UNREADABLE:
        return None


def model_in_path(path_tail: str) -> str | None:
    """The model in a path by the ways of Google, Bedrock and Workers AI."""
    match = _MODEL_IN_PATH.search(path_tail)
    return unquote(match[match.lastindex or 0]) if match else None


def _first_model(body: bytes) -> str | None:
    first = _MODEL_FIRST.match(body)
    return _to_text(first[1]) if first else None
