"""How sure answers to questions are: what makes them high, and what keeps them from it. Over folders of our own."""

from pathlib import Path

import pytest

from parallel_local.answers.answering import Answered, answer
from parallel_local.answers.short_value import short_value
from parallel_local.retrieval.library import Library
from parallel_local.text.languages import asked_language

OTHERS = {
    "weather.md": "# Weather\n\nThe wind came from the west. Snow fell on the hills in March.\n",
    "wetter.md": "# Wetter\n\nDer Wind kam von Westen. Im März fiel Schnee auf die Hügel.\n",
    "clubs.md": "# Clubs\n\nThe club of Ostrand has a rower. Its boat is used in summer.\n",
    "cooking.md": "# Cooking\n\nLentils are soaked overnight. Salt is added at the end.\n",
}

# What a document says besides, so that its language shows.
KIND = {
    "en": "These are notes of the county, and nobody has looked at them for a long time.",
    "de": "Dies sind Notizen aus dem Kreis, und niemand hat sie seit langer Zeit angesehen.",
    "ar": "هذه ملاحظات قديمة لم ينظر إليها أحد منذ زمن طويل.",
}


def asked(folder: Path, text: str, question: str) -> Answered:
    docs = folder / "docs"
    docs.mkdir()
    for name, content in {
        **OTHERS,
        "told.md": f"{text}\n\n{KIND[asked_language(question, tuple(KIND))]}",
    }.items():
        (docs / name).write_text(content, encoding="utf-8")
    library = Library.open(docs, folder / "data")
    try:
        return answer(library, question)
    finally:
        library.close()


@pytest.mark.parametrize(
    ("text", "question", "held"),
    [
        ("The lighthouse of Ostrand was built in 1871.", "When was the lighthouse of Ostrand built?", "1871"),
        ("Die Mühle in Talberg schloss 1954.", "Wann wurde die Mühle in Talberg geschlossen?", "1954"),
        (
            "Ida Brandt schrieb den Roman über die Hebammen.",
            "Wer hat den Roman über die Hebammen geschrieben?",
            "Ida",
        ),
    ],
)
def test_one_sentence_that_says_it_all_is_sure(tmp_path: Path, text: str, question: str, held: str) -> None:
    said = asked(tmp_path, text, question)
    assert held in said.quoted[0].unit.text
    assert said.confidence == "high"


@pytest.mark.parametrize(
    ("text", "question"),
    [
        # The noun is spoken of again: which one it is stands elsewhere.
        (
            "Lowmarsh was drained in 1820. The village lies east of the old canal and its mills.",
            "Which village lies east of the old canal?",
        ),
        (
            "Niedermoor wurde 1820 entwässert. Das kleine Dorf liegt östlich vom alten Kanal.",
            "Welches Dorf liegt östlich vom alten Kanal?",
        ),
        # Each word is there, of different things.
        (
            "The bakery stands by the harbour and sells rye bread, while the brewery, which the town bought after"
            " many years of debate from a family of farmers, is older than the mill on the hill.",
            "Which bakery is older than the mill?",
        ),
        # A pronoun is what the sentence speaks of.
        (
            "The Amber Gorge is steep. It is a reserve, known for its rare orchids and for its old bridges.",
            "What is the Amber Gorge known for?",
        ),
        # What the club made of it stands in the next sentence.
        (
            "The ferry to Marsund was given to a club. It is a floating library now.",
            "What did the club make of the ferry to Marsund?",
        ),
        # One word, mentioned in passing.
        (
            "In spring the council officially retired the old tram and its Fernbahn tickets.",
            "What is Fernbahn?",
        ),
    ],
)
def test_what_leaves_a_doubt_is_not_high(tmp_path: Path, text: str, question: str) -> None:
    assert asked(tmp_path, text, question).confidence != "high"


@pytest.mark.parametrize(
    ("text", "question", "held"),
    [
        ("Das Werk in Talberg wurde 1890 gegründet.", "Wann war die Gründung des Werks in Talberg?", "1890"),
        (
            "Die Leitung der Kapelle wurde 1702 erneuert.",
            "Wann wurde die Wasserleitung der Kapelle erneuert?",
            "1702",
        ),
        (
            "وقع المعاهدة وزير الخارجية سالم حداد في مدينة النور.",
            "من وقع المعاهدات في مدينة النور؟",
            "سالم حداد",
        ),
        ("افتتح المتحف في بغداد عام 1926.", "متى تم افتتاح المتحف ببغداد؟", "1926"),
    ],
)
def test_other_forms_of_a_word_are_met(tmp_path: Path, text: str, question: str, held: str) -> None:
    said = asked(tmp_path, text, question)
    assert any(held in line.unit.text for line in said.quoted)


def test_two_sentences_where_either_may_say_it(tmp_path: Path) -> None:
    text = "The club of Westby plays chess on a barge. The rower of the club has a barge."
    said = asked(tmp_path, text, "What kind of boat does the rower of the Westby club use for chess?")
    short = short_value(said)
    assert short is not None
    assert short.text == text
    assert not short.alone  # so that a field that holds it is medium


@pytest.mark.parametrize(
    "question",
    [
        "When was the lighthouse of Marsund built?",
        "When was the lighthouse of Ostrand sold?",
        "Who painted the lighthouse of Ostrand?",
        "Wann wurde der Leuchtturm gestrichen?",
    ],
)
def test_what_is_not_said_is_not_found(tmp_path: Path, question: str) -> None:
    text = "The lighthouse of Ostrand was built in 1871. Der Leuchtturm wurde 1871 gebaut."
    assert asked(tmp_path, text, question).confidence == "low"
