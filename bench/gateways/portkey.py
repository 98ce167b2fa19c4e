"""The Portkey gateway on node, without its console, sent to our upstream by its own request headers.

It would listen on every interface; `loopback.cjs` keeps it on 127.0.0.1.
"""

from __future__ import annotations

from pathlib import Path

from bench import payload
from bench.gateways.base import Running, Upstream
from bench.installs import cached, missing_program, npm_install, which
from bench.lab import Lab, free_port
from bench.measure import Skip
from bench.places import HERE


class Portkey:
    name = "portkey"
    version = "1.15.2"

    @property
    def _folder(self) -> Path:
        return cached(f"portkey-{self.version}")

    def install(self) -> Skip | None:
        absent = missing_program(self.name, "node", "npm")
        return absent or npm_install(self.name, self._folder, f"@portkey-ai/gateway@{self.version}")

    def start(self, lab: Lab, upstream: Upstream) -> Running:
        home, port = lab.folder(self.name), free_port()
        program = self._folder / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
        preload = HERE / "gateways" / "loopback.cjs"
        flags = ["--headless", f"--port={port}"]
        command = [which("node") or "node", "--require", str(preload), str(program), *flags]
        child = lab.start_gateway(command, home, {"NODE_ENV": "production"})
        headers = {
            "x-portkey-provider": "openai",
            "x-portkey-custom-host": f"http://127.0.0.1:{upstream.chat}/v1",
        }
        return Running(self.name, port, "/v1/chat/completions", child, payload.HEADERS | headers)
