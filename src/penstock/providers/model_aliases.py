"""What models are called: names of the operator's own, a default provider, and the forms that Cloudflare takes.

Pure. A name in front of a model is looked up in a registry; which models a provider has is not known here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence

from penstock.providers.custom import CUSTOM_PREFIX
from penstock.providers.registry import Registry
from penstock.settings.models import ANYTHING_ELSE, flattened
from penstock_common.check import quote

_WORKERS_AI = "workers-ai"
OF_WORKERS_AI = ("@cf/", "@hf/")
"""What names of its models begin with."""
_DOTTED = re.compile(r"(anthropic/claude-(?!instant-)[a-z]+-\d+)\.(\d.*)")  # as Cloudflare's catalog has it
_MARK = "@"  # of names that Cloudflare takes without a provider before them
RESERVED = ("dynamic", "cloudflare")
"""What stands before names that are no provider's: of routes, and of the router (Cloudflare 1.4, 1.12)."""


class ModelAliases:
    """The names of one account, compiled."""

    __slots__ = ("_others", "table")

    def __init__(
        self,
        table: Mapping[str, str | Sequence[str]] | None = None,
        more: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """`table` as `[models]` has it; `more` are names that are worked out already.

        Raises `FieldError` with the name that leads to nothing.
        """
        found = {**(more or {}), **flattened(table or {})}
        self._others = found.pop(ANYTHING_ELSE, ())
        self.table: Mapping[str, tuple[str, ...]] = {
            name: tuple(dict.fromkeys(map(_with_provider, models))) for name, models in found.items()
        }

    def are_none(self, name: str) -> bool:
        """Whether a name means itself, for there are no others."""
        return not (self.table or self._others or name.startswith(_MARK))

    def meant_by(self, name: str, registry: Registry) -> tuple[str, ...]:
        """The models that a caller means, as `provider/model`, in the order in which they are tried.

        A name that means nothing is left as it is, for who says what is wrong with it.
        """
        found = self.table.get(name)
        if found is not None:
            return found
        if "." in name and (dotted := _DOTTED.fullmatch(name)) is not None:
            return ("-".join(dotted.groups()),)
        if name.startswith(OF_WORKERS_AI):
            return (_with_provider(name),)
        prefix, slash, _ = name.partition("/")
        if not self._others or not name or (slash and _stands_for_itself(prefix, registry)):
            return (name,)
        return tuple(f"{provider}/{name}" for provider in self._others)


def faults(table: Mapping[str, Sequence[str]], registry: Registry) -> Iterator[tuple[str, str]]:
    """What a table (as `flattened` leaves it) says of providers that there are not: the name, and the reason."""
    for name, meant in table.items():
        for model in meant:
            fault = _provider_fault(model, registry) if name == ANYTHING_ELSE else _fault(model, registry)
            if fault:
                yield name, fault


def _with_provider(model: str) -> str:
    return f"{_WORKERS_AI}/{model}" if model.startswith(OF_WORKERS_AI) else model


def _stands_for_itself(prefix: str, registry: Registry) -> bool:
    """Whether a name that begins so is somebody's."""
    return not prefix or prefix in RESERVED or prefix.startswith(CUSTOM_PREFIX) or _known(prefix, registry)


def _known(name: str, registry: Registry) -> bool:
    return registry.find_compat(name) is not None or registry.find(name) is not None


def _fault(model: str, registry: Registry) -> str:
    prefix, slash, bare = _with_provider(model).partition("/")
    if not slash:
        return f"{quote(model)} is neither provider/model nor another name of this table"
    if not bare:
        return f"{quote(model)} names no model"
    return "" if prefix in RESERVED else _provider_fault(prefix, registry)


def _provider_fault(name: str, registry: Registry) -> str:
    if _known(name, registry) or name.startswith(CUSTOM_PREFIX):
        return ""  # one of the operator's own may be in the directory
    known = {one for provider in registry.providers for one in (provider.slug, *provider.compat)}
    near = difflib.get_close_matches(name[:64], known, n=1, cutoff=0.5)
    return f"no provider is called {quote(name)}" + (f"; did you mean {quote(near[0])}?" if near else "")
