"""Typed values in sentences: numbers in digits and words, what is no number, units, money, dates, names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_local.text.values.dates import dated
from parallel_local.text.values.names import is_person, organisations, phones, proper_names, sites
from parallel_local.text.values.number_words import number_words
from parallel_local.text.values.numbers import measures, numbers
from parallel_local.text.values.periods import periods
from parallel_local.text.values.tongue import Tongue, tongue
from parallel_local.text.values.units import BY_NAME, convert

TEXTS = st.text(alphabet=st.sampled_from("12,. '%€$-–kmMio twelve und\n:/()"), max_size=80)
ONES = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
EINER = "ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn"
ZEHNER = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"


@pytest.mark.parametrize(
    ("text", "language", "amounts"),
    [
        ("twenty-four people and half a million birds", "en", [24, 500_000]),
        ("two hundred and forty-five of a dozen", "en", [245, 12]),
        ("one of them left, no one came", "en", []),
        ("two and a cat", "en", [2]),
        ("vierundzwanzig Stufen, zweihundertfünfzig Plätze", "de", [24, 250]),
        ("anderthalb Stunden, zwei Millionen Bücher", "de", [90 / 60, 2_000_000]),
        ("quatre-vingt-dix-huit places, trente et un jours", "fr", [98, 31]),
        ("treinta y dos pisos, mil millones de euros", "es", [32, 1_000_000_000]),
        ("1.234,5 m und 2.500 Plätze", "de", [1234.5, 2500]),
        ("1,234.5 m and 2.5 km", "en", [1234.5, 2.5]),
        ("9 000 véhicules à 3,5 tonnes", "fr", [9000, 3.5]),
        ("1'250 francs, 12 crore rupees, 5 lakh", "en", [1250, 120_000_000, 500_000]),
        ("2,3 Mio. Euro, 4 Mrd. Dollar", "de", [2_300_000, 4_000_000_000]),
        ("one hour and ten minutes", "en", [70]),
        ("1.250 euro, due ore e 3,5 mila", "it", [1250, 2, 3500]),
        ("vinte e quatro alunos, 40 mil litros", "pt", [24, 40_000]),
        ("drie weken, 2.400 leden", "nl", [3, 2400]),
        ("два часа, 1,5 млн", "ru", [2, 1_500_000]),
        ("half an hour, two and a half hours, an hour and a half", "en", [0.5, 2.5, 1.5]),
        ("une heure et demie", "fr", [1.5]),
        ("durée 4 h 30", "fr", [4.5]),
        ("dura hora y media", "es", [1.5]),
        ("2 ore e 15 minuti", "it", [135]),
    ],
)
def test_numbers_in_digits_and_words(text: str, language: Tongue, amounts: list[float]) -> None:
    assert [number.amount for number in numbers(text, language)] == amounts


@pytest.mark.parametrize(
    "text",
    [
        "the 24-hour race", "COVID-19", "a Boeing-747 and an A380", "§ 3 and 2.1.4", "Chapter 5, page 17", "on the 3rd",
        "at 09:14", "5:42 minutes in", "version 2 and v3.1", "frame number WX 20931", "call +49 30 123456", "No. 4",
        "12 Harbour Street", "10115 Berlin", "in May 2021 and 2019", "im 3. Quartal", "[12]", "12.03.2024", "Room 214",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_number(text: str) -> None:
    assert numbers(text) == []


@pytest.mark.parametrize(
    ("text", "unit", "wanted", "amount"),
    [
        ("1.2 km", "km", "m", 1200.0),
        ("1.8 kg", "kg", "g", 1800.0),
        ("2.5 hours", "hour", "minute", 150.0),
        ("three years", "year", "month", 36.0),
        ("2 weeks", "week", "day", 14.0),
        ("75 °C", "celsius", "fahrenheit", None),
        ("22 miles", "mile", "km", None),
        ("2.4 kW", "kilowatt", "watt", 2400.0),
        ("45 km²", "sqkm", "hectare", 4500.0),
        ("2 square metres", "sqm", "sqcm", 20_000.0),
        ("three acres", "acre", "hectare", None),
        ("12 nautical miles", "nautical mile", "km", None),
    ],
)
def test_units_are_converted_only_where_that_is_exact(
    text: str, unit: str, wanted: str, amount: float | None
) -> None:
    (number,) = measures(text)
    assert number.unit == unit
    assert convert(number.amount, unit, wanted) == amount


def test_money_percent_ranges_and_hedges() -> None:
    found = numbers("$5m, 3,50 €, 12 %, 10–12 people, between 3 and 4, about 300, from 4 to 9 a day", "de")
    assert [(item.currency, item.percent, item.upper, item.hedged) for item in found] == [
        ("USD", False, None, False), ("EUR", False, None, False), ("", True, None, False), ("", False, 12.0, False),
        ("", False, 4.0, False), ("", False, None, True), ("", False, None, False), ("", False, None, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("14 June 1968", "1968-06-14"), ("June 14, 1968", "1968-06-14"), ("1968-06-14", "1968-06-14"),
        ("14. Juni 1968", "1968-06-14"), ("14.06.1968", "1968-06-14"), ("le 14 juin 1968", "1968-06-14"),
        ("el 14 de junio de 1968", "1968-06-14"), ("il 14 giugno 1968", "1968-06-14"),
        ("14 июня 1968 года", "1968-06-14"), ("14 juni 1968", "1968-06-14"),
        ("25/12/2020", "2020-12-25"), ("03/04/2020", None),
        ("June 1968", None), ("Q3 2024", None), ("1968", None), ("May 15", None),
    ],
)  # fmt: skip
def test_dates_become_iso_only_where_all_is_said(text: str, iso: str | None) -> None:
    (date,) = dated(text)
    assert date.iso() == iso
    assert date.text in text


def test_names_without_titles_and_small_words() -> None:
    text = "In March CEO Jane Doe met Dr. Bo Lindgren of Brill Systems; Acme's Ada de la Cruz stayed. The firm won."
    names = [value.text for value in proper_names(text)]
    assert names == ["Jane Doe", "Bo Lindgren", "Brill Systems", "Acme", "Ada de la Cruz"]
    assert [name for name in names if is_person(name)] == ["Jane Doe", "Bo Lindgren", "Ada de la Cruz"]


def test_addresses() -> None:
    text = "See www.velo.example/shop or https://a.example, mail to me@b.example, call 030 555 0199 on 12.03.2024."
    assert [value.text for value in sites(text)] == ["www.velo.example/shop", "https://a.example"]
    assert [value.text for value in phones(text)] == ["030 555 0199"]


def _english(number: int) -> str:
    ones, tens = ONES.split(), TENS.split()
    if number < 20:
        return ones[number - 1]
    if number < 100:
        return tens[number // 10 - 2] + (f"-{ones[number % 10 - 1]}" if number % 10 else "")
    for scale, name in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= scale:
            rest = f" {_english(number % scale)}" if number % scale else ""
            return f"{_english(number // scale)} {name}{rest}"
    raise AssertionError(number)


def _german(number: int) -> str:
    einer, zehner = EINER.split(), ZEHNER.split()
    if number <= len(einer):
        return einer[number - 1]
    if number < 20:
        return f"{einer[number - 11]}zehn"
    if number < 100:
        return (f"{einer[number % 10 - 1]}und" if number % 10 else "") + zehner[number // 10 - 2]
    for scale, name in ((1000, "tausend"), (100, "hundert")):
        if number >= scale:
            return f"{_german(number // scale)}{name}{_german(number % scale) if number % scale else ''}"
    raise AssertionError(number)


@given(st.integers(2, 999_999_999))
def test_every_english_number_is_understood(number: int) -> None:
    (found,) = number_words(_english(number), "en")
    assert found[2] == number


@given(st.integers(2, 999_999))
def test_every_german_number_is_understood(number: int) -> None:
    (found,) = number_words(_german(number), "de")
    assert found[2] == number


@given(TEXTS)
def test_values_are_slices_in_order(text: str) -> None:
    for language in ("en", "de", "fr", "es"):
        found = measures(text, language)
        assert all(0 <= value.start < value.end <= len(text) for value in found)
        assert [value.start for value in found] == sorted(value.start for value in found)
    assert all(text[date.start : date.end] == date.text for date in dated(text))


@given(st.sampled_from(sorted(BY_NAME)), st.sampled_from(sorted(BY_NAME)), st.integers(1, 1000))
def test_conversion_there_and_back_is_the_same(one: str, other: str, amount: int) -> None:
    there = convert(amount, one, other)
    if there is not None:
        assert convert(there, other, one) == pytest.approx(amount)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("from 11 to 13 July 2025", "2025-07-11", "2025-07-13"),
        ("vom 12. bis 19. April 2023", "2023-04-12", "2023-04-19"),
        ("du 14 mars au 2 novembre 2025", "2025-03-14", "2025-11-02"),
        ("dal 2 dicembre 2023 al 7 aprile 2024", "2023-12-02", "2024-04-07"),
        ("28 December to 4 January 2024", "2023-12-28", "2024-01-04"),
    ],
)
def test_periods_have_two_whole_ends(text: str, first: str, last: str) -> None:
    (period,) = periods(text)
    assert (period.first.iso(), period.last.iso()) == (first, last)


@pytest.mark.parametrize(
    "text",
    ["postponed from 6 August to 8 August 2021", "on 3 May 2020 and in 2021", "12 May 2020, to 40 people"],
)
def test_two_dates_need_not_be_a_period(text: str) -> None:
    assert periods(text) == []


def test_a_name_begins_with_neither_article_nor_verb() -> None:
    said = "L'allenatore del Vallenera parla. Left Falmouth. Im Jahr 2017 Alois Brunner"
    assert [name.text for name in proper_names(said)] == ["Vallenera", "Falmouth", "Jahr", "Alois Brunner"]
    assert [name.text for name in organisations("prêt du musée de l'Armée à la ville de Lyon")] == [
        "musée de l'Armée", "ville de Lyon",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "language"),
    [("Kosten: 1.240 (96,4)", "de"), ("1.240 | 2.950", "de"), ("Width: 1.240", "en"), ("3.5, 2.75", "en")],
)
def test_marks_tell_a_language_where_words_do_not(text: str, language: str) -> None:
    assert tongue(text) == language
