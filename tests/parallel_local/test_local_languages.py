"""Languages: which one a text is in, and that its words are found in any of their forms and spellings."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_local.retrieval.query import parse_query
from parallel_local.text.kinship import akin, kin_text
from parallel_local.text.languages import asked_language, language_of
from parallel_local.text.stemming import other_forms
from parallel_local.text.stopwords import STOPWORDS_BY_LANGUAGE
from parallel_local.text.tokens import content_words, indexed, spaced, stems
from parallel_local.text.vocabulary import vocabulary
from parallel_local.text.words import tokens

TEXTS = {
    "en": "The office key is at the desk, and the other one was lost by the people who were here before us.",
    "de": "Die Tomaten kommen nach den Eisheiligen ins Freie, und die Gurken brauchen ein Netz.",
    "fr": "Le bureau est fermé pendant les vacances, mais la clé se trouve chez le gardien de la maison.",
    "es": "La llave de la oficina está en el escritorio, pero no se puede abrir la puerta sin ella.",
    "it": "La chiave dell'ufficio si trova sulla scrivania, ma non è quella che apre la porta del garage.",
    "pt": "A chave do escritório está com a Inês, mas não é possível abrir a porta sem o código.",
    "nl": "De sleutel van het kantoor ligt op de tafel, maar hij past niet op de deur van de garage.",
    "sv": "Nyckeln till kontoret ligger på bordet, men den passar inte till dörren som är låst.",
    "da": "Nøglen til kontoret ligger på bordet, men den passer ikke til døren, hvis den er låst af nogen.",
    "nb": "Nøkkelen ligger på bordet, men ingen vet hva den åpner nå, hvis noen har byttet låsen etter flommen.",
    "fi": "Toimiston avain on pöydällä, mutta se ei sovi oveen, joka on lukittu, koska lukko on uusi.",
    "pl": "Klucz do biura leży na stole, ale nie pasuje do drzwi, które są zamknięte przez całą noc.",
    "cs": "Klíč od kanceláře leží na stole, ale není to ten, který se hodí do dveří, když jsou zamčené.",
    "ro": "Cheia de la birou este pe masă, dar nu se potrivește la ușa care a fost încuiată.",
    "hu": "Az iroda kulcsa az asztalon van, de nem az, ami a zárt ajtót nyitja, mert az egy új zár.",
    "tr": "Ofisin anahtarı masada duruyor ama kilitli olan kapı için değil, bu başka bir kapı için.",
    "vi": "Chìa khóa văn phòng ở trên bàn, nhưng nó không phải là của cánh cửa đã bị khóa.",
    "ru": "Ключ от офиса лежит на столе, но он не подходит к двери, которая заперта.",
    "uk": "Ключ від офісу лежить на столі, але він не підходить до дверей, які замкнені.",
    "el": "Το κλειδί του γραφείου είναι πάνω στο τραπέζι, αλλά δεν ανοίγει την πόρτα.",
    "ar": "مفتاح المكتب على الطاولة ولكنه لا يفتح الباب المغلق",
    "fa": "کلید دفتر روی میز است اما در قفل شده را باز نمی‌کند و پنجره هم چنین است",
    "he": "המפתח של המשרד נמצא על השולחן אבל הוא לא פותח את הדלת",
    "hi": "कार्यालय की चाबी मेज़ पर है लेकिन वह बंद दरवाज़े की नहीं है",
    "th": "กุญแจสำนักงานอยู่บนโต๊ะ แต่ไม่ใช่กุญแจของประตูที่ล็อกไว้",
    "zh": "办公室的钥匙在桌子上，但是它打不开锁着的门。",
    "ja": "事務所の鍵は机の上にありますが、閉まっているドアには合いません。",
    "ko": "사무실 열쇠는 책상 위에 있지만 잠긴 문에는 맞지 않습니다.",
}


@pytest.mark.parametrize(("language", "text"), TEXTS.items(), ids=TEXTS)
def test_texts_are_known_by_script_and_function_words(language: str, text: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    "text", ["", "   ", "Los Angeles, Los Angeles, Los Angeles", "42 17,5", "Acme", "?!"]
)
def test_too_little_text_has_no_language(text: str) -> None:
    assert language_of(text) == ""


@pytest.mark.parametrize(
    ("question", "language", "left"),
    [
        ("Wo brauche ich ein Netz?", "de", ["brauche", "netz"]),
        ("¿Cuándo se fundó la empresa?", "es", ["fundo", "empresa"]),
        ("Où se trouve la clé ?", "fr", ["trouve", "cle"]),
        ("Wanneer is het kantoor open?", "nl", ["kantoor", "open"]),
        ("Где лежит ключ?", "ru", ["лежит", "ключ"]),
        ("Who is the CEO?", "en", ["ceo"]),
        ("चाबी कहाँ है?", "hi", ["चाबी"]),
        ("为什么门锁着", "zh", ["门锁", "锁着"]),
    ],
)
def test_questions_are_left_with_their_content(question: str, language: str, left: list[str]) -> None:
    assert asked_language(question, ()) == language
    assert content_words(question) == left


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("de", "Müller", "Mueller"),
        ("de", "Straße", "STRASSE"),
        ("de", "Kündigungsfristen", "kuendigungsfrist"),
        ("fr", "l'école", "écoles"),
        ("it", "dell’ufficio", "ufficio"),
        ("es", "educación", "EDUCACION"),
        ("tr", "İstanbul'un", "istanbul"),
        ("ru", "ёлка", "елки"),
        ("el", "Οδός", "οδος"),
        ("ar", "الكتاب", "كتاب"),
        ("hi", "किताबें", "किताब"),
        ("sv", "nycklarna", "nycklar"),
        ("pt", "corações", "coracoes"),
        ("en", "café", "Cafés"),
        ("en", "U.S.", "US"),
        ("en", "wrote", "write"),
        ("en", "undertook", "undertaken"),
        ("en", "women", "woman"),
        ("ar", "لحكومة", "الحكومة"),
        ("ar", "وبغداد", "بغداد"),
        ("ar", "و2005", "2005"),
    ],
)
def test_forms_and_spellings_of_a_word_have_one_stem(language: str, one: str, other: str) -> None:
    assert stems(one, language) == stems(other, language)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("vi", "ma", "mà"),
        ("hi", "कम", "काम"),
        ("ja", "かき", "かぎ"),
        ("ko", "강", "공"),
        ("en", "founded", "find"),
        ("en", "left", "leave"),
        ("ar", "كتاب", "تاب"),
    ],
)
def test_words_that_only_look_alike_stay_apart(language: str, one: str, other: str) -> None:
    assert stems(one, language) != stems(other, language)


@pytest.mark.parametrize("run", ["東京大学", "กุญแจสำนักงาน", "사무실"])
def test_a_part_of_a_run_is_found_within_it(run: str) -> None:
    for start in range(len(run) - 2):
        assert spaced(stems(run[start : start + 3])) in spaced(stems(run))


def test_accents_keep_content_words_of_vietnamese_apart_from_stop_words() -> None:
    text = "Tảng đá đã ở trên bàn của các bạn"
    assert content_words(text, "vi") == ["tang", "da", "ban"]
    assert indexed(text, "vi").split() == ["tảng", "đá", "bàn"]


def test_terms_are_found_in_documents_of_every_language_held() -> None:
    query = parse_query("Kündigungsfristen of contracts", vocabulary({}), ("de", "en", "fr"))
    notice, contracts = query.terms
    assert notice.within(spaced(stems("Die Kündigungsfrist beträgt sechs Wochen.", "de")))
    assert contracts.within(spaced(stems("One contract is enough.", "en")))
    assert not contracts.within(spaced(stems("Un bureau", "fr")))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("brachte", "bringen", True),
        ("abgeschlossen", "abzuschließen", True),
        ("übernahm", "übernehmen", True),
        ("verboten", "verbieten", True),
        ("Gebiet", "bieten", False),
        ("Einführung", "einfahren", False),
    ],
)
def test_forms_of_german_verbs_are_known(one: str, other: str, same: bool) -> None:
    first, second = stems(one, "de"), stems(other, "de")
    assert (second[0] in (first[0], *other_forms(first[0], "de"))) is same
    assert stems("Übernahme", "de") == [
        "ubernahm"
    ]  # nouns, and the compounds that begin with them, stay as they are


@pytest.mark.parametrize(
    ("language", "word", "text", "expected"),
    [
        ("de", "Gründung", "Das Haus wurde 1890 gegründet.", True),
        ("de", "eingeführt", "Die Einführung dauerte zwei Jahre.", True),
        ("de", "Dachbalken", "Der Dachstuhl trägt vier Balken.", False),
        ("de", "Eichenbalken", "Der Dachstuhl trägt vier Balken.", False),
        ("de", "Wirtschaftswachstum", "Das Wachstum der Stadt war groß.", True),
        ("de", "Gesetzgebungsverfahren", "Im Gesetzgebungsprozess ist das anders.", True),
        ("de", "Wasserleitung", "Die Wasserleitungen sind alt.", True),
        ("de", "Wein", "Der Garten ist klein.", False),
        ("en", "corruption", "They reported coruption.", True),
        ("en", "analysis", "It was analysed twice.", True),
        ("en", "station", "A stone was found.", False),
        ("ar", "مدرسة", "تدرس البنات هناك.", True),
        ("ar", "أسلحة", "وجدوا سلاحا قديما.", True),
        ("ar", "مدرسة", "ذهب الولد إلى البيت.", False),
        ("ru", "строительство", "Его построили рано.", False),
    ],
)
def test_words_of_one_kin(language: str, word: str, text: str, expected: bool) -> None:
    said = kin_text(spaced(stems(text, language)), language)
    assert any(akin(stem, said, language) for stem in stems(word, language)) is expected


@given(st.text(max_size=200))
def test_every_stem_is_one_word_and_words_are_slices(text: str) -> None:
    assert all(token in text for token in tokens(text))
    for language in ("en", "de", "tr", "fr", "vi", ""):
        found = stems(text, language)
        assert all(stem and not any(char.isspace() for char in stem) for stem in found)
        assert " ".join(found).split() == found


@given(st.sampled_from(sorted(TEXTS)), st.data())
def test_a_word_of_a_text_is_found_in_it(language: str, data: st.DataObject) -> None:
    text = TEXTS[language]
    word = data.draw(st.sampled_from(tokens(text)))
    assert spaced(stems(word, language)) in spaced(stems(text, language))


def test_threads_agree_on_stems() -> None:
    expected = {language: stems(text, language) for language, text in TEXTS.items()}
    wrong: list[str] = []

    def read() -> None:
        for _ in range(20):
            wrong.extend(name for name, text in TEXTS.items() if stems(text, name) != expected[name])

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert wrong == []


@pytest.mark.parametrize("language", sorted(STOPWORDS_BY_LANGUAGE))
def test_no_language_lists_a_word_twice(language: str) -> None:
    listed = STOPWORDS_BY_LANGUAGE[language]
    assert sorted(set(listed)) == sorted(listed)
