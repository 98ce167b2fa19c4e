"""`penstock provider-keys`: secrets go in and never come out; the master key can be rotated."""

from __future__ import annotations

import base64
import os
import pty
import select
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from control_store_commands import Shell

from penstock.access.master_key import FILE_VARIABLE, KEY_VARIABLE, NEW_FILE_NAME, load_master_key
from penstock.access.vault import KEY_BYTES, Vault

SECRET = "sk-test-VERYSECRETVALUE-abcd"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def opened(shell: Shell) -> list[str]:
    """The stored secrets, as a gateway with this shell's environment sees them."""
    snapshot = shell.snapshot()
    master = load_master_key(shell.environ, shell.data, snapshot.seal_label)
    assert master is not None
    return [Vault(master).open(key.sealed, key.seal_context).decode() for key in snapshot.provider_keys]


def clean(shell: Shell) -> bool:
    return "VERYSECRET" not in shell.said and b"VERYSECRET" not in shell.stored()


# -- add


def test_a_secret_from_a_pipe_is_sealed(shell: Shell) -> None:
    said = shell.run("provider-keys", "add", "openai", stdin=SECRET + "\n")
    (key,) = shell.snapshot().provider_keys
    assert said.out == f"{key.id}\n"
    assert (key.account, key.gateway, key.provider, key.alias) == ("local", "", "openai", "default")
    assert key.preview == "…abcd"
    assert opened(shell) == [SECRET]
    assert clean(shell)
    assert stat.S_IMODE((shell.data / "master.key").stat().st_mode) == 0o600


def test_one_alias_is_the_default(shell: Shell) -> None:
    for alias in ("first", "second"):
        shell.run("provider-keys", "add", "openai", "--alias", alias, "--default", stdin=SECRET)
    rows = shell.run("provider-keys", "list", "--json").rows()
    assert [(row["alias"], row["default_config"]) for row in rows] == [("first", False), ("second", True)]
    assert "second (default)" in shell.run("provider-keys", "list").out


def test_all_that_was_asked_for_is_in_the_key(shell: Shell) -> None:
    (row,) = shell.run(
        *("provider-keys", "add", "azure", "--alias", "batch", "--account", "acme", "--gateway", "prod"),
        *("--host", "Res.OpenAI.azure.com", "--json"),
        stdin=SECRET,
    ).rows()
    (key,) = shell.snapshot().provider_keys
    assert (key.account, key.gateway, key.provider, key.alias) == ("acme", "prod", "azure-openai", "batch")
    assert key.hosts == ("res.openai.azure.com",)
    assert row["secret_preview"] == "…abcd"
    assert row["provider_slug"] == "azure-openai"
    assert shell.run("provider-keys", "list", "--json").rows() == [row]


def test_several_keys_of_one_name_are_a_pool(shell: Shell) -> None:
    for number in range(3):
        shell.run("provider-keys", "add", "openai", stdin=f"{SECRET}{number}")
    assert opened(shell) == [f"{SECRET}{number}" for number in range(3)]


def test_a_secret_of_several_parts_is_json(shell: Shell) -> None:
    text = '{"region": "us-east-1",\n "accessKeyId": "AKIA", "secretAccessKey": "VERYSECRET"}'
    shell.run("provider-keys", "add", "bedrock", stdin=text)
    assert opened(shell) == [text]
    assert shell.snapshot().provider_keys[0].preview == "{…}"
    assert clean(shell)


@pytest.mark.parametrize(
    ("provider", "said"),
    [
        ("bedrock", "accessKeyId missing"),
        ("google-vertex-ai", "client_email and private_key missing"),
        ("openai", "one line"),
        ("custom-acme", "one line"),
    ],
)
def test_parts_that_no_call_could_be_signed_with_are_not_stored(
    provider: str, said: str, shell: Shell
) -> None:
    text = '{"region": "us-east-1", "secretAccessKey": "VERYSECRET"}'
    assert said in shell.run("provider-keys", "add", provider, stdin=text, code=1).err
    assert shell.snapshot().provider_keys == ()
    assert clean(shell)


def test_a_key_for_one_of_ones_own(shell: Shell) -> None:
    shell.run("provider-keys", "add", "custom-acme", stdin=SECRET)
    assert shell.snapshot().provider_keys[0].provider == "custom-acme"


@pytest.mark.parametrize(
    "secret", ["", "\n", "VERYSECRET\nx-evil: 1", "VERYSECRET\0", '{"VERYSECRET": ', "é" * 9]
)
def test_what_is_no_secret_is_refused_without_being_repeated(secret: str, shell: Shell) -> None:
    said = shell.run("provider-keys", "add", "openai", stdin=secret, code=1)
    assert "the secret" in said.err
    assert clean(shell)
    assert list(shell.data.iterdir()) == []


def test_a_secret_that_is_no_text_is_refused(shell: Shell) -> None:
    assert "the secret" in shell.run("provider-keys", "add", "openai", stdin=b"\xff\xfe\x00" * 9, code=1).err


@pytest.mark.parametrize(
    ("arguments", "reason", "code"),
    [
        (("opena",), 'did you mean "openai"', 2),
        (("custom-",), "after custom-", 2),
        (("openai", "--account", "a/b"), "up to 64 letters", 2),
        (("openai", "--gateway", ""), "lower-case letters", 2),
        (("openai", "--alias", ""), "can be printed", 2),
        (("azure", "--host", "evil.example"), "ends with .openai.azure.com", 1),
        (("azure", "--host", "x.openai.azure.com.evil.example"), "ends with .openai.azure.com", 1),
        (("azure", "--host", "x@y"), "cannot be a host", 2),
        (("openai", "--host", "api.openai.com"), "no host", 1),
    ],
)
def test_what_makes_no_sense_is_told_before_a_secret_is_read(
    arguments: tuple[str, ...], reason: str, code: int, shell: Shell
) -> None:
    assert reason in shell.run("provider-keys", "add", *arguments, stdin=SECRET, code=code).err
    assert clean(shell)
    assert list(shell.data.iterdir()) == []


def test_it_warns_of_a_key_that_callers_could_send_anywhere(shell: Shell) -> None:
    assert "without --host" in shell.run("provider-keys", "add", "azure", stdin=SECRET).err
    named = shell.run("provider-keys", "add", "azure", "--host", "a.openai.azure.com", stdin=SECRET)
    assert "without --host" not in named.err


def test_a_secret_cannot_be_given_on_the_command_line(shell: Shell) -> None:
    shell.run("provider-keys", "add", "openai", "extra-argument", code=2)
    assert list(shell.data.iterdir()) == []


def test_on_a_terminal_it_is_asked_for_and_not_shown(shell: Shell) -> None:
    controller, terminal = pty.openpty()
    program = "from penstock.cli.main import main; main()"
    child = subprocess.Popen(
        [sys.executable, "-c", program, "provider-keys", "add", "openai", "--data", str(shell.data)],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        env={**os.environ, "TERM": "dumb"},
    )
    os.close(terminal)
    seen = b""
    typed = False
    while select.select([controller], [], [], 60)[0]:
        try:
            part = os.read(controller, 4096)
        except OSError:
            break
        if not part:
            break
        seen += part
        if not typed and b"Secret for openai" in seen and seen.rstrip().endswith(b":"):
            os.write(controller, SECRET.encode() + b"\n")
            typed = True
    os.close(controller)
    assert child.wait(timeout=60) == 0
    assert opened(shell) == [SECRET]
    assert b"VERYSECRET" not in seen


# -- list and remove


def test_only_previews_are_listed(shell: Shell) -> None:
    shell.run("provider-keys", "add", "openai", stdin=SECRET)
    shell.run("provider-keys", "add", "parallel", stdin="short")
    lines = shell.run("provider-keys", "list").out.splitlines()
    assert lines[0].split() == ["ID", "PROVIDER", "ALIAS", "ACCOUNT", "GATEWAY", "SECRET", "CREATED", "HOSTS"]
    assert [line.split()[5] for line in lines[1:]] == ["…abcd", "…"]
    shell.run("provider-keys", "list", "--json")
    assert clean(shell)
    assert repr(shell.snapshot().provider_keys[0].sealed) not in shell.said


def test_a_removed_key_is_gone(shell: Shell) -> None:
    key_id = shell.run("provider-keys", "add", "openai", stdin=SECRET).out.strip()
    assert "--yes" in shell.run("provider-keys", "remove", key_id, code=1).err
    shell.run("provider-keys", "remove", key_id[:20], "--yes")
    assert shell.snapshot().provider_keys == ()
    assert "no stored key" in shell.run("provider-keys", "remove", key_id, "--yes", code=1).err


# -- the master key


def test_a_master_key_of_the_environment_seals(shell: Shell) -> None:
    shell.environ = {KEY_VARIABLE: base64.b64encode(b"k" * KEY_BYTES).decode()}
    shell.run("provider-keys", "add", "openai", stdin=SECRET)
    assert opened(shell) == [SECRET]
    assert not (shell.data / "master.key").exists()


def test_another_master_key_than_that_of_the_stored_secrets_is_refused(shell: Shell) -> None:
    shell.run("provider-keys", "add", "openai", stdin=SECRET)
    shell.environ = {KEY_VARIABLE: base64.b64encode(b"k" * KEY_BYTES).decode()}
    said = shell.run("provider-keys", "add", "openai", stdin=SECRET, code=1)
    assert "another master key" in said.err
    assert shell.environ[KEY_VARIABLE] not in said.err
    assert len(shell.snapshot().provider_keys) == 1


def test_a_lost_master_key_is_told_and_not_replaced(shell: Shell) -> None:
    shell.run("provider-keys", "add", "openai", stdin=SECRET)
    (shell.data / "master.key").unlink()
    assert "put it back" in shell.run("provider-keys", "add", "openai", stdin=SECRET, code=1).err
    assert not (shell.data / "master.key").exists()


def test_a_key_file_that_others_may_read_is_refused(shell: Shell) -> None:
    shell.run("provider-keys", "add", "openai", stdin=SECRET)
    (shell.data / "master.key").chmod(0o644)
    for command in (("add", "openai"), ("rotate-master-key",)):
        assert "chmod 600" in shell.run("provider-keys", *command, stdin=SECRET, code=1).err


def test_rotating_the_master_key_keeps_every_secret(shell: Shell) -> None:
    shell.run("provider-keys", "add", "openai", stdin=SECRET)
    shell.run("provider-keys", "add", "parallel", stdin=SECRET + "2")
    before = (shell.data / "master.key").read_text()
    assert "2 secrets" in shell.run("provider-keys", "rotate-master-key").err
    after = (shell.data / "master.key").read_text()
    assert before != after
    assert opened(shell) == [SECRET, SECRET + "2"]
    assert not (shell.data / NEW_FILE_NAME).exists()
    assert after.strip() not in shell.said
    assert clean(shell)


def test_the_new_master_key_may_be_given(shell: Shell, tmp_path: Path) -> None:
    shell.data = tmp_path / "data"
    shell.data.mkdir()
    shell.run("provider-keys", "add", "openai", stdin=SECRET)
    new = tmp_path / "new"
    new.write_text("ab" * KEY_BYTES)
    new.chmod(0o644)
    assert (
        "chmod 600" in shell.run("provider-keys", "rotate-master-key", "--new-key-file", str(new), code=1).err
    )
    new.chmod(0o600)
    shell.run("provider-keys", "rotate-master-key", "--new-key-file", str(new))
    assert opened(shell) == [SECRET]
    assert load_master_key({}, shell.data) == bytes.fromhex("ab" * KEY_BYTES)


def test_a_master_key_of_the_environment_is_rotated_with_the_operators_help(shell: Shell) -> None:
    old = {KEY_VARIABLE: base64.b64encode(b"k" * KEY_BYTES).decode()}
    shell.environ = old
    shell.run("provider-keys", "add", "openai", stdin=SECRET)
    said = shell.run("provider-keys", "rotate-master-key")
    new = (shell.data / NEW_FILE_NAME).read_text().strip()
    assert KEY_VARIABLE in said.err
    assert "restart" in said.err
    assert new not in shell.said
    assert opened(shell) == [SECRET]
    assert "has not ended" in shell.run("provider-keys", "rotate-master-key", code=1).err
    shell.environ = {KEY_VARIABLE: new}
    (shell.data / NEW_FILE_NAME).unlink()
    assert opened(shell) == [SECRET]
    shell.environ = old
    assert "another master key" in shell.run("provider-keys", "add", "openai", stdin=SECRET, code=1).err


def test_a_master_key_in_a_file_of_the_operators_is_named(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "key of mine"
    file.write_text("cd" * KEY_BYTES)
    file.chmod(0o400)
    shell.data = tmp_path / "data"
    shell.data.mkdir()
    shell.environ = {FILE_VARIABLE: str(file)}
    shell.run("provider-keys", "add", "openai", stdin=SECRET)
    assert f"into the file {file}" in shell.run("provider-keys", "rotate-master-key").err
    assert file.read_text() == "cd" * KEY_BYTES
    assert opened(shell) == [SECRET]


def test_with_nothing_stored_there_is_nothing_to_rotate(shell: Shell) -> None:
    assert "no secret is stored" in shell.run("provider-keys", "rotate-master-key", code=1).err


@pytest.mark.parametrize("command", ["add", "list", "remove", "rotate-master-key"])
def test_help_has_an_example(command: str, shell: Shell) -> None:
    assert f"penstock provider-keys {command}" in shell.run("provider-keys", command, "--help").out
