"""The model that a request asks for: at the address it goes to, or in its body, query or headers.

It decides price and limits before there is an answer, and names the call in the log; `asked_model` is what it is
called there. `all_asked` is for who must not be fooled: whatever any reader may take for the model. Pure; where a
provider has it is in the providers' own files; what the vendors call their models is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import parse_qsl

from penstock.providers.base import HeaderLookup, Provider, model_at, model_of_row
from penstock.providers.custom import model_in_some_path
from penstock.providers.operation import Effect, Kind, Operation
from penstock.providers.operation_table import UNKNOWN, shows_model
from penstock.providers.registry import as_shipped
from penstock.providers.request_reading import Request, named_model
from penstock.wire.model_forms import models_in_form
from penstock.wire.model_names import Unclear, folded, models_at, models_in_json

__all__ = ["Unclear", "all_asked", "asked_model", "place_of", "told_model"]

_MODEL_IN_FORM = re.compile(rb"(?:^|&)\s*model", re.IGNORECASE)
_BOM = b"\xef\xbb\xbf"
_CHARSET = re.compile(r"charset\s*=\s*\"?([^\";,\s]*)")
_PLAIN_CHARSETS = ("utf-8", "utf8", "us-ascii", "ascii")
_OF_ANY_QUERY = frozenset({"model", "modelid", "modelname", "deployment"})
_OF_ANY_HEADER = (
    "model",
    "x-model",
    "x-model-id",
    "x-model-name",
    "x-model-version",
    "azureml-model-deployment",
)
_USUAL, _MODEL = ("body:model",), ("model",)
_RESOURCES = ("projects/", "publishers/")


# -- as prices and the log have it


def asked_model(provider: str, operation: Operation, path_tail: str, request: Request) -> str | None:
    """The model of a request to `provider` (a slug), by what its operation says of it, and by its path.

    Where nothing else names one, a deployment or the like is better than nothing.
    """
    return told_model(provider, operation, path_tail, request) or place_of(provider, path_tail)


def told_model(provider: str, operation: Operation, path_tail: str, request: Request) -> str | None:
    """The model that a request names, and nothing in its place."""
    told = named_model(operation, request)
    name = told if operation.product else _name_of(provider, path_tail, told)
    return name.removeprefix("models/") if name else None


def place_of(provider: str, path_tail: str) -> str | None:
    """What the path names as the place of a model, whatever it is called."""
    shipped = as_shipped(provider)
    return None if shipped is None else model_at(shipped, _bare(path_tail), _no_header)


def _name_of(provider: str, path_tail: str, told: str | None) -> str | None:
    """The model by its path, where the provider goes by paths and they name models; else the one that is told.

    Other providers' ways of naming one in a path are none of this one's. A deployment may have any name, so the body
    tells more of it; so it does of a custom provider, whose ways nobody knows.
    """
    shipped = as_shipped(provider)
    if shipped is None:
        return told or model_in_some_path(_bare(path_tail))
    if shipped.model_address is None or shipped.model_is_own:
        return told
    return model_at(shipped, _bare(path_tail), _no_header) or told


def _bare(path_tail: str) -> str:
    return path_tail.partition("?")[0]


def _no_header(_name: str) -> None:
    """Headers are not at hand where a call is named."""


# -- as whoever may read the request has it


def all_asked(
    provider: Provider,
    operation: Operation,
    path_tail: str,
    query: str,
    header: HeaderLookup,
    body: bytes | None,
) -> tuple[str, ...]:
    """Every model that some reader may take a request to ask for; none, where nobody finds one.

    `query` without its `?`; `body` is plain, None where it cannot be read. Raises `Unclear` where readers may differ
    about what there is.
    """
    at = model_at(provider, path_tail, header)
    places = _places(provider, operation)
    own, others = list[str](), list[str]()
    for name, value in parse_qsl(query.replace(";", "&"), keep_blank_values=True, errors="replace"):
        if f"query:{name}" in places:
            own.append(value)
        elif folded(name) in _OF_ANY_QUERY:
            others.append(value)
    for name in _OF_ANY_HEADER:
        told = header(name)
        if told is not None:
            (own if f"header:{name}" in places else others).append(told)
    needed = at is None and not own and (not operation.product or bool(places))
    in_body, more = _in_body(body, places, header("content-type") or "", needed=needed)
    own = _with_product(operation, own + in_body)
    if operation.product:  # `parallel` is all that Parallel's responses take for a model (Parallel 2.10)
        more = [name for name in more if name.lower() != provider.slug]
    if at is not None:
        own.append(at)
    if operation.kind is Kind.MODELS and operation.effect is Effect.READ:
        own += _looked_up(provider, operation, path_tail, query, header)
    return tuple(map(plainly, (*own, *others, *more))) if own else ()


def _places(provider: Provider, operation: Operation) -> Collection[str]:
    """Where requests of an operation name their models; of what no row knows, wherever its provider's do."""
    if operation.name == UNKNOWN and as_shipped(provider.slug) is not None:
        return provider.operations.places
    return operation.models


def _with_product(operation: Operation, words: list[str]) -> list[str]:
    """Products that are told apart by something else than a model are called as in the log: `search-advanced`."""
    if not operation.product:
        return words
    told = words or [operation.default]
    return [f"{operation.product}-{word}" if word else operation.product for word in told]


def _looked_up(
    provider: Provider, operation: Operation, path_tail: str, query: str, header: HeaderLookup
) -> list[str]:
    """The models that a look at one of them names, where its row says."""
    places = frozenset(operation.models)
    found = [value for name, value in parse_qsl(query) if f"query:{name}" in places]
    if shows_model(operation):
        name = model_of_row(provider, operation, path_tail, header)
        if name is None:
            raise Unclear("its path cannot be read")
        found.append(name)
    return found


def _in_body(
    body: bytes | None, places: Collection[str], content_type: str, *, needed: bool
) -> tuple[list[str], list[str]]:
    """What the body names; nothing, where it is no JSON and need not tell."""
    if body is None:
        if needed:
            raise Unclear("its body cannot be read")
        return [], []
    if not body:
        return [], []
    kind = content_type.lower()
    charset = _CHARSET.search(kind)
    if charset is not None and charset[1] not in _PLAIN_CHARSETS:
        raise Unclear("its body is in a charset of its own")
    is_form = "multipart/" in kind
    forms = [place.removeprefix("form:") for place in places if place.startswith("form:")] if is_form else []
    if forms:
        return models_in_form(body, content_type, forms)
    if is_form or ("urlencoded" in kind and _MODEL_IN_FORM.search(body)):
        if needed:
            raise Unclear("its body is a form, whose fields are not read")
        return [], []
    if not needed and body.lstrip().removeprefix(_BOM).lstrip()[:1] != b"{":
        return [], []
    if places == _USUAL:
        return models_in_json(body, _MODEL)
    inside = [place.removeprefix("body:") for place in places if place.startswith("body:")]
    deep = [place for place in inside if "." in place or place.endswith("[]")]
    names, others = models_in_json(body, [place for place in inside if place not in deep])
    return [*names, *(name for place in deep for name in models_at(body, place))], others


def plainly(model: str) -> str:
    """A model's name without what it is: Google's come with that in front."""
    return model.rpartition("/models/")[2] if model.startswith(_RESOURCES) else model.removeprefix("models/")
