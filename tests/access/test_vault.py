"""Sealing: what was sealed opens, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.access.vault import KEY_BYTES, NONCE_BYTES, SealBroken, Vault, seal_label
from penstock.stores.control_store import SEAL_LABEL_BYTES, CustomProvider, ProviderKey

MASTER = bytes(range(KEY_BYTES))
NONCE = b"n" * NONCE_BYTES
PLAIN = b"sk-a-very-secret-key"
VAULT = Vault(MASTER)
SEALED = VAULT.seal(PLAIN, b"row 1", NONCE)

keys = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)
nonces = st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)


@given(keys, st.binary(max_size=300), st.binary(max_size=50), nonces)
def test_what_was_sealed_opens(master: bytes, plain: bytes, context: bytes, nonce: bytes) -> None:
    sealed = Vault(master).seal(plain, context, nonce)
    assert Vault(master).open(sealed, context) == plain
    assert sealed[:SEAL_LABEL_BYTES] == seal_label(master)


@pytest.mark.parametrize("place", range(len(SEALED)))
def test_no_byte_can_be_changed(place: int) -> None:
    for mask in (0x01, 0x80, 0xFF):
        altered = bytearray(SEALED)
        altered[place] ^= mask
        with pytest.raises(SealBroken):
            VAULT.open(bytes(altered), b"row 1")


@pytest.mark.parametrize("length", range(len(SEALED)))
def test_no_byte_may_be_missing(length: int) -> None:
    with pytest.raises(SealBroken):
        VAULT.open(SEALED[:length], b"row 1")


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_a_sentence(sealed: bytes) -> None:
    with pytest.raises(SealBroken, match="stored secret"):
        VAULT.open(sealed, b"row 1")


@given(st.binary(max_size=200))
def test_any_bytes_behind_the_right_label_are_refused(rest: bytes) -> None:
    with pytest.raises(SealBroken, match="damaged"):
        VAULT.open(VAULT.label + rest, b"row 1")


def test_a_secret_does_not_open_in_another_row() -> None:
    with pytest.raises(SealBroken, match="another row"):
        VAULT.open(SEALED, b"row 2")


def test_another_key_is_told_from_damage() -> None:
    with pytest.raises(SealBroken, match="another master key"):
        Vault(bytes(KEY_BYTES)).open(SEALED, b"row 1")
    with pytest.raises(SealBroken, match="newer penstock"):
        VAULT.open(b"\x02" + SEALED[1:], b"row 1")


def test_the_context_of_a_row_holds_what_decides_where_its_secret_goes() -> None:
    def key(row_id: str, account: str, provider: str) -> bytes:
        return ProviderKey(
            id=row_id,
            account=account,
            gateway="",
            provider=provider,
            sealed=b"",
            preview="",
            created_us=0,
            modified_us=0,
        ).seal_context

    def headers(row_id: str, account: str, slug: str) -> bytes:
        return CustomProvider(
            id=row_id,
            account=account,
            slug=slug,
            name="",
            base_url="",
            enable=True,
            created_us=0,
            modified_us=0,
        ).seal_context

    contexts = [
        make(*parts)
        for make in (key, headers)
        for parts in (("1", "a", "p"), ("2", "a", "p"), ("1", "b", "p"), ("1", "a", "q"))
    ]
    assert len(set(contexts)) == len(contexts)


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_keys_and_nonces_have_one_length(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Vault(b"k" * length)
    with pytest.raises(ValueError, match="12 bytes"):
        VAULT.seal(PLAIN, b"", b"n" * length)


def test_neither_key_nor_secret_shows() -> None:
    assert repr(VAULT) == "Vault()"
    assert PLAIN not in SEALED
    for bad in (SEALED[:-1], SEALED[:-1] + b"\0", b"\x02" + SEALED[1:]):
        with pytest.raises(SealBroken) as raised:
            VAULT.open(bad, b"row 1")
        assert PLAIN.decode() not in repr(raised.value)
        assert MASTER.hex() not in repr(raised.value)
