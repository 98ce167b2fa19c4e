"""Fal: `fal.run` below the tail, or whatever fal host `x-fal-target-url` names (Cloudflare 1.3.3).

The header is how fal's own clients use a proxy, so it wins over the tail; its query is the call's query. It
may name `fal.run`, `fal.ai` and hosts below them, over https, and nothing else: any caller can write it.
"""

from __future__ import annotations

import re

from penstock import errors
from penstock.errors import GatewayError
from penstock.providers.base import HeaderLookup, Location, Provider

_TARGET_HEADER = "x-fal-target-url"
_TARGET = re.compile(
    r"https://((?:[a-z0-9-]+\.)*fal\.(?:run|ai))(/[^?#\\]*)?(?:\?([^#\\]*))?", re.IGNORECASE | re.ASCII
)
_DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?:/|\Z)", re.IGNORECASE)


def _locate(tail: str, header: HeaderLookup) -> Location:
    target = header(_TARGET_HEADER)
    return Location("https://fal.run", f"/{tail}") if target is None else _from_target(target)


def _from_target(target: str) -> Location:
    printable = target.isascii() and target.isprintable() and " " not in target
    match = _TARGET.fullmatch(target) if printable else None
    path = "/" if match is None else match[2] or "/"
    if match is None or _DOT_SEGMENT.search(path):
        raise GatewayError(
            errors.BAD_REQUEST,
            f"{_TARGET_HEADER} must be an https URL on fal.run, fal.ai or a host below them, without a port",
        )
    return Location(f"https://{match[1].lower()}", path, match[3] or "")


PROVIDER = Provider(
    slug="fal",
    domains=("fal.run", ".fal.run", "fal.ai", ".fal.ai"),
    locate=_locate,
    key_header=("authorization", "Key "),
    tenant_hosts=(".fal.run", ".fal.ai"),
    static=False,
    consumed_headers=(_TARGET_HEADER,),
    model_address=re.compile(r"//[^/]+/(.+)"),
    model_is_own=True,
)
