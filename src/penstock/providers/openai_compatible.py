"""What providers that speak the OpenAI dialect on one fixed host have in common (Cloudflare 1.3.1, 1.3.2)."""

from __future__ import annotations

import re

from penstock.providers.base import Locate, Provider
from penstock.providers.operation_table import OperationTable
from penstock.providers.spoken import Speech, talks

_CHAT = Speech(talk=(talks(),))


def openai_compatible(
    operations: OperationTable,
    host: str,
    locate: Locate,
    speech: Speech = _CHAT,
    aliases: tuple[str, ...] = (),
    *,
    root: str = "/v1/",
    stream_usage: bool = False,
    model_address: re.Pattern[str] | None = None,
) -> Provider:
    """A provider of which a path rule, what it speaks and its operations say all there is to say."""
    slug = operations.slug
    return Provider(
        slug=slug,
        aliases=aliases,
        domains=(host,),
        locate=locate,
        compat=(slug, *aliases),
        speech=speech,
        operations=operations,
        root=root,
        stream_usage=stream_usage,
        model_address=model_address,
        model_is_own=model_address is not None,
    )
