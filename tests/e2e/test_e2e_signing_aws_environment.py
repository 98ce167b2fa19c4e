"""Calls to Amazon that are signed with what the machine's environment gives, where the operator said so."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from conftest import Connect, OpenGateway
from penstock.settings import ConfigError
from support.access import ACCOUNT, Access, holding
from support.checks import check_error
from support.client import Answer, Header
from support.configuration import gateways
from support.inprocess import InProcess
from support.replies import whole
from support.signed_requests import verified
from support.upstream import Upstream

KEY_ID, SECRET, SESSION = (
    "AKIAENVIRONMENT",
    "environment/secret+0123456789",
    "environment//session0123456789==",
)
STORED = {"accessKeyId": "AKIASTORED", "secretAccessKey": "stored/secret+0123456789", "region": "eu-west-1"}
TAIL = f"/v1/{ACCOUNT}/gw/aws-bedrock/bedrock-runtime/us-east-1/model/m/invoke"
QUESTION = {"model": "aws-bedrock/amazon.nova-lite-v1:0", "messages": [{"role": "user", "content": "hi"}]}
NO_BYOK = "Configured BYOK credentials are unavailable"
VARIABLES = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of somebody without any credentials, on a machine without a role."""
    for name in (
        *VARIABLES,
        "AWS_SESSION_TOKEN",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".aws").mkdir()
    return tmp_path


def configured(url: str, gateway: Mapping[str, object] | None = None, /, **options: str) -> str:
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in options.items())
    table = f'[providers.aws-bedrock]\nbase_url = "{url}"\ncredentials = "environment"\n{lines}'
    return gateways(gw=gateway or {}) + table


def set_all(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    for name, value in {**VARIABLES, **more}.items():
        monkeypatch.setenv(name, value)


def write_profile(home: Path, name: str, secret: str = SECRET) -> None:
    lines = f"[{name}]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {secret}\n"
    (home / ".aws" / "credentials").write_text(lines)


def write_process(home: Path, printed: str, code: int = 0) -> None:
    """A profile `made` whose credentials a program prints; each run leaves a line in `runs`."""
    program = home / "program.py"
    program.write_text(
        f"import sys\nopen({str(home / 'runs')!r}, 'a').write('x')\nprint({printed!r})\n"
        f"print({printed!r}, file=sys.stderr)\nsys.exit({code})\n"
    )
    line = f"credential_process = {sys.executable} {program}"
    (home / ".aws" / "config").write_text(f"[profile made]\n{line}\n")


def runs(home: Path) -> int:
    return len((home / "runs").read_text())


async def ask(connect: Connect, gateway: InProcess, *headers: Header) -> Answer:
    return await (await connect(gateway.url)).ask("POST", TAIL, *headers, body=b'{"a":1}')


@pytest.mark.parametrize("session", ["", SESSION])
@pytest.mark.parametrize("fields", [{}, {"byok_only": True}, {"retry_max_attempts": 2}])
async def test_variables_sign(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    session: str,
    fields: dict[str, object],
) -> None:
    """Without any further package."""
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    set_all(monkeypatch, **({"AWS_SESSION_TOKEN": session} if session else {}))
    gateway = await open_gateway(configured(upstream.url, fields))
    assert (await ask(connect, gateway)).status == 200
    seen = await upstream.only()
    signature = await verified(seen, SECRET)
    assert (signature.key_id, signature.region, signature.service) == (KEY_ID, "us-east-1", "bedrock")
    assert (seen.header("x-amz-security-token") or b"").decode() == session


async def test_without_the_setting_nothing_is_looked_for(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
) -> None:
    set_all(monkeypatch)
    table = f'[providers.aws-bedrock]\nbase_url = "{upstream.url}"\n'
    await ask(connect, await open_gateway(gateways(gw={}) + table))
    assert (await upstream.only()).header("authorization") is None


async def test_a_credential_of_the_callers_goes_before(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
) -> None:
    set_all(monkeypatch)
    gateway = await open_gateway(configured(upstream.url))
    await ask(connect, gateway, ("Authorization", "Bearer callers-own"))
    seen = await upstream.only()
    assert seen.header("authorization") == b"Bearer callers-own"
    assert seen.header("x-amz-date") is None


async def test_a_stored_key_goes_before(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
) -> None:
    set_all(monkeypatch)
    access.key("aws-bedrock", json.dumps(STORED))
    access.key("openai", "sk-0123456789")
    gateway = await open_gateway(configured(upstream.url))
    await ask(connect, gateway)
    assert (await verified(await upstream.only(), STORED["secretAccessKey"])).key_id == "AKIASTORED"


async def test_a_stored_key_of_another_alias_keeps_its_place(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
) -> None:
    set_all(monkeypatch)
    access.key("aws-bedrock", json.dumps(STORED), alias="team")
    await ask(connect, await open_gateway(configured(upstream.url)))
    assert (await upstream.only()).header("authorization") is None


async def test_an_alias_that_is_named_is_no_part_of_the_environment(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
) -> None:
    set_all(monkeypatch)
    gateway = await open_gateway(configured(upstream.url))
    for alias in ("team", "environment"):
        answer = await ask(connect, gateway, ("cf-aig-byok-alias", alias))
        check_error(answer, 400, 2040, NO_BYOK)
    assert upstream.requests == []


async def test_tokens_for_other_providers_cannot_use_it(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
) -> None:
    set_all(monkeypatch)
    token = access.token(providers=("openai",))
    gateway = await open_gateway(configured(upstream.url, {"authentication": True}))
    answer = await ask(connect, gateway, ("cf-aig-authorization", f"Bearer {token}"))
    assert answer.status in (401, 403)
    assert upstream.requests == []


async def test_pages_of_other_sites_cannot_use_it(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
) -> None:
    set_all(monkeypatch)
    gateway = await open_gateway(configured(upstream.url))
    assert (await ask(connect, gateway, ("Origin", "https://evil.example"))).status == 401
    assert upstream.requests == []


@pytest.mark.parametrize("named", [True, False])
async def test_a_profile_signs(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    named: bool,
) -> None:
    """One that is named goes before the variables."""
    write_profile(home, "team" if named else "default")
    if named:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    gateway = await open_gateway(configured(upstream.url, **({"profile": "team"} if named else {})))
    assert (await ask(connect, gateway)).status == 200
    assert (await verified(await upstream.only(), SECRET)).key_id == KEY_ID


async def test_a_profile_is_looked_after(
    home: Path, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """What was changed in its file is taken up: behind a call after a minute, before one after five."""
    write_profile(home, "team")
    gateway = await open_gateway(configured(upstream.url, profile="team"))
    await ask(connect, gateway)
    write_profile(home, "team", "a/newer/secret")
    await ask(connect, gateway)
    gateway.clock.ahead += 301
    await ask(connect, gateway)
    for seen, secret in zip(upstream.requests, (SECRET, SECRET, "a/newer/secret"), strict=True):
        await verified(seen, secret)


@pytest.mark.parametrize(("expires", "count"), [("2099-01-01T00:00:00Z", 1), (None, 1)])
async def test_a_program_gives_them(
    home: Path,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    expires: str | None,
    count: int,
) -> None:
    told = {"Version": 1, "AccessKeyId": KEY_ID, "SecretAccessKey": SECRET, "SessionToken": SESSION}
    write_process(home, json.dumps(told if expires is None else {**told, "Expiration": expires}))
    gateway = await open_gateway(configured(upstream.url, profile="made"))
    for _ in range(2):
        assert (await ask(connect, gateway)).status == 200
    for seen in upstream.requests:
        await verified(seen, SECRET)
        assert seen.header("x-amz-security-token") == SESSION.encode()
    assert runs(home) == count


async def test_a_program_that_fails(
    home: Path,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """What it printed is nobody's to read."""
    caplog.set_level(logging.DEBUG)
    write_process(home, SECRET, code=1)
    gateway = await open_gateway(configured(upstream.url, profile="made"))
    answer = await ask(connect, gateway)
    said = check_error(answer, 400, 2040, NO_BYOK)
    assert "the profile 'made'" in said
    await gateway.row()
    assert SECRET not in said + caplog.text + "".join(capfd.readouterr())
    assert holding(gateway.data, SECRET) == []
    assert upstream.requests == []


@pytest.mark.parametrize(
    ("environ", "options", "said"),
    [
        ({}, {"profile": "team"}, "the profile 'team' is not there"),
        ({"AWS_PROFILE": "other"}, {}, "that AWS_PROFILE names is not there"),
        ({}, {}, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        ({"AWS_ACCESS_KEY_ID": KEY_ID}, {}, "AWS_SECRET_ACCESS_KEY is not"),
        ({"AWS_SECRET_ACCESS_KEY": SECRET}, {}, "AWS_ACCESS_KEY_ID is not"),
        ({**VARIABLES, "AWS_SESSION_TOKEN": "a\nb"}, {}, "sessionToken must be"),
    ],
)
async def test_what_is_missing_is_said(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    environ: dict[str, str],
    options: dict[str, str],
    said: str,
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    gateway = await open_gateway(configured(upstream.url, **options))
    description = check_error(await ask(connect, gateway), 400, 2040, NO_BYOK)
    assert said in description
    assert SECRET not in description
    assert upstream.requests == []


async def test_a_package_that_is_missing_is_said(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
) -> None:
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    write_profile(home, "default")
    gateway = await open_gateway(configured(upstream.url))
    said = check_error(await ask(connect, gateway), 400, 2040, NO_BYOK)
    assert "pip install 'penstock[aws]'" in said


async def test_they_are_in_no_file(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Also where the provider echoes what it got."""
    caplog.set_level(logging.DEBUG)
    set_all(monkeypatch, AWS_SESSION_TOKEN=SESSION)
    gateway = await open_gateway(configured(upstream.url))
    upstream.will(whole(f"{SECRET} {SESSION}".encode(), 403), whole(f"{SECRET} {SESSION}".encode()))
    for _ in range(2):
        await ask(connect, gateway)
    await gateway.calls(2)
    printed = caplog.text + "".join(capfd.readouterr())
    for secret in (SECRET, SESSION):
        assert holding(gateway.data, secret) == []
        assert secret not in printed


@pytest.mark.parametrize(
    ("environ", "options", "region"),
    [
        ({}, {"region": "eu-central-1"}, "eu-central-1"),
        ({"AWS_REGION": "ap-south-1"}, {"region": "eu-central-1"}, "eu-central-1"),
        ({"AWS_REGION": "ap-south-1", "AWS_DEFAULT_REGION": "us-west-2"}, {}, "ap-south-1"),
        ({"AWS_DEFAULT_REGION": "us-west-2"}, {}, "us-west-2"),
        ({"AWS_REGION": "evil.example/"}, {}, "us-east-1"),
        ({}, {}, "us-east-1"),
    ],
)
async def test_a_named_model_is_asked_in_the_region_of_the_environment(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    environ: dict[str, str],
    options: dict[str, str],
    region: str,
) -> None:
    set_all(monkeypatch, **environ)
    gateway = await open_gateway(configured(upstream.url, **options))
    client = await connect(gateway.url)
    await client.ask("POST", f"/v1/{ACCOUNT}/gw/compat/chat/completions", body=json.dumps(QUESTION).encode())
    assert (await verified(await upstream.only(), SECRET)).region == region


async def test_it_is_for_who_signs_that_way(open_gateway: OpenGateway, home: Path) -> None:
    with pytest.raises(ConfigError, match=r"openai.*are for aws-bedrock"):
        await open_gateway(gateways(gw={}) + '[providers.openai]\ncredentials = "environment"\n')


async def test_without_a_base_url_calls_go_to_the_vendor(open_gateway: OpenGateway, home: Path) -> None:
    gateway = await open_gateway(gateways(gw={}) + '[providers.bedrock]\ncredentials = "environment"\n')
    registry = gateway.parts.pipeline.world.registry
    provider = registry.find("aws-bedrock")
    assert provider is not None
    assert not registry.is_overridden(provider)
    place = registry.locate(provider, "bedrock-runtime/us-east-1/model/m/invoke", lambda _: None)
    assert place.origin == "https://bedrock-runtime.us-east-1.amazonaws.com"
    assert provider.adds_credentials
