"""Every gateway there is: which source goes first, and what becomes of rows that make no sense."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.control.catalog import Catalog, catalog
from penstock.settings import Settings, load
from penstock.settings.gateway_secrets import MASK
from penstock.stores.audit_entry import Json
from penstock.stores.control_store import (
    Snapshot,
    StoredGateway,
)

OTEL = {"url": "https://traces.example", "headers": {"x-key": MASK}, "content_type": "json"}


def row(account: str, gateway: str, sealed: bytes | None = None, **fields: Json) -> StoredGateway:
    return StoredGateway(
        id=f"{account}/{gateway}",
        account=account,
        gateway=gateway,
        fields=fields,
        sealed=sealed,
        created_us=1,
        modified_us=1,
    )


def listed(settings: Settings, *rows: StoredGateway, plain: bytes | None = None) -> Catalog:
    return catalog(settings, Snapshot(gateways=rows), lambda _sealed, _context: plain)


def from_file(folder: Path, text: str) -> Settings:
    file = folder / "penstock.toml"
    file.write_text(text)
    return load(file, environ={}, overrides={})


def sources(found: Catalog) -> dict[str, str]:
    return {one.name: one.source for one in found}


def test_without_anything_there_is_the_built_in_gateway(tmp_path: Path) -> None:
    assert sources(listed(from_file(tmp_path, ""))) == {"local/default": "built-in"}


def test_the_directory_may_change_the_built_in_gateway(tmp_path: Path) -> None:
    found = listed(from_file(tmp_path, ""), row("local", "default", authentication=True), row("other", "g"))
    assert sources(found) == {"local/default": "directory", "other/g": "directory"}
    assert [one.name for one in found.open_to_anybody()] == ["other/g"]
    assert found.accounts == ("local", "other")
    assert [one.id for one in found.of("other")] == ["g"]
    one = found.get("local", "default")
    assert one is not None
    assert one.stored is not None
    assert found.get("local", "nothing") is None


@pytest.mark.parametrize(
    "text", ["[accounts.local]", "[accounts.local.gateways.default]", "accounts = {local = {}}"]
)
def test_what_the_file_names_goes_first(text: str, tmp_path: Path) -> None:
    found = listed(from_file(tmp_path, text), row("local", "default", cache_ttl=9), row("local", "more"))
    assert sources(found) == {"local/default": "file", "local/more": "directory"}
    ((stored, reason),) = found.left_out
    assert stored.gateway == "default"
    assert "goes first" in reason


@pytest.mark.parametrize(
    ("text", "account"),
    [
        ("", "local"),
        ("[accounts.b]\n[accounts.a]", "b"),
        ("[accounts.b]\n[accounts.local]", "local"),
        ("[accounts]", "more"),
    ],
)
def test_whose_calls_are_that_name_no_account(text: str, account: str, tmp_path: Path) -> None:
    """Nobody who may change the directory can turn them elsewhere, where the file names accounts."""
    rows = (
        [row("more", "default")] if text == "[accounts]" else [row("local", "more"), row("more", "default")]
    )
    assert listed(from_file(tmp_path, text), *rows).default_account == account


@pytest.mark.parametrize("place", [("chat", "g"), ("acme", "v1"), ("acme", "models")])
def test_paths_of_unified_calls_name_no_gateways(place: tuple[str, str]) -> None:
    found = listed(Settings(), row(*place), row("acme", "chats"))
    assert sources(found) == {"local/default": "built-in", "acme/chats": "directory"}
    ((_, reason),) = found.left_out
    assert "paths of unified calls begin with" in reason


def test_a_file_with_accounts_has_no_built_in_gateway(tmp_path: Path) -> None:
    settings = from_file(tmp_path, "[accounts.acme.gateways.prod]\ncache_ttl = 5")
    assert sources(listed(settings)) == {"acme/prod": "file"}
    assert sources(listed(settings, row("local", "default"))) == {
        "acme/prod": "file",
        "local/default": "directory",
    }


@pytest.mark.parametrize(
    "fields",
    [{"cache_ttl": "soon"}, {"of_a_newer_version": 1}, {"otel": "all"}, {"retry_max_attempts": 99}],
)
def test_a_row_that_makes_no_sense_is_left_out(fields: dict[str, Json]) -> None:
    odd = msgspec.structs.replace(row("local", "odd"), fields=fields)
    found = listed(Settings(), odd, row("local", "even", cache_ttl=5))
    assert sources(found) == {"local/default": "built-in", "local/even": "directory"}
    assert [stored.gateway for stored, _ in found.left_out] == ["odd"]


def test_a_row_that_makes_no_sense_does_not_bring_the_open_default_back() -> None:
    found = listed(Settings(), row("local", "default", authentication="yes"))
    assert sources(found) == {}


def test_secrets_are_put_in_their_places() -> None:
    stored = row("local", "g", b"sealed", otel=[OTEL], cache_ttl=5)
    found = listed(Settings(), stored, plain=b'{"/otel/0/headers/x-key":"hidden"}').get("local", "g")
    assert found is not None
    assert found.fields.otel is not None
    assert found.fields.otel[0].headers == {"x-key": "hidden"}
    assert "hidden" not in repr(found)


@pytest.mark.parametrize("plain", [None, b"nonsense", b"[]", b"{}", b'{"/otel/0":"x"}'])
def test_without_its_secrets_a_gateway_serves_and_sends_nothing(plain: bytes | None) -> None:
    stored = row("local", "g", b"sealed", otel=[OTEL], cache_ttl=5, authentication=True)
    found = listed(Settings(), stored, plain=plain).get("local", "g")
    assert found is not None
    assert found.lost_secrets
    assert found.fields.otel is None
    assert (found.fields.cache_ttl, found.fields.authentication) == (5, True)


def test_without_its_secrets_a_gateway_keeps_its_guard_rails() -> None:
    webhook: Json = {"url": "https://a.example", "secrets": [MASK], "signing_secret": MASK}
    stored = row("local", "g", b"sealed", parallel={"max_estimate": 0.5, "webhook": webhook})
    found = listed(Settings(), stored, plain=None).get("local", "g")
    assert found is not None
    assert found.fields.parallel is not None
    assert (found.fields.parallel.max_estimate, found.fields.parallel.webhook) == (0.5, None)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(
    st.dictionaries(
        st.sampled_from(["otel", "stripe", "parallel", "cache_ttl", "spend_limits", "x"]), anything
    ),
    st.binary(),
)
def test_nothing_in_a_row_stops_the_others(fields: dict[str, Json], plain: bytes) -> None:
    odd = msgspec.structs.replace(row("local", "odd", b"sealed"), fields=fields)
    found = listed(Settings(), odd, row("local", "even"), plain=plain)
    assert found.get("local", "even") is not None
