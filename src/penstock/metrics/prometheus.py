"""Metrics in the text format of Prometheus (version 0.0.4). Pure.

Our own few lines, because all values are made by others before: the client library would add 15 MB to each worker
for its registries. The tests read what comes out with that library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final

from penstock.metrics.metric import Histogram, Labels, Metric
from penstock_common.printable import lines

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_UNITS = {"1": "", "s": "_seconds", "By": "_bytes", "USD": "_usd"}
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def render(metrics: Iterable[Metric]) -> str:
    """All of them; one without points is left out."""
    return "".join(line for metric in metrics if metric.points for line in _lines(metric))


def _lines(metric: Metric) -> Iterator[str]:
    name = (
        metric.name.replace(".", "_") + _UNITS[metric.unit] + ("_total" if metric.kind == "counter" else "")
    )
    yield f"# HELP {name} {metric.help}\n# TYPE {name} {metric.kind}\n"
    for point in metric.points:
        labels = _labels(point.labels)
        if isinstance(point, Histogram):
            yield from _histogram(name, labels, point)
        else:
            yield f"{name}{{{labels}}} {point.value}\n" if labels else f"{name} {point.value}\n"


def _histogram(name: str, labels: str, point: Histogram) -> Iterator[str]:
    before = f"{labels}," if labels else ""
    bounds = (*map(str, point.bounds), "+Inf")
    for bound, count in zip(bounds, accumulate(point.counts), strict=True):
        yield f'{name}_bucket{{{before}le="{bound}"}} {count}\n'
    yield f"{name}_sum{{{labels}}} {point.sum}\n{name}_count{{{labels}}} {point.in_all}\n"


def _labels(labels: Labels) -> str:
    return ",".join([f'{name}="{lines(value).translate(_ESCAPES)}"' for name, value in labels.items()])
