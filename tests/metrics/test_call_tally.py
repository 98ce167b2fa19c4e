"""The tally of all calls, its file, and the ledger that counts and limits what goes in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from penstock.journal.record import CallRecord, Outcome
from penstock.metrics.call_tally import (
    MOST_SERIES,
    OTHER,
    Counts,
    Tally,
    TallyState,
    call_metrics,
    new_tally,
    stored_metric,
)
from penstock.metrics.metric import Metric, Value
from penstock.metrics.prometheus import render
from penstock.metrics.tally_file import read_tally, write_tally
from penstock.shipper.counting_ledger import WRITE_SECONDS, CountingLedger, LimitedLedger
from penstock.stores.ledger import Appended, Derived, LedgerUnavailable, Move, NewCall
from penstock.stores.sqlite.ledger.writer import SqliteLedger

BASE = CallRecord(
    "id", "event", 1_790_000_000_000_000, "acct", "gw", "openai", "POST", "chat/completions", 200, 0, 12_345,
    9_000, 100, 200, False, False, True, "application/json", "application/json", "", "", "tests", 0, False,
    True, None, "", {}, {}, "",
)  # fmt: skip
MOVE = Move("s", 0, 1)


def call(number: int = 0, model: str | None = "openai/m", **changes: object) -> NewCall:
    created_us = BASE.created_us + number * 1000
    digits = f"{created_us // 1000:012x}"
    own = {"id": f"{digits[:8]}-{digits[8:]}-7000-8000-{number:012x}", "created_us": created_us}
    kind, operation = changes.pop("kind", "chat"), changes.pop("operation", "openai.chat.completions.create")
    cost = 2_000_000_000 if number % 2 == 0 else None
    derived = msgspec.convert(
        {**dict.fromkeys(("model_type", "usage")), "model": model, "request_type": kind, "tokens_in": 3,
         "tokens_out": 5, "cost_nano": cost, "operation": operation},
        Derived,
    )  # fmt: skip
    return NewCall(msgspec.structs.replace(BASE, **{**own, **changes}), derived, b"q", b"a")


def samples(metrics: Sequence[Metric], name: str) -> list[Sample]:
    """As Prometheus reads them."""
    families = text_string_to_metric_families(render(metrics))
    return [sample for family in families for sample in family.samples if sample.name == name]


def told(tally: Tally, name: str, *labels: str) -> dict[tuple[str, ...], float]:
    found = samples(list(call_metrics(tally.state())), name)
    return {tuple(sample.labels[label] for label in labels): sample.value for sample in found}


def test_what_calls_add_up_to() -> None:
    tally = Tally(new_tally(0), 10)
    refused = call(4, status=429, outcome=int(Outcome.REFUSED), error_code=2003)
    tally.add([call(0), call(1), call(2, cached=True), refused, call(6, outcome=int(Outcome.ABANDONED))])
    status = {name: told(tally, f"penstock_{name}_total", "status") for name in ("requests", "errors")}
    assert status == {
        "requests": {("2xx",): 4, ("4xx",): 1},
        "errors": {("2xx",): 1, ("4xx",): 1},
    }
    assert told(tally, "penstock_cached_total", "status") == {("2xx",): 1, ("4xx",): 0}
    assert told(tally, "penstock_rate_limited_total", "status") == {("2xx",): 0, ("4xx",): 1}
    assert told(tally, "penstock_unpriced_total", "status") == {("2xx",): 1, ("4xx",): 0}
    assert told(tally, "penstock_cost_usd_total", "status") == {("2xx",): 6.0, ("4xx",): 2.0}
    assert told(tally, "penstock_tokens_total", "status", "type") == {
        ("2xx", "input"): 12, ("2xx", "output"): 20, ("4xx", "input"): 3, ("4xx", "output"): 5,
    }  # fmt: skip
    labels = ("account", "gateway", "provider", "model")
    assert set(told(tally, "penstock_requests_total", *labels)) == {("acct", "gw", "openai", "openai/m")}


def test_what_is_estimated_stands_beside_the_sums() -> None:
    def estimated(number: int, source: str) -> NewCall:
        made = call(number)
        changes = {"estimated": True, "estimated_in": 2, "estimated_out": 4, "price_source": source}
        return made._replace(derived=msgspec.structs.replace(made.derived, **changes))

    tally = Tally(new_tally(0), 10)
    tally.add([call(0), estimated(2, "a list, tokens estimated"), estimated(4, "a list")])
    assert told(tally, "penstock_estimated_total") == {(): 2}
    assert told(tally, "penstock_estimated_cost_usd_total") == {(): 2.0}
    assert told(tally, "penstock_cost_usd_total") == {(): 6.0}
    assert told(tally, "penstock_estimated_tokens_total", "type") == {("input",): 4, ("output",): 8}
    assert told(tally, "penstock_tokens_total", "type") == {("input",): 9, ("output",): 15}
    of_a_run = msgspec.structs.replace(call(8).derived, price_source="parallel card 2026-11-10, estimate")
    tally.add([call(8)._replace(derived=of_a_run)])
    assert told(tally, "penstock_estimated_total") == {(): 2}
    assert told(tally, "penstock_estimated_cost_usd_total") == {(): 4.0}
    older = msgspec.msgpack.encode([1, 0, 0, 0, 3, 5, 7, 0, 9, [0] * 15])
    assert msgspec.msgpack.decode(older, type=Counts).estimated == 0


def test_operations_are_told_by_their_kind() -> None:
    tally = Tally(new_tally(0), 10)
    tally.add([call(0), call(2, kind="file", operation="openai.files.list"), call(4), call(6, kind=None)])
    tally.add([call(8, kind=None, operation="unknown"), call(10, kind="chat", operation="openai.new.create")])
    assert told(tally, "penstock_requests_total", "operation") == {
        ("chat",): 3, ("file",): 1, (OTHER,): 1, ("unknown",): 1
    }  # fmt: skip
    assert told(tally, "penstock_cost_usd_total", "operation")["chat",] == 6.0


def test_what_was_counted_before_operations_were_told_is_counted_on(tmp_path: Path) -> None:
    class Older(NamedTuple):
        account: str
        gateway: str
        provider: str
        model: str
        status: str

    older = [(Older("acct", "gw", "openai", "openai/m", "2xx"), Counts(requests=7))]
    (tmp_path / "m").write_bytes(msgspec.msgpack.encode({"since_us": 42, "series": older, "stored": []}))
    found = read_tally(tmp_path / "m")
    assert found is not None
    tally = Tally(found, 10)
    tally.add([call(0)])
    assert told(tally, "penstock_requests_total", "model", "operation") == {
        ("openai/m", ""): 7, ("openai/m", "chat"): 1
    }  # fmt: skip


def test_durations_are_a_histogram() -> None:
    tally = Tally(new_tally(0), 10)
    tally.add(
        call(number, duration_us=us) for number, us in enumerate([9_999, 10_000, 10_001, 2_000_000, 10**10])
    )
    buckets = told(tally, "penstock_request_duration_seconds_bucket", "le")
    assert (buckets["0.01",], buckets["0.025",], buckets["2.5",], buckets["900.0",], buckets["+Inf",]) == (
        2,
        3,
        4,
        4,
        5,
    )
    assert told(tally, "penstock_request_duration_seconds_count") == {(): 5}
    assert told(tally, "penstock_request_duration_seconds_sum")[()] == pytest.approx(10_002.03)


def test_callers_cannot_make_labels() -> None:
    """A model gets a label when it has answered, and only so many do."""
    tally = Tally(new_tally(0), 3)
    tally.add(call(number, f"openai/made-up-{number}", status=404) for number in range(100))
    tally.add(call(number, f"openai/real-{number}") for number in range(100))
    tally.add([call(0, None)])
    models = told(tally, "penstock_requests_total", "model", "status")
    assert models == {
        (OTHER, "4xx"): 100, ("openai/real-0", "2xx"): 1, ("openai/real-1", "2xx"): 1,
        ("openai/real-2", "2xx"): 1, (OTHER, "2xx"): 97, ("", "2xx"): 1,
    }  # fmt: skip
    again = Tally(tally.state(), 3)
    again.add([call(0, "openai/real-1"), call(0, "openai/real-50")])
    assert told(again, "penstock_requests_total", "model", "status")["openai/real-1", "2xx"] == 2


def test_series_are_bounded_in_all() -> None:
    tally = Tally(new_tally(0), 10_000)
    tally.add(call(number, f"openai/{number}") for number in range(MOST_SERIES * 2))
    assert len(tally.state().series) == MOST_SERIES + 1
    assert told(tally, "penstock_requests_total", "model")[OTHER,] == MOST_SERIES


def test_one_account_fills_nothing_that_others_need() -> None:
    tally = Tally(new_tally(0), 100)
    tally.add(call(number, f"evil/{number}", account="evil", gateway=f"g{number}") for number in range(5000))
    tally.add(call(number, f"good/{number}", account="good") for number in range(10))
    tally.add([call(0, "good/late", account="late", gateway="its-own")])
    series = [key for key, _ in tally.state().series]
    assert len(series) <= 2 * MOST_SERIES + 12
    assert {key.model for key in series if key.account == "good"} == {
        f"good/{number}" for number in range(10)
    }
    assert [key[:4] for key in series if key.account == "late"] == [
        ("late", "its-own", "openai", "good/late")
    ]
    requests = told(tally, "penstock_requests_total", "account", "gateway", "provider", "model")
    assert requests["evil", OTHER, OTHER, OTHER] == 5000 - 2 * MOST_SERIES
    again = Tally(tally.state(), 100)
    again.add([call(0, "evil/9999", account="evil", gateway="another"), call(1, "good/3", account="good")])
    assert len(again.state().series) == len(series)


@pytest.mark.parametrize("odd", ['a"b', "a\\b", "a\nb", "é", "{},="])
def test_odd_labels_survive(odd: str) -> None:
    tally = Tally(new_tally(0), 10)
    tally.add([call(0, odd)])
    assert told(tally, "penstock_requests_total", "model") == {(odd,): 1}


def test_metrics_of_every_kind_are_read_by_prometheus() -> None:
    metrics = [
        Metric("a.b", "gauge", "By", "Bytes.", [Value({}, 1.5)]),
        Metric("empty", "gauge", "1", "Left out.", []),
        stored_metric(TallyState(0, [], [("acct", "gw", 7)])),
    ]
    text = render(metrics)
    assert "# TYPE a_b_bytes gauge\na_b_bytes 1.5\n" in text
    assert "empty" not in text
    (sample,) = samples(metrics, "penstock_ledger_rows")
    assert (sample.labels, sample.value) == ({"account": "acct", "gateway": "gw"}, 7)


# -- the file


def test_a_tally_is_kept(tmp_path: Path) -> None:
    tally = Tally(new_tally(42), 10)
    tally.add(call(number, f"openai/{number}") for number in range(5))
    write_tally(tmp_path / "m", tally.state([("acct", "gw", 3)]))
    found = read_tally(tmp_path / "m")
    assert found == tally.state([("acct", "gw", 3)])
    assert found is not None
    again = Tally(found, 10)
    again.add([call(0, "openai/0")])
    assert told(again, "penstock_requests_total", "model")["openai/0",] == 2


def test_a_file_that_is_none(tmp_path: Path) -> None:
    assert read_tally(tmp_path / "m") is None
    (tmp_path / "m").write_bytes(b"\xc1 nonsense")
    assert read_tally(tmp_path / "m") is None
    write_tally(tmp_path / "nowhere" / "m", new_tally(0))


# -- the ledger


class Ledger(SqliteLedger):
    """A real one that can be down."""

    down = False

    def append(self, calls: Sequence[NewCall], move: Move, forget: Sequence[str] = ()) -> Appended:
        if self.down:
            raise LedgerUnavailable("down")
        return super().append(calls, move, forget)

    def stored(self, account: str, gateway: str) -> int:
        if self.down:
            raise LedgerUnavailable("down")
        return super().stored(account, gateway)


def test_a_gateway_that_is_full_stores_no_more(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    limits = {("acct", "gw"): 5}
    limited = LimitedLedger(ledger, lambda: limits)
    assert limited.append([call(number) for number in range(3)], MOVE) == Appended(3, 0)
    mixed = [call(number, gateway="gw" if number % 2 else "free") for number in range(10, 20)]
    assert limited.append(mixed, Move("s", 1, 2)).calls == 7
    assert (limited.stored("acct", "gw"), limited.stored("acct", "free")) == (5, 5)
    limits["acct", "gw"] = 6
    assert limited.append([call(30), call(31)], Move("s", 2, 3)).calls == 1
    limits.clear()
    assert limited.append([call(40), call(41)], Move("s", 3, 4)).calls == 2
    limited.close()


def test_all_is_counted_once_it_is_in(tmp_path: Path) -> None:
    file, now = tmp_path / "m", [0.0]
    ledger = Ledger(tmp_path / "ledger.db")
    tally = Tally(new_tally(0), 10)
    counting = CountingLedger(LimitedLedger(ledger, lambda: {("acct", "gw"): 1}), tally, file, lambda: now[0])
    counting.positions()
    ledger.down = True
    with pytest.raises(LedgerUnavailable):
        counting.append([call(0)], MOVE)
    assert tally.gateways() == set()
    ledger.down = False
    counting.append([call(0), call(1)], MOVE)
    counting.positions()
    assert not file.exists()
    now[0] += WRITE_SECONDS
    assert counting.positions() == {"s": 1}
    found = read_tally(file)
    assert found is not None
    assert (found.series[0][1].requests, found.stored) == (2, [("acct", "gw", 1)])
    now[0] += WRITE_SECONDS
    file.unlink()
    counting.positions()
    assert not file.exists()
    counting.append([call(2)], Move("s", 1, 2))
    counting.close()
    found = read_tally(file)
    assert found is not None
    assert found.series[0][1].requests == 3
    counting.retire("s")
    assert counting.stored("acct", "gw") == 1
    counting.close()


def test_metrics_do_without_a_ledger(tmp_path: Path) -> None:
    now = [0.0]
    ledger = Ledger(tmp_path / "ledger.db")
    counting = CountingLedger(ledger, Tally(new_tally(0), 10), tmp_path / "m", lambda: now[0])
    counting.append([call(0)], MOVE)
    ledger.down = True
    now[0] += WRITE_SECONDS
    counting.positions()
    found = read_tally(tmp_path / "m")
    assert found is not None
    assert (len(found.series), found.stored) == (1, [])


def test_no_count_outgrows_its_file(tmp_path: Path) -> None:
    """Callers may say any price, and providers any count: the shipper goes on."""
    most = call()._replace(derived=Derived("openai/m", None, None, 2**53, 2**53, None, 10**15))
    tally = Tally(new_tally(0), 10)
    tally.add([most] * 20_000)
    write_tally(tmp_path / "m", tally.state())
    found = read_tally(tmp_path / "m")
    assert found is not None
    counts = found.series[0][1]
    assert (counts.requests, counts.tokens_in, counts.tokens_out, counts.cost_nano) == (
        20_000,
        2**62,
        2**62,
        2**62,
    )
    tally.add([most])
    assert tally.state().series[0][1].cost_nano == 2**62


def test_a_tally_with_other_bounds_is_begun_anew(tmp_path: Path) -> None:
    tally = Tally(new_tally(0), 10)
    tally.add([call()])
    state = tally.state()
    state.series[0][1].durations.pop()
    write_tally(tmp_path / "m", state)
    assert read_tally(tmp_path / "m") is None
