"""Bytes, times and counts as the doctor words them. Pure."""

from __future__ import annotations

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

_SECOND_US = 1_000_000
_UNITS = ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB"))
_SPANS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def size(count: int) -> str:
    """A number of bytes, with a unit that fits."""
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"


def span(microseconds: int) -> str:
    """A length of time, roughly; nothing below zero."""
    seconds = max(0, round(microseconds / _SECOND_US))
    for unit, name in _SPANS:
        if seconds >= 2 * unit:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"


def counted(count: int, one: str, several: str = "") -> str:
    """`1 token`, `2 tokens`, `no tokens`."""
    if count == 1:
        return f"1 {one}"
    return f"{count or 'no'} {several or one + 's'}"
