"""The region in which the machine's environment asks models by name, where `penstock.toml` names none.

Only for providers whose calls are signed with what the environment gives. Pure: the variables are handed in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec.structs import replace

from penstock.settings import Settings

_REGION = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")


def in_region(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """The settings, with `AWS_REGION` or `AWS_DEFAULT_REGION` where they are to decide; what is no region does not."""
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""
    if _REGION.fullmatch(region) is None:
        return settings
    found = {
        slug: replace(provider, region=region)
        for slug, provider in settings.providers.items()
        if provider.credentials is not None and provider.region is None
    }
    return replace(settings, providers={**settings.providers, **found}) if found else settings
