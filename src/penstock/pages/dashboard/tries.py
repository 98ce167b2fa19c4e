"""How often an address may guess: a few tries at once, then one every few seconds. Pure: time comes in.

What has 256 random bits is no guess, and never counted (`entrance.py`): so nobody is kept out by others who guess from
the same address, and have a token of their own.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import Final

AT_ONCE: Final = 10
EVERY_US: Final = 6_000_000
"""One more after so long."""

MOST: Final = 4096
"""Addresses that are remembered; the longest known goes first."""

_SAME_HOUSE: Final = 64  # bits of an IPv6 address: whoever has one address has all that begin so


class Tries:
    """A worker's. One number an address: when all of its tries are there again."""

    def __init__(self) -> None:
        self._whole_us: dict[str, int] = {}

    def take(self, address: str, now_us: int) -> bool:
        """Whether there is a try left, which is taken."""
        place = _place(address)
        whole_us = max(self._whole_us.pop(place, 0), now_us) + EVERY_US
        is_left = whole_us - now_us <= AT_ONCE * EVERY_US
        self._whole_us[place] = whole_us if is_left else whole_us - EVERY_US
        while len(self._whole_us) > MOST:
            del self._whole_us[next(iter(self._whole_us))]
        return is_left


def _place(address: str) -> str:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(int(found) >> (128 - _SAME_HOUSE))
    return address
