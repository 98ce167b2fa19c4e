"""`make fuzz`: tries targets with a fuzzer that follows coverage, each in a process of its own.

    make fuzz                            all of them, a minute each
    make fuzz SECONDS=600 TARGET=heads   one of them, for ten minutes

What breaks a law is kept below `build/fuzz/crashes`, and belongs into `tests/fuzz/corpus` with what mends it:

    make fuzz FOLD="build/fuzz/crashes/heads/*" TARGET=heads
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from fuzz import corpus
from fuzz.targets import TARGETS

TESTS = Path(__file__).resolve().parents[1]
FOUND = TESTS.parent / "build" / "fuzz"
_INPUT_BYTES = 4096


def main() -> int:
    """0 where no law was broken."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help=f"one of {', '.join(TARGETS)}; default: all"
    )
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    parser.add_argument(
        "--fold", type=Path, nargs="+", default=[], metavar="FILE", help="add these to the corpus"
    )
    asked = parser.parse_args()
    unknown = set(asked.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    if asked.fold:
        for name in asked.targets:
            corpus.fold(name, asked.fold)
        return 0
    broken = [name for name in asked.targets or TARGETS if not _holds(name, asked.seconds)]
    if broken:
        sys.stderr.write(f"broken: {', '.join(broken)}; the inputs are in {FOUND / 'crashes'}\n")
    return 1 if broken else 0


def _holds(name: str, seconds: int) -> bool:
    grown, seeds, crashes = (FOUND / folder / name for folder in ("grown", "seeds", "crashes"))
    corpus.unfold(name, seeds)
    grown.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(parents=True, exist_ok=True)
    arguments = (
        f"-max_total_time={seconds}", f"-max_len={_INPUT_BYTES}", "-timeout=10", "-rss_limit_mb=2048",
        "-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={crashes}/", str(grown), str(seeds),
    )  # fmt: skip
    command = (sys.executable, "-m", "fuzz.one", name, *arguments)
    return subprocess.run(command, cwd=TESTS, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
