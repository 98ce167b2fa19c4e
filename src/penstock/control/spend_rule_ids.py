"""Which id each spend rule of a stored gateway has: its counter is known by that, so it must not pass to another rule.

Pure. Rules of the configuration file are not named here: without an id they are known by their place
(`settings.gateways.rule_id`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import count
from typing import Final

import msgspec
from msgspec.structs import replace

from penstock.settings import GatewaySettings
from penstock.settings.gateways import SpendRule

_DIGITS: Final = 8

_to_json = msgspec.json.Encoder(order="deterministic").encode


def with_rule_ids(settings: GatewaySettings, old: Sequence[SpendRule], seed: str) -> GatewaySettings:
    """The same gateway with an id for each of its spend rules. `old` are the rules that it has had so far.

    An id that was given is kept. A rule without one takes that of the old rule that is equal to it, or else of one
    that counts the same calls, in the order of both. What is left is new: its id is made of the rule and `seed`,
    a text that no change of this gateway has had before.
    """
    limits = settings.spend_limits
    if limits is None or all(rule.id for rule in limits.rules):
        return settings
    ids = _ids(limits.rules, old, seed)
    rules = tuple(replace(rule, id=name) for rule, name in zip(limits.rules, ids, strict=True))
    return replace(settings, spend_limits=replace(limits, rules=rules))


def _ids(rules: Sequence[SpendRule], old: Sequence[SpendRule], seed: str) -> list[str]:
    found = [rule.id or "" for rule in rules]
    free = {rule.id: rule for rule in old if rule.id and rule.id not in found}
    taken = {*found, *free}
    # First what is equal: a rule with another limit, put in front of it, must not take its id.
    for form in (_content, _scope):
        for place, rule in enumerate(rules):
            found[place] = found[place] or _take(free, form, rule)
    for place, rule in enumerate(rules):
        found[place] = found[place] or _new_id(rule, seed, taken)
        taken.add(found[place])
    return found


def _take(free: dict[str, SpendRule], form: Callable[[SpendRule], SpendRule], rule: SpendRule) -> str:
    """The id of the first old rule of this form, which is free no more; "" where there is none."""
    name = next((name for name, one in free.items() if form(one) == form(rule)), "")
    free.pop(name, None)
    return name


def _content(rule: SpendRule) -> SpendRule:
    return replace(rule, id=None)


def _scope(rule: SpendRule) -> SpendRule:
    """Which calls a rule counts, and how."""
    return replace(rule, id=None, limit=1, enabled=True)


def _new_id(rule: SpendRule, seed: str, taken: set[str]) -> str:
    named = seed.encode() + b"\0" + _to_json(_content(rule))
    digests = (sha256(b"%b\0%d" % (named, number)).hexdigest()[:_DIGITS] for number in count())
    return next(digest for digest in digests if digest not in taken)
