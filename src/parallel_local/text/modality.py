"""Words that deny, words that only intend, words that ask for the past: in the languages notes are in. Data only.

Denials are of verbs and things said ("not", "no"), not of circumstances ("without").
"""

import re
from collections.abc import Mapping
from functools import cache

from parallel_local.text.tokens import fold

_NEGATIONS: Mapping[str, str] = {
    "en": "not no never none neither nor cannot isn't wasn't doesn't don't didn't hasn't haven't won't aren't weren't",
    "de": "nicht kein keine keinen keiner keinem keines nie niemals weder",
    "fr": "pas jamais aucun aucune ni",
    "es": "no nunca ningún ninguna ninguno jamás tampoco",
    "it": "non mai nessun nessuna nessuno",
    "pt": "não nunca nenhum nenhuma",
    "nl": "niet geen nooit",
    "sv": "inte aldrig ingen inga",
    "da": "ikke aldrig ingen",
    "nb": "ikke aldri ingen",
    "ro": "nu niciun nicio niciodată",
    "pl": "nie nigdy żaden żadna",
    "ru": "не нет никогда ни",
    "uk": "не ні ніколи",
    "tr": "değil yok asla",
    "el": "δεν μην ποτέ",
    "hi": "नहीं",
    "ar": "لم لا لن ليس ليست",
    "vi": "không chưa",
}
_PLANS: Mapping[str, str] = {
    "en": "plan plans planned planning intends intend intended hopes hope seeks seeking aims aim proposes proposed"
    " expects expected considers considering wants might will",
    "de": "plant planen geplant beabsichtigt will wollen soll sollen hofft erwartet möchte wird",
    "fr": "prévoit prévoient prévu envisage envisagent espère compte veut",
    "es": "planea planean prevé prevén previsto espera quiere pretende piensa",
    "it": "prevede previsto pianifica spera vuole intende",
    "pt": "planeja pretende espera quer previsto",
    "nl": "plant verwacht wil zal hoopt",
    "sv": "planerar avser vill ska",
    "ro": "planifică intenționează speră vrea va",
    "pl": "planuje chce zamierza",
    "ru": "планирует планируют намерен намерена собирается будет хочет",
    "tr": "planlıyor istiyor",
    "el": "σχεδιάζει σκοπεύει",
    "ar": "يخطط تخطط يعتزم تعتزم",
}
# In a question: that it happened.
_PAST: Mapping[str, str] = {
    "en": "did was were had has have",
    "de": "wurde wurden hat haben war waren hatte",
    "fr": "a ont avait était fut furent",
    "es": "fue fueron ha han hubo había abrió compró",
    "it": "è stato stata ha hanno fu aveva",
    "pt": "foi foram tem tinha",
    "nl": "werd werden heeft was had",
    "sv": "blev har hade var",
    "ro": "a au fost",
    "ru": "был была было были",
    "ar": "كان كانت قام",
}
# "Not only" and its like deny nothing.
LIMITS = frozenset(
    ["just", "only", "merely", "nur", "seulement", "solo", "soltanto", "apenas", "alleen", "bara", "только"]
)
DENIED_AFTERWARDS = frozenset({"de", "nl", "sv", "da", "nb"})  # "kaufte … nicht"
NOUNS_HAVE_CAPITALS = frozenset({"de"})  # a capital says little there
_WORD = re.compile(r"[\w'’]+")


def folded_words(text: str) -> list[str]:
    """The folded words of a text, in order."""
    return [fold(word) for word in _WORD.findall(text)]


@cache
def negations(language: str) -> frozenset[str]:
    """Words that deny."""
    return _folded(_NEGATIONS, language)


@cache
def plans(language: str) -> frozenset[str]:
    """Words that say of something that it has not happened yet."""
    return _folded(_PLANS, language)


@cache
def past(language: str) -> frozenset[str]:
    """Words by which a question takes it as having happened."""
    return _folded(_PAST, language)


def _folded(table: Mapping[str, str], language: str) -> frozenset[str]:
    return frozenset(fold(word) for word in table.get(language or "en", "").split())
