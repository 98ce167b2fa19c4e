"""Load from `wrk`: its run, and what its report says. The script it runs is made in `bench/wrk_script.py`.

`parse` is pure; a report with any failed call is kept as it is, for the caller to refuse.
"""

from __future__ import annotations

import re
import subprocess
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
    unexpected: int | None = None
    """Answers that were not 200 with the expected cache status; None when nobody looked."""
    first_unexpected: str = ""


def parse(text: str) -> Report:
    requests = re.search(r"^\s*(\d+) requests in ", text, re.MULTILINE)
    rate = re.search(r"^Requests/sec:\s+([\d.]+)", text, re.MULTILINE)
    if requests is None or rate is None:
        raise Failed("wrk printed no report")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    unexpected = re.search(r"^Unexpected answers: (\d+), first: (.*)$", text, re.MULTILINE)
    return Report(
        int(requests[1]),
        float(rate[1]),
        int(refused[1]) if refused else 0,
        sum(int(count) for count in errors.groups()) if errors else 0,
        int(unexpected[1]) if unexpected else None,
        unexpected[2] if unexpected else "",
    )


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
