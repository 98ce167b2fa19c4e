"""Domains that a search is restricted to, or that it leaves out (Parallel 2.8): hosts, and endings such as `.gov`.

A host stands for itself and all below it. How providers are told is in their own files; here is what holds in the end,
whatever they make of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN: Final = re.compile(rf"\.?{_LABEL}(?:\.{_LABEL})*")
_LONGEST: Final = 253
_WWW: Final = "www."


def domain_fault(text: str) -> str:
    """Why a text is no domain of such a list; empty where it is one."""
    shown = text[:60]
    name = _ascii(text)
    if len(name) > _LONGEST or _DOMAIN.fullmatch(name) is None or ("." not in name):
        return f"{shown!r} is no domain: write example.com, or .gov, without scheme, path, port and *"
    return ""


def plain_domain(text: str) -> str:
    """A domain of a list as it is compared: lower case, without a leading `www.`."""
    return _ascii(text).removeprefix(_WWW)


def _ascii(text: str) -> str:
    name = text.strip().lower().removesuffix(".")
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def host_of(url: str) -> str:
    """The host of an absolute http(s) address, lower case; empty for anything else."""
    if len(url) > 65_536 or not url.isprintable() or " " in url:
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    return _ascii(host) if parts.scheme in ("http", "https") else ""


def is_within(host: str, domain: str) -> bool:
    """Whether a host is a domain of a list, or below it."""
    if domain.startswith("."):
        return host.endswith(domain)
    return host == domain or host.endswith("." + domain)


def may_show(host: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    """Whether a result of this host is within both lists; that of what is allowed goes before the other."""
    if include:
        return any(is_within(host, domain) for domain in include)
    return not any(is_within(host, domain) for domain in exclude)


def is_ending(domain: str) -> bool:
    """Whether it stands for all hosts that end so."""
    return domain.startswith(".")


def site_terms(include: Sequence[str], exclude: Sequence[str]) -> str:
    """Both lists in the words of search engines: `site:a OR site:b`, `-site:c -site:d`."""
    if include:
        return " OR ".join(f"site:{domain.lstrip('.')}" for domain in include)
    return " ".join(f"-site:{domain.lstrip('.')}" for domain in exclude)
