"""Words that deny, words that only intend, words that ask for the past: in the languages notes are in. Data only."""

import re

from parallel_local.text.tokens import fold

_NEGATIONS = """
not no never none neither nor cannot without isn't wasn't doesn't didn't hasn't won't nicht kein keine keinen keiner
keinem nie niemals ohne weder pas jamais aucun aucune sans ni nunca ningún ninguna ninguno sin jamás non mai nessun
nessuna senza não nunca nenhum nenhuma sem niet geen nooit zonder inte aldrig ingen ikke aldri не нет никогда ни без
नहीं न कभी لم لا لن ليس ليست لیس değil nu niciun nicio fără nie nigdy żaden bez δεν μην ποτέ χωρίς không chưa ไม่
"""
_PLANS = """
plan plans planned planning intends intend intended hopes hope seeks seeking aims aim proposes proposed expects
expected considers considering wants might will would plant planen beabsichtigt will wollen soll sollen hofft
erwartet möchte prévoit prévoient envisage envisagent espère compte veut planea planean prevé prevén espera quiere
pretende piensa prevede pianifica spera vuole planeja pretende espera plant verwacht wil planerar avser planuje chce
planlıyor планирует планируют намерен намерена собирается будет хочет योजना σχεδιάζει يخطط تخطط يعتزم تعتزم
"""
_PAST = """
did was were had has have wurde wurden hat haben war waren a ont avait était fut furent fue fueron ha han hubo había
è stato stata foi foram werd werden blev var был была было были था थे थी كان كانت قام
"""
NEGATIONS = frozenset(fold(word) for word in _NEGATIONS.split())
PLANS = frozenset(fold(word) for word in _PLANS.split())
PAST = frozenset(fold(word) for word in _PAST.split())
NOUNS_HAVE_CAPITALS = frozenset({"de"})  # a capital says little there
_WORD = re.compile(r"[\w'’]+")


def folded_words(text: str) -> list[str]:
    """The folded words of a text, in order."""
    return [fold(word) for word in _WORD.findall(text)]
