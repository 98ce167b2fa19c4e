"""The price book's files: the compact table and the operator's own prices, and what is wrong with them."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.pricing import compile_llm_prices
from penstock.pricing.bill import Bill
from penstock.pricing.loading import load_price_book, table_path
from penstock.pricing.overrides import PriceEntry, parse_overrides
from penstock.pricing.price_book import PriceBook
from penstock.pricing.price_table import FORMAT, Clause, ModelRow, PriceTable, ProviderRow, Table
from penstock.pricing.rates import Prices, Rate, Rates
from penstock.settings.check import ConfigError
from penstock.settings.layers import Layer
from penstock.wire.usage import Usage

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "costs.md"

GOOD = """
["openai/gpt-4o"]
input = 2
output = 10
cache_read = 0.5
cache_write = 3

["openrouter/meta/llama"]
input = 1

["custom-mine/*"]
request = 0.25
"""


def test_the_command_writes_a_whole_table(tmp_path: Path) -> None:
    destination = table_path(tmp_path)
    command = [sys.executable, "-m", "penstock.pricing.compile_llm_prices", str(destination)]
    subprocess.run(command, check=True, timeout=60)
    assert [path.name for path in tmp_path.iterdir()] == [destination.name]
    assert destination.name == f"prices-{version('genai-prices')}-{FORMAT}.msgpack"
    book = load_price_book(destination, None)
    priced = book.cost("openai", "gpt-4o", Usage(1000, 100), 1_760_000_000_000_000)
    assert priced is not None
    assert priced.source == f"genai-prices {version('genai-prices')}"


def test_a_table_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    (taken / "inside").mkdir(parents=True)
    with pytest.raises(OSError):
        compile_llm_prices.write(taken)
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_looking_up_does_not_load_the_package() -> None:
    code = (
        "import sys, penstock.pricing.loading, penstock.pricing.call_cost, penstock.pricing.estimate\n"
        "assert not {'genai_prices', 'pydantic'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# -- the table


def table(*models: ModelRow, fallbacks: tuple[str, ...] = (), form: int = FORMAT) -> bytes:
    row = msgspec.Raw(msgspec.msgpack.encode(ProviderRow(fallbacks, models)))
    return msgspec.msgpack.encode(Table(form, "made up", {"openai": row}))


def model(nano: int, *names: str, clauses: tuple[Clause, ...] = ()) -> ModelRow:
    prices = [Prices((Rate("input_tokens", nano * 10**9),))]
    return ModelRow(names, clauses, msgspec.Raw(msgspec.msgpack.encode(prices)))


def found(data: bytes, name: str) -> int | None:
    priced = PriceBook(PriceTable(data), {}).cost("openai", name, Usage(1), 0)
    return None if priced is None else priced.nano


def test_the_first_model_that_fits_counts() -> None:
    data = table(
        model(1, "a"),
        model(2, clauses=(Clause("starts_with", "b"), Clause("regex", r"^x\d$"))),
        model(3, "b-exact", "a", "c"),
        model(4, clauses=(Clause("contains", "c"),)),
        model(
            5,
            clauses=(Clause("and", "", (Clause("ends_with", "z"), Clause("equals", "yz"))), Clause("future")),
        ),
    )
    names = ["a", "A", "b-exact", "x7", "x77", "c", "xcx", "yz", "zz", "none", ""]
    assert [found(data, name) for name in names] == [1, 1, 2, 2, None, 3, 4, 5, None, None, None]


def test_dates_without_dashes_are_tried_with_them() -> None:
    data = table(model(1, "m-2026-03-05"), model(2, "n-20260305"))
    assert found(data, "m-20260305") == 1
    assert found(data, "n-20260305") == 2
    assert found(data, "m-20261305") is None


@pytest.mark.parametrize("data", [b"", b"\xff", b"\x93\x01\x02", table(form=FORMAT + 1), b"\x80"])
def test_what_is_no_table_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "prices.msgpack"
    path.write_bytes(data)
    with pytest.raises(ValueError):
        load_price_book(path, None)


def test_a_missing_table_is_an_error_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        load_price_book(tmp_path / "none", None)


# -- the operator's own prices


def own(text: str) -> dict[str, Rates]:
    return parse_overrides(Layer(tomllib.loads(text), path="etc/prices.toml", text=text))


def test_own_prices_win(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text("\ufeff" + GOOD, encoding="utf-8")
    compiled = tmp_path / "table"
    compiled.write_bytes(table(model(1, "gpt-4o", "gpt-4o-mini")))
    book = load_price_book(compiled, path)
    usage = Usage(1000, 10, None, None, 100, 200)
    for name in ("gpt-4o", "openai/gpt-4o"):
        priced = book.cost("openai", name, usage, 0)
        assert priced is not None
        assert priced.nano == 700 * 2_000 + 10 * 10_000 + 100 * 500 + 200 * 3_000
        assert priced.source == "prices.toml"
    mini = book.cost("openai", "gpt-4o-mini", usage, 0)
    assert mini is not None
    assert mini.source == "made up"


def test_a_price_for_all_models_of_a_provider() -> None:
    book = PriceBook(None, own(GOOD))
    for name in (None, "", "anything", "x" * 10_000):
        priced = book.cost("custom-mine", name, None, 0)
        assert priced is not None
        assert priced.nano == 250_000_000
    assert book.cost("openrouter", "meta/llama", Usage(3), 0) is not None
    assert book.cost("openrouter", "llama", Usage(3), 0) is None
    assert book.cost("openai", None, Usage(3), 0) is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x", "prices.toml:1: not valid TOML"),
        ("a = 1", 'prices.toml:1: []: found the name "a", allowed: "provider/model"'),
        ('["openai/"]\ninput = 1', 'found the name "openai/", allowed: "provider/model"'),
        ('["/gpt"]\ninput = 1', 'found the name "/gpt", allowed: "provider/model"'),
        ('"a/b" = 1', 'prices.toml:1: "a/b": found a number, allowed: a table'),
        ('\n["a/b"]', 'prices.toml:2: "a/b": there is no price in it'),
        ('["a/b"]\ninputs = 1', 'prices.toml:2: unknown key "inputs" in ["a/b"]; did you mean "input"?'),
        ('["a/b"]\ninput = "1"', 'prices.toml:2: "a/b".input: found "1", allowed: a number from 0'),
        ('["a/b"]\ninput = -1', 'prices.toml:2: "a/b".input: found -1, allowed: a number from 0'),
        ('["a/b"]\ninput = nan', 'prices.toml:2: "a/b".input: found nan'),
        ('["a/b"]\ninput = inf', 'prices.toml:2: "a/b".input: found inf'),
        (
            '["a/b"]\noutput = 1\ncache_read = 1',
            'prices.toml:3: "a/b".cache_read: cached tokens need a price',
        ),
    ],
)
def test_what_is_wrong_with_own_prices_is_said(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load_price_book(None, path)
    assert complaint in str(raised.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        own('["a/b"]\n["c/d"]\ninput = -1\n["e/f"]\ninput = 1')
    assert [problem.line for problem in raised.value.problems] == [1, 3]


def test_the_guides_example_is_right_and_names_every_key() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    (example,) = re.findall(r"^```toml\n(.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    assert own(example).keys() == {"openai/gpt-4o", "custom-mine/*"}
    assert all(f"`{key}`" in guide for key in PriceEntry.__struct_fields__)


def test_own_prices_that_are_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_price_book(None, tmp_path / "prices.toml")


@given(
    st.dictionaries(
        st.text(max_size=5) | st.just("a/b"),
        st.dictionaries(
            st.sampled_from(["input", "output", "request", "x"]),
            st.floats() | st.integers() | st.text(max_size=3) | st.booleans(),
        )
        | st.integers(),
    )
)
def test_any_file_is_prices_or_a_complaint(values: dict[str, object]) -> None:
    try:
        rates = parse_overrides(Layer(values, path="own", text=""))
    except ConfigError:
        return
    assert rates.keys() == values.keys()


def test_the_book_remembers_a_bounded_number_of_models() -> None:
    book = PriceBook(PriceTable(table(model(1, "m"))), {})
    first = book.rates("openai", "m")
    assert first is book.rates("openai", "m")
    for number in range(5_000):
        assert book.rates("openai", f"unknown-{number}") is None
    again = book.rates("openai", "m")
    assert again is not first
    assert again is not None
    assert (again.cost(Usage(1), 0) or Bill("", ())).nano == 1
