"""Words of conditions that documents say in other words: what is done ("ships", "delivers") and what is had.

Pure. General synonyms stand in `text/vocabulary.py`; these are narrower, and hold inside a condition only.
"""

from collections.abc import Mapping

from parallel_local.text.tokens import words

_GROUPS: tuple[tuple[str, ...], ...] = (
    ("ships", "delivers", "shipping", "delivery", "deliveries", "dispatches", "liefert", "lieferung"),
    ("exports", "exporting", "exportiert"),
    ("uses", "using", "relies on", "runs on", "built on", "built with", "powered by", "nutzt", "verwendet"),
    ("employees", "staff", "people", "workers", "headcount", "workforce", "team", "employs", "mitarbeiter")
    + ("mitarbeitende", "beschaftigte", "angestellte", "personen", "persons", "person", "colleagues"),
    ("founded", "established", "founding", "incorporated", "gegrundet", "gegrundete", "grundung", "started")
    + (
        "inception",
        "dates back",
        "date back",
        "in business since",
        "grundungsjahr",
        "set up",
        "since",
        "came into existence",
    ),
    ("built", "constructed", "construction", "erbaut", "gebaut", "baujahr"),
    ("opened", "opening", "inaugurated", "eroffnet"),
    (
        "makes",
        "manufactures",
        "produces",
        "builds",
        "maker",
        "manufacturer",
        "producer",
        "stellt",
        "herstellt",
    )
    + ("hersteller", "produziert", "fertigt", "baut", "making", "production", "manufacturing"),
    ("sells", "sale", "selling", "seller", "retails", "verkauft", "vertreibt"),
    ("owns", "owner", "owned", "besitzt"),
    ("acquired", "bought", "acquisition", "took over", "takeover", "purchased", "ubernommen", "merger"),
    (
        "raised",
        "raised money",
        "funding",
        "financing",
        "funding round",
        "investment round",
        "seed round",
        "series",
    ),
    ("revenue", "sales", "turnover", "umsatz"),
    ("profit", "profitable", "profits", "gewinn"),
    ("cost", "costs", "price", "priced", "prices", "pricing", "fee", "charge", "charges", "kostet", "kosten")
    + ("preis", "cost of"),
    ("certified", "certificate", "certification", "certifications", "zertifiziert", "zertifikat"),
    ("ceo", "chief executive", "chief executive officer", "managing director", "geschaftsfuhrer"),
    ("cto", "chief technology officer"),
    ("cfo", "chief financial officer"),
    ("website", "homepage", "web site", "webseite"),
    ("headquarters", "headquartered", "head office", "hauptsitz", "sitz", "seat"),
    ("expires", "ends", "expiry", "expiration", "expire", "runs until", "valid until", "end date", "lauft"),
    ("written", "author", "wrote", "writer", "by", "geschrieben", "autor", "autorin"),
    (
        "published",
        "publication",
        "appeared",
        "released",
        "came out",
        "written",
        "erschienen",
        "veroffentlicht",
    ),
    ("population", "inhabitants", "residents", "people", "einwohner", "einwohnerinnen"),
    ("speaks", "speaking", "fluent", "languages", "language", "spricht", "sprachen"),
    ("lives", "living", "resides", "home", "wohnt", "lebt"),
    ("works", "working", "job", "arbeitet"),
    ("studied", "degree", "graduated", "studierte", "studiert"),
    ("born", "birth", "geboren", "geburtsjahr"),
    ("length", "long", "longer", "distance", "lang", "lange"),
    ("height", "high", "tall", "hoch", "hohe", "elevation", "altitude"),
    ("weight", "weighs", "heavy", "wiegt", "gewicht", "schwer"),
    ("minutes", "minute", "min", "mins", "minuten"),
    ("hours", "hour", "h", "hrs", "stunden", "stunde"),
    ("vegetarian", "vegetarisch", "meatless"),
    ("gluten free", "glutenfrei", "without gluten", "no gluten"),
    ("free", "kostenlos", "gratis", "no charge", "free of charge"),
    ("children", "kids", "child", "family", "kinder"),
    ("dogs", "dog", "dog friendly", "hunde"),
    ("car park", "parking", "parkplatz", "parkplatze"),
    ("wheelchair", "step free", "barrierefrei", "rollstuhl"),
    ("organic", "bio", "biologisch", "okologisch"),
    ("open source", "opensource", "open-source"),
    ("subsidiary", "subsidiaries", "tochtergesellschaft"),
    ("branch", "branches", "filiale", "filialen"),
    ("office", "offices", "buro", "buros", "standort", "standorte"),
    ("warranty", "guarantee", "garantie"),
    ("rent", "rents", "hire", "hires out", "vermietet", "rental"),
    ("teaches", "teacher", "teaching", "unterrichtet", "lehrt", "lehrer", "lehrerin"),
    ("leads", "head of", "leader", "led", "leitet", "leiter", "leiterin", "runs"),
    ("joined", "joining", "kam", "since"),
    ("countries", "country", "nations", "lander", "land"),
    ("ingredients", "contains", "zutaten", "enthalt"),
    ("renews", "renewal", "renewed", "renewable", "verlangert"),
    ("usa", "us", "united states", "america", "american"),
    ("uk", "united kingdom", "britain"),
    ("germany", "deutschland"),
    ("austria", "osterreich"),
    ("switzerland", "schweiz"),
    ("norway", "norwegen"),
    ("ai", "artificial intelligence", "ki"),
)


def _table() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """Word or phrase → all the phrases of its groups."""
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for group in _GROUPS:
        phrases = tuple(tuple(words(member)) for member in group)
        for phrase in phrases:
            known = found.get(" ".join(phrase), (phrase,))
            found[" ".join(phrase)] = tuple(dict.fromkeys((*known, *phrases)))
    return found


SYNONYMS = _table()
LONGEST = max(len(key.split()) for key in SYNONYMS)
