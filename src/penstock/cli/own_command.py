"""How this program is called where it was called: what is printed to be typed has to work there.

`penstock` where the shell finds it, `.venv/bin/penstock` after `make demo`, `uvx penstock` where `uvx` has run it.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

_NAME: Final = "penstock"
_OF_UVX: Final = ("archive-v0", "builds-v0")  # folders of uv's cache, which come and go


class _Origin(msgspec.Struct, frozen=True):
    """What an installer writes down of where a package came from, if that was no index."""

    url: str


def own_command() -> str:
    """That of this process."""
    return command_of(sys.argv[0], os.environ, Path.cwd(), _wheel)


def command_of(
    argument: str, environ: Mapping[str, str], here: Path, installed: Callable[[], str] = str
) -> str:
    """`argument` is `sys.argv[0]`, `here` the working directory; `installed` tells the wheel, if it was one."""
    started = Path(argument)
    if started.name != _NAME:
        return f"{_shown(Path(sys.executable), here)} -m {_NAME}"
    if "UV" in environ and any(part in _OF_UVX for part in started.absolute().parts):
        wheel = installed()
        return f"uvx --from {_shown(Path(wheel), here)} {_NAME}" if wheel else f"uvx {_NAME}"
    found = shutil.which(_NAME, path=environ.get("PATH", ""))
    if found is not None and Path(found).resolve() == started.resolve():
        return _NAME
    return _shown(started, here)


def _wheel() -> str:
    try:
        text = distribution(_NAME).read_text("direct_url.json")
        url = urlsplit(msgspec.json.decode(text, type=_Origin).url) if text else None
    except (PackageNotFoundError, msgspec.DecodeError, ValueError):
        return ""
    return unquote(url.path) if url is not None and url.path.endswith(".whl") and url.scheme == "file" else ""


def _shown(program: Path, here: Path) -> str:
    """The shortest path that leads there from here."""
    whole = program if program.is_absolute() else here / program
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)
