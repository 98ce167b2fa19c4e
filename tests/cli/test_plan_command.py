"""`penstock export`, `plan` and `apply`: what would be done, doing it whole or not at all, and files that are wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest
from control_store_commands import Shell

from penstock.access.tokens import matches, parse
from penstock.cli import apply as apply_command
from penstock.stores.control_store import Add, Dataset, DynamicRoute, Replace, StoredGateway

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "access.md"
ROUTE = """
[accounts.local.gateways.prod.routes.support]
elements = [
    { id = "s", type = "start", outputs = { next = { elementId = "m" } } },
    { id = "m", type = "model", properties = { provider = "openai", model = "gpt", timeout = 1000, retries = 0 }, \
outputs = { success = { elementId = "e" }, fallback = { elementId = "e" } } },
    { id = "e", type = "end", outputs = {} },
]
"""
WHOLE = (
    """
[accounts.local.gateways.prod]
authentication = true
cache_ttl = 60
otel = [{ url = "https://traces.example", headers = { "x-key" = "${TRACES_KEY}" } }]

[accounts.local.gateways.prod.datasets.dear]
filters = [{ key = "cost", operator = "gt", value = [1] }]

[accounts.local.providers.acme]
base_url = "https://acme.example"
headers = { "x-api-key" = "${ACME_KEY}" }
"""
    + ROUTE
)
SECRETS = {"TRACES_KEY": "VERYSECRETTRACES", "ACME_KEY": "VERYSECRETACME"}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    data = tmp_path / "data"
    data.mkdir()
    return Shell(data, dict(SECRETS))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "gateway.toml"


def write(file: Path, text: str) -> str:
    file.write_text(text)
    return str(file)


def counts(shell: Shell, file: str, code: int = 3) -> tuple[int, int, int]:
    (found,) = shell.run("plan", file, "--json", code=code).rows()
    numbers = found["counts"]
    return numbers["create"], numbers["update"], numbers["delete"]


def test_a_file_is_made_true_in_one_step(shell: Shell, file: Path) -> None:
    name = write(file, WHOLE)
    assert counts(shell, name) == (4, 0, 0)
    assert shell.snapshot().version == 0
    assert not (shell.data / "master.key").exists()
    said = shell.run("apply", name)
    assert "+ gateway local/prod" in said.out
    assert "    cache_ttl: 60" in said.out
    snapshot = shell.snapshot()
    assert snapshot.version == 1
    assert [one.gateway for one in snapshot.gateways] == ["prod"]
    assert snapshot.routes[0].versions[0].comment == "penstock apply"
    assert len(shell.control_store.all(Dataset)) == len(snapshot.custom_providers) == 1
    assert counts(shell, name, code=0) == (0, 0, 0)
    assert "Nothing to do" in shell.run("plan", name).out
    assert not any(secret in shell.said for secret in SECRETS.values())
    assert not any(secret.encode() in shell.stored() for secret in SECRETS.values())


def test_the_file_of_the_guide_is_sound(shell: Shell, file: Path) -> None:
    *_, text = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert counts(shell, write(file, text)) == (5, 0, 0)


def test_changes_are_shown_field_by_field(shell: Shell, file: Path) -> None:
    shell.run("apply", write(file, WHOLE))
    text = WHOLE.replace("cache_ttl = 60", "cache_ttl = 61").replace("timeout = 1000", "timeout = 2000")
    said = shell.run("plan", write(file, text), code=3)
    assert "~ gateway local/prod\n    cache_ttl: 60 → 61\n" in said.out
    assert "~ route local/prod/support\n    elements: " in said.out
    assert "0 to make, 2 to change, 0 to remove." in said.out
    shell.run("apply", str(file))
    (route,) = shell.control_store.all(DynamicRoute)
    assert len(route.versions) == len(route.deployments) == 2
    assert route.deployments[-1].version_id == route.versions[-1].id
    assert counts(shell, str(file), code=0) == (0, 0, 0)


def test_another_secret_is_a_change_that_shows_no_secret(shell: Shell, file: Path) -> None:
    shell.run("apply", write(file, WHOLE))
    other = Shell(shell.data, {"TRACES_KEY": "ANOTHERSECRET", "ACME_KEY": "ANOTHERSECRET"})
    said = other.run("plan", str(file), code=3)
    assert "secrets: " in said.out
    assert "headers: " in said.out
    assert "2 to change" in said.out
    other.run("apply", str(file))
    assert "ANOTHERSECRET" not in other.said
    # Without the variables, what is stored stays.
    assert counts(Shell(shell.data), str(file), code=0) == (0, 0, 0)


def test_a_secret_that_is_stored_nowhere_must_be_given(shell: Shell, file: Path) -> None:
    said = Shell(shell.data).run("plan", write(file, WHOLE), code=1)
    assert f"{file}:5: local/prod: no secret is stored" in said.err
    assert "set the variable ACME_KEY" in said.err
    assert Shell(shell.data).run("apply", str(file), "--yes", code=1).out == ""
    assert shell.snapshot().version == 0


def test_a_secret_of_the_environment_that_cannot_be_one_is_told_and_not_shown(
    shell: Shell, file: Path
) -> None:
    other = Shell(shell.data, {**SECRETS, "TRACES_KEY": "hidden\nline"})
    said = other.run("plan", write(file, WHOLE), code=1)
    assert f"{file}:5: local/prod: otel[0].headers.x-key" in said.err
    assert "hidden" not in other.said


def test_a_stored_header_does_not_follow_to_another_address(shell: Shell, file: Path) -> None:
    shell.run("apply", write(file, WHOLE))
    moved = WHOLE.replace("acme.example", "evil.example").replace("traces.example", "evil.example")
    said = Shell(shell.data).run("plan", write(file, moved), code=1)
    assert "at this address" in said.err
    assert "/otel/0/headers/x-key" in said.err


def test_what_the_file_has_not_is_removed_after_a_question(shell: Shell, file: Path) -> None:
    shell.run("apply", write(file, WHOLE))
    shell.run("gateways", "create", "elsewhere", "--account", "other")
    shell.run("keys", "create", "bot")
    shell.run("provider-keys", "add", "openai", stdin="sk-0123456789")
    name = write(file, "[accounts.local]\n")
    said = shell.run("apply", name, code=1)
    assert "--yes" in said.err
    assert "- gateway local/prod" in said.out
    assert len(shell.snapshot().gateways) == 2
    shell.run("apply", name, "--yes")
    snapshot = shell.snapshot()
    assert [one.account for one in snapshot.gateways] == ["other"]
    assert (len(snapshot.tokens), len(snapshot.provider_keys)) == (1, 1)
    left = (*snapshot.routes, *snapshot.custom_providers, *shell.control_store.all(Dataset))
    assert left == ()


def test_an_empty_file_means_nobody(shell: Shell, file: Path) -> None:
    shell.run("gateways", "create", "prod")
    assert counts(shell, write(file, "# nothing\n"), code=0) == (0, 0, 0)


def test_export_gives_the_file_back(shell: Shell, file: Path) -> None:
    shell.run("apply", write(file, WHOLE))
    text = shell.run("export").out
    assert "#   PENSTOCK_LOCAL_PROD_OTEL_0_HEADERS_X_KEY" in text
    shell.run("export", "--account", "local", "-o", str(file))
    assert file.read_text() == text
    assert counts(Shell(shell.data), str(file), code=0) == (0, 0, 0)
    assert "[accounts.nobody]" in shell.run("export", "--account", "nobody").out


# -- gateways of other sources


def test_gateways_of_the_configuration_file_stand_there(shell: Shell, file: Path, tmp_path: Path) -> None:
    config = tmp_path / "penstock.toml"
    config.write_text("[accounts.local.gateways.prod]\n")
    said = shell.run("plan", write(file, WHOLE), "--config", str(config), code=1)
    assert f"{file}:2: gateway local/prod stands in penstock.toml" in said.err
    shell.run("apply", write(file, ROUTE), "--config", str(config))
    assert shell.snapshot().gateways == ()
    assert shell.snapshot().routes[0].gateway == "prod"


def test_routes_of_the_built_in_gateway_leave_it_built_in(shell: Shell, file: Path) -> None:
    name = write(file, ROUTE.replace("prod", "default"))
    shell.run("apply", name)
    assert shell.snapshot().gateways == ()
    assert len(shell.snapshot().routes) == 1
    shell.run("export", "-o", str(file))
    assert counts(shell, name, code=0) == (0, 0, 0)
    shell.run("apply", write(file, "[accounts.local]"), "--yes")
    assert shell.snapshot().routes == ()


def test_a_row_of_another_version_is_not_exported_in_silence(shell: Shell) -> None:
    odd = StoredGateway(
        id="g", account="local", gateway="odd", fields={"newer": 1}, created_us=1, modified_us=1
    )
    shell.control_store.apply([Add(odd)])
    assert "local/odd cannot be exported" in shell.run("export", code=1).err


# -- files that are wrong


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[accounts.local", ":1: not valid TOML"),
        ("[accounts.local.gateways.prod]\ncache_ttl = ", ":2: not valid TOML"),
        ("accounts = 5", ":1: accounts: found"),
        ("[account.local]", 'did you mean "accounts"?'),
        ("[accounts.local.gateways.Prod]", ':1: [accounts.local.gateways]: found the name "Prod"'),
        ("[accounts.local.gateways.prod]\nx = 1\ncache_ttl = -1", ":2: unknown key"),
        (
            "[accounts.local.gateways.prod]\nx = 1\ncache_ttl = -1",
            ":3: accounts.local.gateways.prod.cache_ttl",
        ),
        ("[accounts.local.gateways.prod]\nstripe = 'hidden'", "stripe"),
        ("[accounts.local.providers.acme]\nenable = true", 'lacks "base_url"'),
        ("[accounts.local.providers.acme]\nbase_url = 'http://10.0.0.1'", ":2: http://10.0.0.1 is not https"),
        ("[accounts.local.providers.'A b']\nbase_url = 'https://x.example'", "A b"),
        ("[accounts.local.providers.a]\nbase_url = 'https://x.example'\nheaders = {host = 'x'}", ":3:"),
        ("[accounts.local.providers.a]\nbase_url = 'https://x.example'\nabout = '[1]'", "must be a table"),
        ("[accounts.local.gateways.g.routes.r]\nelements = []", ":2: route 'r': a route has from 1"),
        ("[accounts.local.gateways.g.routes.r]\nelements = 'x'", "elements must be an array"),
        ("[accounts.local.gateways.g.routes.'a/b']\nelements = []", "without slashes"),
        ("[accounts.local.gateways.g.datasets.d]\nfilters = 5", "filters"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_nothing_is_done(
    text: str, reason: str, shell: Shell, file: Path
) -> None:
    name = write(file, text)
    said = shell.run("apply", name, "--yes", code=1)
    assert reason in said.err
    assert "hidden" not in said.err
    assert shell.snapshot().version == 0


def test_all_that_is_wrong_is_told_at_once(shell: Shell, file: Path) -> None:
    text = ROUTE.replace('"m"', '"nowhere"', 1) + (
        "[accounts.local.providers.a]\nbase_url = 'http://x.example'\n"
        "[accounts.local.providers.b]\nbase_url = 'ftp://x.example'\n"
    )
    said = shell.run("plan", write(file, text), code=1)
    assert len([line for line in said.err.splitlines() if line.startswith(str(file))]) >= 3


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\0", b"a = 1\n\0", b"[" * 100_000])
def test_bytes_that_are_no_file_of_ours(content: bytes, shell: Shell, file: Path) -> None:
    file.write_bytes(content)
    assert str(file) in shell.run("plan", str(file), code=1).err


def test_a_file_that_is_not_there(shell: Shell, tmp_path: Path) -> None:
    assert "no such file" in shell.run("plan", str(tmp_path / "gone.toml"), code=1).err


# -- others meanwhile


def test_of_two_who_apply_at_once_one_is_told(
    shell: Shell, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.run("apply", write(file, WHOLE))
    version = shell.snapshot().version

    def meanwhile(_plan: object, *, as_json: bool) -> None:
        (old,) = shell.snapshot().gateways
        shell.control_store.apply([Replace(old, msgspec.structs.replace(old, fields={}, sealed=None))])

    monkeypatch.setattr(apply_command, "echo_plan", meanwhile)
    write(file, WHOLE.replace("cache_ttl = 60", "cache_ttl = 5").replace("[1]", "[2]"))
    said = shell.run("apply", str(file), code=1)
    assert "changed by somebody else meanwhile" in said.err
    assert shell.snapshot().version == version + 1
    assert shell.control_store.all(Dataset)[0].filters == [{"key": "cost", "operator": "gt", "value": [1]}]


def test_a_dataset_that_somebody_else_makes_meanwhile_is_not_made_an_eleventh(
    shell: Shell, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(_plan: object, *, as_json: bool) -> None:
        shell.control_store.apply([Add(late)])

    late = Dataset(
        id="late",
        account="local",
        gateway="prod",
        name="late",
        enable=True,
        filters=[],
        created_us=1,
        modified_us=1,
    )
    monkeypatch.setattr(apply_command, "echo_plan", meanwhile)
    text = "".join(f"[accounts.local.gateways.prod.datasets.d{number}]\n" for number in range(10))
    said = shell.run("apply", write(file, text), code=1)
    assert "gateway local/prod has at most 10 datasets" in said.err
    assert shell.control_store.all(Dataset) == (late,)
    monkeypatch.undo()
    shell.run("apply", str(file), "--yes")  # in place of that one
    assert {one.name for one in shell.control_store.all(Dataset)} == {f"d{number}" for number in range(10)}


def test_the_plan_as_json(shell: Shell, file: Path) -> None:
    shell.run("gateways", "create", "prod", "--set", "zdr=true")
    said = shell.run("plan", write(file, "[accounts.local.gateways.prod]\ncache_ttl = 5"), "--json", code=3)
    assert json.loads(said.out)["steps"] == [
        {
            "action": "update",
            "kind": "gateway",
            "name": "local/prod",
            "fields": [
                {"field": "zdr", "before": True, "after": None},
                {"field": "cache_ttl", "before": None, "after": 5},
            ],
        }
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('datasets.d]\nfilters = [{ key = "bogus", operator = "eq", value = ["a"] }]', ":2: dataset 'd': "),
        ('datasets.d]\nfilters = [{ key = "cost", operator = "eq", value = ["a"] }]', ":2: dataset 'd': "),
        ('datasets.""]\nenable = true', "a name of 1 to 256 characters"),
        (
            "".join(f"datasets.d{n}]\n[accounts.local.gateways.prod." for n in range(11)) + "routes]",
            "may have 10",
        ),
    ],
)
def test_a_dataset_is_what_the_api_would_take(shell: Shell, file: Path, text: str, said: str) -> None:
    name = write(file, f"[accounts.local.gateways.prod.{text}\n")
    assert said in shell.run("plan", name, code=1).err
    assert said in shell.run("apply", name, "--yes", code=1).err
    assert shell.snapshot().version == 0


@pytest.mark.parametrize(
    "line", ['about = { beta = "yes" }', "about = { other = 1 }", 'name = "a\\nb"', 'name = ""']
)
def test_a_provider_is_what_the_api_would_show(shell: Shell, file: Path, line: str) -> None:
    name = write(file, f'[accounts.local.providers.p]\nbase_url = "https://p.example"\n{line}\n')
    assert f"{file}:3: " in shell.run("plan", name, code=1).err


def test_a_gateway_of_the_file_that_was_left_out_takes_along_what_is_its_own(
    shell: Shell, file: Path
) -> None:
    shell.run("apply", write(file, WHOLE))
    shell.run("provider-keys", "add", "openai", "--gateway", "prod", stdin="sk-0123456789")
    name = write(file, "[accounts.local]\n")
    said = shell.run("plan", name, code=3).out
    for what in (
        "- route local/prod/support",
        "- dataset local/prod/dear",
        "- provider key local/prod/openai",
    ):
        assert what in said
    shell.run("provider-keys", "add", "openai", "--gateway", "prod", "--alias", "late", stdin="sk-0123456789")
    shell.run("apply", name, "--yes")
    snapshot = shell.snapshot()
    assert (snapshot.provider_keys, snapshot.routes) == ((), ())


def test_what_is_no_array_is_told_once(shell: Shell, file: Path) -> None:
    name = write(file, "[accounts.local.gateways.prod.routes.r]\nelements = 'nope'\n")
    said = shell.run("plan", name, code=1).err.splitlines()
    assert said[1:] == [f"{file}:2: elements must be an array, or the JSON of one in a text"]


def test_a_provider_of_the_configuration_file_is_changed_there(
    shell: Shell, file: Path, tmp_path: Path
) -> None:
    config = write(tmp_path / "penstock.toml", '[providers.custom-p]\nbase_url = "https://file.example"\n')
    name = write(file, '[accounts.local.providers.p]\nbase_url = "https://p.example"\n')
    said = shell.run("plan", name, "--config", config, code=1).err
    assert f"{file}:1: custom-p stands in penstock.toml" in said


# -- tokens

TOKENS = """
[accounts.local.gateways.prod]
cache_ttl = 60

[accounts.local.tokens.ci]
gateways = ["prod"]
user = "ada"
operations = ["chat", "agent-run", "parallel.tasks.*"]
spend_limit = { limit = 5, window = 3600 }
"""


def test_a_token_of_a_file_is_made_shown_once_and_then_kept(shell: Shell, file: Path) -> None:
    said = shell.run("apply", write(file, TOKENS), "--json")
    (shown,) = [row for row in said.rows() if "token" in row]
    (token,) = shell.snapshot().tokens
    parsed = parse(shown["token"].encode())
    assert shown["name"] == "local/ci"
    assert parsed is not None
    assert matches(token, parsed[1], token.created_us)
    assert (token.accounts, token.gateways, token.user) == (("local",), ("prod",), "ada")
    assert token.operations == ("chat", "agent run", "parallel.tasks.*")
    shell.run("plan", str(file))  # nothing to do
    assert "token" not in shell.run("apply", str(file)).out

    shell.run("apply", write(file, TOKENS.replace("ada", "bob") + "blocked = true\n"))
    (changed,) = shell.snapshot().tokens
    assert (changed.user, changed.blocked, changed.secrets) == ("bob", True, token.secrets)
    exported = shell.run("export", "--account", "local").out
    assert shown["token"] not in exported
    assert "[accounts.local.tokens.ci]" in exported
    shell.run("plan", write(file, exported))


def test_tokens_that_a_file_does_not_speak_of_stay(shell: Shell, file: Path) -> None:
    shell.run("keys", "create", "everywhere")
    shell.run("keys", "create", "mine", "--account", "local")
    shell.run("apply", write(file, "[accounts.local.gateways.prod]\ncache_ttl = 60\n"))
    assert len(shell.snapshot().tokens) == 2
    assert "- token local/mine" in shell.run("plan", write(file, TOKENS), code=3).out
    shell.run("apply", str(file), "--yes")
    assert sorted(token.name for token in shell.snapshot().tokens) == ["ci", "everywhere"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('gateways = ["pord"]', 'did you mean "prod"?'),
        ('providers = ["opena"]', "openai"),
        ('operations = ["embeding"]', 'did you mean "embeddings"?'),
        ('expires_at = "soon"', "RFC 3339"),
        ("max_active = 0", "number of runs"),
        ("secret = 1", "secret"),
    ],
)
def test_a_token_that_cannot_be_keeps_all_of_the_file_back(
    lines: str, said: str, shell: Shell, file: Path
) -> None:
    text = f"[accounts.local.gateways.prod]\ncache_ttl = 60\n[accounts.local.tokens.ci]\n{lines}\n"
    assert said in shell.run("apply", write(file, text), code=1).err
    assert shell.snapshot().version == 0


def test_a_name_that_another_token_has_is_told_before_anything_is_done(shell: Shell, file: Path) -> None:
    shell.run("keys", "create", "ci")
    assert "there already" in shell.run("plan", write(file, TOKENS), code=1).err
