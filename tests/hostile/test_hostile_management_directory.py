"""The management API over a directory that cannot be used: locked, full, damaged, of a newer program, another's.

It says what to do and leaves the file as it is; whoever calls through the gateway notices nothing.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from conftest import OpenGateway
from penstock.stores.sqlite.control_store.store import FILE_NAME
from support.configuration import providers
from support.upstream import Upstream

ADMIN = "the-admin-token"
GATEWAYS = "/client/v4/accounts/acct/ai-gateway/gateways"
CALL = "/v1/local/default/openai/chat/completions"
PLAIN: dict[str, object] = {
    "cache_invalidate_on_update": False,
    "cache_ttl": 0,
    "collect_logs": True,
    "rate_limiting_interval": 0,
    "rate_limiting_limit": 0,
}


def run(sql: str) -> Callable[[Path], None]:
    """Changes the file behind everybody's back."""

    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as db:
            db.executescript(sql)

    return change


def replace(path: Path) -> None:
    """Another program's database in its place."""
    path.unlink()
    run("CREATE TABLE t (a)")(path)


def overwrite(path: Path) -> None:
    """No database at all."""
    path.write_bytes(b"no database" * 500)


DAMAGED: dict[str, tuple[Callable[[Path], None], str]] = {
    "a newer program's": (run("UPDATE alembic_version SET version_num = '9999'"), "update this program"),
    "something else": (replace, "something else than a directory"),
    "no database": (overwrite, "restore a copy"),
    "a damaged gateway": (run("UPDATE gateways SET fields = '{'"), "damaged gateway"),
    "fields of another type": (run("UPDATE gateways SET fields = '[]'"), "damaged gateway"),
    "a lost table": (run("DROP TABLE gateways"), "no such table"),
}


@pytest.mark.parametrize(("damage", "said"), DAMAGED.values(), ids=DAMAGED.keys())
async def test_a_directory_that_cannot_be_read(
    open_gateway: OpenGateway, upstream: Upstream, damage: Callable[[Path], None], said: str
) -> None:
    gateway = await open_gateway(providers({"openai": upstream.url}), {"PENSTOCK_ADMIN_TOKEN": ADMIN})
    path = gateway.data / FILE_NAME
    headers = {"authorization": f"Bearer {ADMIN}"}
    async with httpx.AsyncClient(base_url=gateway.url, trust_env=False, headers=headers) as client:
        assert (await client.post(GATEWAYS, json={"id": "g", **PLAIN})).status_code == 200
        damage(path)
        before = path.read_bytes()
        for answer in (
            await client.get(GATEWAYS),
            await client.post(GATEWAYS, json={"id": "h", **PLAIN}),
            await client.delete(f"{GATEWAYS}/g"),
        ):
            assert answer.status_code == 503
            (problem,) = answer.json()["errors"]
            assert problem["code"] == 7009
            assert said in problem["message"]
            assert answer.headers["retry-after"] == "1"
        assert path.read_bytes() == before
        assert (await client.post(CALL, content=b"{}")).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        '{"cache_ttl": "many"}',
        '{"unknown": 1}',
        '{"otel": [{"url": "https://a", "headers": {"x": "********"}}]}',
    ],
)
async def test_a_gateway_that_makes_no_sense_spoils_no_other(open_gateway: OpenGateway, fields: str) -> None:
    gateway = await open_gateway("", {"PENSTOCK_ADMIN_TOKEN": ADMIN})
    headers = {"authorization": f"Bearer {ADMIN}"}
    async with httpx.AsyncClient(base_url=gateway.url, trust_env=False, headers=headers) as client:
        for name in ("g", "h"):
            await client.post(GATEWAYS, json={"id": name, **PLAIN})
        run(f"UPDATE gateways SET fields = '{fields}' WHERE gateway = 'g'")(gateway.data / FILE_NAME)
        listed = (await client.get(GATEWAYS)).json()["result"]
        assert "h" in {one["id"] for one in listed}
        assert (await client.put(f"{GATEWAYS}/g", json=PLAIN)).json()["result"]["cache_ttl"] == 0
        run(f"UPDATE gateways SET fields = '{fields}' WHERE gateway = 'g'")(gateway.data / FILE_NAME)
        assert (await client.delete(f"{GATEWAYS}/g")).status_code == 200
        assert (await client.delete(f"{GATEWAYS}/g")).status_code == 404


async def test_a_disk_that_is_full_keeps_what_there_is(
    open_gateway: OpenGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = await open_gateway("", {"PENSTOCK_ADMIN_TOKEN": ADMIN})
    headers = {"authorization": f"Bearer {ADMIN}"}
    async with httpx.AsyncClient(base_url=gateway.url, trust_env=False, headers=headers) as client:
        await client.post(GATEWAYS, json={"id": "g", **PLAIN})
        copy = gateway.data / "copy.db"
        shutil.copy(gateway.data / FILE_NAME, copy)
        with closing(sqlite3.connect(gateway.data / FILE_NAME)) as db:
            (pages,) = db.execute("PRAGMA page_count").fetchone()
        monkeypatch.setattr("penstock.stores.sqlite.control_store.file.sqlite3", _Full(pages))
        large = {**PLAIN, "store_id": "x" * 100_000}
        answer = await client.put(f"{GATEWAYS}/g", json=large)
        assert answer.status_code == 503
        assert "make room on its disk" in answer.text
        assert (await client.get(f"{GATEWAYS}/g")).json()["result"]["store_id"] is None
        monkeypatch.undo()
        assert (await client.put(f"{GATEWAYS}/g", json=large)).status_code == 200


class _Full:
    """`sqlite3` on a disk that has room for so many pages."""

    def __init__(self, pages: int) -> None:
        self._pages = pages

    def __getattr__(self, name: str) -> object:
        return getattr(sqlite3, name)

    def connect(self, *arguments: object, **named: object) -> sqlite3.Connection:
        db: sqlite3.Connection = sqlite3.connect(*arguments, **named)  # type: ignore[call-overload]
        db.execute(f"PRAGMA max_page_count = {self._pages}")
        return db
