"""The one exception of the benchmark: something under test did not do what a measurement needs.

It becomes a skip line in the report; the rest of the run goes on.
"""

from __future__ import annotations


class Failed(Exception):
    pass
