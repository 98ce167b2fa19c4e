"""Reading questions, sentences and the values in them: pure, in the languages notes are written in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_local.answers.claims import Claim, claim
from parallel_local.answers.open_answer import says_nothing
from parallel_local.answers.questions import read_question
from parallel_local.answers.wanted import shows, spans
from parallel_local.retrieval.query import parse_query
from parallel_local.text.languages import asked_language
from parallel_local.text.question_words import ASKING, UNSPACED, Asks
from parallel_local.text.sentences import split, units
from parallel_local.text.vocabulary import vocabulary

HOSTILE = (
    "1 ",
    "1,000",
    "two ",
    "A ",
    "Aa of ",
    "up to ",
    "12 million ",
    ".",
    "5. ",
    "a.b.",
    "一",
    "ก ",
    "1990-",
    "January ",
)


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("How many points did they give up?", Asks.COUNT),
        ("What percentage of girls is that?", Asks.SHARE),
        ("In what year was it built?", Asks.YEAR),
        ("Who was the leader when the Franks came?", Asks.WHO),
        ("Which satellite was used when it was launched?", Asks.WHICH),
        ("The tower was built by whom?", Asks.WHO),
        ("How long is the river?", Asks.LENGTH),
        ("How tall is it?", Asks.MEASURE),
        ("Wie viele Punkte gab es?", Asks.COUNT),
        ("In welchem Jahr wurde er gebaut?", Asks.YEAR),
        ("Warum fiel die Post aus?", Asks.WHY),
        ("Quand sortent les tomates ?", Asks.WHEN),
        ("Combien de jours ai-je ?", Asks.COUNT),
        ("¿Por qué se paró?", Asks.WHY),
        ("¿Quién lo construyó?", Asks.WHO),
        ("Quando si piantano?", Asks.WHEN),
        ("Когда это было?", Asks.WHEN),
        ("Сколько людей там живёт?", Asks.COUNT),
        ("متى بني البرج؟", Asks.WHEN),
        ("यह कब बना?", Asks.WHEN),
        ("トマトはいつ植えますか？", Asks.WHEN),
        ("谁建造了它？", Asks.WHO),
        ("ใครเป็นผู้สร้าง", Asks.WHO),
        ("Bina ne zaman yapıldı?", Asks.WHEN),
        ("Πότε χτίστηκε;", Asks.WHEN),
        ("Tháp được xây khi nào?", Asks.WHEN),
        ("Când a fost construit?", Asks.WHEN),
        ("Amber River", Asks.OPEN),
    ],
)
def test_what_a_question_asks_for(question: str, asks: Asks) -> None:
    assert read_question(question, asked_language(question, ())).asks is asks


@pytest.mark.parametrize("language", sorted(set(ASKING) - UNSPACED))
def test_each_asking_phrase_is_known_in_its_language(language: str) -> None:
    for asks, phrases in ASKING[language].items():
        for phrase in phrases.replace("*", "").split("|"):
            found = read_question(phrase, language)
            assert found.asks is not Asks.OPEN, phrase
            assert found.language == language
            assert asks is not Asks.WHO or found.asks in (Asks.WHO, Asks.WHICH, Asks.WHERE), phrase


@pytest.mark.parametrize(
    ("question", "text", "found"),
    [
        (
            "How many points?",
            "In 2015 they gave up 308 points, with 24 interceptions.",
            ["308 points", "24 interceptions"],
        ),
        ("How many floors of 12 burnt?", "Of 12 floors three burnt.", ["three burnt"]),
        (
            "What percentage?",
            "In 2009 up to 30% of girls, nearly two percent of boys.",
            ["up to 30%", "nearly two percent"],
        ),
        (
            "When was it?",
            "On 24 October 1945, then between 1990 and 1995.",
            ["24 October 1945", "between 1990 and 1995"],
        ),
        ("Wann war es?", "Am 15. Mai, und im 19. Jahrhundert.", ["15. Mai", "19. Jahrhundert"]),
        ("Wie viele Einwohner?", "Es hat rund 3,5 Millionen Einwohner.", ["rund 3,5 Millionen Einwohner"]),
        ("Wie lange?", "Es sind zwei Wochen.", ["zwei Wochen"]),
        ("¿Cuándo fue?", "Fue el 5 de mayo de 1999.", ["5 de mayo de 1999"]),
        ("Сколько людей?", "Там около 3 млн человек.", ["около 3 млн человек"]),
        ("Когда это было?", "Мост открыт 8 мая 1907 года.", ["8 мая 1907 года"]),
        ("В каком году?", "Мост открыт в 1907 году.", ["1907 году"]),
        ("यह कितनी बार हुआ?", "यह साल में तीन बार हुआ।", ["तीन बार"]),
        ("何年ですか", "1945年に設立。", ["1945年"]),
        ("Who wrote it?", "It was written by Isaac Newton.", ["Isaac Newton"]),
        ("Who was Isaac Newton?", "Isaac Newton met Edmond Halley.", ["Edmond Halley"]),
    ],
)
def test_values_of_the_asked_kind(question: str, text: str, found: list[str]) -> None:
    assert [span.text for span in spans(read_question(question), text) or []] == found


def test_a_value_of_the_question_is_none() -> None:
    question = read_question("How many people lived there in 1901?")
    assert shows(question, "In 1901 many people lived there.") is False
    assert shows(question, "In 1901 there were 700 people.") is True


@pytest.mark.parametrize(
    ("question", "text", "language", "expected"),
    [
        ("When did Acme buy Brill?", "Acme did not buy Brill.", "en", Claim.DENIED),
        ("When did Acme buy Brill?", "Acme never bought Brill.", "en", Claim.DENIED),
        ("When did Acme buy Brill?", "Acme bought not only Brill in 2019.", "en", Claim.SAID),
        ("Who did not buy Brill?", "Acme did not buy Brill.", "en", Claim.SAID),
        ("Did Acme buy Brill?", "Acme did not buy Brill.", "en", Claim.SAID),
        ("When did Acme open a shop?", "Acme plans to open a shop in 2027.", "en", Claim.PLANNED),
        ("When will Acme open a shop?", "Acme plans to open a shop in 2027.", "en", Claim.SAID),
        ("When did the Norwick shop open?", "The Eastham shop opened in 1990.", "en", Claim.OTHERS),
        ("When did the Norwick shop open?", "The Norwick shop opened in 1990.", "en", Claim.SAID),
        ("Wann kaufte Acme Brill?", "Acme kaufte Brill nicht.", "de", Claim.DENIED),
        ("Wann hat Acme den Laden eröffnet?", "Acme will den Laden 2027 eröffnen.", "de", Claim.PLANNED),
        (
            "Quand Acme a-t-il ouvert la boutique ?",
            "Acme prévoit d'ouvrir la boutique en 2027.",
            "fr",
            Claim.PLANNED,
        ),
        ("¿Cuándo compró Acme la tienda?", "Acme no compró la tienda.", "es", Claim.DENIED),
        ("Когда Acme купила завод?", "Acme не купила завод.", "ru", Claim.DENIED),
    ],
)
def test_what_a_sentence_claims(question: str, text: str, language: str, expected: Claim) -> None:
    terms = parse_query(question, vocabulary({}), (language,)).terms
    assert claim(read_question(question, language), terms, text, language) is expected


@pytest.mark.parametrize("piece", HOSTILE)
def test_endless_text_is_read_in_time(piece: str) -> None:
    """Nothing here may take the square of a length: this would not end."""
    text = piece * (60_000 // len(piece))
    for question in ("How many?", "When?", "What percentage?", "How long?", "Who?", "Wie viele?", "Сколько?"):
        shows(read_question(question), text)
    assert units(text)
    read_question(text)


@given(
    st.text(max_size=200),
    st.sampled_from(["How many?", "When was it?", "Who did it?", "What share?", "いつ"]),
)
def test_values_are_slices(text: str, question: str) -> None:
    for span in spans(read_question(question), text) or []:
        assert text[span.start :].startswith(span.text) or span.text in text


@given(st.text(alphabet=st.sampled_from("aB 1.5.Mai?!。।؟\n#-*|ก"), max_size=200))
def test_sentences_are_slices_and_lose_no_word(text: str) -> None:
    found = split(text)
    assert all(piece in text for piece in found)
    assert "".join("".join(found).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Ab dem 15. Mai geht es los. Danach ist Ruhe.", 2),
        ("Er wohnt z. B. in der Hauptstr. 5. Das ist ca. 3 km entfernt.", 2),
        ("Dr. Müller kommt am 3. Oktober. Es kostet 3 Mio. Euro. Der 2. Platz ging an Bo.", 3),
        ("Le Dr. Martin habite av. Foch. Il pèse env. 80 kg.", 2),
        (
            "It has a restaurant at 128 m. The other tower is 13 m shorter. It closes at 5 p.m. The lift is small.",
            4,
        ),
        ("Der Turm misst 12,5 m. Er kostete 3 Mio. Die Stadt zahlte. Im Haus Nr. 5 wohnt er.", 4),
        ("Le 5 M. Dupont arrive. Le pont mesure 300 m. Paris paie.", 3),
        ("El Sr. Pérez vive en la calle Mayor, núm. 5. ¿Cuándo llega? Llega el lunes.", 3),
        ("Il dott. Rossi arriva alle 5. Parla con la sig. Bianchi.", 2),
        ("Den 15. maj kommer hun. Kl. 8 starter vi.", 2),
        ("Проф. Иванов пришёл. Это было важно, т. е. всё.", 2),
        ("庭のトマトは五月に植えます。きゅうりには網が必要です。", 2),
        ("किसान आया। वह गया।", 2),
        ("ذهب أحمد إلى السوق. هل عاد؟ نعم.", 3),
        ("He agreed? No. He left.", 3),
        ("See No. 5 of the list. It helps.", 2),
        ("He was born in 1950. She came in 1951.", 2),
    ],
)
def test_full_stops_that_end_no_sentence(text: str, sentences: int) -> None:
    assert len(split(text)) == sentences


def test_items_hang_on_the_line_above_them() -> None:
    found = units(
        "The shop opens:\n\n- Monday at nine\n- Friday at ten\n\n| Day | Hour |\n| --- | --- |\n| Sun | 12 |\n"
    )
    assert [unit.lead for unit in found] == ["", "The shop opens:", "The shop opens:", "", "| Day | Hour |"]


@pytest.mark.parametrize(
    "label", ["answer", "Value", "who", "when", "the_answer", "short answer", "Antwort", "答え", "wer"]
)
def test_names_that_say_nothing(label: str) -> None:
    assert says_nothing(label)


@pytest.mark.parametrize(
    "label", ["ceo", "price", "founded_year", "answer_to_life", "name", "Preis", "population"]
)
def test_names_that_say_something(label: str) -> None:
    assert not says_nothing(label)
