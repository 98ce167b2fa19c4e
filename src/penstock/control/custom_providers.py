"""Custom providers: what they may be called, and what is kept of them for people (Cloudflare 4.7).

Shapes only, for whoever stores one, by file or over the network. Where one may lead, and its headers, are in
`provider_rows.py`.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

_LONGEST: Final = 64 * 1024

Name = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f\x7f]{1,200}\Z", description="up to 200 characters, none of them a control one"
    ),
]
Text = Annotated[str, Meta(max_length=_LONGEST)]
Position = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class About(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept for people."""

    beta: bool | None = None
    """Is it a trial?"""
    description: Text | None = None
    """What it is."""
    link: Text | None = None
    """Where people read more."""
    curl_example: Text | None = None
    """A call of it with curl."""
    js_example: Text | None = None
    """A call of it in JavaScript."""
    position: Position | None = None
    """Its place in lists; the lowest comes first."""


ABOUT: Final = About.__struct_fields__
