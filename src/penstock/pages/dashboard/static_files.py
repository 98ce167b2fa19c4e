"""The files that pages load: one style, scripts, one mark. Nothing else is served from the package."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from typing import Final, NamedTuple


class StaticFile(NamedTuple):
    """One of them."""

    name: str
    content_type: str

    def read(self) -> bytes:
        """What is in it."""
        return files("penstock.pages.dashboard").joinpath("static", self.name).read_bytes()

    def version(self) -> str:
        """Another one for each content, so that browsers may keep it for ever."""
        return sha256(self.read()).hexdigest()[:12]


STATIC_FILES: Final[Mapping[str, StaticFile]] = {
    name: StaticFile(name, content_type)
    for name, content_type in (
        ("style.css", "text/css; charset=utf-8"),
        ("live.js", "text/javascript; charset=utf-8"),
        ("playground.js", "text/javascript; charset=utf-8"),
        ("mark.svg", "image/svg+xml"),
    )
}
"""By name."""
