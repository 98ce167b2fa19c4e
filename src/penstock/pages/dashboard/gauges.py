"""Limits as gauges: a meter, what is used of what in words, and when there is room again. Pure.

What is said is that of `control/limit_words.py`; a meter says it to those who do not see, too, and no colour says
anything alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from markupsafe import Markup

from penstock.control.limit_use import LimitShown, LimitUse
from penstock.control.limit_words import NEAR, Level, level_of, limit_text, percent, room_text, used_text
from penstock.management.token_shapes import TokenAnswer, Used
from penstock.time_text import moment_us, rfc3339

_MOST: Final = 99  # of a limit that is not used up
_LOW: Final = 100 * NEAR - 0.01
_SAID: Final[Mapping[Level, str]] = {"free": "", "near": "near its limit", "full": "used up"}


def gauge(limit: LimitShown, now_us: int) -> Markup:
    """One limit as it stands."""
    if limit.use is None:
        return Markup('<span class="gauge">{}{}</span>').format(limit_text(limit), _soft(_why_not(limit)))
    use, level = limit.use, level_of(limit.use)
    said = Markup(', <span class="level {}">{}</span>').format(level, _SAID[level]) if _SAID[level] else ""
    return Markup('<span class="gauge">{}{}<span class="part">{}{}{}</span></span>').format(
        used_text(limit), _meter(limit.name, use, level), percent(use), said, _room(limit, use, now_us)
    )


def _meter(name: str, use: LimitUse, level: Level) -> Markup:
    """Green, yellow and red, where the style has no other colours, as the level says."""
    return Markup(
        '<meter min="0" max="100" low="{}" high="{}" optimum="0" value="{}" aria-label="{}"></meter>'
    ).format(
        f"{_LOW:g}",
        _MOST,
        f"{100 if level == 'full' else min(100 * use.share, _MOST):.4g}",
        f"{name}, used: {percent(use)}",
    )


def limits_of(token: TokenAnswer) -> Mapping[str, LimitShown]:
    """Those that a token has, by name, as the management API tells them."""
    return {one.name: one for one in _limits_of(token)}


def _limits_of(token: TokenAnswer) -> Iterator[LimitShown]:
    rate, spend, most = token.rate_limit, token.spend_limit, token.max_active
    if rate is not None:
        use = _use(token.requests)
        yield LimitShown("requests", "requests", rate.limit, rate.interval, rate.technique, "", (), use)
    if spend is not None:
        use = _use(token.spend)
        yield LimitShown("spend", "USD", spend.limit, spend.window, spend.technique, "", (), use)
    if most is not None:
        use = None if token.active is None else LimitUse(token.active, most, 0)
        yield LimitShown("runs", "runs", most, 0, "fixed", "", (), use)


def _use(used: Used | None) -> LimitUse | None:
    return None if used is None else LimitUse(used.used, used.limit, moment_us(used.resets_at) or 0)


def _room(limit: LimitShown, use: LimitUse, now_us: int) -> Markup:
    text = room_text(limit, now_us)
    if not text:
        return Markup("")
    moment = rfc3339(use.resets_us)
    return Markup(', <time class="soft" datetime="{}" title="{}">{}</time>').format(moment, moment, text)


def _why_not(limit: LimitShown) -> str:
    if limit.apart:
        return f"each {', '.join(limit.apart)} has its own"
    return "what is used cannot be told now" if limit.unit != "runs" else ""


def _soft(text: str) -> Markup:
    return Markup(' <span class="soft">{}</span>').format(text) if text else Markup("")
