"""The directory in SQLite: what is put in comes out, whoever else writes, and whatever it is called."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.stores.control_store import (
    IN_GATEWAY,
    Add,
    AlreadyThere,
    AtMost,
    ChangedMeanwhile,
    ControlStoreUnavailable,
    CustomProvider,
    Dataset,
    DynamicRoute,
    Evaluation,
    EvaluationResult,
    Need,
    NotThere,
    Noun,
    ProviderKey,
    RateLimit,
    Remove,
    Replace,
    RouteDeployment,
    RouteVersion,
    SealedOtherwise,
    SecretHash,
    Snapshot,
    SpendLimit,
    StoredGateway,
    Token,
    TooMany,
    Unstorable,
)
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore

LABEL = b"\x01" + b"f" * 8
NASTY = "x'); DROP TABLE tokens; --\"\0%_\\ é\U0001f600"

TOKEN = Token(
    id="0123456789abcdef",
    name=NASTY,
    permissions=("run", "metadata_read"),
    accounts=(NASTY,),
    gateways=("local/prod", NASTY),
    secrets=(SecretHash(b"salt\0", b"\xff" * 32), SecretHash(b"", b"", 7)),
    created_us=1,
    expires_us=2**53,
    user=NASTY,
    team=NASTY,
    rate_limit=RateLimit(100, 60, "sliding"),
    spend_limit=SpendLimit(0.1, 86400),
    providers=("openai",),
    models=("openai/gpt-*", NASTY),
    metadata={NASTY: NASTY, "n": 1, "f": 1.5, "b": True, "one": 1.0},
)
KEY = ProviderKey(
    id="k",
    account=NASTY,
    gateway=NASTY,
    provider=NASTY,
    alias=NASTY,
    sealed=LABEL + bytes(range(256)),
    preview=NASTY,
    hosts=(NASTY,),
    rate_limit=2**53,
    rate_limit_period=1,
    created_us=1,
    modified_us=2,
)
PROVIDER = CustomProvider(
    id="c",
    account="local",
    slug="acme",
    name=NASTY,
    base_url=NASTY,
    enable=False,
    allow_private=True,
    sealed_headers=LABEL + b"\0",
    about={NASTY: [NASTY, None, 1.5, {"deep": [True]}]},
    created_us=1,
    modified_us=2,
)
GATEWAY = StoredGateway(
    id="g",
    account="local",
    gateway="prod",
    fields={"cache_ttl": 60, NASTY: [NASTY, None, {"deep": {"deeper": 1.5}}]},
    sealed=LABEL + b"\0\xff",
    created_us=1,
    modified_us=2,
)
ROUTE = DynamicRoute(
    id="r",
    account="local",
    gateway="prod",
    name=NASTY,
    versions=(RouteVersion(id="v1", elements=[{"id": NASTY}, 1], comment=NASTY, created_us=1),),
    deployments=(RouteDeployment(id="d1", version_id="v1", created_us=1),),
    created_us=1,
    modified_us=2,
)
DATASET = Dataset(
    id="s",
    account="local",
    gateway="prod",
    name=NASTY,
    enable=True,
    filters=[{"key": "cost", "operator": "gt", "value": [0.5, NASTY]}],
    created_us=1,
    modified_us=2,
)
EVALUATION = Evaluation(
    id="e",
    account="local",
    gateway="prod",
    name=NASTY,
    dataset_ids=("s",),
    evaluation_type_ids=("cost", NASTY),
    processed=True,
    total_logs=7,
    results=(
        EvaluationResult(
            id="x",
            evaluation_type_id="cost",
            result=NASTY,
            status=1,
            status_description="",
            total_logs=7,
            created_us=3,
        ),
    ),
    created_us=1,
    modified_us=2,
)
EVERYTHING: tuple[Noun, ...] = (TOKEN, KEY, PROVIDER, GATEWAY, ROUTE, DATASET, EVALUATION)
FILLED = Snapshot(1, (TOKEN,), (KEY,), (PROVIDER,), (GATEWAY,), (ROUTE,))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = (
    texts | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
)
times = st.integers(0, 2**63 - 1)
tokens = st.builds(
    Token,
    id=texts,
    name=texts,
    permissions=st.lists(st.sampled_from(["read", "run", "edit", "metadata_read"])).map(tuple),
    accounts=st.lists(texts).map(tuple),
    gateways=st.lists(texts).map(tuple),
    secrets=st.lists(st.builds(SecretHash, st.binary(), st.binary(), st.none() | times)).map(tuple),
    created_us=times,
    expires_us=st.none() | times,
    user=texts,
    team=texts,
    rate_limit=st.none() | st.builds(RateLimit, st.integers(0, 2**53), st.integers(0, 2**53)),
    spend_limit=st.none() | st.builds(SpendLimit, st.floats(0, 1e12), st.integers(0, 2**53)),
    providers=st.lists(texts).map(tuple),
    models=st.lists(texts).map(tuple),
    metadata=st.dictionaries(texts, values, max_size=5),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / FILE_NAME


@pytest.fixture
def store(path: Path) -> SqliteControlStore:
    return SqliteControlStore(path)


def filled(store: SqliteControlStore) -> SqliteControlStore:
    store.apply([Add(one) for one in EVERYTHING])
    return store


def token(number: int) -> Token:
    return msgspec.structs.replace(TOKEN, id=f"{number:016d}")


def key(number: int, sealed: bytes = LABEL) -> ProviderKey:
    return msgspec.structs.replace(KEY, id=str(number), sealed=sealed)


def provider(number: int, sealed: bytes | None = None) -> CustomProvider:
    return msgspec.structs.replace(PROVIDER, id=str(number), slug=f"s{number}", sealed_headers=sealed)


# -- in and out


def test_what_is_put_in_comes_out(store: SqliteControlStore) -> None:
    assert filled(store).snapshot() == FILLED
    for one in EVERYTHING:
        assert store.all(type(one)) == (one,)
    metadata = store.snapshot().tokens[0].metadata
    assert [type(value) for value in metadata.values()] == [str, int, float, bool, float]


@settings(max_examples=25, deadline=None)
@given(st.lists(tokens, max_size=3, unique_by=lambda token: token.id))
def test_any_token_comes_out_as_it_was(made: list[Token]) -> None:
    with TemporaryDirectory() as folder:
        store = SqliteControlStore(Path(folder) / FILE_NAME)
        for one in made:
            store.apply([Add(one)])
        assert store.snapshot() == Snapshot(len(made), tuple(made))


def test_an_absent_file_is_an_empty_directory_and_stays_absent(store: SqliteControlStore, path: Path) -> None:
    assert store.snapshot() == Snapshot()
    assert store.version() == 0
    assert not path.parent.exists()


def test_everything_is_listed_in_the_order_in_which_it_came(store: SqliteControlStore) -> None:
    for number in (3, 1, 2):
        store.apply([Add(token(number))])
        store.apply([Add(key(number))])
        store.apply([Add(provider(number))])
    store.apply([Replace(token(1), msgspec.structs.replace(token(1), name="changed"))])
    snapshot = store.snapshot()
    assert [one.id[-1] for one in snapshot.tokens] == ["3", "1", "2"]
    assert [one.id for one in snapshot.provider_keys] == ["3", "1", "2"]
    assert [one.id for one in snapshot.custom_providers] == ["3", "1", "2"]
    assert snapshot.tokens[1].name == "changed"


def test_replacing_changes_this_and_nothing_else(store: SqliteControlStore) -> None:
    filled(store).apply([Add(token(2))])
    new_token = msgspec.structs.replace(TOKEN, name="n", secrets=(), expires_us=None, rate_limit=None)
    new_key = msgspec.structs.replace(KEY, hosts=(), preview="p")
    new_provider = msgspec.structs.replace(PROVIDER, enable=True, sealed_headers=None)
    store.apply([Replace(TOKEN, new_token)])
    store.apply([Replace(KEY, new_key)])
    store.apply([Replace(PROVIDER, new_provider)])
    assert store.snapshot() == Snapshot(
        5, (new_token, token(2)), (new_key,), (new_provider,), (GATEWAY,), (ROUTE,)
    )


def test_what_is_removed_is_gone(store: SqliteControlStore) -> None:
    filled(store).apply([Remove(one) for one in reversed(EVERYTHING)])
    assert store.snapshot() == Snapshot(2)
    assert not any(store.all(type(one)) for one in EVERYTHING)


def test_a_gateway_takes_along_what_came_while_it_was_removed(store: SqliteControlStore) -> None:
    filled(store)
    store.apply(
        [Add(msgspec.structs.replace(KEY, id="late", account=GATEWAY.account, gateway=GATEWAY.gateway))]
    )
    store.apply([Remove(GATEWAY)])
    for kind in IN_GATEWAY:
        left = [(one.account, one.gateway) for one in store.all(kind)]
        assert (GATEWAY.account, GATEWAY.gateway) not in left
    removed = [(entry.kind, entry.subject) for entry in store.audit(None, 100) if entry.action == "delete"]
    assert removed[0] == ("gateway", GATEWAY.gateway)
    assert ("provider_key", "late") in removed


def test_nothing_is_put_into_a_gateway_that_is_gone(store: SqliteControlStore) -> None:
    filled(store).apply([Need(GATEWAY)])
    store.apply([Remove(GATEWAY)])
    late = msgspec.structs.replace(KEY, id="late", account=GATEWAY.account, gateway=GATEWAY.gateway)
    with pytest.raises(NotThere):
        store.apply([Need(GATEWAY), Add(late)])
    assert "late" not in {key.id for key in store.all(ProviderKey)}


def dataset(name: str, gateway: str = "g", account: str = "local") -> Dataset:
    return Dataset(
        id=f"{account} {gateway} {name}",
        account=account,
        gateway=gateway,
        name=name,
        enable=True,
        filters=[],
        created_us=1,
        modified_us=1,
    )


def test_there_are_never_more_than_may_be(store: SqliteControlStore) -> None:
    limit = AtMost(Dataset, "local", "g", 2)
    elsewhere = [dataset("a", "other"), dataset("b", "other"), dataset("c", account="other")]
    store.apply([Add(one) for one in elsewhere])
    first, second, third = (dataset(name) for name in "abc")
    store.apply([limit, Add(first), Add(second)])
    before = store.snapshot().version
    with pytest.raises(TooMany, match="gateway local/g has at most 2 datasets: remove one first"):
        store.apply([limit, Add(third)])
    assert store.all(Dataset) == (*elsewhere, first, second)
    assert store.snapshot().version == before
    store.apply([Add(third), limit, Remove(first)])  # counted when all is done
    store.apply([Replace(third, msgspec.structs.replace(third, enable=False)), limit])


def test_of_many_who_add_at_once_as_many_get_through_as_may(path: Path) -> None:
    def add(number: int) -> bool:
        try:
            SqliteControlStore(path, busy_seconds=60).apply(
                [Add(dataset(str(number))), AtMost(Dataset, "local", "g", 10)]
            )
        except TooMany:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        done = list(threads.map(add, range(24)))
    assert sum(done) == 10
    assert len(SqliteControlStore(path).all(Dataset)) == 10


def test_nor_do_more_get_through_from_several_processes(path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from penstock.stores.control_store import Add, AtMost, Dataset, TooMany\n"
        "from penstock.stores.sqlite.control_store.store import SqliteControlStore\n"
        "store = SqliteControlStore(Path(sys.argv[1]), busy_seconds=60)\n"
        "for number in range(6):\n"
        "    name = f'{sys.argv[2]} {number}'\n"
        "    one = Dataset(id=name, account='local', gateway='g', name=name, enable=True, filters=[],\n"
        "                  created_us=1, modified_us=1)\n"
        "    try:\n"
        "        store.apply([Add(one), AtMost(Dataset, 'local', 'g', 10)])\n"
        "    except TooMany:\n"
        "        pass\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", program, str(path), str(number)]) for number in range(4)
    ]
    assert [child.wait(timeout=60) for child in children] == [0] * 4
    assert len(SqliteControlStore(path).all(Dataset)) == 10


# -- what cannot be done


def test_ids_are_given_once(store: SqliteControlStore) -> None:
    filled(store)
    again: list[Callable[[], None]] = [
        lambda: store.apply([Add(msgspec.structs.replace(TOKEN, name="other"))]),
        lambda: store.apply([Add(msgspec.structs.replace(KEY, alias="other"))]),
        lambda: store.apply([Add(msgspec.structs.replace(PROVIDER, slug="other"))]),
        lambda: store.apply([Add(msgspec.structs.replace(PROVIDER, id="other"))]),
    ]
    for verb in again:
        with pytest.raises(AlreadyThere, match="already"):
            verb()
    assert store.snapshot() == FILLED


def test_a_slug_is_given_once_in_each_account(store: SqliteControlStore) -> None:
    other = msgspec.structs.replace(PROVIDER, id="d", account="other")
    store.apply([Add(PROVIDER)])
    store.apply([Add(other)])
    with pytest.raises(AlreadyThere, match="custom provider 'acme'"):
        store.apply([Replace(other, msgspec.structs.replace(other, account="local"))])


def test_a_pool_has_several_keys_of_one_name(store: SqliteControlStore) -> None:
    store.apply([Add(key(1))])
    store.apply([Add(key(2))])
    assert len(store.snapshot().provider_keys) == 2


def test_what_is_not_there_can_be_neither_replaced_nor_removed(store: SqliteControlStore) -> None:
    verbs: list[Callable[[], None]] = [
        lambda: store.apply([Replace(TOKEN, TOKEN)]),
        lambda: store.apply([Replace(KEY, KEY)]),
        lambda: store.apply([Replace(PROVIDER, PROVIDER)]),
        lambda: store.apply([Remove(msgspec.structs.replace(TOKEN, id="x' OR 1=1 --"))]),
        lambda: store.apply([Remove(msgspec.structs.replace(KEY, id="%"))]),
        lambda: store.apply([Remove(msgspec.structs.replace(PROVIDER, id=""))]),
    ]
    for verb in verbs:
        with pytest.raises(NotThere, match="list them"):
            verb()
    assert store.snapshot() == Snapshot()


def test_what_somebody_else_has_changed_is_not_replaced(store: SqliteControlStore) -> None:
    store.apply([Add(TOKEN)])
    first = msgspec.structs.replace(TOKEN, name="first")
    store.apply([Replace(TOKEN, first)])
    with pytest.raises(ChangedMeanwhile, match="try again"):
        store.apply([Replace(TOKEN, msgspec.structs.replace(TOKEN, name="second"))])
    assert store.snapshot().tokens == (first,)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "\udcff"},
        {"metadata": {"k": "\udcff"}},
        {"created_us": 2**63},
        {"metadata": {"k": float("nan")}},
        {"spend_limit": SpendLimit(float("inf"), 1)},
        {"permissions": ("fly",)},
        {"created_us": "soon"},
    ],
)
def test_what_could_not_be_read_back_is_not_stored(
    wrong: dict[str, object], store: SqliteControlStore
) -> None:
    filled(store)
    with pytest.raises(Unstorable, match="cannot be stored"):
        store.apply([Add(msgspec.structs.replace(token(2), **wrong))])
    with pytest.raises(Unstorable, match="cannot be stored"):
        store.apply([Replace(TOKEN, msgspec.structs.replace(TOKEN, **wrong))])
    assert store.snapshot().tokens == (TOKEN,)


# -- one master key


def test_secrets_of_two_master_keys_do_not_come_together(store: SqliteControlStore) -> None:
    other = b"\x01" + b"g" * 8
    store.apply([Add(key(1))])
    verbs: list[Callable[[], None]] = [
        lambda: store.apply([Add(key(2, other))]),
        lambda: store.apply([Add(provider(3, other))]),
    ]
    for verb in verbs:
        with pytest.raises(SealedOtherwise, match="another master key"):
            verb()
    store.apply([Add(provider(4))])
    with pytest.raises(SealedOtherwise):
        store.apply([Replace(provider(4), provider(4, other))])
    assert store.snapshot().seal_label == LABEL


def test_the_last_secret_may_be_replaced_under_another_master_key(store: SqliteControlStore) -> None:
    other = b"\x01" + b"g" * 8
    store.apply([Add(key(1))])
    store.apply([Replace(key(1), key(1, other))])
    assert store.snapshot().seal_label == other
    store.apply([Remove(key(1))])
    store.apply([Add(provider(2, LABEL))])
    assert store.snapshot().seal_label == LABEL


def test_resealing_reaches_everything_that_is_sealed(store: SqliteControlStore) -> None:
    filled(store).apply(
        [Add(provider(2)), Add(msgspec.structs.replace(GATEWAY, id="2", gateway="g2", sealed=None))]
    )
    seen = []

    def change(sealed: bytes, context: bytes) -> bytes:
        seen.append((sealed, context))
        return b"\x01" + b"g" * 8 + context

    assert store.reseal(change) == 3
    assert seen == [
        (KEY.sealed, KEY.seal_context),
        (PROVIDER.sealed_headers, PROVIDER.seal_context),
        (GATEWAY.sealed, GATEWAY.seal_context),
    ]
    snapshot = store.snapshot()
    assert snapshot.provider_keys[0].sealed.endswith(KEY.seal_context)
    assert [one.sealed_headers is None for one in snapshot.custom_providers] == [False, True]
    assert [one.sealed is None for one in snapshot.gateways] == [False, True]
    assert snapshot.tokens == (TOKEN,)


def test_resealing_that_breaks_off_changes_nothing(store: SqliteControlStore) -> None:
    before = filled(store).snapshot()

    def change(sealed: bytes, context: bytes) -> bytes:
        if context == GATEWAY.seal_context:
            raise RuntimeError("no")
        return b"new"

    with pytest.raises(RuntimeError):
        store.reseal(change)
    assert store.snapshot() == before


# -- the file


def test_the_file_is_its_owners_alone(store: SqliteControlStore, path: Path) -> None:
    filled(store)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == [FILE_NAME]


def test_the_version_moves_with_every_change_and_with_nothing_else(store: SqliteControlStore) -> None:
    changed = msgspec.structs.replace(TOKEN, name="n")
    verbs: list[Callable[[], object]] = [
        lambda: store.apply([Add(TOKEN)]),
        lambda: store.apply([Replace(TOKEN, changed)]),
        lambda: store.apply([Replace(changed, changed)]),
        lambda: store.apply([Add(KEY)]),
        lambda: store.reseal(lambda sealed, context: sealed),
        lambda: store.apply([Remove(KEY)]),
        lambda: store.apply([Add(PROVIDER)]),
        lambda: store.apply([Remove(PROVIDER)]),
        lambda: store.apply([Remove(TOKEN)]),
    ]
    counters, versions = [store.version()], [store.snapshot().version]
    for verb in verbs:
        verb()
        counters.append(store.version())
        versions.append(store.snapshot().version)
    assert len(set(counters)) == len(verbs) + 1
    assert versions == list(range(len(verbs) + 1))
    with pytest.raises(NotThere):
        store.apply([Remove(TOKEN)])
    assert (store.version(), store.snapshot().version) == (counters[-1], versions[-1])


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 27, b"x" * 5000])
def test_what_is_no_database_has_no_version(content: bytes, store: SqliteControlStore, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert store.version() is None
    assert path.read_bytes() == content


@pytest.mark.parametrize("number", ["'7'", "x'07'", "1.5"])
def test_a_version_that_makes_no_sense_is_none(number: str, store: SqliteControlStore, path: Path) -> None:
    filled(store)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DROP TABLE version")
        db.execute("CREATE TABLE version (number)")
        assert store.version() is None
        db.execute(f"INSERT INTO version VALUES ({number})")
        assert store.version() is None


def test_the_version_of_a_locked_file_is_not_waited_for(store: SqliteControlStore, path: Path) -> None:
    filled(store)
    before = store.version()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        assert store.version() is None
    assert store.version() == before


def test_asking_for_the_version_lets_go_of_no_lock(store: SqliteControlStore, path: Path) -> None:
    """POSIX locks are the process's: to open and close the file beside SQLite would drop another thread's."""
    filled(store)
    program = (
        "import sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)\n"
        "try: db.execute('BEGIN IMMEDIATE')\n"
        "except sqlite3.OperationalError: sys.exit(7)\n"
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        assert store.version() == 1
        assert (
            subprocess.run([sys.executable, "-c", program, str(path)], check=False, timeout=60).returncode
            == 7
        )


def test_an_empty_file_is_an_empty_directory(store: SqliteControlStore, path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    assert store.snapshot() == Snapshot()


def test_a_file_of_something_else_is_refused_and_left_alone(store: SqliteControlStore, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"these are not the droids" * 1000)
    for verb in (store.snapshot, lambda: store.apply([Add(TOKEN)])):
        with pytest.raises(ControlStoreUnavailable, match="restore a copy"):
            verb()
    assert path.read_bytes() == b"these are not the droids" * 1000


def test_a_file_of_a_newer_program_is_refused(store: SqliteControlStore, path: Path) -> None:
    filled(store)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ControlStoreUnavailable, match=r"newer penstock.*update"):
        store.snapshot()


def test_a_row_that_makes_no_sense_is_told(store: SqliteControlStore, path: Path) -> None:
    filled(store)
    for wrong in ("nonsense", "[1]", '["fly"]', "{}"):
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("UPDATE tokens SET permissions = ?", (wrong,))
        with pytest.raises(ControlStoreUnavailable, match="damaged token"):
            store.snapshot()


def test_a_locked_file_says_so(store: SqliteControlStore, path: Path) -> None:
    filled(store)
    hasty = SqliteControlStore(path, busy_seconds=0)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        for verb in (hasty.snapshot, lambda: hasty.apply([Remove(TOKEN)])):
            with pytest.raises(ControlStoreUnavailable, match="try again"):
                verb()
    assert hasty.snapshot().tokens == (TOKEN,)


def test_a_folder_in_its_place_is_told(store: SqliteControlStore, path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(ControlStoreUnavailable, match="check that this user may write"):
        store.snapshot()


def test_a_change_that_was_cut_off_is_undone(store: SqliteControlStore, path: Path) -> None:
    before = filled(store).snapshot()
    # Ends without a commit while changed pages are already in the file, as after a crash.
    program = (
        "import os, sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute('PRAGMA cache_size = 1')\n"
        "db.execute('BEGIN EXCLUSIVE')\n"
        "db.execute('DELETE FROM tokens')\n"
        "for n in range(500): db.execute('INSERT INTO version VALUES (?)', (n * 10**15,))\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, timeout=60)
    assert path.with_name(f"{FILE_NAME}-journal").exists()
    assert store.version() is None  # which only looks
    assert store.snapshot() == before
    assert store.version() == before.version


# -- many at once


def test_threads_of_one_process_lose_nothing(path: Path) -> None:
    shared = SqliteControlStore(path)

    def work(thread: int) -> list[int]:
        versions = []
        for number in range(5):
            shared.apply([Add(token(thread * 100 + number))])
            versions.append(shared.snapshot().version)
        return versions

    with ThreadPoolExecutor(6) as threads:
        seen = list(threads.map(work, range(6)))
    assert all(versions == sorted(set(versions)) for versions in seen)
    snapshot = shared.snapshot()
    assert len(snapshot.tokens) == snapshot.version == 30


def test_processes_that_begin_together_lose_nothing(path: Path) -> None:
    program = (
        "import sys, msgspec\n"
        "from pathlib import Path\n"
        "from penstock.stores.control_store import Add, Token\n"
        "from penstock.stores.sqlite.control_store.store import SqliteControlStore\n"
        "directory = SqliteControlStore(Path(sys.argv[1]))\n"
        "for number in range(10):\n"
        "    name = f'{sys.argv[2]}-{number}'\n"
        "    directory.apply([Add(Token(id=name, name='', permissions=(), secrets=(), created_us=0))])\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", program, str(path), str(number)]) for number in range(4)
    ]
    assert [child.wait(timeout=60) for child in children] == [0] * 4
    snapshot = SqliteControlStore(path).snapshot()
    assert len({one.id for one in snapshot.tokens}) == snapshot.version == 40


def test_of_two_who_replace_the_same_one_gets_through(store: SqliteControlStore) -> None:
    store.apply([Add(TOKEN)])

    def rename(number: int) -> bool:
        try:
            store.apply([Replace(TOKEN, msgspec.structs.replace(TOKEN, name=str(number)))])
        except ChangedMeanwhile:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(rename, range(4)))
    assert sum(done) == 1
    assert store.snapshot().tokens[0].name == str(done.index(True))


def test_nothing_sealed_or_hashed_shows(store: SqliteControlStore) -> None:
    shown = repr(filled(store).snapshot())
    for hidden in (
        KEY.sealed,
        PROVIDER.sealed_headers,
        GATEWAY.sealed,
        TOKEN.secrets[0].digest,
        TOKEN.secrets[0].salt,
    ):
        assert repr(hidden)[2:-1] not in shown
