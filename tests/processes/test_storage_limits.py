"""How many calls gateways may hold, by the latest good configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.processes.shipping import StorageLimits
from penstock.settings import AccountSettings, ConfigError, GatewaySettings, ServerSettings, Settings
from penstock.settings.check import Problem
from penstock.stores.sqlite.control_store.store import FILE_NAME


def settings(data: Path, limit: int | None) -> Settings:
    fields = GatewaySettings(log_management=limit, log_management_strategy="STOP_INSERTING")
    accounts = {"acct": AccountSettings(gateways={"gw": fields})}
    return Settings(server=ServerSettings(data=str(data)), accounts=accounts, names_accounts=True)


def test_limits_are_read_again_when_something_may_have_changed(tmp_path: Path) -> None:
    now = [settings(tmp_path, 10_000)]
    loads = []

    def load() -> Settings:
        loads.append(1)
        return now[0]

    limits = StorageLimits(now[0], load)
    assert limits() == {("acct", "gw"): 10_000}
    now[0] = settings(tmp_path, 20_000)
    assert limits() == {("acct", "gw"): 10_000}
    limits.changed()
    assert limits() == {("acct", "gw"): 20_000}
    now[0] = settings(tmp_path, None)
    limits.changed()
    assert limits() == {}
    assert len(loads) == 3


def test_a_bad_configuration_changes_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def load() -> Settings:
        raise ConfigError([Problem(None, None, "no")])

    limits = StorageLimits(settings(tmp_path, 10_000), load)
    assert limits() == {("acct", "gw"): 10_000}
    assert "old configuration" in caplog.text


def test_a_directory_that_cannot_be_read_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"nonsense" * 200)
    found = settings(tmp_path, 10_000)
    limits = StorageLimits(found, lambda: found)
    assert limits() == {}
    assert "tries again" in caplog.text
    (tmp_path / FILE_NAME).unlink()
    assert limits() == {("acct", "gw"): 10_000}
