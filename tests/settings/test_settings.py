"""Loading settings: defaults and precedence; the token stays hidden; unsafe binds are refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from penstock.settings import (
    SERVER_VARIABLES,
    AccountSettings,
    ConfigError,
    GatewaySettings,
    ServerSettings,
    Settings,
    check_bind,
    config_file,
    is_loopback,
    load,
    unused,
)

TOKEN = "s3cret-t0ken"


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def loaded(text: str, environ: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    Path("penstock.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    options = {f"server.{name}": value for name, value in overrides.items()}
    return load(None, environ=environ or {}, overrides=options)


# Sources and their order


def test_without_anything() -> None:
    settings = load(None, environ={}, overrides={})
    assert settings == Settings()
    assert settings.accounts == {"local": AccountSettings(gateways={"default": GatewaySettings()})}
    assert (settings.server.host, settings.server.port, settings.admin_token) == ("127.0.0.1", 8787, None)
    check_bind(settings)


def test_a_file_with_accounts_has_only_those() -> None:
    settings = loaded("[accounts.acme.gateways.prod]\n[accounts.other]\n")
    assert {name: list(account.gateways) for name, account in settings.accounts.items()} == {
        "acme": ["prod"],
        "other": ["default"],
    }


def test_precedence() -> None:
    text = "[server]\nport = 2\nworkers = 2\ndata = 'two'\n"
    environ = {"PENSTOCK_WORKERS": "3", "PENSTOCK_DATA": "three"}
    server = loaded(text, environ, data="four", host=None).server
    assert (server.host, server.port, server.workers, server.data) == ("127.0.0.1", 2, 3, "four")


def test_every_variable() -> None:
    values = {"PENSTOCK_HOST": "::1", "PENSTOCK_PORT": "0", "PENSTOCK_WORKERS": "2", "PENSTOCK_DATA": "7"}
    assert {variable.name for variable in SERVER_VARIABLES} == set(values)
    settings = load(None, environ={**values, "PENSTOCK_ADMIN_TOKEN": TOKEN}, overrides={})
    assert settings.server == ServerSettings(host="::1", port=0, workers=2, data="7")
    assert settings.admin_token == TOKEN


def test_which_file() -> None:
    for name, port in [("penstock.toml", 1), ("variable.toml", 2), ("given.toml", 3)]:
        Path(name).write_text(f"server.port = {port}\n")
    environ = {"PENSTOCK_CONFIG": "variable.toml"}
    assert load(None, environ={"PENSTOCK_CONFIG": ""}, overrides={}).server.port == 1
    assert load(None, environ=environ, overrides={}).server.port == 2
    assert load(Path("given.toml"), environ=environ, overrides={}).server.port == 3


def test_config_file_names_the_file_that_is_read() -> None:
    environ = {"PENSTOCK_CONFIG": "variable.toml"}
    assert config_file(None, {}) == Path("penstock.toml")
    assert config_file(None, environ) == Path("variable.toml")
    assert config_file(Path("given.toml"), environ) == Path("given.toml")


@pytest.mark.parametrize(("path", "variable"), [(Path("none.toml"), ""), (None, "none.toml")])
def test_a_file_asked_for_must_exist(path: Path | None, variable: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(path, environ={"PENSTOCK_CONFIG": variable}, overrides={})
    assert (str(caught.value), caught.value.path, caught.value.line) == (
        "none.toml: no such file",
        "none.toml",
        None,
    )


def test_mistakes_of_all_sources_are_told_together() -> None:
    environ = {"PENSTOCK_PORT": "http", "PENSTOCK_ADMIN_TOKEN": "a b"}
    with pytest.raises(ConfigError) as caught:
        loaded("[server]\nport = -1\n", environ, workers=0, prot=1)
    assert str(caught.value).splitlines() == [
        "penstock.toml:2: server.port: found -1, allowed: a whole number from 0 to 65535",
        'PENSTOCK_PORT: server.port: found "http", allowed: a whole number from 0 to 65535',
        "command line: server.workers: found 0, allowed: a whole number from 1 to 256",
        'command line: unknown key "prot" in [server]; did you mean "port"?',
        "PENSTOCK_ADMIN_TOKEN: allowed: visible ASCII characters, no blanks",
    ]
    assert (caught.value.path, caught.value.line) == ("penstock.toml", 2)


# The token


def test_the_token_is_never_shown() -> None:
    settings = load(None, environ={"PENSTOCK_ADMIN_TOKEN": TOKEN}, overrides={})
    shown = [repr(settings), str(settings), f"{settings}", repr(settings.__rich_repr__()), repr([settings])]
    assert not any(TOKEN in text for text in shown)
    assert "admin_token='***'" in shown[0]
    assert "admin_token=None" in repr(Settings())


@pytest.mark.parametrize("token", [f"{TOKEN} ", f"{TOKEN}\n", f"ü{TOKEN}", f"{TOKEN}\0"])
def test_a_token_no_header_can_carry_is_refused_unseen(token: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, environ={"PENSTOCK_ADMIN_TOKEN": token}, overrides={})
    assert TOKEN not in repr(caught.value)


def test_the_token_is_in_no_error() -> None:
    with pytest.raises(ConfigError) as caught:
        loaded("x = 1\n[server]\nhost = 3", {"PENSTOCK_ADMIN_TOKEN": TOKEN}, port="x")
    assert TOKEN not in repr(caught.value) + str(caught.value)
    with pytest.raises(ConfigError) as caught:
        check_bind(Settings(admin_token=TOKEN, server=ServerSettings(host="0.0.0.0")))
    assert TOKEN not in repr(caught.value) + str(caught.value)


def test_an_empty_token_is_none() -> None:
    assert load(None, environ={"PENSTOCK_ADMIN_TOKEN": ""}, overrides={}).admin_token is None


# Safety


LOOPBACK = ["127.0.0.1", "127.9.8.7", "::1", "0:0:0:0:0:0:0:1", "localhost", "LocalHost", "::ffff:127.0.0.1"]
PUBLIC = [
    *["0.0.0.0", "::", "", "192.168.1.2", "fe80::1", "::ffff:0.0.0.0", "::ffff:10.0.0.1", "::127.0.0.1"],
    *["gateway.example", "localhost.example", "127.0.0.1.example", "ip6-localhost", "127.1", "[::1]", "0"],
    *["2130706433", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.1:80", "unix:/run/x.sock", "*"],
]


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback(host: str) -> None:
    assert is_loopback(host)
    check_bind(Settings(server=ServerSettings(host=host)))


@pytest.mark.parametrize("host", PUBLIC)
@pytest.mark.parametrize("token", [None, TOKEN])
def test_public_without_authentication(host: str, token: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        check_bind(Settings(server=ServerSettings(host=host), admin_token=token))
    assert str(caught.value) == (
        f"refusing to listen on {host or 'all addresses'} without authentication: "
        "set `authentication = true` on gateway local/default, or bind to 127.0.0.1"
    )
    assert (caught.value.path, caught.value.line) == (None, None)


def gateways(**authentication: bool) -> dict[str, AccountSettings]:
    table = {name: GatewaySettings(authentication=value) for name, value in authentication.items()}
    return {"a": AccountSettings(gateways=table)}


@pytest.mark.parametrize("host", PUBLIC)
@pytest.mark.parametrize("token", [None, TOKEN])
def test_public_with_authentication(host: str, token: str | None) -> None:
    """Without a token of the environment, too: the first start makes one."""
    server = ServerSettings(host=host)
    check_bind(Settings(server=server, accounts=gateways(x=True, y=True), admin_token=token))


def test_every_open_gateway_of_a_public_address_is_named() -> None:
    accounts = {**gateways(x=False, y=True, z=False), "b": AccountSettings()}
    with pytest.raises(ConfigError) as caught:
        check_bind(Settings(server=ServerSettings(host="::"), accounts=accounts, admin_token=TOKEN))
    assert "`authentication = true` on gateways a/x, a/z, b/default, or" in str(caught.value)


def test_authentication_on_loopback_needs_nothing_else() -> None:
    check_bind(Settings(accounts=gateways(x=True, y=False)))


def test_where_there_is_no_gateway_nothing_is_open() -> None:
    check_bind(Settings(server=ServerSettings(host="::"), accounts={}))


def test_unused_names_what_was_set_in_vain() -> None:
    settings = loaded(
        "[accounts.local.gateways.default]\ncache_ttl = 60\nlog_classification = true\nauthentication = true\n"
        "logpush = false\n[accounts.local.gateways.b]\nspend_limits = {}\nzdr = true\n"
    )
    assert unused(settings) == [
        "gateway local/default: log_classification has no effect in this version",
        "gateway local/b: zdr has no effect in this version",
    ]
    assert unused(Settings()) == []


def test_reading_settings_imports_no_server() -> None:
    """`penstock --help` and every command wait for this import: nothing that serves or stores may come with it."""
    code = "import sys, penstock.settings; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    assert not loaded & {"asyncio", "cryptography", "http", "lmdb", "sqlalchemy", "sqlite3", "ssl", "uvicorn"}
