"""Shared stores, prices, open files, proxies; and that a check that fails itself is only one more finding."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from doctor_kit import case_of, states, tell, told, worker_state

from penstock.doctor import shared_stores
from penstock.doctor.case import Case
from penstock.doctor.checkup import checkup, findings
from penstock.doctor.finding import Finding, ok
from penstock.doctor.machine import open_files, proxies
from penstock.doctor.prices import prices
from penstock.doctor.units import MIB
from penstock.pricing.loading import table_path
from penstock.pricing.price_table import FORMAT, Table
from penstock.stores.facts import Usage
from penstock.stores.lmdb import counters as lmdb_counters
from penstock.stores.lmdb import replies as lmdb_replies
from penstock.stores.lmdb.counters import LmdbCounters
from penstock.stores.lmdb.environment import open_environment
from penstock.stores.replies import Reply, Scope

# -- shared stores


def stores(data: Path) -> None:
    """Both stores, with an answer in one of them."""
    with closing(open_environment(data / lmdb_counters.FOLDER, MIB, lmdb_counters.DATABASES)) as environment:
        LmdbCounters(environment, b"test").beat(1)
    with closing(
        open_environment(data / lmdb_replies.FOLDER, 8 * MIB, lmdb_replies.DATABASES)
    ) as environment:
        cache = lmdb_replies.LmdbReplies(environment, "cache", b"test", 4 * MIB, evict=True)
        reply = Reply(200, b"", b"", b"", bytes(MIB), 1, "openai", "m")
        assert cache.put(bytes(32), b"", reply, Scope("local", "main", "openai"), 2**60)


def test_stores_that_are_well(tmp_path: Path) -> None:
    stores(tmp_path)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    counters, answers = told(shared_stores.shared_stores(case_of(tmp_path)))
    assert counters[0] == answers[0] == "ok"
    assert "of 1.0 MiB in use" in counters[1]
    share, _, rest = answers[1].partition("%")
    assert 12.5 < float(share) < 15  # an eighth of the map, and what holds it together
    assert rest.startswith(" of 8.0 MiB in use")
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_stores_that_are_not_there_are_not_made(tmp_path: Path) -> None:
    assert [state for state, _ in told(shared_stores.shared_stores(case_of(tmp_path)))] == ["ok", "ok"]
    assert list(tmp_path.iterdir()) == []


def test_looking_makes_no_lock_file(tmp_path: Path) -> None:
    stores(tmp_path)
    for path in tmp_path.rglob("lock.mdb"):
        path.unlink()
    assert [state for state, _ in told(shared_stores.shared_stores(case_of(tmp_path)))] == ["ok", "ok"]
    assert list(tmp_path.rglob("lock.mdb")) == []


@pytest.mark.parametrize("content", [None, b"", b"garbage" * 10_000])
def test_stores_that_are_none(tmp_path: Path, content: bytes | None) -> None:
    for folder in (lmdb_counters.FOLDER, lmdb_replies.FOLDER):
        (tmp_path / folder).mkdir()
        if content is not None:
            (tmp_path / folder / "data.mdb").write_bytes(content)
    found = states(shared_stores.shared_stores(case_of(tmp_path)))
    assert found == [("counters", "problem"), ("kept answers", "problem")]


def test_a_store_that_was_cut_off(tmp_path: Path) -> None:
    """Reading on would end the process."""
    stores(tmp_path)
    with (tmp_path / lmdb_replies.FOLDER / "data.mdb").open("r+b") as file:
        file.truncate(100_000)
    assert states(shared_stores.shared_stores(case_of(tmp_path))) == [
        ("counters", "ok"),
        ("kept answers", "warning"),
    ]


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.6, ["ok", "ok"]),
        (0.7, ["warning", "ok"]),
        (0.8, ["problem", "ok"]),
        (0.99, ["problem", "problem"]),
    ],
)
def test_stores_that_fill_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float, expected: list[str]
) -> None:
    stores(tmp_path)
    usage = Usage(1000 * MIB, 1000 * MIB, int(share * 1000 * MIB))
    monkeypatch.setattr("penstock.stores.opening.shared.lmdb_usage", lambda _: usage)
    assert [state for state, _ in told(shared_stores.shared_stores(case_of(tmp_path)))] == expected


# -- prices


def test_prices_that_were_not_wanted_yet(tmp_path: Path) -> None:
    case = case_of(tmp_path, environ={"HOME": str(tmp_path / "home")})
    ((state, text),) = told(prices(case))
    assert state == "ok"
    assert "is made when they are first wanted" in text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("variable", "below"),
    [("HOME", ".cache/penstock"), ("XDG_CACHE_HOME", "penstock"), ("NOTHING", "../data")],
)
def test_the_version_of_the_table(tmp_path: Path, variable: str, below: str) -> None:
    home, data = tmp_path / "home", tmp_path / "data"
    home.mkdir()
    data.mkdir()
    path = table_path(home / below)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.msgpack.encode(Table(FORMAT, "genai-prices 1.2.3", {})))
    ((state, text),) = told(prices(case_of(data, environ={variable: str(home)})))
    assert state == "ok"
    assert text.startswith("of genai-prices 1.2.3, in ")
    path.write_bytes(b"\xc1")
    assert states(prices(case_of(data, environ={variable: str(home)}))) == [("prices", "warning")]


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ('["openai/gpt-4o"]\ninput = 2\n', "ok"),
        ('["openai/gpt-4o"]\ninput = "much"\n', "problem"),
        (None, "problem"),
    ],
)
def test_the_operators_own_prices(tmp_path: Path, text: str | None, state: str) -> None:
    file = tmp_path / "prices.toml"
    if text is not None:
        file.write_text(text)
    case = case_of(tmp_path / "data", f'[pricing]\nfile = "{file}"\n')
    assert states(prices(case)) == [("prices", "ok"), ("own prices", state)]


# -- open files


@pytest.mark.parametrize(
    ("limit", "state"),
    [(1024, "warning"), (4096, "ok"), (1_048_576, "ok"), (resource.RLIM_INFINITY, "ok")],
)
def test_the_limit_of_open_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, state: str
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, limit))
    assert states(open_files(case_of(tmp_path))) == [("open files", state)]


def test_the_limit_of_a_worker_goes_before_that_of_this_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(tmp_path, worker_state())
    monkeypatch.setattr(resource, "prlimit", lambda *_: (20_000, 20_000))
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))
    assert told(open_files(case_of(tmp_path))) == [
        ("ok", "a worker may have 20000 open, which is room for some 10000 calls at once")
    ]


def test_a_worker_that_runs_out_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(tmp_path, worker_state())
    monkeypatch.setattr(resource, "prlimit", lambda *_: (3, 3))
    assert [state for state, _ in told(open_files(case_of(tmp_path)))] == ["problem", "warning"]


def test_a_worker_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> tuple[int, int]:
        raise PermissionError

    tell(tmp_path, worker_state())
    monkeypatch.setattr(resource, "prlimit", refuse)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 20_000))
    assert states(open_files(case_of(tmp_path))) == [("open files", "ok")]


# -- proxies


def test_no_proxies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "localhost")
    assert told(proxies(case_of(tmp_path))) == [("ok", "none in this environment")]


def test_proxies_are_named_without_their_passwords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://me:hidden@proxy.example:3128")
    monkeypatch.setenv("http_proxy", "proxy.example:3128")
    monkeypatch.setenv("all_proxy", "socks5://me:hidden@socks.example")
    found = told(proxies(case_of(tmp_path)))
    assert "hidden" not in str(found)
    assert [state for state, _ in found] == ["problem", "ok", "ok"]
    assert found[1:] == [
        ("ok", f"calls to {scheme} addresses go through proxy.example, as this environment says")
        for scheme in ("http", "https")
    ]


@pytest.mark.parametrize(
    "url", ["http://[", "http://", "://", "http://:80", "http://proxy:many", "http://proxy:0"]
)
def test_proxies_that_are_no_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("https_proxy", url)
    assert [state for state, _ in told(proxies(case_of(tmp_path)))] == ["problem"]


# -- all of them


def test_a_check_that_fails_is_a_finding(tmp_path: Path) -> None:
    def a_bad_check(case: Case) -> Iterator[Finding]:
        yield ok("first", "is kept")
        raise RuntimeError("the reason")

    found = list(findings(a_bad_check, case_of(tmp_path)))
    assert told(found) == [("ok", "is kept"), ("problem", "could not be looked at: RuntimeError: the reason")]
    assert found[1].check == "a bad check"


def test_an_empty_folder_has_no_problems_and_stays_empty(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    found = list(checkup(case_of(data, "")))
    assert [finding for finding in found if finding.state == "problem"] == []
    assert list(data.iterdir()) == []


def test_without_a_folder_nothing_in_it_is_missed(tmp_path: Path) -> None:
    found = list(checkup(case_of(tmp_path / "none", "")))
    assert [finding.check for finding in found if finding.state == "problem"] == ["data folder"]
    assert "ledger" not in {finding.check for finding in found}


def test_a_folder_full_of_nonsense_is_told_in_sentences(tmp_path: Path) -> None:
    """Every name that is looked for is there, and none is what it should be."""
    names = (
        "lock", "journal", "workers", "ledger.db", "directory.db", "master.key", "master.key.new", "counters.lmdb",
        "replies.lmdb",
    )  # fmt: skip
    for name in names:
        (tmp_path / name).write_bytes(b"\0nonsense")
    files = list(checkup(case_of(tmp_path, "nonsense")))
    for name in names:
        (tmp_path / name).unlink()
        (tmp_path / name).mkdir()
    folders = list(checkup(case_of(tmp_path, "nonsense")))
    for found in (files, folders):
        told(found)
        bad = {finding.check for finding in found if finding.state == "problem"}
        assert {"configuration", "ledger", "counters", "kept answers"} <= bad
        assert "Traceback" not in str(found)
