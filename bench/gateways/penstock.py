"""Penstock as a user runs it: one worker, every default on, calls logged with bodies to a folder on disk; with
the policies a work asks for.

Its whole process group (supervisor, worker, log shipper) shares the one core given to the gateway.
"""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

from bench import payload
from bench.gateways.base import Running, Upstream
from bench.gateways.policies import NONE, Policies
from bench.lab import Lab, free_port
from bench.measure import Skip

CHAT = "/v1/local/default/openai/v1/chat/completions"
POLL = "/v1/local/default/parallel/v1/tasks/runs/trun_{:032x}/result"
HEALTH = "/healthz"
CONFIG = """\
[providers.openai]
base_url = "http://127.0.0.1:{chat}"

[providers.parallel]
base_url = "http://127.0.0.1:{polls}"

{policies}"""


class Penstock:
    name = "penstock"

    def __init__(self, policies: Policies = NONE, workers: int = 1) -> None:
        self._policies = policies
        self._workers = workers

    @property
    def version(self) -> str:
        return metadata.version(self.name)

    @property
    def _program(self) -> Path:
        return Path(sys.executable).parent / self.name

    def install(self) -> Skip | None:
        command = [str(self._program), "serve", "--help"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return Skip(self.name, str(error))
        if done.returncode == 0:
            return None
        said = done.stderr.strip().splitlines()
        return Skip(self.name, f"`penstock serve` does not run: {said[-1] if said else 'it said nothing'}")

    def start(self, lab: Lab, upstream: Upstream) -> Running:
        home, port = lab.folder(self.name), free_port()
        config, data = home / "penstock.toml", home / "data"
        polls, policies = upstream.polls or upstream.chat, self._policies
        config.write_text(CONFIG.format(chat=upstream.chat, polls=polls, policies=policies.tables))
        where = ["--host", "127.0.0.1", "--port", str(port), "--workers", str(self._workers)]
        command = [str(self._program), "serve", *where, "--data", str(data), "--config", str(config)]
        child = lab.start_gateway(command, home, policies.env)
        return Running(self.name, port, CHAT, child, payload.HEADERS | dict(policies.headers))
