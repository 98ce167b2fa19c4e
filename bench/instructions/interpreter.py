"""Which Python counts: its version, what it was built for and how, for the same code costs another one more or less.

Two builds of one version can be a tenth apart, so the minor version alone does not tell which figures fit.
"""

from __future__ import annotations

import platform
import re
import sysconfig

BUILD_OPTIONS = {"--enable-optimizations": "PGO", "--with-lto": "LTO"}


def this_interpreter() -> str:
    """Such as `CPython 3.11.7, x86_64, GCC 12.2.0 -O3`."""
    flags = str(sysconfig.get_config_var("CFLAGS"))
    built = (platform.python_compiler(), flags, str(sysconfig.get_config_var("CONFIG_ARGS")))
    return label(
        platform.python_implementation(), platform.python_version(), platform.machine(), build_of(*built)
    )


def label(implementation: str, version: str, machine: str, build: str) -> str:
    return f"{implementation} {version}, {machine}, {build}"


def build_of(compiler: str, flags: str, configured: str) -> str:
    """The compiler, and those of its options that change what is executed; of several levels the last one counts."""
    levels = re.findall(r"(?<!\S)-O\w*", flags)
    options = [name for option, name in BUILD_OPTIONS.items() if option in configured]
    return " ".join([compiler, *levels[-1:], *options])
