"""Files of pages: in pieces, a few at a time, for as long as one is signed in, and for no longer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from dashboard_kit import call
from settings_kit import Enter, entering
from starlette.requests import ClientDisconnect

from conftest import OpenGateway
from penstock.management.problem import ManagementError
from penstock.management.turns import Turns
from penstock.pages.dashboard.downloads import EACH, MOST, Downloads, NotAnyMore
from penstock.pages.dashboard.page import Download
from penstock.stores.ledger import Move
from penstock.stores.sqlite.ledger.writer import FILE_NAME, SqliteLedger
from support.configuration import gateways
from support.inprocess import InProcess
from support.waiting import comes

ADMIN = "the-admin-token"
LOGS = "/accounts/acct/logs"
ROW = b"x" * 1000


@pytest.fixture
async def enter() -> AsyncIterator[Enter]:
    async with entering() as one:
        yield one


@pytest.fixture
async def gateway(open_gateway: OpenGateway) -> InProcess:
    """With more calls than the buffers of a connection hold."""
    gateway = await open_gateway(gateways(gw={}), {"PENSTOCK_ADMIN_TOKEN": ADMIN})
    ledger = SqliteLedger(gateway.data / FILE_NAME)
    try:
        many = [
            call(number, account="acct", gateway="gw", error_detail="x" * 20_000) for number in range(1500)
        ]
        ledger.append(many, Move("s", 0, 1))
    finally:
        ledger.close()
    return gateway


def rows(count: int) -> Download:
    return Download("rows.csv", "text/csv", iter([ROW] * count))


def yes() -> bool:
    return True


async def test_a_file_goes_out_in_pieces_and_not_row_by_row() -> None:
    downloads = Downloads(Turns())
    pieces = [bytes(piece) async for piece in downloads.begin("ann", rows(1000), {}, yes).body_iterator]  # type: ignore[arg-type]
    assert b"".join(pieces) == ROW * 1000
    assert all(64 * 1024 <= len(piece) < 70_000 for piece in pieces[:-1])


async def test_each_has_a_share_and_there_is_an_end() -> None:
    downloads = Downloads(Turns())
    for caller in range(MOST // EACH):
        for _ in range(EACH):
            downloads.begin(str(caller), rows(1), {}, yes)
        with pytest.raises(ManagementError) as refused:
            downloads.begin(str(caller), rows(1), {}, yes)
        assert refused.value.status == 429
    with pytest.raises(ManagementError):
        downloads.begin("another", rows(1), {}, yes)


@pytest.mark.parametrize("how", ["whole", "gone", "not any more", "broken"])
async def test_what_has_ended_makes_room_however_it_has(how: str) -> None:
    downloads = Downloads(Turns())

    def broken() -> Iterator[bytes]:
        yield ROW
        raise ZeroDivisionError

    async def receive() -> dict[str, object]:
        return await asyncio.Future[dict[str, object]]()

    async def send(message: object) -> None:
        if how == "gone":
            raise OSError

    ended = Counter[type[Exception] | None]()
    for _ in range(2 * MOST):
        found = Download("a", "b", broken()) if how == "broken" else rows(1)
        answer = downloads.begin("ann", found, {}, lambda: how != "not any more")
        try:
            await answer({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)
        except (NotAnyMore, ClientDisconnect, ZeroDivisionError) as error:
            ended[type(error)] += 1
        else:
            ended[None] += 1
    assert list(ended.values()) == [2 * MOST]


async def test_as_many_as_one_may_take(gateway: InProcess, enter: Enter) -> None:
    """Who takes files and does not read them gets no more of them; pages go on."""
    visitor = await enter(gateway, ADMIN)
    under_way = []
    for _ in range(EACH):
        request = visitor.client.build_request("GET", f"{LOGS}.ndjson")
        under_way.append(await visitor.client.send(request, stream=True))
    refused = await visitor.client.get(f"{LOGS}.csv")
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert (await visitor.client.get(LOGS)).status_code == 200
    for answer in under_way:
        await answer.aclose()

    async def again() -> bool | None:
        return (await visitor.client.get(f"{LOGS}.csv")).status_code == 200 or None

    await comes(again, "room for another file")


async def test_who_signs_out_gets_no_more_of_a_file(gateway: InProcess, enter: Enter) -> None:
    """What is cut off does not look like all there is."""
    visitor = await enter(gateway, ADMIN)
    async with visitor.client.stream("GET", f"{LOGS}.ndjson") as answer:
        assert answer.status_code == 200
        parts = answer.aiter_bytes()
        await anext(parts)
        assert (await visitor.client.post("/sign-out")).status_code == 303
        with pytest.raises(httpx.RemoteProtocolError):
            async for _ in parts:
                pass
