"""The past of `penstock demo`: calls that nobody made, written into the journal as of the days before.

They go the way of all calls from there on: the gateway's shipper takes them into the ledger and reckons their prices.
Each says `penstock-demo` where real ones name the program that called. Nothing here is called, or serves.
"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from penstock.cli.demo_answers import JSON, said
from penstock.cli.demo_calls import UNIFIED, MadeCall, usual_calls
from penstock.cli.demo_people import Person
from penstock.clock import Clock
from penstock.journal.record import CallRecord, Event, Outcome, frame
from penstock.journal.segments import DIRECTORY, create, new_name
from penstock.providers.base import operations_at
from penstock.providers.registry import as_shipped

DAYS: Final = 14
USER_AGENT: Final = "penstock-demo"

_CALLS: Final = 3600
_SIZE: Final = 5  # what they cost should be seen beside runs
_SEED: Final = 11
_HOUR_US: Final = 3_600_000_000
_DAY_US: Final = 24 * _HOUR_US
_GROWTH: Final = 0.18  # a day
_QUIET_US: Final = 15 * 60 * 1_000_000  # before now: what happens then is not made up
_NIGHT, _NOON = 0.15, 13.0  # how much of the noon's traffic there is at least; the busiest hour
_CACHED_EACH: Final = 6  # of the calls of the gateway that keeps answers
_CACHING: Final = "support"
_to_json = msgspec.json.Encoder().encode


def write_history(data: Path, people: Sequence[Person]) -> int:
    """Writes it where the gateway of this folder finds it; how many calls."""
    clock = Clock()
    now_us = clock.now_us()
    folder = data / DIRECTORY
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    calls = [one for one in usual_calls(people, _CALLS, _SEED, _SIZE) if one.provider != UNIFIED]
    times = sorted(_times(now_us, len(calls)))
    frames = [
        _framed(call, created_us, clock.new_id(created_us), number)
        for number, (call, created_us) in enumerate(zip(calls, times, strict=True))
    ]
    descriptor = create(folder, new_name(now_us, os.getpid(), 0))
    with open(descriptor, "wb") as segment:
        segment.writelines(frames)
    return len(frames)


def _times(now_us: int, count: int) -> Iterator[int]:
    """More by day than by night, and more from day to day."""
    dice = random.Random(_SEED)
    made = 0
    while made < count:
        created_us = now_us - _QUIET_US - int(dice.random() * DAYS * _DAY_US)
        hour = created_us % _DAY_US / _HOUR_US
        of_day = max(_NIGHT, math.cos((hour - _NOON) / 12 * math.pi))
        of_age = (1 + _GROWTH) ** -((now_us - created_us) / _DAY_US)
        if dice.random() < of_day * of_age:
            made += 1
            yield created_us


def _framed(call: MadeCall, created_us: int, call_id: str, number: int) -> bytes:
    request = _to_json(call.body)
    answer = said(call.provider, call.path, request, call.answer)
    response = b"".join(answer.pieces)
    cached = call.gateway == _CACHING and number % _CACHED_EACH == 0 and answer.status == 200
    seconds = 0.001 if cached else 0.2 + call.answer.seconds * 3 + call.answer.tokens_out / 2000
    first = 0.3 if call.answer.stream else 0.9
    person = call.person
    record = CallRecord(
        id=call_id,
        event_id=call_id,
        created_us=created_us,
        account="local",
        gateway=call.gateway,
        provider=call.provider,
        method="POST",
        path=call.path,
        status=answer.status,
        outcome=int(Outcome.COMPLETE),
        duration_us=int(seconds * 1e6),
        first_byte_us=int(seconds * first * 1e6),
        request_size=len(request),
        response_size=len(response),
        request_cut=False,
        response_cut=False,
        bodies=True,
        request_type=JSON,
        response_type=answer.content_type,
        request_encoding="",
        response_encoding="",
        user_agent=USER_AGENT,
        step=0,
        compat=False,
        authenticated=person is not None,
        error_code=None,
        error_detail="",
        metadata=dict(call.metadata),
        controls={},
        model="",
        cached=cached,
        attempts=0 if cached else 1,
        token="" if person is None else person.token_id,
        user="" if person is None else person.user,
        team="" if person is None else person.team,
        trail=(Event("demo", 0, "made up: nobody made this call"),),
        operation=_operation(call.provider, call.path),
    )
    return frame(record, request, response)


@cache
def _operation(slug: str, path: str) -> str:
    """What a call is, by its name: what a worker finds out where there is one."""
    provider = as_shipped(slug)
    assert provider is not None
    return operations_at(provider, provider.locate(path, lambda _name: None))[b"POST"].name
