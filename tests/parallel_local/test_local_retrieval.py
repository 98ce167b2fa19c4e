"""Retrieval over small collections of our own: what is found, in any language, and quoted verbatim."""

import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from local_engine import engine

from parallel_local.documents.document import Document
from parallel_local.retrieval.asked import Asked
from parallel_local.retrieval.effort import EFFORTS
from parallel_local.retrieval.excerpts import by_document, quotations
from parallel_local.retrieval.library import Library
from parallel_local.retrieval.query import bounded, parse_query
from parallel_local.retrieval.units import cut, units
from parallel_local.text.languages import language_of
from parallel_local.text.vocabulary import vocabulary

GERMAN = {
    "miete.md": "# Mietvertrag\n\nDie Kündigungsfrist beträgt drei Monate, und sie beginnt am Ersten des Monats.\n",
    "garten.md": "# Garten\n\nDie Tomaten kommen nach den Eisheiligen ins Freie. Die Gurken brauchen ein Netz.\n",
    "auto.md": "# Auto\n\nDer Wagen von Frau Müller steht in der Straße hinter dem Haus und hat Winterreifen.\n",
}
FOREIGN = {
    "fr.md": "# Bureau\n\nLa clé du bureau est chez le gardien. L'école des enfants se trouve dans la rue voisine.\n",
    "es.md": "# Oficina\n\nLa reunión del equipo es el lunes. La contraseña está en el cajón de la mesa.\n",
    "ru.md": "# Дача\n\nКлюч от дачи лежит под ёлкой. Соседка поливает цветы по вторникам.\n",
    "hi.md": "# कार्यालय\n\nकार्यालय की चाबियाँ मेज़ पर हैं। बैठक सोमवार को होती है।\n",
    "ja.md": "# 事務所\n\n鍵は机の上にあります。会議は月曜日に東京で開かれます。\n",
    "zh.md": "# 办公室\n\n钥匙在桌子上。会议星期一在北京举行。\n",
    "th.md": "# สำนักงาน\n\nกุญแจอยู่บนโต๊ะ ประชุมทุกวันจันทร์ที่กรุงเทพ\n",
    "ar.md": "# المكتب\n\nالمفاتيح على الطاولة في المكتب، والاجتماع يوم الاثنين.\n",
    "en.md": "# Office\n\nThe keys of the office are on the table. The meeting is on Monday in London.\n",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


@contextmanager
def library(base: Path, files: dict[str, str]) -> Iterator[Library]:
    with closing(Library.open(write(base / "docs", files), base / "data")) as found:
        yield found


def best(found: Library, question: str) -> str:
    hits = found.search([found.query(question)])
    return hits[0].card.path if hits else ""


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("Welche Frist gilt?", "miete.md"),
        ("Wie lange dauert die Kündigung?", "miete.md"),
        ("Kuendigungsfristen", "miete.md"),
        ("Wo brauche ich ein Netz?", "garten.md"),
        ("Wann kommen die Tomaten raus?", "garten.md"),
        ("Wo steht der Wagen von Frau Mueller?", "auto.md"),
        ("Welche Reifen hat das Auto?", "auto.md"),
        ("In welcher Strasse?", "auto.md"),
    ],
)
def test_german_words_are_found_in_any_spelling_and_within_compounds(
    tmp_path: Path, question: str, path: str
) -> None:
    with library(tmp_path, GERMAN) as found:
        assert best(found, question) == path


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("Où sont les clés du bureau ?", "fr.md"),
        ("ecole", "fr.md"),
        ("¿Cuándo son las reuniones?", "es.md"),
        ("contrasena", "es.md"),
        ("Где ключи от дачи?", "ru.md"),
        ("елка", "ru.md"),
        ("चाबी कहाँ है?", "hi.md"),
        ("東京の会議はいつですか", "ja.md"),
        ("钥匙在哪里", "zh.md"),
        ("北京", "zh.md"),
        ("กุญแจอยู่ที่ไหน", "th.md"),
        ("أين مفتاح المكتب؟", "ar.md"),
        ("Where is the office key?", "en.md"),
    ],
)
def test_each_language_of_a_mixed_folder_is_found_by_its_own_forms(
    tmp_path: Path, question: str, path: str
) -> None:
    with library(tmp_path, FOREIGN) as found:
        assert best(found, question) == path
        assert {card.path: card.language for card in found.cards} == {
            name: name.removesuffix(".md") for name in FOREIGN
        }


async def test_modes_differ_in_what_they_look_for(tmp_path: Path) -> None:
    docs = write(
        tmp_path / "docs",
        {"a.md": "# Barn\n\nThe barn was established in 1900.\n", "b.md": "# Shed\n\nIt holds a tractor.\n"},
    )
    async with engine(tmp_path, docs=docs) as call:

        async def paths(query: str, mode: str) -> list[str]:
            body = {"search_queries": [query], "mode": mode}
            results = (await call.post("/v1/search", body)).json()["results"]
            return [result["url"].rpartition("/")[2] for result in results]

        assert await paths("barn", "turbo") == ["a.md"]
        assert await paths("founding", "turbo") == await paths("founding", "fast") == []
        assert await paths("founding", "basic") == ["a.md"]
        assert await paths("tracktor", "basic") == []
        assert await paths("tracktor", "advanced") == ["b.md"]


async def test_turbo_asks_the_search_queries_alone(tmp_path: Path) -> None:
    docs = write(tmp_path / "docs", {"a.md": "# A\n\nA red barn.\n", "b.md": "# B\n\nA green tractor.\n"})
    async with engine(tmp_path, docs=docs) as call:
        ask = {"objective": "tractor", "search_queries": ["barn"]}
        quick = (await call.post("/v1/search", {**ask, "mode": "turbo"})).json()["results"]
        usual = (await call.post("/v1/search", ask)).json()["results"]
    assert [result["title"] for result in quick] == ["A"]
    assert {result["title"] for result in usual} == {"A", "B"}


def test_every_word_of_a_question_adds_to_a_document(tmp_path: Path) -> None:
    files = {
        "one.md": "# One\n\nGranite is grey.\n",
        "two.md": "# Two\n\nGranite is quarried in Norwick by hand.\n",
    }
    with library(tmp_path, files) as found:
        question = "granite quarries of Norwick and many other unknown unheard unseen words besides them"
        hits = found.search([found.query(question)])
    assert [hit.card.path for hit in hits] == ["two.md", "one.md"]


def test_a_form_that_is_rare_is_worth_no_more_than_its_word(tmp_path: Path) -> None:
    """One document is in another language by its look, and its words are stemmed differently."""
    files = {
        f"{number}.md": f"# Barn {number}\n\nThis is the barn of the houses number {number}, and it is old.\n"
        for number in range(20)
    }
    files["best.md"] = "# Houses\n\nThe houses have walls of granite, and the houses are old.\n"
    files["german.md"] = (
        "# Liste\n\nDie houses und der Wagen stehen nicht auf der Liste, weil sie weg sind.\n"
    )
    with library(tmp_path, files) as found:
        hits = [hit.card.path for hit in found.search([found.query("houses")])]
    assert hits[0] == "best.md"
    assert "german.md" in hits


def test_words_that_may_ask_for_what_is_new_count_as_words_too(tmp_path: Path) -> None:
    files = {
        "a.md": "# A\n\nThe noise of a transistor depends on its voltage.\n",
        "b.md": "# B\n\nThe noise of a transistor depends on its current.\n",
    }
    with library(tmp_path, files) as found:
        assert best(found, "current noise of a transistor") == "b.md"
        assert best(found, "current") == "b.md"


def test_a_query_cut_out_of_the_objective_changes_nothing(tmp_path: Path) -> None:
    with library(tmp_path, FOREIGN) as found:
        objective = found.query("the meeting in London and the keys of the office on the table")
        piece = found.query("the meeting in London and the ke")
        alone = [hit.card.path for hit in found.search([objective])]
        assert [hit.card.path for hit in found.search([objective, piece])] == alone


def test_what_is_written_is_private(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    (tmp_path / "data").chmod(0o755)
    with library(tmp_path, FOREIGN) as found:
        write(tmp_path / "docs", {"new.md": "# New\n\nSomething new.\n"})
        found.refresh()
        written = [tmp_path / "data", *(tmp_path / "data").rglob("*")]
        rights = {path.name: stat.S_IMODE(path.stat().st_mode) for path in written}
        folders = {path.name for path in written if path.is_dir()}
    assert {name: 0o700 if name in folders else 0o600 for name in rights} == rights


def test_a_long_document_is_found_by_its_best_part(tmp_path: Path) -> None:
    filler = "\n\n".join(
        f"## Part {number}\n\n" + "Nothing of note is said here. " * 40 for number in range(30)
    )
    files = {"long.md": f"# Log\n\n{filler}\n\n## Repair\n\nThe turbine bearing was replaced.\n\n{filler}\n"}
    files |= {f"{number}.md": f"# {number}\n\nA turbine. Notes on a bearing.\n" for number in range(3)}
    with library(tmp_path, files) as found:
        hits = found.search([found.query("Was the turbine bearing replaced?")])
        assert (hits[0].card.path, hits[0].heading) == ("long.md", "Log > Repair")
        assert found.text(hits[0].card) == files["long.md"]


LINES = (
    *(
        "# Head",
        "## Sub *x*",
        "One. Two! Three?",
        "- item one",
        "| a | b |",
        "",
        "  ",
        "```",
        "鍵は机。会議は東京。",
    ),
    *("word " * 50, "A. B. C. D. " * 20, "\t> quote", "x" * 400, "éü ßtraße. Zwei."),
)
MARKDOWN = st.lists(st.sampled_from(LINES), max_size=30).map("\n".join)


@given(MARKDOWN)
def test_passages_and_what_is_between_them_are_the_document(text: str) -> None:
    cuts, tail = cut(Document(path="a", url="u", title="t", text=text))
    assert "".join(one.lead + one.text for one in cuts) + tail == text
    places = [place for unit in units(cuts) for place in range(unit.first, unit.last + 1)]
    assert places == list(range(len(cuts)))


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """One folder for all examples: an index for each would be most of the work."""
    base = tmp_path_factory.mktemp("sentences")
    long = "\n\n".join(
        f"## Part {number}\n\nThe {word} was moved in {1900 + number}. Nobody saw it. It is blue, or was.\n\n"
        + f"{word.title()} weighs {number} tons, and "
        + "on it goes without an end " * number
        for number, word in enumerate(["anchor", "barrel", "crane", "derrick", "engine", "ferry"] * 3)
    )
    with library(base, {**GERMAN, **FOREIGN, "long.md": f"# Harbour\n\n{long}\n"}) as found:
        yield found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(
    question=st.lists(
        st.sampled_from(
            [
                "anchor",
                "barrel",
                "crane",
                "moved",
                "blue",
                "tons",
                "1903",
                "会議",
                "กุญแจ",
                "office",
                "keys",
                "Frist",
                "Tomaten",
            ]
        ),
        min_size=1,
        max_size=5,
    ).map(" ".join),
    limit=st.integers(1, 2500),
)
def test_excerpts_are_slices_in_order_within_the_limit(sentences: Library, question: str, limit: int) -> None:
    query = sentences.query(question)
    asked = Asked([(query, sentences.weigh(query))])
    for group in by_document(sentences.search([query])):
        quoted = quotations(group, limit, asked)
        text = sentences.text(group[0].card)
        assert quoted
        assert all(piece and piece in text for piece in quoted)
        assert sum(map(len, quoted)) <= limit


def test_a_short_excerpt_holds_the_sentence_that_was_asked_for(sentences: Library) -> None:
    query = sentences.query("When was the derrick moved?")
    group = by_document(sentences.search([query]))[0]
    quoted = quotations(group, 80, Asked([(query, sentences.weigh(query))]))
    assert any("The derrick was moved in 19" in piece for piece in quoted)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_text_breaks_a_search(sentences: Library, text: str) -> None:
    query = sentences.query(text)
    for effort in EFFORTS.values():
        found = sentences.search([query], None, 3, effort)
        assert all(0.0 <= item.coverage <= 1.0 for item in found)
    assert language_of(text) == language_of(text)


def test_of_very_many_queries_the_first_ones_are_asked() -> None:
    queries = [
        parse_query(" ".join(f"lamp{place}x{word}" for word in range(60)), vocabulary({}))
        for place in range(50)
    ]
    assert bounded(queries) == queries[:8]
    assert bounded(queries[:3]) == queries[:3]


def test_many_small_sentences_are_quoted_within_the_limit(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    words = ["Sand.", "Lamps stand here.", "Salt.", "Oil  and\nlamps."]
    (docs / "a.md").write_text("# T\n\n" + " ".join(words * 300))
    with closing(Library.open(docs, tmp_path / "data")) as library:
        query = library.query("lamps of sand")
        asked = Asked([(query, library.weigh(query))])
        (group,) = by_document(library.search([query]))
        text = (docs / "a.md").read_text()
        for limit in (5, 40, 300, 3000):
            quoted = quotations(group, limit, asked)
            assert quoted
            assert all(piece in text for piece in quoted)
            assert limit // 3 <= sum(map(len, quoted)) <= limit


def test_a_part_of_the_best_sentence_goes_before_whole_ones_that_say_less(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    long = (
        "After many winters, during which the harbour lay under ice and nobody came, the keeper of the lighthouse, who "
        "had read all books of the island twice, was given a new lamp of forty thousand candles by the shipping office."
    )
    (docs / "a.md").write_text(f"# T\n\nThe lighthouse is white. {long} The lamp is heavy.\n" + "Salt.\n" * 9)
    with closing(Library.open(docs, tmp_path / "data")) as library:
        query = library.query("Who gave the keeper of the lighthouse a new lamp of candles?")
        (group,) = by_document(library.search([query]))
        (quoted,) = quotations(group, 120, Asked([(query, library.weigh(query))]))
    assert quoted in long
    assert "forty thousand candles" in quoted
    assert len(quoted) <= 120
