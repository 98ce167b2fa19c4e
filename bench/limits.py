"""How many files a process may have open, raised as far as this machine allows.

Children inherit what is set here.
"""

from __future__ import annotations

import resource


def raise_open_files(wanted: int) -> int:
    """The limit in force afterwards: at least `wanted` where the machine allows it, else its hard limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return soft
    if hard < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
        except (ValueError, PermissionError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            return hard
        return wanted
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
