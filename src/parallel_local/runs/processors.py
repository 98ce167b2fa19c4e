"""The processors a task may name, and how long a report each may write (Parallel 2.9.8). Data."""

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
_DEEP = ("pro", "ultra")


def is_deep(processor: str) -> bool:
    """Whether auto output is a whole report, and events are on by default: pro and above."""
    return processor.startswith(_DEEP)
