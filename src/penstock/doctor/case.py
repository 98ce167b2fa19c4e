"""What is examined: the settings as this shell gives them, the data folder, the gateway that may run there.

What several checks need is looked at once. Nothing is judged here.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from penstock.config_place import DATA_VARIABLE, UnreadableConfig, data_place
from penstock.control.catalog import Catalog, catalog
from penstock.metrics.worker_file import FOLDER, States, read_states
from penstock.settings import ConfigError, ServerSettings, Settings, config_file, load
from penstock.settings.check import Problem
from penstock.stores.control_store import ControlStoreError, Snapshot
from penstock.stores.facts import Unreadable
from penstock.stores.opening import Stores
from penstock.stores.opening.configured import stores_of
from penstock.stores.opening.control_store import (
    control_store,
    control_store_place,
    control_store_trouble,
    has_control_store,
    is_up_to_date,
)

_LOCK = "lock"
_ANY = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}


class ControlStore(NamedTuple):
    """What the directory holds; None, with the reason in `fault` if it is a bad one, when it was not read."""

    snapshot: Snapshot | None
    fault: str = ""


@dataclass(frozen=True)
class Case:
    """`faults` are those of the configuration; with any, `settings` are the defaults."""

    settings: Settings
    faults: tuple[Problem, ...]
    file: Path
    environ: Mapping[str, str]
    url: str | None
    now_us: int

    @property
    def data(self) -> Path:
        """The data folder."""
        return Path(self.settings.server.data)

    @property
    def stores(self) -> Stores:
        """What is remembered in it."""
        return stores_of(self.settings)

    @cached_property
    def is_running(self) -> bool:
        """Whether a Penstock holds the data folder. Raises `OSError`."""
        try:
            descriptor = os.open(self.data / _LOCK, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    @cached_property
    def states(self) -> States:
        """What the workers tell of themselves. Raises `OSError`."""
        return read_states(self.data / FOLDER)

    @cached_property
    def control_store(self) -> ControlStore:
        """The directory, unless it is of an older version: reading would bring it up to date."""
        if trouble := control_store_trouble(self.stores):
            return ControlStore(None, f"the directory {control_store_place(self.stores)}: {trouble}")
        try:
            if has_control_store(self.stores) and not is_up_to_date(self.stores):
                return ControlStore(None)
            return ControlStore(control_store(self.stores).snapshot())
        except Unreadable as error:
            return ControlStore(None, f"the directory {control_store_place(self.stores)}: {error}")
        except ControlStoreError as error:
            return ControlStore(None, str(error))

    @cached_property
    def catalog(self) -> Catalog:
        """All gateways there are, as far as the directory could be read; secrets are left sealed."""
        return catalog(
            self.settings, self.control_store.snapshot or Snapshot(), lambda _sealed, _context: None
        )

    @property
    def address(self) -> str:
        """Where the gateway is: as asked for, as a worker says, or as the settings say."""
        if self.url is not None:
            return self.url
        for worker in self.states.workers:
            if worker.address:
                return worker.address
        host = _ANY.get(self.settings.server.host, self.settings.server.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.settings.server.port}"


def _data_of(config: Path | None, data: Path | None, environ: Mapping[str, str]) -> str:
    """The folder of a configuration that is not right: as all commands find it, or where a start makes one."""
    try:
        return str(data_place(data, config, environ).path)
    except UnreadableConfig:
        return environ.get(DATA_VARIABLE) or ServerSettings().data


def open_case(
    config: Path | None, data: Path | None, url: str | None, environ: Mapping[str, str], now_us: int
) -> Case:
    """`config`, `data` and `url` are the command line's, and go before everything else."""
    file = config_file(config, environ)
    folder = None if data is None else str(data)
    faults: tuple[Problem, ...] = ()
    try:
        settings = load(config, environ=environ, overrides={"server.data": folder})
    except ConfigError as error:
        faults = error.problems
        settings = Settings(server=ServerSettings(data=_data_of(config, data, environ)))
    return Case(settings, faults, file, environ, url, now_us)
