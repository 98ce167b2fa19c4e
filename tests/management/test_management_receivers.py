"""Receivers of gateways follow the rule of custom providers: over the API, by commands, by `penstock apply`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from management_kit import ENVIRON, GATEWAYS, PLAIN, Api

from conftest import OpenGateway
from penstock.cli.main import main
from support.configuration import gateways

INSIDE = (
    "http://127.0.0.1:4318/v1/traces",
    "https://127.0.0.1:4318/v1/traces",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://127.0.0.1./",
    "https://①②⑦.0.0.1/",
    "https://%31%32%37.0.0.1/",
    "https://10.0.0.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1%25eth0]/",
    "https://[fd00::1]/",
    "https://LOCALHOST/",
    "https://a.localhost/",
    "https://metadata.google.internal/",
    "https://collector/",
    "https://a.example:0/",
    "http://a.example/",
)
FREE = "[server]\nallow_private_providers = true\n"


def otel(url: str) -> dict[str, object]:
    return {**PLAIN, "otel": [{"url": "https://a.example", "headers": {}}, {"url": url, "headers": {}}]}


@pytest.fixture
async def api(open_gateway: OpenGateway) -> Api:
    return Api(await open_gateway(gateways(gw={}), ENVIRON))


async def test_receivers_over_the_api_lead_out_into_the_world(api: Api) -> None:
    """Each is refused where it is set, by name; nothing is stored."""
    assert (await api.post(GATEWAYS, {**PLAIN, "id": "g1"})).status == 200
    for url in INSIDE:
        for reply in (
            await api.put(f"{GATEWAYS}/g1", otel(url)),
            await api.post(GATEWAYS, {**otel(url), "id": "g2"}),
        ):
            problem = reply.problem(400, 7001)
            assert problem["path"] == ["body", "otel", "1", "url"], url
            assert "allow_private_providers" in str(problem["message"])
    assert (await api.get(f"{GATEWAYS}/g1")).result["otel"] is None
    (await api.get(f"{GATEWAYS}/g2")).problem(404, 7002)
    assert (await api.put(f"{GATEWAYS}/g1", otel("https://b.example:4318/v1"))).status == 200


async def test_receivers_inside_where_the_operator_allows_it(open_gateway: OpenGateway) -> None:
    api = Api(await open_gateway(FREE + gateways(gw={}), ENVIRON))
    for number, url in enumerate(("http://127.0.0.1:4318/v1/traces", "http://collector:4318/")):
        assert (await api.post(GATEWAYS, {**otel(url), "id": f"g{number}"})).status == 200


@pytest.mark.parametrize("url", ["http://127.0.0.1:4318", "https://localhost", "https://[::1]"])
def test_commands_ask_the_same(tmp_path: Path, url: str) -> None:
    """The directory does not remember who wrote what; the configuration file is the operator's alone."""
    fields = f'{{"otel":[{{"url":"{url}","headers":{{}}}}]}}'
    plan = tmp_path / "plan.toml"
    plan.write_text(f'[accounts.local.gateways.g]\notel = [{{ url = "{url}", headers = {{}} }}]\n')
    config = tmp_path / "penstock.toml"
    config.write_text("")
    environ = {"PENSTOCK_DATA": str(tmp_path), "PENSTOCK_CONFIG": str(config)}
    commands = (
        (("gateways", "create", "g", "--json-file", "-"), fields),
        (("apply", str(plan), "--yes"), ""),
        (("providers", "add", "acme", url), ""),
    )
    for command, stdin in commands:
        done = CliRunner().invoke(main, command, input=stdin, env=environ)
        assert done.exit_code == 1, done.output
        assert "not a public" in done.output or "https" in done.output
    config.write_text(FREE)
    for command, stdin in commands[:2]:
        done = CliRunner().invoke(main, command, input=stdin, env=environ)
        assert done.exit_code == 0, done.output
