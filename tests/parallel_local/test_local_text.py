"""Words, sentences, typed values and passages: the pure ground everything stands on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_local.answers.brief import read_brief, title
from parallel_local.answers.schema_view import view
from parallel_local.documents.entities import recognise
from parallel_local.documents.html import read_html
from parallel_local.documents.markdown import passages
from parallel_local.retrieval.query import expression, parse_query
from parallel_local.text.sentences import Kind, split, units
from parallel_local.text.tokens import content_words, slug, stems
from parallel_local.text.values import dates, names, numbers, urls
from parallel_local.text.vocabulary import acronyms, vocabulary

TEXTS = st.text(alphabet=st.sampled_from("ab Z.\n#|-*`>é1$%(\t"), max_size=300)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("founded", "founding"),
        ("companies", "company"),
        ("established", "establishment"),
        ("employees", "employs"),
        ("Acme's", "acme"),
        ("U.S.", "US"),
        ("Café", "cafe"),
        ("M&A", "m&a"),
    ],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    assert stems(one) == stems(other)


@pytest.mark.parametrize(("one", "other"), [("nation", "notion"), ("1945", "1946"), ("price", "prize")])
def test_different_words_stay_apart(one: str, other: str) -> None:
    assert stems(one) != stems(other)


def test_small_talk_has_no_content() -> None:
    assert content_words("Hello there, how are you?") == []
    assert content_words("When was the harbor opened?") == ["harbor", "opened"]


def test_scripts_without_blanks_give_characters() -> None:
    assert stems("東京の川") == ["東", "東京", "京", "京の", "の", "の川", "川"]
    assert content_words("東京の川") == ["東京", "京の", "の川"]


@given(TEXTS)
def test_units_and_passages_are_slices(text: str) -> None:
    assert all(unit.text in text for unit in units(text))
    assert all(passage.text in text for passage in passages(text))


@given(st.text(max_size=80))
def test_slugs_are_identifiers(text: str) -> None:
    assert slug(text).isascii()
    assert slug(text).replace("_", "a").isalnum()


def test_sentences_end_where_they_end() -> None:
    text = "Acme Inc. paid $3.5 million to J. Doe in the U.S. last year. It closed on Jan. 5. Did it? Yes!"
    assert split(text) == [
        "Acme Inc. paid $3.5 million to J. Doe in the U.S. last year.",
        "It closed on Jan. 5.",
        "Did it?",
        "Yes!",
    ]


def test_kinds_of_units() -> None:
    text = (
        "# Head\n\nOne. Two.\n\n- first\n- second\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n```\ncode.\n```\n"
    )
    assert [(unit.text, unit.kind) for unit in units(text)] == [
        ("One.", Kind.SENTENCE),
        ("Two.", Kind.SENTENCE),
        ("first", Kind.ITEM),
        ("second", Kind.ITEM),
        ("| a | b |", Kind.ROW),
        ("| 1 | 2 |", Kind.ROW),
    ]


def test_long_sections_are_cut_under_their_heading() -> None:
    found = passages("# A\n\n## B\n\n" + "\n\n".join("word " * 60 for _ in range(9)))
    assert len(found) > 2
    assert {passage.heading for passage in found} == {"A > B"}
    assert max(len(passage.text) for passage in found) < 1900


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("about $1,234.5 million and 12%", [1_234_500_000.0, 12.0]),
        ("on 5 May 2024 it cost 7 dollars", [7.0]),
        ("in 2024 there were 3,000 of them", [3000.0]),
        ("€2bn, 15k, -4", [2e9, 15_000.0, -4.0]),
        ("version v2 and A4", []),
    ],
)
def test_numbers(text: str, amounts: list[float]) -> None:
    assert [number.amount for number in numbers(text)] == amounts


def test_dates_urls_and_names() -> None:
    text = "On 24 October 1945, see https://a.example/x. In May 2020 and 1999 Trygve Lie met Ada de la Cruz."
    assert [value.text for value in dates(text)] == ["24 October 1945", "May 2020", "1999"]
    assert [value.text for value in urls(text)] == ["https://a.example/x"]
    assert {"Trygve Lie", "Ada de la Cruz"} <= {value.text for value in names(text)}


def test_acronyms_are_those_the_text_defines() -> None:
    text = "The World Trade Council (WTC) and the Bank of Veldland (BoV) met (OK)."
    assert acronyms(text) == {"wtc": "world trade council", "bov": "bank of veldland"}


def test_queries_know_synonyms_and_own_acronyms() -> None:
    query = parse_query("WTC founding", vocabulary({"wtc": "world trade council"}))
    assert [term.word for term in query.terms] == ["wtc", "founding"]
    assert '"world trade council"' in expression(query)
    assert '"establish"' in expression(query)


@given(st.text(max_size=200))
def test_expressions_hold_only_quoted_words(text: str) -> None:
    pieces = expression(parse_query(text, vocabulary({}))).split(" OR ")
    assert all(piece == "" or (piece[0] == piece[-1] == '"' and '"' not in piece[1:-1]) for piece in pieces)


@pytest.mark.parametrize(
    ("text", "topic", "aspects", "is_report"),
    [
        (
            "Create a comprehensive market research report on the HVAC industry in the USA including an "
            "analysis of recent M&A activity and other relevant details.",
            "HVAC industry in the USA",
            ("recent M&A activity",),
            True,
        ),
        (
            "Write an overview of tea, covering prices, growers and exports",
            "tea",
            ("prices", "growers", "exports"),
            True,
        ),
        ("Who built the harbor?", "Who built the harbor", (), False),
    ],
)
def test_briefs(text: str, topic: str, aspects: tuple[str, ...], is_report: bool) -> None:
    brief = read_brief(text)
    assert (brief.topic, brief.aspects, brief.is_report) == (topic, aspects, is_report)


def test_titles_name_the_genre() -> None:
    assert title(read_brief("Write a detailed market study on tea")) == "Tea: market study"


def test_references_and_unions_are_seen_through() -> None:
    root: dict[str, object] = {
        "$defs": {
            "Person": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
        },
    }
    node = view({"anyOf": [{"$ref": "#/$defs/Person"}, {"type": "null"}]}, root)
    assert (node.type, node.nullable, list(node.properties())) == ("object", True, ["name"])
    assert view({"$ref": "#/$defs/Nobody"}, root).type == "string"
    assert view({"$ref": "#/$defs/Loop"}, {"$defs": {"Loop": {"$ref": "#/$defs/Loop"}}}).type == "string"
    assert view({"type": ["integer", "null"]}, {}).nullable


def test_entities_in_tables_and_lists() -> None:
    text = (
        "## Notable companies\n\n- **Kiln Works**: bricks\n- no name here\n\n## Places\n\n- **Norwick**\n\n"
        "| Vendor | Seat |\n| --- | --- |\n| [Tide Co](https://tide.example) | Eastham |\n\n"
        "| Year | x |\n| - | - |\n| 1 | 2 |\n"
    )
    found = {entity.name: entity for entity in recognise((), text)}
    assert set(found) == {"Kiln Works", "Tide Co"}
    assert found["Tide Co"].url == "https://tide.example"
    assert found["Tide Co"].facts == {"seat": "Eastham"}


def test_html_is_reduced_to_its_content() -> None:
    page = read_html(
        "<title>T</title><script>x()</script><body><nav>n</nav><h1>H</h1><p>Words <b>here</b>.</p></body>"
    )
    assert (page.title, page.text) == ("T", "# H\n\nWords **here**.")
