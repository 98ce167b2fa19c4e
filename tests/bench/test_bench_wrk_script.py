"""The script wrk runs: quoting, and that a load has only the code it was asked for.

What the real wrk makes of it is in `test_bench_lanes.py`.
"""

from __future__ import annotations

from bench.wrk_script import script

from bench import payload


def test_quotes_and_backslashes_are_kept() -> None:
    lua = script({"Content-Type": "application/json", "cf-aig-metadata": '{"team":"a"}'}, b'{"a":"\\n]]"}')
    assert r'wrk.body = "{\"a\":\"\\n]]\"}"' in lua
    assert 'wrk.headers["Content-Type"] = "application/json"' in lua
    assert r'wrk.headers["cf-aig-metadata"] = "{\"team\":\"a\"}"' in lua


def test_a_plain_load_neither_counts_nor_looks() -> None:
    lua = script({}, payload.REQUEST)
    assert "function" not in lua
