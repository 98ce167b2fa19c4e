"""A data folder to examine, and what stands in it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import msgspec

from penstock.access.vault import NONCE_BYTES, Vault
from penstock.doctor.case import Case, open_case
from penstock.doctor.finding import Finding
from penstock.metrics.worker_file import FOLDER, process_birth
from penstock.metrics.worker_state import WorkerState, encode
from penstock.stores.control_store import CustomProvider, ProviderKey

NOW = 1_760_000_000_000_000
MASTER = bytes(range(32))
SECOND_US = 1_000_000

_nonces = count()


def case_of(
    data: Path, text: str | None = None, environ: Mapping[str, str] | None = None, url: str | None = None
) -> Case:
    """The folder `data` at the moment `NOW`, with a configuration file beside it if there is a text."""
    file = data.parent / "penstock.toml"
    if text is not None:
        file.write_text(text)
    return open_case(file if text is not None else None, data, url, environ or {}, NOW)


def told(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    """State and text of each finding; one that is not ok must say what to do."""
    found = list(findings)
    assert all(bool(finding.remedy) == (finding.state != "ok") for finding in found)
    return [(finding.state, finding.text) for finding in found]


def states(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    """Check and state of each finding."""
    return [(finding.check, finding.state) for finding in findings]


@contextmanager
def running(data: Path) -> Iterator[None]:
    """A Penstock that uses the folder, as far as its lock tells."""
    descriptor = os.open(data / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def worker_state(**changes: object) -> WorkerState:
    """A worker that is well: this process."""
    state = WorkerState(
        pid=os.getpid(),
        birth=process_birth(os.getpid()),
        started_us=NOW - 3600 * SECOND_US,
        written_us=NOW - SECOND_US,
        address="",
        directory_version=0,
        calls=2,
        connections=1,
        journal_healthy=True,
        unwritten=0,
    )
    return msgspec.structs.replace(state, **changes)


def tell(data: Path, state: WorkerState) -> None:
    """What a worker would have written."""
    folder = data / FOLDER
    folder.mkdir(exist_ok=True)
    (folder / f"{state.pid}.json").write_bytes(encode(state))


def stored_key(key_id: str, vault: Vault, **changes: object) -> ProviderKey:
    """A stored key, sealed for its own row."""
    bare = ProviderKey(
        id=key_id,
        account="local",
        gateway="",
        provider="openai",
        sealed=b"",
        preview="…",
        created_us=1,
        modified_us=1,
    )
    named = msgspec.structs.replace(bare, **changes)
    sealed = vault.seal(b"sk-hidden", named.seal_context, next(_nonces).to_bytes(NONCE_BYTES, "big"))
    return msgspec.structs.replace(named, sealed=sealed)


def custom_provider(slug: str, **changes: object) -> CustomProvider:
    """A provider of the operator's own, without headers."""
    bare = CustomProvider(
        id=f"id-{slug}",
        account="local",
        slug=slug,
        name=slug,
        base_url="https://own.example",
        enable=True,
        created_us=1,
        modified_us=1,
    )
    return msgspec.structs.replace(bare, **changes)


def with_headers(
    provider: CustomProvider, vault: Vault, headers: bytes = b'{"x-key":"hidden"}'
) -> CustomProvider:
    """The same one with headers, sealed for its own row."""
    sealed = vault.seal(headers, provider.seal_context, next(_nonces).to_bytes(NONCE_BYTES, "big"))
    return msgspec.structs.replace(provider, sealed_headers=sealed)
