"""Verbs and nouns whose forms no stemmer unites: "wrote" and "write", "brachte" and "bringen". Data, and two look-ups.

Forms that are words of their own as well ("left", "found", "saw", "rose") are not here: a word taken for another costs
more than one that is missed. What belongs together more loosely is in `kinship`.
"""

from collections.abc import Callable, Mapping
from functools import cache

from parallel_local.text.words import unaccented

# A base form and, behind the colon, its other forms.
_ENGLISH = """
begin: began begun; bend: bent; bleed: bled; blow: blew blown; break: broke broken; breed: bred; bring: brought
build: built; buy: bought; catch: caught; choose: chose chosen; cling: clung; come: came; become: became
overcome: overcame; creep: crept; deal: dealt; dig: dug; draw: drew drawn; withdraw: withdrew withdrawn
drink: drank drunk; drive: drove driven; eat: ate eaten; fall: fell fallen; feed: fed; feel: felt; fight: fought
flee: fled; fly: flew flown; forbid: forbade forbidden; forget: forgot forgotten; forgive: forgave forgiven
freeze: froze frozen; go: went gone; undergo: underwent undergone; grow: grew grown; hang: hung; hear: heard
hide: hid hidden; hold: held; uphold: upheld; withhold: withheld; keep: kept; know: knew known; lend: lent
lose: lost; make: made; mean: meant; meet: met; pay: paid; rebuild: rebuilt; ride: rode ridden; ring: rang rung
arise: arose arisen; rise: risen; run: ran; say: said; see: seen; foresee: foresaw foreseen; seek: sought; sell: sold
send: sent; shake: shook shaken; shine: shone; shoot: shot; shrink: shrank shrunk; sing: sang sung; sink: sank sunk
sit: sat; sleep: slept; speak: spoke spoken; spend: spent; spin: spun; stand: stood; understand: understood
withstand: withstood; steal: stole stolen; stick: stuck; strike: struck stricken; swear: swore sworn; sweep: swept
swim: swam swum; swing: swung; take: took taken; undertake: undertook undertaken; overtake: overtook overtaken
teach: taught; tear: tore torn; tell: told; think: thought; throw: threw thrown; wake: woke woken; wear: wore worn
weave: wove woven; win: won; write: wrote written; rewrite: rewrote rewritten
man: men; woman: women; child: children; foot: feet; tooth: teeth; mouse: mice; goose: geese; life: lives; wife: wives
knife: knives; half: halves; wolf: wolves; thief: thieves; shelf: shelves; crisis: crises; thesis: theses
criterion: criteria; phenomenon: phenomena; bacterium: bacteria
"""
_GERMAN = """
befehlen: befahl befohlen befiehlt; beginnen: begann begonnen; beißen: biss gebissen; bergen: barg geborgen birgt
biegen: bog gebogen; bieten: bot geboten; binden: band gebunden; bitten: bat gebeten; blasen: blies geblasen
bleiben: blieb geblieben; brechen: brach gebrochen bricht; brennen: brannte gebrannt; bringen: brachte gebracht
denken: dachte gedacht; dringen: drang gedrungen; empfehlen: empfahl empfohlen empfiehlt; essen: aß gegessen isst
fahren: gefahren fährt; fallen: fiel gefallen fällt; fangen: fing gefangen fängt; finden: fand gefunden
fliegen: flog geflogen; fliehen: floh geflohen; fließen: floss geflossen; frieren: fror gefroren; geben: gab gegeben
gehen: ging gegangen; gelten: galt gegolten gilt; genießen: genoss genossen; geschehen: geschah geschieht
gewinnen: gewann gewonnen; gießen: goss gegossen; graben: grub gegraben gräbt; greifen: griff gegriffen
halten: hielt gehalten hält; hängen: hing gehangen; heben: hob gehoben; heißen: hieß geheißen
helfen: half geholfen hilft; kennen: kannte gekannt; klingen: klang geklungen; kommen: kam gekommen
laden: lud geladen lädt
lassen: ließ gelassen lässt; laufen: lief gelaufen läuft; leiden: litt gelitten; leihen: lieh geliehen
lesen: las gelesen liest; liegen: lag gelegen; messen: maß gemessen misst; nehmen: nahm genommen nimmt
nennen: nannte genannt; raten: riet geraten; reiben: rieb gerieben; reißen: riss gerissen; reiten: ritt geritten
rennen: rannte gerannt; rufen: rief gerufen; schaffen: schuf geschaffen; scheiden: schied geschieden
scheinen: schien geschienen; schieben: schob geschoben; schießen: schoss geschossen; schlafen: schlief geschlafen
schlagen: schlug geschlagen schlägt; schließen: schloss geschlossen; schmelzen: schmolz geschmolzen
schneiden: schnitt geschnitten; schreiben: schrieb geschrieben; schreiten: schritt geschritten
schweigen: schwieg geschwiegen; schwimmen: schwamm geschwommen; schwören: schwor geschworen; sehen: sah gesehen sieht
senden: sandte gesandt; singen: sang gesungen; sinken: sank gesunken; sitzen: saß gesessen
sprechen: sprach gesprochen spricht; springen: sprang gesprungen; stehen: stand gestanden; stehlen: stahl gestohlen
steigen: stieg gestiegen; sterben: starb gestorben stirbt; stoßen: stieß gestoßen; streiten: stritt gestritten
tragen: trug getragen trägt; treffen: traf getroffen trifft; treiben: trieb getrieben; treten: trat getreten tritt
trinken: trank getrunken; tun: tat getan; verderben: verdarb verdorben; vergessen: vergaß vergisst
verlieren: verlor verloren; wachsen: wuchs gewachsen wächst; waschen: wusch gewaschen; weichen: wich gewichen
weisen: wies gewiesen; wenden: wandte gewandt; werben: warb geworben wirbt; werfen: warf geworfen wirft
wiegen: wog gewogen; wissen: wusste gewusst; ziehen: zog gezogen; zwingen: zwang gezwungen
"""
# What German verbs begin with: "schließen", "abschließen", "beschließen".
GERMAN_PREFIXES = """
ab an auf aus be bei da dar durch ein emp ent er fest fort gegen ge heraus herein her hervor hin hinein los miss mit
nach nieder statt teil über um unter ver vor voran voraus weg weiter wider wieder zer zu zurück zusammen
"""


def regular(stem: str, cut: Callable[[str], str]) -> str:
    """The stem that an irregular form of an English word stands for, as `cut` gives stems; any other as it is."""
    return _bases(_ENGLISH, cut).get(stem, stem)


def german_forms(stem: str, cut: Callable[[str], str]) -> tuple[str, ...]:
    """The stems of all forms of a German verb, that one among them; none for what is no form of an irregular one.

    They are not united: nouns are made of them ("Übernahme", "Betrieb"), and compounds of those.
    """
    known = _bases(_GERMAN, cut)
    for prefix in ("", *_prefixes()):
        rest = stem.removeprefix(prefix)
        base = known.get(rest) or known.get(rest.removeprefix("zu")) if stem.startswith(prefix) else None
        if base:
            forms = [prefix + form for form, other in known.items() if other == base]
            return (*forms, f"{prefix}zu{base}") if prefix else tuple(forms)
    return ()


@cache
def _bases(table: str, cut: Callable[[str], str]) -> Mapping[str, str]:
    """Stem of a form → stem of its base, and that of the base itself."""
    known: dict[str, str] = {}
    for row in table.strip().replace("\n", ";").split(";"):
        base, forms = row.split(":")
        known.update(dict.fromkeys([cut(base.strip()), *map(cut, forms.split())], cut(base.strip())))
    return known


@cache
def _prefixes() -> tuple[str, ...]:
    """The longest first."""
    return tuple(sorted(map(unaccented, GERMAN_PREFIXES.split()), key=len, reverse=True))
