"""`penstock providers`: what there is, where it goes, and providers of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from control_store_commands import Shell

from penstock.access.master_key import load_master_key
from penstock.access.provider_secret import headers_of
from penstock.access.vault import Vault
from penstock.providers.registry import BUILT_IN

URL = "https://api.acme.example/v1"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def headers(shell: Shell) -> tuple[tuple[str, str], ...]:
    (provider,) = shell.snapshot().custom_providers
    master = load_master_key({}, shell.data)
    assert master is not None
    assert provider.sealed_headers is not None
    return headers_of(Vault(master).open(provider.sealed_headers, provider.seal_context))


# -- list


def test_every_provider_is_listed_with_where_it_goes(shell: Shell) -> None:
    shell.run("providers", "add", "acme", URL, "--disabled")
    lines = shell.run("providers", "list").out.splitlines()
    assert lines[0].split() == ["PROVIDER", "STATE", "ACCOUNT", "GOES", "TO"]
    assert lines[1].split() == ["custom-acme", "disabled", "local", URL]
    slugs = [line.split()[0] for line in lines[2:]]
    assert slugs == sorted(provider.slug for provider in BUILT_IN)
    assert any(line.split() == ["openai", "built", "in", "all", "api.openai.com"] for line in lines)
    assert any("*.openai.azure.com" in line for line in lines)


def test_json_has_the_same(shell: Shell) -> None:
    shell.run("providers", "add", "acme", URL, "--name", "Acme Inc.")
    rows = shell.run("providers", "list", "--json").rows()
    assert (rows[0]["slug"], rows[0]["name"], rows[0]["base_url"]) == ("custom-acme", "Acme Inc.", URL)
    assert {row["slug"] for row in rows[1:]} == {provider.slug for provider in BUILT_IN}


# -- add


def test_a_provider_of_ones_own(shell: Shell) -> None:
    said = shell.run("providers", "add", "acme", URL)
    (provider,) = shell.snapshot().custom_providers
    assert said.out == f"{provider.id}\n"
    assert (provider.slug, provider.name, provider.base_url) == ("acme", "acme", URL)
    assert (provider.account, provider.enable, provider.allow_private) == ("local", True, False)
    assert provider.sealed_headers is None
    assert not (shell.data / "master.key").exists()


def test_the_slug_may_be_given_as_callers_write_it(shell: Shell) -> None:
    shell.run("providers", "add", "custom-acme", URL)
    assert shell.snapshot().custom_providers[0].slug == "acme"


def test_headers_are_sealed(shell: Shell) -> None:
    shell.run(
        *("providers", "add", "acme", URL, "--header", "X-Key: VERYSECRET", "--header", "accept:a: b"),
        *("--json",),
    )
    assert headers(shell) == (("x-key", "VERYSECRET"), ("accept", "a: b"))
    shell.run("providers", "list")
    (row,) = [row for row in shell.run("providers", "list", "--json").rows() if "has_headers" in row]
    assert row["has_headers"] is True
    assert "VERYSECRET" not in shell.said
    assert b"VERYSECRET" not in shell.stored()


def test_a_header_may_come_from_a_pipe(shell: Shell) -> None:
    shell.run("providers", "add", "acme", URL, "--header", "x-key: -", stdin="VERYSECRET\n")
    assert headers(shell) == (("x-key", "VERYSECRET"),)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("VERYSECRET", "not of the form"),
        (": VERYSECRET", "impossible name"),
        ("VERYSECRET x: 1", "impossible name"),
        ("x: VERYSECRET\r\ny: 1", "one line"),
        ("x: VERYSECRETé", "one line"),
        ("x:", "one line"),
        ("Host: VERYSECRET", "the gateway's own"),
        ("cf-aig-authorization: VERYSECRET", "the gateway's own"),
        ("x: -", "one line"),
    ],
)
def test_impossible_headers_are_refused_without_being_repeated(
    header: str, reason: str, shell: Shell
) -> None:
    assert reason in shell.run("providers", "add", "acme", URL, "--header", header, code=1).err
    assert "VERYSECRET" not in shell.said
    assert list(shell.data.iterdir()) == []


@pytest.mark.parametrize(
    ("slug", "url", "reason"),
    [
        ("Acme", URL, "lower-case"),
        ("", URL, "lower-case"),
        ("a/b", URL, "lower-case"),
        ("x'); DROP TABLE tokens; --", URL, "lower-case"),
        ("acme", "api.acme.example", "not of the form"),
        ("acme", "https://user:pass@acme.example", "not of the form"),
        ("acme", "https://acme.example/a/../b", "dot segments"),
        ("acme", "https://acme.example/?x=1", "not of the form"),
        ("acme", "ftp://acme.example", "not of the form"),
        ("acme", "http://acme.example", "--allow-private"),
        ("acme", "HTTP://acme.example", "--allow-private"),
        ("acme", "http+unix://%2Frun%2Fx.sock", "--allow-private"),
    ],
)
def test_what_makes_no_sense_is_told(slug: str, url: str, reason: str, shell: Shell) -> None:
    assert reason in shell.run("providers", "add", slug, url, code=1).err
    assert list(shell.data.iterdir()) == []


@pytest.mark.parametrize("url", ["http://10.0.0.7:8000", "https://10.0.0.7", "http+unix://%2Frun%2Fx.sock"])
def test_private_addresses_are_taken_when_told(url: str, shell: Shell) -> None:
    shell.run("providers", "add", "acme", url, "--allow-private")
    (provider,) = shell.snapshot().custom_providers
    assert (provider.base_url, provider.allow_private) == (url, True)


def test_a_slug_is_given_once_in_each_account(shell: Shell) -> None:
    shell.run("providers", "add", "acme", URL)
    assert "already" in shell.run("providers", "add", "acme", URL, code=1).err
    shell.run("providers", "add", "acme", URL, "--account", "other")
    assert len(shell.snapshot().custom_providers) == 2


# -- change


def test_a_provider_is_switched_off_and_on(shell: Shell) -> None:
    shell.run("providers", "add", "acme", URL, "--header", "x: 1")
    shell.run("providers", "disable", "acme")
    assert not shell.snapshot().custom_providers[0].enable
    shell.run("providers", "enable", "custom-acme")
    assert shell.snapshot().custom_providers[0].enable
    assert headers(shell) == (("x", "1"),)


def test_a_removed_provider_is_gone(shell: Shell) -> None:
    shell.run("providers", "add", "acme", URL)
    assert "--yes" in shell.run("providers", "remove", "acme", code=1).err
    shell.run("providers", "remove", "acme", "--yes")
    assert shell.snapshot().custom_providers == ()


@pytest.mark.parametrize("command", [("enable",), ("disable",), ("remove", "--yes")])
def test_only_ones_own_of_this_account_can_be_changed(command: tuple[str, ...], shell: Shell) -> None:
    shell.run("providers", "add", "acme", URL, "--account", "other")
    for slug in ("acme", "openai", "x' OR 1=1 --"):
        assert "penstock providers list" in shell.run("providers", *command, slug, code=1).err
    assert len(shell.snapshot().custom_providers) == 1


@pytest.mark.parametrize("command", ["list", "add", "enable", "disable", "remove"])
def test_help_has_an_example(command: str, shell: Shell) -> None:
    assert f"penstock providers {command}" in shell.run("providers", command, "--help").out
