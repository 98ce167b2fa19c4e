"""The table `parallel.webhook`: its secrets are secrets, and what cannot work is refused without repeating them."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.settings import ConfigError, load
from penstock.settings.parallel_rules import ParallelWebhook
from support.webhooks import SECRET_A, SECRET_B, SIGNING

TABLE = "[accounts.acct.gateways.gw.parallel.webhook]\n"
GOOD = {
    "url": '"https://gateway.example"',
    "secrets": f'["{SECRET_A}", "{SECRET_B}"]',
    "signing_secret": f'"{SIGNING}"',
}


def loaded(folder: Path, **changes: str) -> ParallelWebhook:
    lines = "".join(f"{name} = {value}\n" for name, value in {**GOOD, **changes}.items() if value)
    file = folder / "penstock.toml"
    file.write_text(TABLE + lines)
    rules = load(file, environ={}, overrides={}).accounts["acct"].gateways["gw"].parallel
    assert rules is not None
    assert rules.webhook is not None
    return rules.webhook


def test_what_is_needed_is_enough(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    assert found.account_secrets == (SECRET_A, SECRET_B)
    assert (found.signing_secret, found.url, found.observe) == (SIGNING, "https://gateway.example", False)
    for secret in (SECRET_A, SECRET_B, SIGNING):
        assert secret not in repr(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("url", ""),
        ("url", '"gateway.example"'),
        ("url", '"https://me:pw@gateway.example"'),
        ("url", '"https://gateway.example/?a=b"'),
        ("url", '"https://gateway.example/#a"'),
        ("secrets", ""),
        ("secrets", "[]"),
        ("secrets", '"whsec_pw-0123456789"'),
        ("secrets", '["pw-0123456789"]'),
        ("secrets", '["whsec_"]'),
        ("secrets", '["whsec_pw 0123456789"]'),
        ("secrets", f'["whsec_{"pw-0123456789" * 50}"]'),
        ("secrets", "[" + ", ".join(['"whsec_pw-0123456789"'] * 11) + "]"),
        ("signing_secret", ""),
        ("signing_secret", '"whsec_pw-0123456789"'),
        ("signing_secret", '"whsec_===="'),
        ("signing_secret", '"pw-0123456789"'),
        ("observe", '"yes"'),
    ],
)
def test_what_cannot_work_is_refused_without_repeating_it(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigError) as found:
        loaded(tmp_path, **{name: value})
    assert name in str(found.value)
    assert "pw-0123456789" not in str(found.value) + repr(found.value)
