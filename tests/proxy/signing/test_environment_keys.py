"""The machine's credentials, held for a while: who asks for them, how often, and where."""

from __future__ import annotations

import asyncio
import threading

import pytest

from penstock.errors import GatewayError
from penstock.providers.aws_keys import AwsKeys
from penstock.providers.signing import EnvironmentKeys
from penstock.proxy.signing.aws_profiles import Found, NotFound
from penstock.proxy.signing.environment_keys import EnvironmentCredentials
from support.clock import FakeClock
from support.waiting import eventually

ANY = EnvironmentKeys()


class Finder:
    """Gives a new key each time, and remembers in which threads it was asked."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self.ends_soon = False
        self.fails = False

    def __call__(self, profile: str) -> Found:
        self.threads.append(threading.current_thread())
        if self.fails:
            raise NotFound("it is broken")
        return Found(AwsKeys(f"KEY{len(self.threads)}{profile}", "secret", "", ""), self.ends_soon)


class Case:
    def __init__(self) -> None:
        self.finder, self.clock = Finder(), FakeClock()
        self.keys = EnvironmentCredentials({}, self.finder, self.clock)

    async def id(self, asked: EnvironmentKeys = ANY) -> str:
        return (await self.keys.get(asked)).key_id

    async def looked(self, times: int) -> None:
        """Whatever goes on behind calls has ended."""
        await eventually(
            lambda: (len(self.finder.threads) >= times and not self.keys.is_looking) or None, "the renewal"
        )


@pytest.fixture
def case() -> Case:
    return Case()


async def test_all_who_wait_ask_once_and_in_a_thread(case: Case) -> None:
    assert await asyncio.gather(*(case.id() for _ in range(5))) == ["KEY1"] * 5
    (thread,) = case.finder.threads
    assert thread is not threading.current_thread()


async def test_each_profile_has_its_own(case: Case) -> None:
    assert await case.id(EnvironmentKeys("a")) == "KEY1a"
    assert await case.id(EnvironmentKeys("b")) == "KEY2b"
    assert await case.id(EnvironmentKeys("a")) == "KEY1a"


async def test_they_are_renewed_behind_a_call(case: Case) -> None:
    assert await case.id() == "KEY1"
    case.clock.ahead += 60
    assert await case.id() == "KEY1"
    await case.looked(2)
    assert await case.id() == "KEY2"


async def test_a_renewal_that_fails_is_nobodys_and_tried_again(case: Case) -> None:
    await case.id()
    case.finder.fails = True
    case.clock.ahead += 60
    assert [await case.id(), await case.id()] == ["KEY1", "KEY1"]
    await case.looked(2)
    case.clock.ahead += 10
    assert await case.id() == "KEY1"
    await case.looked(3)
    case.clock.ahead += 300
    with pytest.raises(GatewayError, match="it is broken"):
        await case.id()


async def test_what_ends_soon_is_not_held(case: Case) -> None:
    case.finder.ends_soon = True
    assert [await case.id(), await case.id()] == ["KEY1", "KEY2"]


async def test_who_leaves_does_not_end_it_for_the_others(case: Case) -> None:
    first, second = (asyncio.ensure_future(case.id()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "KEY1"
