"""Every control store: what is put in comes out, whoever else writes, and whatever it is called."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.engines import ControlStoreEngine
from penstock.stores.control_store import (
    IN_GATEWAY,
    Add,
    AlreadyThere,
    AtMost,
    ChangedMeanwhile,
    ControlStore,
    Dataset,
    Need,
    NotThere,
    ProviderKey,
    Remove,
    Replace,
    SealedOtherwise,
    Snapshot,
    SpendLimit,
    Token,
    TooMany,
    Unstorable,
)
from penstock.stores.model_alias import ModelAlias
from support.control_store_nouns import (
    EVERYTHING,
    FILLED,
    GATEWAY,
    KEY,
    LABEL,
    MODEL_ALIAS,
    PROVIDER,
    ROUTE,
    TOKEN,
    filled,
    key,
    provider,
    token,
    tokens,
)

# -- in and out


def test_what_is_put_in_comes_out(store: ControlStore) -> None:
    assert filled(store).snapshot() == FILLED
    for one in EVERYTHING:
        assert store.all(type(one)) == (one,)
    metadata = store.snapshot().tokens[0].metadata
    assert [type(value) for value in metadata.values()] == [str, int, float, bool, float]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(tokens, max_size=3, unique_by=lambda token: token.id))
def test_any_token_comes_out_as_it_was(control_stores: ControlStoreEngine, made: list[Token]) -> None:
    with TemporaryDirectory() as folder:
        store = control_stores.open(Path(folder))
        for one in made:
            store.apply([Add(one)])
        assert store.snapshot() == Snapshot(len(made), tuple(made))


def test_everything_is_listed_in_the_order_in_which_it_came(store: ControlStore) -> None:
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


def test_replacing_changes_this_and_nothing_else(store: ControlStore) -> None:
    filled(store).apply([Add(token(2))])
    new_token = msgspec.structs.replace(TOKEN, name="n", secrets=(), expires_us=None, rate_limit=None)
    new_key = msgspec.structs.replace(KEY, hosts=(), preview="p")
    new_provider = msgspec.structs.replace(PROVIDER, enable=True, sealed_headers=None)
    store.apply([Replace(TOKEN, new_token)])
    store.apply([Replace(KEY, new_key)])
    store.apply([Replace(PROVIDER, new_provider)])
    assert store.snapshot() == Snapshot(
        5, (new_token, token(2)), (new_key,), (new_provider,), (GATEWAY,), (ROUTE,), (MODEL_ALIAS,)
    )


def test_what_is_removed_is_gone(store: ControlStore) -> None:
    filled(store).apply([Remove(one) for one in reversed(EVERYTHING)])
    assert store.snapshot() == Snapshot(2)
    assert not any(store.all(type(one)) for one in EVERYTHING)


def test_a_gateway_takes_along_what_came_while_it_was_removed(store: ControlStore) -> None:
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


def test_a_gateway_that_goes_alone_leaves_what_belongs_to_it(store: ControlStore) -> None:
    filled(store)
    before = {kind: store.all(kind) for kind in IN_GATEWAY}
    store.apply([Remove(GATEWAY, alone=True)])
    assert {kind: store.all(kind) for kind in IN_GATEWAY} == before
    assert GATEWAY not in store.snapshot().gateways


def test_nothing_is_put_into_a_gateway_that_is_gone(store: ControlStore) -> None:
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


def test_there_are_never_more_than_may_be(store: ControlStore) -> None:
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


def test_an_account_has_never_more_names_than_may_be(store: ControlStore) -> None:
    def alias(name: str, account: str = "local") -> ModelAlias:
        return msgspec.structs.replace(MODEL_ALIAS, id=f"{account} {name}", account=account, name=name)

    limit = AtMost(ModelAlias, "local", None, 2)
    store.apply([Add(alias(name, "other")) for name in "abc"])
    store.apply([Add(alias("a")), Add(alias("b")), limit])
    with pytest.raises(TooMany, match="account local has at most 2 model aliases: remove one first"):
        store.apply([Add(alias("c")), limit])
    with pytest.raises(AlreadyThere, match="account local has a name 'a' for models already"):
        store.apply([Add(msgspec.structs.replace(alias("a"), id="another"))])
    assert len(store.snapshot().model_aliases) == 5


# -- what cannot be done


def test_ids_are_given_once(store: ControlStore) -> None:
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


def test_a_slug_is_given_once_in_each_account(store: ControlStore) -> None:
    other = msgspec.structs.replace(PROVIDER, id="d", account="other")
    store.apply([Add(PROVIDER)])
    store.apply([Add(other)])
    with pytest.raises(AlreadyThere, match="custom provider 'acme'"):
        store.apply([Replace(other, msgspec.structs.replace(other, account="local"))])


def test_a_pool_has_several_keys_of_one_name(store: ControlStore) -> None:
    store.apply([Add(key(1))])
    store.apply([Add(key(2))])
    assert len(store.snapshot().provider_keys) == 2


def test_what_is_not_there_can_be_neither_replaced_nor_removed(store: ControlStore) -> None:
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


def test_what_somebody_else_has_changed_is_not_replaced(store: ControlStore) -> None:
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
def test_what_could_not_be_read_back_is_not_stored(wrong: dict[str, object], store: ControlStore) -> None:
    filled(store)
    with pytest.raises(Unstorable, match="cannot be stored"):
        store.apply([Add(msgspec.structs.replace(token(2), **wrong))])
    with pytest.raises(Unstorable, match="cannot be stored"):
        store.apply([Replace(TOKEN, msgspec.structs.replace(TOKEN, **wrong))])
    assert store.snapshot().tokens == (TOKEN,)


# -- one master key


def test_secrets_of_two_master_keys_do_not_come_together(store: ControlStore) -> None:
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


def test_the_last_secret_may_be_replaced_under_another_master_key(store: ControlStore) -> None:
    other = b"\x01" + b"g" * 8
    store.apply([Add(key(1))])
    store.apply([Replace(key(1), key(1, other))])
    assert store.snapshot().seal_label == other
    store.apply([Remove(key(1))])
    store.apply([Add(provider(2, LABEL))])
    assert store.snapshot().seal_label == LABEL


def test_resealing_reaches_everything_that_is_sealed(store: ControlStore) -> None:
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


def test_resealing_that_breaks_off_changes_nothing(store: ControlStore) -> None:
    before = filled(store).snapshot()

    def change(sealed: bytes, context: bytes) -> bytes:
        if context == GATEWAY.seal_context:
            raise RuntimeError("no")
        return b"new"

    with pytest.raises(RuntimeError):
        store.reseal(change)
    assert store.snapshot() == before


# -- its version


def test_the_version_moves_with_every_change_and_with_nothing_else(store: ControlStore) -> None:
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
    counters, versions, editions = [store.version()], [store.snapshot().version], [store.edition()]
    for verb in verbs:
        verb()
        counters.append(store.version())
        versions.append(store.snapshot().version)
        editions.append(store.edition())
        assert editions[-1] == store.edition()
    assert len(set(counters)) == len(set(editions)) == len(verbs) + 1
    assert versions == list(range(len(verbs) + 1))
    with pytest.raises(NotThere):
        store.apply([Remove(TOKEN)])
    assert (store.version(), store.snapshot().version) == (counters[-1], versions[-1])


# -- many at once


def test_threads_of_one_process_lose_nothing(store: ControlStore) -> None:

    def work(thread: int) -> list[int]:
        versions = []
        for number in range(5):
            store.apply([Add(token(thread * 100 + number))])
            versions.append(store.snapshot().version)
        return versions

    with ThreadPoolExecutor(6) as threads:
        seen = list(threads.map(work, range(6)))
    assert all(versions == sorted(set(versions)) for versions in seen)
    snapshot = store.snapshot()
    assert len(snapshot.tokens) == snapshot.version == 30


def test_of_two_who_replace_the_same_one_gets_through(store: ControlStore) -> None:
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


def test_nothing_sealed_or_hashed_shows(store: ControlStore) -> None:
    shown = repr(filled(store).snapshot())
    for hidden in (
        KEY.sealed,
        PROVIDER.sealed_headers,
        GATEWAY.sealed,
        TOKEN.secrets[0].digest,
        TOKEN.secrets[0].salt,
    ):
        assert repr(hidden)[2:-1] not in shown
