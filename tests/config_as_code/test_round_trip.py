"""Law: what was exported changes nothing when it is applied; what was applied leaves nothing to plan."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.access.provider_secret import headers_text
from penstock.access.vault import KEY_BYTES, NONCE_BYTES, Vault
from penstock.config_as_code.document import read_document
from penstock.config_as_code.draft import Now
from penstock.config_as_code.exporting import accounts_of, export
from penstock.config_as_code.plan import Plan
from penstock.config_as_code.planning import make_plan
from penstock.config_as_code.toml_text import table
from penstock.control.catalog import catalog
from penstock.control.opening import opener
from penstock.control.stored_gateways import new_gateway
from penstock.settings import Settings
from penstock.stores.audit_entry import Json
from penstock.stores.control_store import (
    Add,
    ControlStore,
    CustomProvider,
    Dataset,
    DynamicRoute,
    Noun,
    RouteDeployment,
    RouteVersion,
    StoredGateway,
)
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore

VAULT = Vault(bytes([3]) * KEY_BYTES)
ACCOUNTS = ("local", "acme")
GATEWAYS = ("default", "prod")
_nonces = count()

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
filters = st.fixed_dictionaries(
    {
        "key": st.sampled_from(["model", "provider"]),
        "operator": st.sampled_from(["eq", "contains"]),
        "value": st.lists(texts.filter(str.strip), min_size=1, max_size=2),
    }
)
abouts: st.SearchStrategy[dict[str, Json]] = st.fixed_dictionaries(
    {}, optional={"beta": st.none() | st.booleans(), "link": texts, "position": st.none() | st.integers(0, 9)}
)
plain = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
visible = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=8)
otel = st.fixed_dictionaries(
    {
        "url": st.sampled_from(["https://a.example", "https://b.example"]),
        "headers": st.dictionaries(st.text("x-Y_.~9", min_size=1, max_size=4), visible, max_size=2),
    },
    optional={"authorization": visible},
)
rules = st.fixed_dictionaries(
    {"limit": st.floats(0.01, 1e9), "limitType": st.just("cost"), "window": st.integers(1, 10**6)},
    optional={
        "id": texts,
        "metadata": st.dictionaries(texts, st.just({"mode": "partition"}), max_size=2),
        "model": st.fixed_dictionaries({"mode": st.just("filter"), "values": st.lists(texts, max_size=2)}),
    },
)
fields = st.fixed_dictionaries(
    {},
    optional={
        "authentication": st.booleans(),
        "cache_ttl": st.none() | st.integers(0, 10**6),
        "logpush_public_key": st.text(st.characters(exclude_categories=["Cs"]), min_size=16, max_size=20),
        "rate_limiting_technique": st.sampled_from(["fixed", "sliding"]),
        "store_id": st.none() | texts,
        "otel": st.none() | st.lists(otel, max_size=2),
        "stripe": st.none()
        | st.fixed_dictionaries({"authorization": visible, "usage_events": st.just([{"payload": "{}"}])}),
        "spend_limits": st.fixed_dictionaries(
            {"enabled": st.booleans()},
            optional={"rules": st.lists(rules, max_size=2, unique_by=lambda r: r.get("id"))},
        ),
    },
)


def seal(secret: bytes, context: bytes) -> bytes:
    return VAULT.seal(secret, context, next(_nonces).to_bytes(NONCE_BYTES, "big"))


@st.composite
def gateways(draw: st.DrawFn) -> list[Noun]:
    places = draw(st.lists(st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(GATEWAYS)), unique=True))
    return [
        new_gateway(f"{account}/{name}", account, name, draw(fields), 1, seal) for account, name in places
    ]


def elements(name: str, timeout: int) -> list[Json]:
    return [
        {"id": "s", "type": "start", "outputs": {"next": {"elementId": name}}},
        {
            "id": name,
            "type": "model",
            "properties": {"provider": "openai", "model": "gpt", "timeout": timeout, "retries": 0},
            "outputs": {"success": {"elementId": "e"}, "fallback": {"elementId": "e"}},
        },
        {"id": "e", "type": "end", "outputs": {}},
    ]


@st.composite
def routes(draw: st.DrawFn) -> list[Noun]:
    names = draw(
        st.lists(
            st.from_regex(r"[^/\x00-\x1f\x7f\ud800-\udfff]{1,8}", fullmatch=True), unique=True, max_size=2
        )
    )
    found: list[Noun] = []
    for name in names:
        version = RouteVersion(id="v", elements=elements("m", draw(st.integers(1, 1000))), created_us=1)
        deployed = draw(st.booleans())
        found.append(
            DynamicRoute(
                id=f"r {name}",
                account="local",
                gateway="default",
                name=name,
                versions=(version,),
                deployments=(RouteDeployment(id="d", version_id="v", created_us=1),) if deployed else (),
                created_us=1,
                modified_us=1,
            )
        )
    return found


@st.composite
def datasets(draw: st.DrawFn) -> list[Noun]:
    return [
        Dataset(
            id=f"s {name}",
            account="local",
            gateway="default",
            name=name,
            enable=draw(st.booleans()),
            filters=draw(st.lists(filters, max_size=3)),
            created_us=1,
            modified_us=1,
        )
        for name in draw(st.lists(texts.filter(bool), unique=True, max_size=2))
    ]


@st.composite
def providers(draw: st.DrawFn) -> list[Noun]:
    found: list[Noun] = []
    for slug in draw(st.lists(st.sampled_from(["one", "two-b", "3c"]), unique=True)):
        bare = CustomProvider(
            id=f"c {slug}",
            account="acme",
            slug=slug,
            name=draw(visible),
            base_url=draw(st.sampled_from(["https://x.example", "https://y.example/v1"])),
            enable=draw(st.booleans()),
            about=draw(abouts),
            created_us=1,
            modified_us=1,
        )
        headers = draw(st.dictionaries(st.sampled_from(["x-a", "x-b"]), visible, max_size=2))
        if headers:
            sealed = seal(headers_text(list(headers.items())), bare.seal_context)
            bare = msgspec.structs.replace(bare, sealed_headers=sealed)
        found.append(bare)
    return found


worlds = st.tuples(gateways(), routes(), datasets(), providers()).map(
    lambda parts: [row for part in parts for row in part]
)


def planned(store: ControlStore, file: Path, environ: Mapping[str, str] | None = None) -> Plan:
    snapshot = store.snapshot()
    ids = count()
    now = Now(
        store,
        snapshot,
        catalog(Settings(), snapshot, opener(VAULT)),
        opener(VAULT),
        seal,
        environ or {},
        2,
        lambda: f"new {next(ids)}",
        os.urandom,
    )
    return make_plan(read_document(file), now)


def exported(store: ControlStore) -> str:
    snapshot = store.snapshot()
    found = catalog(Settings(), snapshot, opener(VAULT))
    return export(store, found, opener(VAULT), accounts_of(store))


def variables(text: str) -> dict[str, str]:
    """A value for every variable that stands for a secret."""
    names = [line.removeprefix("#   ") for line in text.splitlines() if line.startswith("#   ")]
    return dict.fromkeys(names, "a-new-secret")


@settings(max_examples=40, deadline=None)
@given(worlds)
def test_what_was_exported_changes_nothing(rows: list[Noun]) -> None:
    with TemporaryDirectory() as folder:
        store = SqliteControlStore(Path(folder) / FILE_NAME)
        store.apply([Add(row) for row in rows])
        file = Path(folder) / "file.toml"
        text = exported(store)
        file.write_text(text, encoding="utf-8")
        assert planned(store, file) == Plan()
        assert exported(store) == text


@settings(max_examples=40, deadline=None)
@given(worlds, worlds)
def test_what_was_applied_leaves_nothing_to_plan(rows: list[Noun], others: list[Noun]) -> None:
    with TemporaryDirectory() as folder:
        source, target = (
            SqliteControlStore(Path(folder) / name / FILE_NAME) for name in ("source", "target")
        )
        source.apply([Add(row) for row in rows])
        target.apply([Add(row) for row in others])
        file = Path(folder) / "file.toml"
        text = exported(source)
        file.write_text(text, encoding="utf-8")
        environ = variables(text)
        plan = planned(target, file, environ)
        target.apply(plan.changes)
        assert planned(target, file, environ) == Plan()
        assert planned(target, file) == Plan()  # what is stored stays, without the variables, too
        named = set(tomllib.loads(text).get("accounts", {}))
        kept = [row for row in others if isinstance(row, StoredGateway) and row.account not in named]
        assert [row for row in target.all(StoredGateway) if row.account not in named] == kept


@given(st.dictionaries(texts, plain, max_size=4), st.lists(texts, min_size=1, max_size=3))
def test_what_is_written_is_what_is_read(values: dict[str, object], path: list[str]) -> None:
    found: object = tomllib.loads(table(path, values))
    for part in path:
        assert isinstance(found, dict)
        found = found[part]
    assert found == values
    assert repr(found) == repr(values)
