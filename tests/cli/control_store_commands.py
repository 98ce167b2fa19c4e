"""Runs the commands over the directory as a shell would, and keeps all they say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from penstock.access.master_key import FILE_VARIABLE, KEY_VARIABLE
from penstock.cli.main import main
from penstock.stores.control_store import Snapshot
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore


@dataclass
class Said:
    """What one command said."""

    out: str
    err: str

    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Shell:
    """A shell in which the data directory is known. `said` is everything that any command said."""

    data: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    said: str = ""

    def run(self, *arguments: str, stdin: str | bytes = "", code: int = 0) -> Said:
        environ = {KEY_VARIABLE: None, FILE_VARIABLE: None, "PENSTOCK_DATA": str(self.data), **self.environ}
        done = CliRunner().invoke(main, arguments, input=stdin, env=environ)
        said = Said(done.stdout, done.stderr)
        self.said += said.out + said.err
        assert done.exit_code == code, (said, done.exception)
        return said

    @property
    def control_store(self) -> SqliteControlStore:
        return SqliteControlStore(self.data / FILE_NAME)

    def snapshot(self) -> Snapshot:
        return self.control_store.snapshot()

    def stored(self) -> bytes:
        """All bytes of all files in the data directory."""
        return b"\n".join(path.read_bytes() for path in self.data.rglob("*") if path.is_file())
