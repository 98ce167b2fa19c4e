"""nginx as a plain reverse proxy: one worker, keep-alive to the upstream, no log, no buffering of streams.

It is the floor: what relaying costs when nothing is understood.
"""

from __future__ import annotations

import re
import subprocess

from bench.gateways.base import Running, Upstream
from bench.installs import missing_program, which
from bench.lab import Lab, free_port
from bench.measure import Skip

CONFIG = """\
daemon off; worker_processes 1; pid {home}/nginx.pid; error_log {home}/error.log;
events {{ worker_connections 16384; }}
http {{
  access_log off; keepalive_requests 10000000; keepalive_timeout 1h;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
  upstream chat {{
    server 127.0.0.1:{upstream};
    keepalive 256; keepalive_requests 10000000; keepalive_timeout 1h;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://chat; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
    }}
  }}
}}
"""


class Nginx:
    name = "nginx"

    @property
    def version(self) -> str:
        program = which("nginx") or "nginx"
        said = subprocess.run([program, "-v"], capture_output=True, text=True, timeout=10, check=False)
        found = re.search(r"nginx/(\S+)", said.stderr)
        return found[1] if found else "unknown"

    def install(self) -> Skip | None:
        return missing_program(self.name, "nginx")

    def start(self, lab: Lab, upstream: Upstream) -> Running:
        home, port = lab.folder(self.name), free_port()
        config = home / "nginx.conf"
        config.write_text(CONFIG.format(home=home, port=port, upstream=upstream.chat))
        command = [
            which("nginx") or "nginx",
            "-p",
            str(home),
            "-c",
            str(config),
            "-e",
            str(home / "error.log"),
        ]
        return Running(self.name, port, "/v1/chat/completions", lab.start_gateway(command, home))
