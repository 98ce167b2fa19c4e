"""The LiteLLM proxy with one worker and one model, no database and no logs.

It does not start without a strong master key, so it gets a new one each time, and the calls carry it. The
model bears the name the common request body asks for.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from bench import payload
from bench.gateways.base import Running, Upstream
from bench.installs import cached, pip_install
from bench.lab import Lab, free_port
from bench.measure import Skip

QUIET = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "NO_DOCS": "True"}


class LiteLLM:
    name = "litellm"
    version = "1.106.2"

    @property
    def _folder(self) -> Path:
        return cached(f"litellm-{self.version}")

    def install(self) -> Skip | None:
        return pip_install(self.name, self._folder, f"litellm[proxy]=={self.version}")

    def start(self, lab: Lab, upstream: Upstream) -> Running:
        home, port = lab.folder(self.name), free_port()
        config, key = home / "config.yaml", f"sk-{secrets.token_hex(32)}"
        config.write_text(json.dumps(configuration(upstream.chat, key)))
        flags = ["--host", "127.0.0.1", "--port", str(port), "--num_workers", "1", "--telemetry", "False"]
        command = [str(self._folder / "bin" / "litellm"), "--config", str(config), *flags]
        child = lab.start_gateway(command, home, QUIET)
        headers = payload.HEADERS | {"Authorization": f"Bearer {key}"}
        return Running(self.name, port, "/v1/chat/completions", child, headers)


def configuration(upstream: int, key: str) -> dict[str, object]:
    target = {
        "model": "openai/gpt-4o-mini",
        "api_base": f"http://127.0.0.1:{upstream}/v1",
        "api_key": "sk-test-0123456789",
    }
    models = [{"model_name": "openai/gpt-4o-mini", "litellm_params": target}]
    return {"model_list": models, "general_settings": {"master_key": key}}
