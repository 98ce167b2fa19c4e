"""Source policy: which documents a caller allows (Parallel 2.8). Pure."""

import datetime
import re
from urllib.parse import urlsplit

from parallel_local.errors import Problem
from parallel_local.wire.common import SourcePolicy

_MOST_DOMAINS = 200
_LONGEST_DOMAIN = 255
_DOMAIN = re.compile(
    r"\.?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\.?", re.IGNORECASE
)


def host_of(url: str) -> str:
    """The host in lower case without `www.`; empty for anything that is no URL."""
    scheme, found, rest = url.partition("://")
    try:
        host = urlsplit(scheme + found + rest.partition("/")[0]).hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.")


def host_suffixes(host: str) -> list[str]:
    """What a host answers for: itself, and what it ends with from each dot on (`.example`)."""
    labels = host.split(".")
    return [host, *("." + ".".join(labels[place:]) for place in range(1, len(labels)))] if host else []


def covering(domain: str) -> tuple[str, ...]:
    """The suffixes of the hosts that a domain covers: an apex covers its subdomains, `.gov` is a bare suffix."""
    wanted = domain.casefold().rstrip(".").removeprefix("www.")
    return (wanted,) if wanted.startswith(".") else (wanted, "." + wanted)


def permits(policy: SourcePolicy | None, url: str, date: str | None) -> bool:
    """Whether a document may be used. An include list makes the exclude list void (Parallel 2.8)."""
    if policy is None:
        return True
    if policy.after_date and (date is None or date < policy.after_date):
        return False
    suffixes = frozenset(host_suffixes(host_of(url)))
    if policy.include_domains:
        return any(suffixes.intersection(covering(domain)) for domain in policy.include_domains)
    return not any(suffixes.intersection(covering(domain)) for domain in policy.exclude_domains)


def same_url(url: str) -> str:
    """A URL reduced to what identifies the page: without fragment, `www.` and a final slash."""
    bare = url.strip().partition("#")[0].rstrip("/")
    scheme, found, rest = bare.partition("://")
    host, slash, path = rest.partition("/")
    return f"{host_of(f'{scheme}://{host}') or host}{slash}{path}" if found else bare


def policy_problems(policy: SourcePolicy | None, loc: tuple[str | int, ...]) -> list[Problem]:
    """What the contract refuses in a policy: too many domains, anything but bare domains, bad dates."""
    if policy is None:
        return []
    found: list[Problem] = []
    if len(policy.include_domains) + len(policy.exclude_domains) > _MOST_DOMAINS:
        reason = f"at most {_MOST_DOMAINS} domains in include_domains and exclude_domains together"
        return [Problem(loc, reason)]
    lists = (("include_domains", policy.include_domains), ("exclude_domains", policy.exclude_domains))
    for name, domains in lists:
        bad = [index for index, domain in enumerate(domains) if not _is_domain(domain)]
        found.extend(
            Problem((*loc, name, index), "a domain without scheme, path, port or wildcard") for index in bad
        )
    if policy.after_date is not None and not _is_date(policy.after_date):
        found.append(Problem((*loc, "after_date"), "a date as YYYY-MM-DD"))
    return found


def _is_domain(text: str) -> bool:
    return len(text) <= _LONGEST_DOMAIN and _DOMAIN.fullmatch(text) is not None


def _is_date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
