"""Little folders of documents about invented things, with questions and who meets them, made from compact tables.

The same facts are told in several ways, beside what is planned, denied, over, or true of somebody else.
"""

import msgspec


class Question(msgspec.Struct, frozen=True):
    """Conditions (or, where there are none, an objective to be read) and the names that meet them."""

    kind: str
    conditions: tuple[str, ...]
    right: frozenset[str]
    objective: str = ""


class Folder(msgspec.Struct, frozen=True):
    """Files by name, and what is asked of them."""

    name: str
    files: dict[str, str]
    questions: tuple[Question, ...]


def asked(kind: str, conditions: str | tuple[str, ...], right: set[str]) -> Question:
    """A question of one or more conditions."""
    return Question(kind, (conditions,) if isinstance(conditions, str) else conditions, frozenset(right))


def read(objective: str, right: set[str]) -> Question:
    """A question that the engine has to take apart itself."""
    return Question("", (), frozenset(right), objective)


# name | what | city | founded | employees | ships to | certificate | raised (million euros)
_COMPANIES = """
Acme Robotics|robotics|Hamburg|2012|45|Norway, Sweden|ISO 9001|12
Brill Optics|optics|Lyon|2016|120|Norway|-|-
Cobalt Mills|paper|Bergen|1987|310|Denmark|ISO 14001|-
Dune Textiles|textile|Porto|2018|30|Spain|-|3
Elgin Tools|tool|Leeds|1999|52|Ireland, Norway|ISO 9001|-
Ferro Works|steel|Bilbao|1964|900|Denmark, Sweden|ISO 14001|-
Gale Sensors|sensor|Hamburg|2019|18|-|-|8
Hollin Foods|food|Leeds|2005|75|Ireland|ISO 22000|-
Iris Lighting|lighting|Lyon|2014|50|Spain, Denmark|-|20
Juno Pumps|pump|Porto|1978|240|Norway, Spain|ISO 9001|-
Kelp Labs|biotech|Bergen|2021|12|-|-|5
Lark Audio|audio|Bilbao|2011|61|Sweden|-|-
""".strip().splitlines()


def _company(row: str, place: int) -> str:
    name, what, city, founded, staff, ships, mark, raised = row.split("|")
    short = name.split()[0]
    rival = ("Zenith Systems", "Yarrow", "Xenon Trading Ltd")[place % 3]
    other = _COMPANIES[(place + 5) % len(_COMPANIES)].split("|")[0]
    lands = ships.replace(", ", " and ")
    opening = (
        f"{name} is a {what} company based in {city}. It was founded in {founded} and has {staff} employees.",
        f"{name}, a maker of {what} products, has its headquarters in {city}. The company employs {staff} "
        f"people.\n\n"
        f"{short} was established in {founded}.",
        f"In {founded}, {name} was founded in a garage. Today the {city}-based {what} firm has a staff of "
        f"{staff}.",
    )[place % 3]
    trade = (
        f"{short} ships to {lands}.",
        f"The company delivers to {lands}.",
        f"Customers in {lands} are served, too: {short} ships to {lands} every week.",
    )[place % 3]
    if ships == "-":
        trade = f"It does not ship abroad. Its rival {rival} ships to Norway and has 700 employees."
    paper = (
        f"It holds an {mark} certificate."
        if mark != "-"
        else f"Unlike {other}, {short} has no ISO 9001 certificate."
    )
    money = (
        f"In 2024 {name} raised {raised} million euros."
        if raised != "-"
        else f"{short} has never raised money."
    )
    return f"# {name}\n\n{opening}\n\n## Trade\n\n{trade} {paper}\n\n## Money\n\n{money}\n"


def _who(column: int, test: object) -> set[str]:
    return {row.split("|")[0] for row in _COMPANIES if test(row.split("|")[column])}  # type: ignore[operator]


_NOISE = {
    "minutes.md": "# Minutes of Monday\n\nWe spoke of Acme Robotics and the weather. The company outing "
    "is in June. "
    "Norway was named as a place for it. More than 500 employees will come.\n",
    "handbook.md": "# Handbook\n\nThe office key is at the desk. Every employee gets 28 days of holiday. "
    "Parcels for Norway go by ship.\n",
    "glossary.md": "# Glossary\n\n- ISO 9001: a standard for quality\n- ISO 14001: a standard for the "
    "environment\n",
    "weather.md": "# Weather\n\nHamburg had rain on 12 days. Bergen had rain on 25 days.\n",
}

COMPANIES = Folder(
    "companies in prose",
    {
        **{f"c{place}.md": _company(row, place) for place, row in enumerate(_COMPANIES)},
        **_NOISE,
    },
    (
        asked("companies", "Company must ship to Norway.", _who(5, lambda v: "Norway" in v)),
        asked(
            "companies",
            "Company must ship to Denmark or Spain.",
            _who(5, lambda v: "Denmark" in v or "Spain" in v),
        ),
        asked("companies", "Must have more than 50 employees.", _who(4, lambda v: int(v) > 50)),
        asked("companies", "Must have at least 50 employees", _who(4, lambda v: int(v) >= 50)),
        asked("companies", "The company has fewer than 50 employees.", _who(4, lambda v: int(v) < 50)),
        asked("companies", "Has between 50 and 120 employees", _who(4, lambda v: 50 <= int(v) <= 120)),
        asked("companies", "Must have been founded after 2012.", _who(3, lambda v: int(v) > 2012)),
        asked("companies", "founded before 2000", _who(3, lambda v: int(v) < 2000)),
        asked("companies", "Founded between 2010 and 2016", _who(3, lambda v: 2010 <= int(v) <= 2016)),
        asked("companies", "Must be based in Hamburg.", _who(2, lambda v: v == "Hamburg")),
        asked("companies", "The company is headquartered in Lyon", _who(2, lambda v: v == "Lyon")),
        asked("companies", "Must be ISO 9001 certified.", _who(6, lambda v: v == "ISO 9001")),
        asked("companies", "has an ISO 14001 certificate", _who(6, lambda v: v == "ISO 14001")),
        asked("companies", "raised more than 5 million euros", _who(7, lambda v: v != "-" and int(v) > 5)),
        asked("companies", ("ships to Sweden", "has more than 60 employees"), {"Ferro Works", "Lark Audio"}),
        read(
            "Find all companies that ship to Norway and have more than 100 employees",
            {"Brill Optics", "Juno Pumps"},
        ),
        read(
            "Find companies founded after 2015 and based in Lyon or Porto", {"Brill Optics", "Dune Textiles"}
        ),
        read("List robotics companies", {"Acme Robotics"}),
    ),
)

LISTS = Folder(
    "list pages",
    {
        "vendors.md": """# Our vendors

We work with these for the north.

## Hamburg

- **Anker Screws** – screws and bolts, delivery in 3 days
- **Boje Ropes** – ropes; ships to Norway; minimum order 200 euros
- **Deich Paints** – paints, no delivery, pick-up only

## Bremen

- **Ebbe Glass** – glass, delivery in 10 days, minimum order 50 euros
- **Flut Timber** – timber; plans to ship to Norway
""",
        "catering.md": """# Catering

The caterers are Sage Kitchen, Olive Table and Plum Spoon. Sage Kitchen costs 18 euros a head. Olive Table
costs
25 euros a head and is vegetarian. Plum Spoon is not vegetarian; it costs 14 euros a head.
""",
        "rooms.md": """# Meeting rooms

## Alder

- Seats: 12
- Projector: yes
- Floor: 2

## Birch

- Seats: 6
- Projector: no
- Floor: 1

## Cedar

- Seats: 40
- Projector: yes
- Floor: 1
""",
        "printers.md": """# Notes on printing

We bought from these suppliers:

1. Quill & Co: paper, 30 days to pay
2. Rune Inks: ink, 14 days to pay
3. Stylus Press: books, 60 days to pay

Other things to think of: envelopes, stamps.
""",
        "travel.md": "# Travel\n\nFor trips we use carriers such as Nordwind Air, Coast Ferries and Blue "
        "Coaches. "
        "Coast Ferries takes dogs. Blue Coaches does not take dogs. Nordwind Air takes dogs only in the "
        "hold.\n",
        "clinics.md": "# Clinics near by\n\n| Clinic | Town | Open on Sunday | Beds |\n| --- | --- | --- "
        "| --- |\n"
        "| Rosenhof | Kiel | yes | 120 |\n| Lindenpark | Kiel | no | 300 |\n| Seeblick | Plön | yes | 45 |\n",
        "gyms.md": "# Gyms\n\n- Iron House: 35 euros a month, open 24 hours, has a pool\n- Steel Yard: 19 "
        "euros a month, no pool\n"
        "- Oak Hall: 55 euros a month, has a sauna and a pool\n",
        "tools.md": "# Tools\n\nTools we like:\n\n- [Pinboard](https://pin.example) is an open source "
        "task tracker.\n"
        "- [Quarry](https://quarry.example) is a closed source database.\n- "
        "[Reedbed](https://reed.example) is an open "
        "source database written in Rust.\n",
        **_NOISE,
    },
    (
        asked("vendors", "ships to Norway", {"Boje Ropes"}),
        asked("vendors", "Delivery takes less than 7 days", {"Anker Screws"}),
        asked("vendors", "Minimum order below 100 euros", {"Ebbe Glass"}),
        asked("caterers", "costs less than 20 euros a head", {"Sage Kitchen", "Plum Spoon"}),
        asked("caterers", "is vegetarian", {"Olive Table"}),
        asked("meeting rooms", "has a projector", {"Alder", "Cedar"}),
        asked("rooms", "seats more than 10", {"Alder", "Cedar"}),
        asked("rooms", ("is on floor 1", "has a projector"), {"Cedar"}),
        asked("suppliers", "gives at least 30 days to pay", {"Quill & Co", "Stylus Press"}),
        asked("suppliers", "sells ink", {"Rune Inks"}),
        asked("carriers", "takes dogs", {"Coast Ferries", "Nordwind Air"}),
        asked("clinics", "open on Sunday", {"Rosenhof", "Seeblick"}),
        asked("clinics", ("is in Kiel", "has at least 200 beds"), {"Lindenpark"}),
        asked("gyms", "has a pool", {"Iron House", "Oak Hall"}),
        asked("gyms", "costs less than 40 euros a month", {"Iron House", "Steel Yard"}),
        asked("tools", "is open source", {"Pinboard", "Reedbed"}),
        read("Find all clinics with more than 100 beds", {"Rosenhof", "Lindenpark"}),
        read("Find gyms that have a pool and cost less than 50 euros", {"Iron House"}),
    ),
)

# name | kind | length km | height gain m | dogs | start
_HIKES = """
Ridge Loop|loop hike|12|640|yes|Norwick
Lake Path|easy walk|4.5|80|yes|Eastham
Pine Trail|hike|18|900|no|Norwick
Old Mill Way|walk|7|150|no|Westford
Summit Route|hike|22|1450|no|Eastham
""".strip().splitlines()


def _hike(row: str, place: int) -> str:
    name, kind, length, gain, dogs, start = row.split("|")
    article = "An" if kind[0] in "aeiou" else "A"
    return (
        f"# {name}\n\n{article} {kind} that starts in {start}. The hike is {length} km long and climbs "
        f"{gain} metres.\n\n"
        + ("Dogs are allowed on the whole way." if dogs == "yes" else "Dogs are not allowed.")
        + (" It takes 90 minutes." if place % 2 else " Plan for five hours.")
        + "\n"
    )


PLACES = Folder(
    "hikes, recipes, books and towns",
    {
        **{f"hikes/h{place}.md": _hike(row, place) for place, row in enumerate(_HIKES)},
        "recipes/apple-pie.md": "# Apple pie\n\nThis recipe takes 75 minutes and serves 8 people. It is "
        "vegetarian.\n\n"
        "## Ingredients\n\n- 6 apples\n- 200 g flour\n- 150 g butter\n",
        "recipes/lentil-soup.md": "# Lentil soup\n\nA vegan soup, ready in 35 minutes. It serves 4 "
        "people.\n\n## Ingredients\n\n"
        "- 250 g lentils\n- 2 carrots\n",
        "recipes/beef-stew.md": "# Beef stew\n\nA stew for winter. It takes 3 hours and serves 6. Not "
        "vegetarian.\n\n"
        "## Ingredients\n\n- 1 kg beef\n- 3 onions\n",
        "recipes/pancakes.md": "# Pancakes\n\nThis recipe takes 20 minutes and serves 2 people. The "
        "pancakes are vegetarian.\n\n"
        "## Ingredients\n\n- 200 g flour\n- 2 eggs\n- milk\n",
        "books/tide.md": "# The Tide\n\nThe Tide is a novel by Mara Holt. It was published in 1998 and "
        "has 412 pages.\n",
        "books/salt.md": "# Salt and Iron\n\nSalt and Iron is a history book written by Jon Veld in 2015. "
        "It has 230 pages.\n",
        "books/hill.md": "# The Hill\n\nThe Hill, a novel by Ida Brand, came out in 2003. It was "
        "published by Reed Press. It has "
        "188 pages. A sequel to The Tide is planned.\n",
        "towns.md": "# Towns of Veldland\n\n| Town | Inhabitants | River | Railway station |\n| --- | --- "
        "| --- | --- |\n"
        "| Norwick | 12,400 | Amber | yes |\n| Eastham | 3,150 | Stone Brook | no |\n| Westford | 48,000 "
        "| Amber | yes |\n"
        "| Southey | 990 | - | no |\n",
        "norwick.md": "# Norwick\n\nNorwick is a town on the Amber. It has a castle. The town hall was "
        "built in 1611.\n",
        "eastham.md": "# Eastham\n\nEastham is a small town in the hills. It has no castle. It has a lake.\n",
        **_NOISE,
    },
    (
        asked("hikes", "longer than 10 km", {"Ridge Loop", "Pine Trail", "Summit Route"}),
        asked("hikes", "shorter than 8 km", {"Lake Path", "Old Mill Way"}),
        asked("hikes", "dogs are allowed", {"Ridge Loop", "Lake Path"}),
        asked("hikes", "starts in Norwick", {"Ridge Loop", "Pine Trail"}),
        asked("hikes", "climbs more than 600 metres", {"Ridge Loop", "Pine Trail", "Summit Route"}),
        asked("recipes", "takes less than 40 minutes", {"Lentil soup", "Pancakes"}),
        asked("recipes", "takes more than 60 minutes", {"Apple pie", "Beef stew"}),
        asked("recipes", "is vegetarian", {"Apple pie", "Pancakes"}),
        asked("recipes", "serves at least 6", {"Apple pie", "Beef stew"}),
        asked("books", "published after 2000", {"Salt and Iron", "The Hill"}),
        asked("books", "has more than 200 pages", {"The Tide", "Salt and Iron"}),
        asked("novels", "has fewer than 300 pages", {"The Hill"}),
        asked("books", "written by Jon Veld", {"Salt and Iron"}),
        asked("towns", "has more than 10,000 inhabitants", {"Norwick", "Westford"}),
        asked("towns", "has a railway station", {"Norwick", "Westford"}),
        asked("towns", "has a castle", {"Norwick"}),
        asked("towns", "lies on the Amber", {"Norwick", "Westford"}),
        read("Find all hikes longer than 15 km that start in Norwick", {"Pine Trail"}),
    ),
)

# name | role | team | joined | languages | city
_STAFF = """
Ines Bauer|engineer|robotics|2015|German, Norwegian|Hamburg
Jon Veld|lawyer|legal|2019|English|Leeds
Mara Holt|designer|audio|2012|English, French|Lyon
Omar Haddad|engineer|audio|2021|French, Arabic|Lyon
Pia Lund|accountant|finance|2008|Danish, Norwegian|Hamburg
Tom Ashby|engineer|robotics|2018|English|Leeds
""".strip().splitlines()


def _person(row: str, place: int) -> str:
    name, role, team, joined, languages, city = row.split("|")
    first, last = name.split()
    article = "an" if role[0] in "aeiou" else "a"
    other = _STAFF[(place + 1) % len(_STAFF)].split("|")[0]
    tongues = languages.replace(", ", " and ")
    body = (
        f"{name} is {article} {role} in the {team} team. {first} joined in {joined} and lives in {city}. "
        f"{first} speaks {tongues}.",
        f"{name}, {role}, works in the {team} team. {last} joined the company in {joined}. Home is "
        f"{city}; languages: {tongues}.",
        f"{name} is {article} {role}. Team: {team}. She joined in {joined}. She lives in {city} and "
        f"speaks {tongues}.",
    )[place % 3]
    return (
        f"# {name}\n\n{body}\n\nHer desk is next to {other}, who speaks Finnish.\n"
        if place % 2
        else f"# {name}\n\n{body}\n"
    )


PEOPLE = Folder(
    "people",
    {
        **{f"people/p{place}.md": _person(row, place) for place, row in enumerate(_STAFF)},
        "alumni.md": "# Alumni\n\nRosa Klein was a designer. She left in 2017. Rosa now lives in Porto.\n",
        **_NOISE,
    },
    (
        asked("people", "speaks Norwegian", {"Ines Bauer", "Pia Lund"}),
        asked("people", "speaks French", {"Mara Holt", "Omar Haddad"}),
        asked("employees", "joined after 2016", {"Jon Veld", "Omar Haddad", "Tom Ashby"}),
        asked("people", "lives in Hamburg", {"Ines Bauer", "Pia Lund"}),
        asked("engineers", "joined before 2020", {"Ines Bauer", "Tom Ashby"}),
        asked("people", "Must be an engineer", {"Ines Bauer", "Omar Haddad", "Tom Ashby"}),
        asked("people", "works in the audio team", {"Mara Holt", "Omar Haddad"}),
        read("Find all engineers who live in Leeds", {"Tom Ashby"}),
    ),
)

_STATES = {
    "arrow.md": (
        "Arrow Freight",
        "2025-02-01",
        "Arrow Freight is a carrier. It ships to Norway. It has three offices.",
    ),
    "beacon.md": (
        "Beacon Freight",
        "2025-03-01",
        "Beacon Freight is a carrier. It plans to ship to Norway from next year.",
    ),
    "comet.md": (
        "Comet Freight",
        "2025-01-10",
        "Comet Freight is a carrier. It shipped to Norway until 2019.",
    ),
    "delta.md": ("Delta Freight", "2025-01-12", "Delta Freight is a carrier. It no longer ships to Norway."),
    "ember.md": (
        "Ember Freight",
        "2025-01-15",
        "Ember Freight is a carrier. It ships everywhere in Europe except Norway.",
    ),
    "fjord.md": (
        "Fjord Freight",
        "2024-05-05",
        "Fjord Freight is a carrier. It has never shipped to Norway. It seeks a partner.",
    ),
    "gull.md": (
        "Gull Freight",
        "2024-06-05",
        "Gull Freight, a carrier, ships to Norway and Iceland. It is not insured.",
    ),
    "hawk.md": (
        "Hawk Freight",
        "2024-06-06",
        "Hawk Freight is a carrier. Gull Freight ships to Norway. Hawk Freight does not.",
    ),
    "ibis.md": (
        "Ibis Freight",
        "2023-06-06",
        "Ibis Freight is a carrier. It does not ship to Norway. It has 40 trucks.",
    ),
    "ibis-news.md": (
        "Ibis Freight grows",
        "2025-06-06",
        "Ibis Freight now ships to Norway. It has 90 trucks.",
    ),
    "jade.md": (
        "Jade Freight",
        "2023-01-06",
        "Jade Freight is a carrier with 120 trucks. It is insured and ships to Norway.",
    ),
    "jade-news.md": (
        "Jade Freight shrinks",
        "2025-05-01",
        "Jade Freight stopped shipping to Norway. It has 30 trucks.",
    ),
    "kite.md": (
        "Kite Freight",
        "2025-05-01",
        "Kite Freight is a carrier. It is considering an ISO 9001 certificate.",
    ),
    "lynx.md": (
        "Lynx Freight",
        "2025-05-02",
        "Lynx Freight is a carrier. It is ISO 9001 certified and insured.",
    ),
    "moor.md": (
        "Moor Freight",
        "2025-05-03",
        "Moor Freight is a carrier. It lost its ISO 9001 certificate in 2022.",
    ),
    "nova.md": (
        "Nova Freight",
        "2025-05-03",
        "Nova Freight is a carrier. It does not use diesel trucks. It has two offices.",
    ),
    "oslo.md": (
        "Shipping notes",
        "2025-05-03",
        "Norway asks for forms. Kite Freight asked about Norway. Forms cost 20 euros.",
    ),
}

STATES = Folder(
    "denied, planned and over",
    {
        **{
            path: f"---\ndate: {date}\n---\n# {title}\n\n{text}\n"
            for path, (title, date, text) in _STATES.items()
        },
        **_NOISE,
    },
    (
        asked("carriers", "ships to Norway", {"Arrow Freight", "Gull Freight", "Ibis Freight"}),
        asked(
            "carriers",
            "does not ship to Norway",
            {"Delta Freight", "Fjord Freight", "Ember Freight", "Jade Freight", "Comet Freight"},
        ),
        asked("carriers", "Must be ISO 9001 certified", {"Lynx Freight"}),
        asked("carriers", "has more than 50 trucks", {"Ibis Freight"}),
        asked("carriers", "is insured", {"Jade Freight", "Lynx Freight"}),
        asked("carriers", "does not use diesel trucks", {"Nova Freight"}),
        asked("companies", "ships to Iceland", {"Gull Freight"}),
        read("Find all carriers that ship to Norway", {"Arrow Freight", "Gull Freight", "Ibis Freight"}),
    ),
)

_FIRMEN = {
    "anker.md": (
        "Anker Werke GmbH",
        "Die Anker Werke GmbH ist ein Hersteller von Pumpen aus Kiel. Das "
        "Unternehmen wurde 1998 "
        "gegründet und hat 140 Mitarbeiter. Es liefert nach Norwegen.",
    ),
    "birke.md": (
        "Birke Möbel",
        "Birke Möbel ist ein Unternehmen mit Sitz in Bremen. Gegründet wurde es "
        "2014. Die Firma "
        "beschäftigt 35 Mitarbeiter. Sie liefert nicht nach Norwegen.",
    ),
    "deich.md": (
        "Deich Software",
        "Deich Software ist ein Anbieter von Programmen für Häfen in Kiel. Die "
        "Firma plant, nach "
        "Norwegen zu liefern. Sie hat 60 Mitarbeiter und wurde 2019 gegründet.",
    ),
    "eiche.md": (
        "Eiche Bau",
        "Eiche Bau ist eine Firma in Lübeck. Seit 2001 baut sie Häuser aus Holz. Sie hat 220 Mitarbeiter.",
    ),
    "fink.md": (
        "Fink Optik AG",
        "Die Fink Optik AG, ein Hersteller von Linsen, hat ihren Sitz in Bremen. "
        "Sie wurde 2005 "
        "gegründet. Im Gegensatz zu Birke Möbel liefert Fink Optik nach Norwegen. Das Unternehmen "
        "hat 80 Mitarbeiter.",
    ),
}

GERMAN = Folder(
    "German",
    {
        **{path: f"# {title}\n\n{text}\n" for path, (title, text) in _FIRMEN.items()},
        "garten.md": "# Garten\n\nDie Tomaten kommen nach den Eisheiligen ins Freie. Die Gurken brauchen "
        "ein Netz.\n",
        "protokoll.md": "# Protokoll\n\nWir sprachen über Norwegen. Die Mitarbeiter wünschen sich 30 Tage "
        "Urlaub.\n",
        "lieferanten.md": "# Unsere Lieferanten\n\n- Holz Petersen: Holz, Lieferung in 5 Tagen\n- Glas "
        "Jensen: Glas, Lieferung in 20 "
        "Tagen\n",
        **_NOISE,
    },
    (
        asked("Unternehmen", "liefert nach Norwegen", {"Anker Werke GmbH", "Fink Optik AG"}),
        asked("Firmen", "hat mehr als 70 Mitarbeiter", {"Anker Werke GmbH", "Eiche Bau", "Fink Optik AG"}),
        asked("Unternehmen", "nach 2010 gegründet", {"Birke Möbel", "Deich Software"}),
        asked("Unternehmen", "mit Sitz in Bremen", {"Birke Möbel", "Fink Optik AG"}),
        asked("Lieferanten", "Lieferung in weniger als 10 Tagen", {"Holz Petersen"}),
        read("Finde alle Unternehmen, die nach Norwegen liefern", {"Anker Werke GmbH", "Fink Optik AG"}),
        read("Finde alle Firmen mit mehr als 100 Mitarbeitern", {"Anker Werke GmbH", "Eiche Bau"}),
    ),
)

FOLDERS = (COMPANIES, LISTS, PLACES, PEOPLE, STATES, GERMAN)
