"""The directory, the master key and what it must open, as the doctor sees them. Nothing sealed is ever shown."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from doctor_kit import (
    MASTER,
    NOW,
    case_of,
    custom_provider,
    states,
    stored_key,
    tell,
    told,
    with_headers,
    worker_state,
)

from penstock.access.master_key import FILE_NAME as KEY_FILE
from penstock.access.master_key import FILE_VARIABLE, KEY_VARIABLE, NEW_FILE_NAME, write_key_file
from penstock.access.tokens import PERMISSIONS
from penstock.access.vault import Vault
from penstock.doctor.control_store import control_store
from penstock.doctor.credentials import credentials
from penstock.doctor.finding import Finding
from penstock.stores.control_store import Add, Permission, SecretHash, StoredGateway, Token
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore

VAULT = Vault(MASTER)
OTHER = bytes(reversed(MASTER))


def token(name: str, *permissions: Permission, expires_us: int | None = None) -> Token:
    return Token(
        id=name.ljust(16, "0"),
        name=name,
        permissions=permissions,
        secrets=(SecretHash(b"salt", b"digest"),),
        created_us=1,
        expires_us=expires_us,
    )


@pytest.fixture
def rows(tmp_path: Path) -> SqliteControlStore:
    return SqliteControlStore(tmp_path / FILE_NAME)


def shown(found: list[Finding]) -> list[tuple[str, str]]:
    """What is found, once it was made sure that no secret is in it."""
    text = str(found)
    for secret in (
        "hidden",
        base64.b64encode(MASTER).decode(),
        base64.b64encode(OTHER).decode(),
        MASTER.hex(),
    ):
        assert secret not in text
    return told(found)


# -- the directory


def test_no_directory_yet(tmp_path: Path) -> None:
    found = list(control_store(case_of(tmp_path)))
    assert states(found) == [("directory", "ok"), ("tokens", "warning")]
    assert list(tmp_path.iterdir()) == []


def test_what_is_in_it(tmp_path: Path, rows: SqliteControlStore) -> None:
    rows.apply([Add(token("admin", *PERMISSIONS))])
    rows.apply([Add(token("ended", "run", expires_us=NOW - 1))])
    rows.apply([Add(stored_key("k1", VAULT))])
    assert told(control_store(case_of(tmp_path))) == [
        ("ok", "2 tokens, 1 stored key, no custom providers, no gateways"),
        ("ok", "1 live token, 1 ended; 1 may edit"),
    ]


def test_nobody_who_may_change_things(tmp_path: Path, rows: SqliteControlStore) -> None:
    rows.apply([Add(token("caller", "run"))])
    rows.apply([Add(token("admin", *PERMISSIONS, expires_us=NOW))])
    assert told(control_store(case_of(tmp_path)))[1] == ("warning", "no live token may change things")
    case = case_of(tmp_path, environ={"PENSTOCK_ADMIN_TOKEN": "hidden"})
    assert shown(list(control_store(case)))[1] == (
        "ok",
        "1 live token, 1 ended; the one of the environment may edit",
    )


def test_a_worker_that_has_not_taken_up_the_last_change(tmp_path: Path, rows: SqliteControlStore) -> None:
    rows.apply([Add(token("admin", *PERMISSIONS))])
    rows.apply([Add(token("caller", "run"))])
    tell(tmp_path, worker_state(directory_version=2))
    assert states(control_store(case_of(tmp_path))) == [("directory", "ok"), ("tokens", "ok")]
    tell(tmp_path, worker_state(directory_version=1))
    ((state, text),) = told(control_store(case_of(tmp_path)))[2:]
    assert state == "warning"
    assert "version 1 of the directory, which is at 2" in text


def test_a_directory_that_is_none(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database at all" * 1000)
    case = case_of(tmp_path)
    assert states(control_store(case)) == [("directory", "problem")]
    assert told(credentials(case)) == []


def test_a_directory_of_another_version(tmp_path: Path, rows: SqliteControlStore) -> None:
    rows.apply([Add(token("admin", *PERMISSIONS))])
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as db:
        db.execute("UPDATE alembic_version SET version_num = '99'")
    case = case_of(tmp_path)
    ((state, text),) = told(control_store(case))
    assert state == "problem"
    assert "version 99" in text
    (found,) = control_store(case)
    assert "update this one" in found.remedy


def test_an_older_directory_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch()
    ((state, text),) = told(control_store(case_of(tmp_path)))
    assert state == "ok"
    assert "older version" in text
    assert (tmp_path / FILE_NAME).read_bytes() == b""


def test_gateways_that_are_not_served(tmp_path: Path, rows: SqliteControlStore) -> None:
    row = StoredGateway(
        id="g", account="local", gateway="mine", fields={"cache_ttl": 1}, created_us=1, modified_us=1
    )
    odd = msgspec.structs.replace(row, id="h", gateway="odd", fields={"cache_ttl": "soon"})
    rows.apply([Add(token("admin", *PERMISSIONS)), Add(row), Add(odd)])
    text = "[accounts.local.gateways.mine]\n"
    found = told(control_store(case_of(tmp_path, text)))
    assert [state for state, _ in found] == ["ok", "warning", "warning", "ok"]
    assert "local/mine" in found[1][1]
    assert "local/odd" in found[2][1]
    assert len(told(control_store(case_of(tmp_path)))) == 3


def test_gateways_whose_secrets_are_lost(tmp_path: Path, rows: SqliteControlStore) -> None:
    write_key_file(tmp_path / KEY_FILE, MASTER)
    row = StoredGateway(
        id="g",
        account="local",
        gateway="mine",
        fields={},
        sealed=stored_key("k", VAULT).sealed,
        created_us=1,
        modified_us=1,
    )
    rows.apply([Add(row)])
    found = told(credentials(case_of(tmp_path)))
    assert [state for state, _ in found] == ["ok", "problem"]
    assert "local/mine" in found[1][1]


def test_a_key_of_a_gateway_in_the_directory_is_used(tmp_path: Path, rows: SqliteControlStore) -> None:
    write_key_file(tmp_path / KEY_FILE, MASTER)
    row = StoredGateway(id="g", account="mine", gateway="g", fields={}, created_us=1, modified_us=1)
    rows.apply([Add(row), Add(stored_key("k", VAULT, account="mine", gateway="g"))])
    assert told(credentials(case_of(tmp_path)))[1] == ("ok", "1 can be used")


# -- the master key


def test_no_secret_and_no_key(tmp_path: Path) -> None:
    assert told(credentials(case_of(tmp_path))) == [
        ("ok", "no secret is stored; it is made with the first one")
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_fits(tmp_path: Path, rows: SqliteControlStore) -> None:
    rows.apply([Add(stored_key("k1", VAULT))])
    write_key_file(tmp_path / KEY_FILE, MASTER)
    found = list(credentials(case_of(tmp_path)))
    assert shown(found) == [
        ("ok", f"that of {tmp_path / KEY_FILE} is the one the secrets are sealed with"),
        ("ok", "1 can be used"),
    ]
    in_environment = case_of(tmp_path, environ={KEY_VARIABLE: MASTER.hex()})
    assert shown(list(credentials(in_environment)))[0][1].startswith(f"that of {KEY_VARIABLE} is")


def test_a_key_that_is_missing(tmp_path: Path, rows: SqliteControlStore) -> None:
    rows.apply([Add(stored_key("k1", VAULT))])
    rows.apply([Add(with_headers(custom_provider("own"), VAULT))])
    rows.apply([Add(custom_provider("bare"))])
    found = list(credentials(case_of(tmp_path)))
    assert states(found) == [
        ("master key", "problem"),
        ("custom providers", "problem"),
        ("custom providers", "ok"),
    ]
    assert "but not the master key" in found[0].text


def test_another_key(tmp_path: Path, rows: SqliteControlStore) -> None:
    rows.apply([Add(stored_key("k1", VAULT))])
    write_key_file(tmp_path / KEY_FILE, OTHER)
    ((state, text),) = shown(list(credentials(case_of(tmp_path))))
    assert state == "problem"
    assert "another master key than that of" in text


@pytest.mark.parametrize(("label", "state"), [(True, "problem"), (False, "warning")])
def test_a_key_that_others_may_read(
    tmp_path: Path, rows: SqliteControlStore, label: bool, state: str
) -> None:
    if label:
        rows.apply([Add(stored_key("k1", VAULT))])
    write_key_file(tmp_path / KEY_FILE, MASTER)
    (tmp_path / KEY_FILE).chmod(0o644)
    ((found, text),) = shown(list(credentials(case_of(tmp_path))))
    assert found == state
    assert "chmod 600" in text


def test_a_key_that_is_none(tmp_path: Path) -> None:
    ((state, _),) = shown(list(credentials(case_of(tmp_path, environ={KEY_VARIABLE: "hidden"}))))
    assert state == "warning"


def test_a_rotation_that_broke_off_is_told_and_not_finished(tmp_path: Path, rows: SqliteControlStore) -> None:
    rows.apply([Add(stored_key("k1", VAULT))])
    write_key_file(tmp_path / KEY_FILE, OTHER)
    write_key_file(tmp_path / NEW_FILE_NAME, MASTER)
    found = list(credentials(case_of(tmp_path)))
    assert states(found) == [("master key", "warning"), ("stored keys", "ok")]
    assert (tmp_path / NEW_FILE_NAME).exists()
    own = tmp_path / "own.key"
    write_key_file(own, OTHER)
    found = list(credentials(case_of(tmp_path, environ={FILE_VARIABLE: str(own)})))
    assert states(found) == [("master key", "warning"), ("stored keys", "ok")]
    assert FILE_VARIABLE in found[0].remedy


# -- what it opens


def test_keys_that_cannot_be_used(tmp_path: Path, rows: SqliteControlStore) -> None:
    write_key_file(tmp_path / KEY_FILE, MASTER)
    moved = stored_key("k2", VAULT)
    rows.apply([Add(stored_key("k1", VAULT)), Add(msgspec.structs.replace(moved, id="k3"))])
    found = shown(list(credentials(case_of(tmp_path))))
    assert [state for state, _ in found] == ["ok", "problem", "ok"]
    assert found[1][1].startswith("the key k3 of openai cannot be used: ")


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"account": "acme"}, "there is no account acme"),
        ({"gateway": "prod"}, "account local has no gateway prod"),
        ({"provider": "custom-gone"}, "there is no provider custom-gone"),
        ({"provider": "custom-off"}, "there is no provider custom-off, or it is disabled"),
        ({"provider": "unheard-of"}, "there is no provider unheard-of"),
    ],
)
def test_keys_that_no_call_uses(
    tmp_path: Path, rows: SqliteControlStore, changes: dict[str, str], part: str
) -> None:
    write_key_file(tmp_path / KEY_FILE, MASTER)
    rows.apply([Add(custom_provider("off", enable=False))])
    rows.apply([Add(stored_key("k1", VAULT, **changes))])
    ((state, text),) = shown(list(credentials(case_of(tmp_path))))[1:]
    assert state == "warning"
    assert part in text


def test_keys_of_custom_providers_and_of_one_gateway(tmp_path: Path, rows: SqliteControlStore) -> None:
    write_key_file(tmp_path / KEY_FILE, MASTER)
    rows.apply([Add(with_headers(custom_provider("own"), VAULT))])
    rows.apply([Add(stored_key("k1", VAULT, provider="custom-own", gateway="default"))])
    rows.apply([Add(stored_key("k2", VAULT, provider="custom-file"))])
    case = case_of(tmp_path, '[providers.custom-file]\nbase_url = "https://file.example"\n')
    assert shown(list(credentials(case)))[1:] == [
        ("ok", "2 can be used"),
        ("ok", "1 is enabled and can be used"),
    ]


def test_a_broken_configuration_accuses_no_key(tmp_path: Path, rows: SqliteControlStore) -> None:
    """Which accounts and providers there are is not known then."""
    write_key_file(tmp_path / KEY_FILE, MASTER)
    rows.apply([Add(stored_key("k1", VAULT, account="acme", provider="custom-file"))])
    case = case_of(tmp_path, environ={"PENSTOCK_PORT": "many"})
    assert shown(list(credentials(case)))[1:] == [("ok", "1 can be used")]


@pytest.mark.parametrize(
    ("changes", "state", "part"),
    [
        ({"base_url": "ftp://nowhere"}, "problem", "custom-own of account local cannot be used"),
        ({"account": "acme"}, "warning", "an account that does not exist: acme"),
    ],
)
def test_custom_providers_that_cannot_be_used(
    tmp_path: Path, rows: SqliteControlStore, changes: dict[str, str], state: str, part: str
) -> None:
    rows.apply([Add(custom_provider("own", **changes))])
    found = shown(list(credentials(case_of(tmp_path))))
    assert found[1][0] == state
    assert part in found[1][1]


def test_custom_headers_that_do_not_open(tmp_path: Path, rows: SqliteControlStore) -> None:
    write_key_file(tmp_path / KEY_FILE, MASTER)
    rows.apply([Add(stored_key("k1", VAULT))])
    rows.apply([Add(with_headers(custom_provider("list"), VAULT, b'["hidden"]'))])
    found = shown(list(credentials(case_of(tmp_path))))
    assert [state for state, _ in found] == ["ok", "ok", "problem"]


def test_receivers_that_get_nothing_are_named(rows: SqliteControlStore, tmp_path: Path) -> None:
    """Of the directory; those of the file go where they say."""
    otel: list[dict[str, object]] = [
        {"url": url, "headers": {}} for url in ("https://a.example", "http://127.0.0.1:4318")
    ]
    fields = {"authentication": True, "otel": otel}
    row = StoredGateway(id="g", account="local", gateway="g", fields=fields, created_us=1, modified_us=1)
    rows.apply([Add(row)])
    text = "[[accounts.local.gateways.f.otel]]\nurl = 'http://127.0.0.1:4318'\nheaders = {}\n"
    found = [line for state, line in told(control_store(case_of(tmp_path, text))) if state == "warning"]
    (said,) = [line for line in found if "receivers" in line]
    assert "gateway local/g" in said
    assert "otel[1].url" in said
    free = case_of(tmp_path, "[server]\nallow_private_providers = true\n" + text)
    assert "receivers" not in str(told(control_store(free)))
