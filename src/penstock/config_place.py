"""Where configuration file and data folder are: one rule for the server and every command (docs/decisions/0063).

Of the file only what it says of the folder is read here, so that commands that need nothing else of it start quickly;
whether the rest of it is right is for `settings/`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

CONFIG_VARIABLE: Final = "PENSTOCK_CONFIG"
DATA_VARIABLE: Final = "PENSTOCK_DATA"
DEFAULT_FILE: Final = Path("penstock.toml")
DEFAULT_DATA: Final = "penstock-data"


class UnreadableConfig(Exception):
    """The file that was named, or lies there, cannot be read; the text says why."""


class DataPlace(NamedTuple):
    """The data folder, and in words why it is that one."""

    path: Path
    why: str


def named_file(given: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The configuration file that somebody has named: the option goes before the environment."""
    if given is None and environ.get(CONFIG_VARIABLE):
        return Path(environ[CONFIG_VARIABLE])
    return given


def seen_from(file: Path, path: str) -> str:
    """A path that a file names is meant from where the file is."""
    return os.path.abspath(file.parent / path)


def data_place(given: Path | None, config: Path | None, environ: Mapping[str, str]) -> DataPlace:
    """By option, environment, configuration file, default, in this order. Raises `UnreadableConfig`."""
    if given is not None:
        return DataPlace(given, "by --data")
    if environ.get(DATA_VARIABLE):
        return DataPlace(Path(environ[DATA_VARIABLE]), f"by {DATA_VARIABLE}")
    named = named_file(config, environ)
    file = named or DEFAULT_FILE
    said = _said(file, is_required=named is not None)
    if said is not None:
        return DataPlace(Path(seen_from(file, said)), f"by [server] data in {file}")
    looked = f"{file} has no [server] data" if file.exists() else f"there is no {file} here"
    return DataPlace(Path(DEFAULT_DATA), f"by default: no --data, no {DATA_VARIABLE}, and {looked}")


def _said(file: Path, *, is_required: bool) -> str | None:
    """What the file says of the data folder; None where it says nothing that could be one."""
    try:
        server = tomllib.loads(file.read_bytes().decode("utf-8-sig")).get("server")
    except FileNotFoundError:
        if is_required:
            raise UnreadableConfig(f"{file}: no such file") from None
        return None
    except OSError as error:
        raise UnreadableConfig(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableConfig(f"{file}: not valid TOML: {error}") from error
    data = server.get("data") if isinstance(server, dict) else None
    return data if isinstance(data, str) and data and "\0" not in data else None
