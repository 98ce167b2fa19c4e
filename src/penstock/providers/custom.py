"""Custom providers: `custom-{slug}`, known by their base URL alone (Cloudflare 1.3.1 last row, 3.15).

The upstream URL is the base URL and the tail, with nothing normalised. They are made from the configuration,
never listed among the built-in ones. On the unified endpoint a base URL without a version gets `v1`.
"""

from __future__ import annotations

import re
from hashlib import sha256
from urllib.parse import unquote

from penstock.providers.base import ExtraHeaders, HeaderLookup, Location, Provider
from penstock.providers.base_url import BaseUrl
from penstock.providers.operation_table import OperationTable
from penstock.providers.paths import has_version

OPERATIONS = OperationTable("custom", anywhere=True)

CUSTOM_PREFIX = "custom-"
# It may want any of them; which one it is only its owner knows.
_CREDENTIALS = ("authorization", "x-api-key", "api-key", "x-goog-api-key", "xi-api-key", "token")
# Nobody knows whose ways it has: Google's, Bedrock's and Workers AI's may all be.
_MODEL_ADDRESS = re.compile(
    r"/models/([^/:]+):\w|/model/([^/]+)/(?:invoke|converse)|/deployments/([^/]+)/|/run/(@.+)|(?<=[^/]/)(@.+)"
)
_SLUG = re.compile(r"custom-[a-z0-9][a-z0-9_-]{0,62}")


def custom_provider(
    slug: str, base: BaseUrl, headers: ExtraHeaders = (), *, guarded: bool = False
) -> Provider:
    """A provider at `base`. Raises ValueError for an impossible slug.

    `headers` go with every call; `guarded` keeps its calls to public addresses.
    """
    if _SLUG.fullmatch(slug) is None:
        raise ValueError(f'provider "{slug}": after custom- come lower-case letters, digits, - and _')

    def locate(tail: str, _header: HeaderLookup) -> Location:
        return base.append(tail)

    return Provider(
        slug=slug,
        domains=(base.origin.partition("://")[2],),
        locate=locate,
        credential_headers=_CREDENTIALS,
        compat=(slug,),
        extra_headers=headers,
        fingerprint=fingerprint(base, headers),
        guarded=guarded,
        operations=OPERATIONS,
        model_address=_MODEL_ADDRESS,
        model_is_own=True,
        chat_path="chat/completions" if has_version(base.path) else "v1/chat/completions",
    )


def model_in_some_path(tail: str) -> str | None:
    """The model in a path without its query, by the ways of all who have it there."""
    match = _MODEL_ADDRESS.search(f"//any/{tail}")
    return unquote(match[match.lastindex or 0]) if match else None


def fingerprint(base: BaseUrl, headers: ExtraHeaders) -> str:
    """Changes when the provider would be another one: answers kept of the former are not this one's."""
    return sha256(repr((base.origin, base.path, headers)).encode()).hexdigest()[:16]
