"""Custom providers: `custom-{slug}`, known by their base URL alone (Cloudflare 1.3.1 last row, 3.15).

The upstream URL is the base URL and the tail, with nothing normalised. They are made from the configuration,
never listed among the built-in ones. On the unified endpoint a base URL without a version gets `v1`.
"""

from __future__ import annotations

import re

from penstock.providers.base import Header, Location, Provider
from penstock.providers.base_url import BaseUrl
from penstock.providers.paths import has_version

CUSTOM_PREFIX = "custom-"
_SLUG = re.compile(r"custom-[a-z0-9][a-z0-9_-]{0,62}")


def custom_provider(slug: str, base: BaseUrl) -> Provider:
    """A provider at `base`. Raises ValueError for an impossible slug."""
    if _SLUG.fullmatch(slug) is None:
        raise ValueError(f'provider "{slug}": after custom- come lower-case letters, digits, - and _')

    def locate(tail: str, _header: Header) -> Location:
        return base.append(tail)

    return Provider(
        slug=slug,
        domains=(base.origin.partition("://")[2],),
        locate=locate,
        compat=(slug,),
        chat_path="chat/completions" if has_version(base.path) else "v1/chat/completions",
    )
