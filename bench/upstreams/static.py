"""The upstream of ordinary calls: nginx answering the same JSON to everything, counting what it has answered.

The count shows that a gateway really asked the upstream and did not answer by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from bench import http1, payload
from bench.failure import Failed
from bench.http1 import Http1
from bench.installs import which
from bench.lab import Lab, free_port
from bench.upstreams.program import wait_for_port

CONFIG = """\
daemon off; worker_processes 1; pid {home}/nginx.pid; error_log {home}/error.log;
events {{ worker_connections 16384; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 1h; default_type application/json;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ return 200 '{answer}'; }}
    location = /seen {{ stub_status; }}
  }}
}}
"""


class StaticUpstream:
    def __init__(self, lab: Lab) -> None:
        home, self.port = lab.folder("upstream"), free_port()
        config = home / "nginx.conf"
        config.write_text(CONFIG.format(home=home, port=self.port, answer=payload.ANSWER.decode()))
        command = [
            which("nginx") or "nginx",
            "-p",
            str(home),
            "-c",
            str(config),
            "-e",
            str(home / "error.log"),
        ]
        self.child = lab.start_load(command, home)
        self._asked = 0

    def request(self) -> bytes:
        """A chat call straight to the upstream, for the measurements without any gateway."""
        return http1.encode("POST", "/v1/chat/completions", payload.HEADERS, payload.REQUEST)

    def seen(self) -> int:
        """How many requests the upstream has had so far, these questions left out."""
        self._asked += 1
        with Http1(self.port) as client:
            _, body = client.call(http1.encode("GET", "/seen", {}))
        found = re.search(r"requests\s+\d+ \d+ (\d+)", body.decode())
        if found is None:
            raise Failed("the upstream does not say how many requests it has seen")
        return int(found[1]) - self._asked


@contextmanager
def static_upstream(lab: Lab) -> Iterator[StaticUpstream]:
    upstream = StaticUpstream(lab)
    try:
        wait_for_port(upstream.port)
        yield upstream
    finally:
        lab.stop(upstream.child)
