"""Templates into pages. Whatever a page shows is escaped here, however it got in: nothing is HTML but templates.

The package's own templates only. Loaded when the first page is asked for (`door.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from penstock.pages.dashboard import charts, words
from penstock.pages.dashboard.cutting import brief
from penstock.pages.dashboard.gauges import gauge, limits_of
from penstock.pages.dashboard.route_drawing import route_drawing
from penstock.pages.dashboard.static_files import STATIC_FILES
from penstock.time_text import span
from penstock_common.printable import lines, one_line

_PACKAGE: Final = "penstock.pages.dashboard"


class Renderer:
    """All templates of a worker, compiled once."""

    def __init__(self, static_path: str) -> None:
        """`static_path` is where `static/` stands, as `/static`."""
        self._environment = Environment(
            loader=PackageLoader(_PACKAGE),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "count": words.count,
            "usd": words.usd,
            "ms": words.milliseconds,
            "span": span,
            "octets": words.octets,
            "moment": words.moment,
            "clock": words.clock_time,
            "day": words.day,
            "line": one_line,  # text of others in a cell: no control characters, no direction marks
            "brief": brief,
            "lines": lines,  # the same for text that has lines of its own
        }
        self._environment.globals |= {
            "share": words.share,
            "columns": charts.columns,
            "bar": charts.Bar,
            "gauge": gauge,
            "limits_of": limits_of,
            "share_bar": charts.share_bar,
            "timing_bar": charts.timing_bar,
            "shares_bar": charts.shares_bar,
            "route_drawing": route_drawing,
            "static": {name: f"{static_path}/{name}?{file.version()}" for name, file in STATIC_FILES.items()},
        }

        self._environment.tests["web"] = _is_web  # whether a text of others is an address to link to

    def page(self, template: str, values: Mapping[str, object]) -> bytes:
        """One page. `values` are what its template calls by their names."""
        text = self._environment.get_template(template).render(values)
        return text.encode("utf-8", "replace")


def _is_web(text: str) -> bool:
    """No link runs a script, or opens a file: http and https only, with a host, and nothing odd in them."""
    return text.startswith(("http://", "https://")) and text.isprintable() and " " not in text
