"""Load from `wrk`: its script, its run, and what its report says.

`parse` is pure; a report with any failed call is kept as it is, for the caller to refuse.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.failure import Failed

SLACK = 30.0


@dataclass(frozen=True, slots=True)
class Report:
    requests: int
    rate: float
    refused: int
    """Answers outside 2xx and 3xx."""
    socket_errors: int


def parse(text: str) -> Report:
    requests = re.search(r"^\s*(\d+) requests in ", text, re.MULTILINE)
    rate = re.search(r"^Requests/sec:\s+([\d.]+)", text, re.MULTILINE)
    if requests is None or rate is None:
        raise Failed("wrk printed no report")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    return Report(
        int(requests[1]),
        float(rate[1]),
        int(refused[1]) if refused else 0,
        sum(int(count) for count in errors.groups()) if errors else 0,
    )


def script(headers: Mapping[str, str], body: bytes) -> str:
    """The Lua that makes wrk send the same POST each time."""
    lines = ['wrk.method = "POST"', f"wrk.body = [==[{body.decode()}]==]"]
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
    return "\n".join(lines) + "\n"


def run(url: str, lua: Path, connections: int, seconds: float, core: int) -> Report:
    whole = max(round(seconds), 1)
    load = ["wrk", "-t1", f"-c{connections}", f"-d{whole}s", "--timeout", "20s", "-s", str(lua), url]
    done = subprocess.run(
        ["taskset", "-c", str(core), *load],
        capture_output=True,
        text=True,
        timeout=whole + SLACK,
        check=False,
    )
    return parse(done.stdout)
