"""Charts as SVG, made on the server: sizes and places only, colours are the style's. Pure; numbers and words in.

Every chart can be read without seeing it: each mark has a title, and beside each chart stands its table or its total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from markupsafe import Markup, escape

from penstock_common.printable import one_line

WIDTH: Final = 720
HEIGHT: Final = 96
_GAP: Final = 1.0
_LEAST: Final = 1.5  # of a bar that is not nothing


class Bar(NamedTuple):
    """One span of time: parts that stand on each other, and what is said about it."""

    title: str
    parts: tuple[float, ...]


def columns(bars: Sequence[Bar], names: Sequence[str], label: str) -> Markup:
    """A column a bar, over the whole width. `names` are the classes of the parts, from the bottom up."""
    top = max((sum(bar.parts) for bar in bars), default=0)
    step = WIDTH / max(len(bars), 1)
    drawn = "".join(_column(bar, names, place * step, step - _GAP, top) for place, bar in enumerate(bars))
    return _svg("columns", HEIGHT, label, Markup(drawn))


def share_bar(part: float, whole: float) -> Markup:
    """A bar as long as this part of the whole; it repeats a number that stands beside it."""
    width = 0.0 if whole <= 0 else max(min(100 * part / whole, 100), _LEAST if part > 0 else 0)
    return _rail(Markup('<rect class="mark" width="{}" height="6"/>').format(f"{width:.2f}"))


def shares_bar(shares: Mapping[str, float]) -> Markup:
    """The shares of a whole one after the other, each in the class of its name; they repeat numbers beside them."""
    drawn, left = Markup(""), 0.0
    for name, part in shares.items():
        width = min(max(part, 0), 1) * 100
        drawn += Markup('<rect class="confidence {}" x="{}" width="{}" height="6"/>').format(
            name, f"{left:.2f}", f"{width:.2f}"
        )
        left += width
    return _rail(drawn)


class Stretch(msgspec.Struct, frozen=True):
    """A part of a call's time: its class, where it begins and ends in the same unit, and what is said about it."""

    name: str
    begins: float
    ends: float
    title: str


def timing_bar(stretches: Sequence[Stretch], whole: float, label: str) -> Markup:
    """The parts of a call's time, one behind the other."""
    drawn = Markup("").join(
        Markup('<rect class="{}" x="{}" width="{}" y="0" height="14"><title>{}</title></rect>').format(
            one.name,
            f"{_place(one.begins, whole):.2f}",
            f"{max(_place(one.ends, whole) - _place(one.begins, whole), _LEAST):.2f}",
            one_line(one.title),
        )
        for one in stretches
    )
    return _svg("timing", 14, label, drawn)


def _column(bar: Bar, names: Sequence[str], left: float, width: float, top: float) -> str:
    """With something to point at also where there is nothing. A page has hundreds, so that they are written as plain
    text: all is numbers but the title and the names of classes.
    """
    drawn, bottom = "", float(HEIGHT)
    for name, part in zip(names, bar.parts, strict=True):
        if part <= 0 or top <= 0:
            continue
        height = max(part / top * (HEIGHT - 4), _LEAST)
        bottom -= height
        drawn += f'<rect class="{escape(name)}" x="{left:.1f}" y="{bottom:.1f}" '
        drawn += f'width="{width:.1f}" height="{height:.1f}"/>'
    point = f'<rect class="point" x="{left:.1f}" width="{width:.1f}" height="{HEIGHT}"/>'
    return f"<g><title>{escape(bar.title)}</title>{drawn}{point}</g>"


def _rail(drawn: Markup) -> Markup:
    """A hundred wide, for the eye alone."""
    return Markup(
        '<svg class="share" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<rect class="rail" width="100" height="6"/>{}</svg>'
    ).format(drawn)


def _place(value: float, whole: float) -> float:
    return 0.0 if whole <= 0 else min(max(value / whole, 0), 1) * WIDTH


def _svg(name: str, height: int, label: str, drawn: Markup) -> Markup:
    return Markup(
        '<svg class="{}" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(name, WIDTH, height, escape(label), drawn)
