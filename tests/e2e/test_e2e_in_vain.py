"""What is set and does nothing is said where it is set: at the start, in the log when it changes, by the commands."""

from __future__ import annotations

import subprocess
from pathlib import Path

import httpx

from conftest import Serve
from support.configuration import gateways
from support.gateway import PROGRAM, environment

ADMIN = {"PENSTOCK_ADMIN_TOKEN": "the-admin-token"}
PLAIN = {
    "cache_invalidate_on_update": False,
    "cache_ttl": 0,
    "collect_logs": True,
    "rate_limiting_interval": 0,
    "rate_limiting_limit": 0,
}
ZDR = "gateway acct/gw: zdr has no effect in this version"
HALF = "gateway acct/gw: rate_limiting_limit has no effect without rate_limiting_interval"
STORED = "gateway acct/b: guardrails has no effect in this version"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def test_at_the_start_and_when_it_is_set(serve: Serve) -> None:
    gateway = await serve(gateways(gw={"zdr": True}), environ=ADMIN)
    assert f"penstock: {ZDR}" in gateway.stderr
    gateway.configure(gateways(gw={"zdr": True, "rate_limiting_limit": 5}))
    await gateway.says(HALF)
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        answer = await http.post(
            f"{gateway.url}/client/v4/accounts/acct/ai-gateway/gateways",
            headers={"authorization": "Bearer the-admin-token"},
            json={"id": "b", **PLAIN, "guardrails": {"prompt": {"S1": "BLOCK"}, "response": {}}},
        )
    assert [one["path"] for one in answer.json()["messages"]] == [["guardrails"]]
    await gateway.says(STORED)
    done = run(
        gateway.folder, "gateways", "set", "b", "--account", "acct", "--set", "zdr=true", "--data", "data"
    )
    assert done.returncode == 0, done.stderr
    assert "gateway acct/b: zdr has no effect in this version." in done.stderr
    assert STORED not in done.stderr  # that was there before
    await gateway.says("gateway acct/b: zdr")
    assert gateway.stderr.count(ZDR) == gateway.stderr.count(HALF) == gateway.stderr.count(STORED) == 1
    told = run(gateway.folder, "doctor", "--config", "penstock.toml", "--data", "data").stdout
    for line in (ZDR, HALF, STORED):
        assert line in " ".join(told.split())
    await gateway.stop()
    again = await serve(None, environ=ADMIN)
    assert f"penstock: {STORED}" in again.stderr
    await again.stop()


async def test_apply_and_create_say_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    made = run(tmp_path, "gateways", "create", "g", "--set", "rate_limiting_interval=60", "--data", "data")
    assert made.returncode == 0, made.stderr
    assert "gateway local/g: rate_limiting_interval has no effect without rate_limiting_limit." in made.stderr
    (tmp_path / "gateway.toml").write_text(
        "[accounts.local.gateways.g]\nrate_limiting_interval = 60\n[accounts.local.gateways.h]\nzdr = true\n"
    )
    done = run(tmp_path, "apply", "gateway.toml", "--yes", "--data", "data")
    assert done.returncode == 0, done.stderr
    assert "gateway local/h: zdr has no effect in this version." in done.stderr
    assert "rate_limiting_interval has" not in done.stderr  # that was there before
