"""Events go on to callers on real connections: signed anew, as they came, again until they are taken, a few at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from penstock.exits.sender import Sender
from penstock.following.hooks import AT_ONCE, LEASE_US, Forwarder
from penstock.following.plan import HookPlan
from penstock.runs.hook_reading import told_by
from penstock.runs.hooks import Hook, HookEvent, HookState
from penstock.stores.hooks import ANY_EVENT, Arrived
from penstock.stores.sqlite.runs.ledger import SqliteRunLedger
from penstock_common.webhook_signatures import Verdict, verified
from support.follow_kit import Then
from support.replies import silence, whole
from support.run_ledgers import NOW
from support.upstream import Upstream
from support.waiting import soon
from support.webhooks import BODY_6, EVENT, SECRET_A, SIGNING

PLACE = ("acct", "gw")


class Post:
    """A run ledger with events, and who sends them on, to addresses of this machine, too."""

    def __init__(self, folder: Path) -> None:
        self.clock = Then()
        self.ledger = SqliteRunLedger(folder / "runs.db")
        self.sender = Sender()
        self.forwarder = self.another("a")

    def another(self, holder: str, *, guarded: bool = False) -> Forwarder:
        found = Forwarder(self.sender.send_guarded, self.sender.send, self.clock, holder)
        found.plan = HookPlan({PLACE: SIGNING}, anywhere=not guarded)
        return found

    def comes(
        self, url: str, event_id: str = EVENT, body: bytes = BODY_6, content_type: str = "text/x"
    ) -> None:
        """An event whose caller wants it there."""
        self.ledger.hooked([Hook(url, *PLACE, url, "call-1", NOW)])
        at = self.clock.now_us()
        self.ledger.received(Arrived(*PLACE, url, event_id, at, content_type, body, told_by(body)))

    async def send(self, after: float = 0.0) -> int:
        """One step, so many seconds later, and the end of all that follows."""
        self.clock.ahead += after
        begun = self.forwarder.step(self.ledger)
        await soon(self.forwarder.idle())
        return begun

    def event(self) -> HookEvent:
        (found,) = self.ledger.hook_events(ANY_EVENT, 9)
        return found

    async def close(self) -> None:
        await self.forwarder.stop()
        await self.sender.close()
        self.ledger.close()


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    post = Post(tmp_path)
    yield post
    await post.close()


async def test_an_event_goes_on_as_it_came_and_signed_anew(post: Post, upstream: Upstream) -> None:
    post.comes(f"{upstream.url}/mine?token=1")
    assert await post.send() == 1
    seen = await upstream.only()
    assert (seen.method, seen.target, await seen.whole_body()) == (b"POST", b"/mine?token=1", BODY_6)
    assert seen.header("webhook-id") == EVENT.encode()
    assert seen.header("content-type") == b"text/x"
    event_id, timestamp, signature = (
        (seen.header(f"webhook-{name}") or b"").decode() for name in ("id", "timestamp", "signature")
    )
    now = post.clock.now_us() / 1e6
    assert verified((SIGNING,), event_id, timestamp, signature, BODY_6, now) is Verdict.GOOD
    assert verified((SECRET_A,), event_id, timestamp, signature, BODY_6, now) is Verdict.UNSIGNED
    assert post.event().state is HookState.SENT


async def test_one_that_is_not_taken_is_sent_again_with_a_fresh_signature(
    post: Post, upstream: Upstream
) -> None:
    upstream.will(whole(b"", 500), whole(b"", 302, (("location", "http://127.0.0.1:1/"),)), whole(b"", 204))
    post.comes(upstream.url)
    assert await post.send() == 1
    event = post.event()
    assert (event.state, event.tries) == (HookState.WAITING, 1)
    assert event.error.endswith("answers with status 500")
    assert await post.send(4.9) == 0
    assert await post.send(0.2) == 1
    assert await post.send(9.8) == 0
    assert await post.send(0.3) == 1
    assert post.event().state is HookState.SENT
    ids = {seen.header("webhook-id") for seen in upstream.requests}
    signatures = {seen.header("webhook-signature") for seen in upstream.requests}
    assert (len(ids), len(signatures)) == (1, 3)


async def test_the_receiver_says_how_long_to_wait(post: Post, upstream: Upstream) -> None:
    upstream.will(whole(b"", 503, (("retry-after", "120"),)))
    post.comes(upstream.url)
    await post.send()
    assert await post.send(119) == 0
    assert await post.send(2) == 1


async def test_after_two_days_it_is_given_up_and_that_is_said(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    post.comes("http://127.0.0.1:1/?token=secret")
    with caplog.at_level(logging.ERROR, "penstock.hooks"):
        tries = 0
        while post.event().state is HookState.WAITING:
            tries += await post.send(max(post.event().next_us - post.clock.now_us(), 0) / 1e6)
    assert tries == 16
    assert post.event().state is HookState.GIVEN_UP
    (line,) = [record.getMessage() for record in caplog.records]
    assert EVENT in line
    assert "secret" not in line + post.event().error


async def test_inside_addresses_are_sent_nothing_unless_the_operator_lets_them(
    post: Post, upstream: Upstream
) -> None:
    post.comes(upstream.url)
    guarded = post.another("b", guarded=True)
    guarded.step(post.ledger)
    await soon(guarded.idle())
    assert upstream.requests == []
    assert "https" in post.event().error or "public" in post.event().error
    await post.send(6)
    assert len(upstream.requests) == 1


async def test_without_a_secret_to_sign_with_it_waits(post: Post, upstream: Upstream) -> None:
    post.comes(upstream.url)
    post.forwarder.plan = HookPlan()
    await post.send()
    assert upstream.requests == []
    assert post.event().state is HookState.WAITING
    assert SIGNING not in repr(post.another("b").plan)


async def test_a_slow_receiver_holds_up_no_other(post: Post, upstream: Upstream) -> None:
    upstream.otherwise = lambda seen: silence()
    slow, quick = upstream, await Upstream.start()
    try:
        for number in range(AT_ONCE * 2):
            post.comes(slow.url, f"slow_{number}")
        for number in range(20):
            post.comes(quick.url, f"quick_{number}")
        post.forwarder.step(post.ledger)
        await soon(quick.request(20))
        await asyncio.sleep(0)
        assert len(slow.requests) <= AT_ONCE // 4
    finally:
        await post.forwarder.stop()
        await quick.close()


async def test_who_dies_while_sending_leaves_it_to_another(post: Post, upstream: Upstream) -> None:
    upstream.will(silence())
    post.comes(upstream.url)
    post.forwarder.step(post.ledger)
    await upstream.request(1)
    await post.forwarder.stop()
    other = post.another("b")
    assert other.step(post.ledger) == 0
    post.clock.ahead += LEASE_US / 1e6
    assert other.step(post.ledger) == 1
    await soon(other.idle())
    assert post.event().state is HookState.SENT
    assert {seen.header("webhook-id") for seen in upstream.requests} == {EVENT.encode()}


@pytest.mark.parametrize("kind", ["", "text/é", "a\r\nx: y", "x" * 200])
async def test_an_odd_content_type_is_no_reason_to_fail(post: Post, upstream: Upstream, kind: str) -> None:
    post.comes(upstream.url, content_type=kind)
    await post.send()
    assert post.event().state is HookState.SENT
    assert (await upstream.only()).header("content-type") in (b"application/json", b"x" * 200)
