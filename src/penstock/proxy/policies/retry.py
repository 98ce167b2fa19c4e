"""Retries: whether a call is tried again, after how long, and how long an attempt may take (Cloudflare 3.4, 3.5).

Pure decisions. Waiting, sending and counting attempts are the pipeline's; time and chance come in as arguments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from penstock.wire.content_encoding import plain
from penstock.wire.control_values import Backoff
from penstock.wire.controls import NO_CONTROLS, Controls
from penstock.wire.headers import Header
from penstock.wire.universal import NO_CONFIG, StepConfig

_DEFAULT_DELAY_MS = 500
_DEFAULT_BACKOFF: Backoff = "exponential"
_LONGEST_WAIT_MS = 60_000
_SPREAD = 0.1
_MAX_SECONDS = 2**31
_SECONDS = re.compile(rb"([0-9]{1,32})(\.[0-9]{0,9})?")
_MILLISECONDS = b"retry-after-ms"
_FULL_HOUSE = (503, 529)
_WORDS = {b"true": True, b"false": False}
_DATE = re.compile(rb"[A-Za-z0-9:, -]{1,40}")
_DATE_FORMS = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")


class RetryRules(msgspec.Struct, frozen=True):
    """How often a call is tried, and how long between. A struct: one is made per call that asks for its own."""

    attempts: int = 1  # in all, the first one included
    delay_ms: int = _DEFAULT_DELAY_MS
    backoff: Backoff = _DEFAULT_BACKOFF
    timeout: float | None = None  # seconds to the first byte of an attempt's answer
    final: tuple[int, ...] = ()  # statuses of failures that are answers here


class Advice(msgspec.Struct, frozen=True, gc=False):
    """What a provider says of trying again: after how many seconds, and whether at all. None: it does not say."""

    after: float | None = None
    again: bool | None = None


NO_ADVICE = Advice()

NO_RETRY = RetryRules()
"""One attempt without a time limit: of a gateway, and a call, that ask for nothing."""


PATIENT = RetryRules(attempts=4, final=(408,))
"""Of who waits for a run's result, where nothing else was said: that there is none yet is an answer."""


def gateway_rules(attempts: int | None, delay_ms: int | None, backoff: Backoff | None) -> RetryRules:
    """The rules of a gateway from its three `retry_*` settings; made once per configuration.

    Where attempts are set and nothing more, the waits are 0.5 s, 1 s, 2 s and 4 s: what the common client
    libraries do by themselves.
    """
    if attempts is None and delay_ms is None and backoff is None:
        return NO_RETRY
    return RetryRules(
        1 if attempts is None else attempts,
        _DEFAULT_DELAY_MS if delay_ms is None else delay_ms,
        backoff or _DEFAULT_BACKOFF,
    )


def rules(gateway: RetryRules, controls: Controls, config: StepConfig = NO_CONFIG) -> RetryRules:
    """What holds for one step: its `config`, then its headers and the request's, then the gateway (Cloudflare 2.3).

    `controls` are the step's merged over the request's. Each setting is decided by itself.
    """
    if config is NO_CONFIG and (controls is NO_CONTROLS or not controls.tells_attempts):
        return gateway
    return RetryRules(
        config.max_attempts or controls.max_attempts or gateway.attempts,
        _first(config.retry_delay, controls.retry_delay, gateway.delay_ms),
        config.backoff or controls.backoff or gateway.backoff,
        config.timeout or controls.timeout or gateway.timeout,
    )


def _first(config: int | None, controls: int | None, gateway: int) -> int:
    if config is not None:
        return config
    return gateway if controls is None else controls


_TOO_MANY = 429
_NO_MONEY = (b"insufficient_quota", b"billing_hard_limit_reached", b"insufficient_balance")
_MOST_OF_AN_ERROR = 65536  # bytes that are looked at


def is_failure(status: int) -> bool:
    """Whether an answer is worth another attempt: 408, 429 and 5xx, never another 4xx (Cloudflare G1)."""
    return 500 <= status <= 599 or status in (408, 429)


def is_free(status: int) -> bool:
    """Whether a provider says with a status that nothing was done that costs: any but 2xx, and but 504 and 524, by
    which somebody between says to have waited too long for who does the work.
    """
    return not (200 <= status < 300 or status in (504, 524))


def lacks_money(status: int, encoding: bytes, body: bytes) -> bool:
    """Whether an error, as far as it has come, says that no money is left: waiting does not help (dialects, C153).

    Of a body in a content coding that has not all come nothing can be told.
    """
    if status != _TOO_MANY:
        return False
    found = plain(body, encoding.decode("latin-1"), _MOST_OF_AN_ERROR)
    return found is not None and any(word in found for word in _NO_MONEY)


def is_refused(status: int, told: Advice) -> bool:
    """Whether an error says that nothing was done of what was ordered, or that it may be ordered again.

    A 5xx does not, and 408 and 499 do not, by which somebody on the way says to have waited too long; but for 503 and
    529 with a time to come back, which are a full house.
    """
    if told.again:
        return True
    if status in _FULL_HOUSE:
        return told.after is not None
    return status < 500 and status not in (408, 499)


def time_limit(rules: RetryRules, attempt: int, *, last_target: bool) -> float | None:
    """Seconds that attempt number `attempt` (from 1) may take to its first byte; `None` for no limit.

    The last of several attempts is waited for as long as it takes, unless there is another step to fall back
    to (Cloudflare 3.4). A lone attempt keeps its limit: there it was asked for by itself (3.5).
    """
    return None if last_target and attempt >= rules.attempts > 1 else rules.timeout


def wait_ms(rules: RetryRules, retry_number: int, retry_after_s: float | None, chance: float) -> int | None:
    """Milliseconds before retry `retry_number` (from 1), at most 60 000; `None`: do not try again.

    A tenth more or less of what the rules say, by `chance` from [0, 1), so that calls which failed together do
    not come back together. Never less than the provider asked for, and when it asked for more than a minute
    its answer is the caller's to see.
    """
    asked_ms = 0 if retry_after_s is None else retry_after_s * 1000
    if asked_ms > _LONGEST_WAIT_MS:
        return None
    wait = rules.delay_ms * _growth(rules.backoff, retry_number) * (1 - _SPREAD + 2 * _SPREAD * chance)
    return min(_LONGEST_WAIT_MS, max(round(wait), -int(-asked_ms // 1)))


def _growth(backoff: Backoff, retry_number: int) -> int:
    if backoff == "constant":
        return 1
    return retry_number if backoff == "linear" else 1 << (retry_number - 1)


def advice(headers: Iterable[Header], now_us: int) -> Advice:
    """What an answer says of trying again, as the providers' own clients read it.

    Milliseconds go before seconds and dates, whatever stands before `retry-after-ms`; of several the longest.
    """
    milliseconds, seconds, again = None, None, None
    for name, value in headers:
        header = name.lower()
        if header.endswith(_MILLISECONDS):
            told = _number(value.strip())
            if told is not None:
                milliseconds = max(milliseconds or 0.0, told)
        elif header == b"retry-after":
            seconds = retry_after_seconds(value, now_us)
        elif header == b"x-should-retry":
            again = _WORDS.get(value.strip().lower(), again)
    return Advice(seconds if milliseconds is None else milliseconds / 1000, again)


def _number(text: bytes) -> float | None:
    return min(float(text), _MAX_SECONDS) if _SECONDS.fullmatch(text) else None


def retry_after_seconds(value: bytes, now_us: int) -> float | None:
    """Seconds a `Retry-After` asks to wait from `now_us` on; 0.0 for a date gone by, `None` when unreadable.

    A number, which some providers send with a fraction, or a date in one of the three forms (RFC 9110, 5.6.7
    and 10.2.3).
    """
    text = value.strip()
    number = _number(text)
    if number is not None:
        return number
    if not _DATE.fullmatch(text):
        return None
    for form in _DATE_FORMS:
        try:
            moment = datetime.strptime(text.decode("ascii"), form).replace(tzinfo=UTC)
        except ValueError:
            continue
        return max(0.0, moment.timestamp() - now_us / 1_000_000)
    return None
