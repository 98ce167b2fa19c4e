"""The processors a task may name, how long a report each may write, and how long it may take (Parallel 2.9.8). Data."""

from parallel_local.answers.report import Depth

_BASE = {
    "lite": Depth(sections=2, statements=3),
    "base": Depth(sections=3, statements=4),
    "core": Depth(sections=5, statements=4),
    "core2x": Depth(sections=6, statements=5),
    "pro": Depth(sections=8, statements=5),
    "ultra": Depth(sections=12, statements=6),
    "ultra2x": Depth(sections=14, statements=7),
    "ultra4x": Depth(sections=16, statements=8),
    "ultra8x": Depth(sections=20, statements=8),
}
PROCESSORS = {name + suffix: depth for name, depth in _BASE.items() for suffix in ("", "-fast")}
_SECONDS = {
    "lite": 1.0,
    "base": 2.0,
    "core": 6.0,
    "core2x": 10.0,
    "pro": 20.0,
    "ultra": 60.0,
    "ultra2x": 120.0,
    "ultra4x": 240.0,
    "ultra8x": 480.0,
}
_CHARS = 10_000  # of a task that take as long again as the processor does
_FIELDS = 20  # of an output, likewise
_DEEP = ("pro", "ultra")


def is_deep(processor: str) -> bool:
    """Whether auto output is a whole report, and events are on by default: pro and above."""
    return processor.startswith(_DEEP)


def expected_seconds(processor: str, chars: int, fields: int) -> float:
    """How long a task of so many characters and wanted fields may take: not to be relied on, but to be compared."""
    name = processor.removesuffix("-fast")
    usual = _SECONDS.get(name, _SECONDS["base"]) / (1 if name == processor else 2)
    return usual * (1 + chars / _CHARS + fields / _FIELDS)
