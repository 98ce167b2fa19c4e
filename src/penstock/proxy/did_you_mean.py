"""What was probably meant by a path that leads nowhere, as a sentence with the address that works.

Names of accounts and gateways are told only where they are given: whoever asks gives those that anybody may know.
Pure, and bounded: callers make paths up.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final
from urllib.parse import unquote

from penstock.errors import NOT_FOUND, GatewayError
from penstock.providers.registry import BUILT_IN, Registry
from penstock.proxy.call import Gateway
from penstock.wire.surface import Surface
from penstock.wire.unified_paths import unified_tail
from penstock_common.nearest import nearest

COMPAT: Final = "compat"
_LONGEST: Final = 64  # characters of a name that is repeated
_MOST_PARTS: Final = 300  # of a path
_PLAIN_TAIL: Final = re.compile(r"[a-z][a-z0-9_.:-]{0,15}(?:/[a-z0-9][a-z0-9_.:-]{0,15}){0,4}/?")
_BUILT_IN: Final = frozenset(name for one in BUILT_IN for name in (one.slug, *one.aliases))
_TAILS: Final = (*(str(one) for one in Surface), "models", "run")


def provider_meant(base: str, slug: str, tail: str, registry: Registry) -> str:
    """Where a gateway has no such provider; `base` is the gateway's address. Empty where nothing is near."""
    near = nearest(slug.lower(), (COMPAT, *_slugs(registry)))
    return "" if near is None else _address(f"{base}/{near}", tail)


def check_question(gateway: Gateway, tail: str) -> None:
    """Raises `GatewayError` 404 where no such question is asked on the unified endpoint."""
    if tail in _TAILS or _is_asked_of_the_gateway(tail):
        return
    near = nearest(tail.lower(), _TAILS)
    meant = "" if near is None else f"; did you mean /v1/{gateway.account}/{gateway.id}/{COMPAT}/{near}?"
    raise GatewayError(
        NOT_FOUND, f"below {COMPAT} are {', '.join(Surface)} and models, and no {tail[:_LONGEST]!r}{meant}"
    )


def _is_asked_of_the_gateway(tail: str) -> bool:
    return next((unquote(part) for part in tail.split("/", 3) if part), "") in ("models", "run")


def place_meant(
    account: str,
    name: str,
    rest: Sequence[str],
    registry: Registry,
    open_gateways: Collection[tuple[str, str]],
) -> str:
    """Where there is no such account, or it has no such gateway. `rest` are the parts behind the account.

    `open_gateways` are those whose names anybody may know, as `(account, gateway)`; the first is the likeliest.
    """
    slugs = (COMPAT, *_slugs(registry))
    home = next(iter(open_gateways), ("{account}", "{gateway}"))
    if account in slugs:
        unified = unified_tail(rest)
        wanted = _address(f"/v1/{'/'.join(home)}/{account}", "/".join(rest))
        kind = "the unified endpoint" if account == COMPAT else "a provider"
        also = f" Models of all providers are at /v1/{unified}." if unified in _TAILS else ""
        return f"; {account!r} is {kind}, and stands after account and gateway{wanted}{also}"
    near = nearest(account, dict.fromkeys(one for one, _ in open_gateways))
    if near is None:
        return ""
    gateways = [gateway for one, gateway in open_gateways if one == near]
    if account != near:
        gateway = name if name in gateways else nearest(name, gateways)
        tail = "/".join(rest if gateway is None else rest[1:])
        return _address("/".join(("/v1", near, *([] if gateway is None else [gateway]))), tail)
    gateway = nearest(name, gateways)
    if gateway is not None:
        return _address(f"/v1/{near}/{gateway}", "/".join(rest[1:]))
    slug = nearest(name.lower(), slugs)
    return "" if slug is None else _address(f"/v1/{near}/{gateways[0]}/{slug}", "/".join(rest[1:]))


def page_meant(path: str) -> str:
    """Where a path does not begin as those of calls do."""
    parts = path.split("/", _MOST_PARTS)[1:]
    tail = unified_tail(parts)
    if tail is not None:
        return _address("/v1", tail)
    if parts[0] == COMPAT or parts[0] in _BUILT_IN:
        return _address(f"/v1/{{account}}/{{gateway}}/{parts[0]}", "/".join(parts[1:]))
    return ""


def _address(base: str, tail: str) -> str:
    """A question with the address. A tail in which something else than words may stand is not repeated."""
    if tail:
        base += f"/{tail}" if _PLAIN_TAIL.fullmatch(tail) else "/…"
    return f"; did you mean {base}?"


def _slugs(registry: Registry) -> list[str]:
    return [name for one in registry.providers for name in (one.slug, *one.aliases)]
