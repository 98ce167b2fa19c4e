"""More little folders for FindAll, in other words and about other things than those in `local_findall_sets.py`.

They were written before the engine was first run on them, and nothing was fitted to their wording but what
is general.
"""

from local_findall_sets import Folder, asked, read

WINE = Folder(
    "wineries and bars",
    {
        "domaine-alba.md": """# Domaine Alba

Domaine Alba is a family-run winery near Beaune. The estate covers 24 hectares and has been organic since
2009.
It produces around 90,000 bottles a year, mostly Pinot Noir. Visitors are welcome from Tuesday to Saturday;
a tasting
costs 15 euros.

Its neighbour Clos Morel is larger: 60 hectares, and not organic.
""",
        "clos-morel.md": """# Clos Morel

The winery was founded in 1872 and belongs to the Morel family. With 60 hectares, Clos Morel is among the
larger
estates. It exports to Japan and Canada. Tastings cost €25 and must be booked. Clos Morel is not organic,
but hopes to
be certified by 2027.
""",
        "quinta-do-sol.md": """---
title: Quinta do Sol
date: 2025-04-02
---
Quinta do Sol, a winery in the Douro valley, was bought by Casa Lume in 2021. It works 38 hectares and ships
wine to
Germany, Canada and Norway. No tastings are offered.
""",
        "weingut-berg.md": """# Weingut Berg

A small winery in Rüdesheim with 6 hectares of vines. The owner, Lena Berg, speaks English and French.
Tastings are free.
The vines are farmed organically.
""",
        "casa-lume.md": """# Casa Lume

Casa Lume is a wine merchant based in Porto. It owns two wineries and employs 85 people. Casa Lume exports
to Brazil.
""",
        "bars.md": """# Where to drink

Le Zinc is a wine bar in Beaune, open every day. La Cave, a wine bar on the main square, is closed on Sundays.
The Anchor is a beer bar; it opens at 17:00 and serves 40 beers. Barolo House is a restaurant with a good
cellar.
""",
        "notes-tasting.md": "# Tasting notes, May\n\nThe Pinot of 2021 was thin. Organic wines did well. "
        "We drank 14 wines. "
        "A bottle of the best cost 80 euros. Somebody proposed a trip to Japan.\n",
    },
    (
        asked("wineries", "is organic", {"Domaine Alba", "Weingut Berg"}),
        asked("wineries", "covers more than 30 hectares", {"Clos Morel", "Quinta do Sol"}),
        asked("wineries", "exports to Canada", {"Clos Morel"}),
        asked("wineries", "offers tastings for less than 20 euros", {"Domaine Alba"}),
        asked("wineries", "founded before 1900", {"Clos Morel"}),
        asked("wineries", "was acquired by Casa Lume", {"Quinta do Sol"}),
        asked("wine bars", "is in Beaune", {"Le Zinc"}),
        asked("bars", "is a wine bar", {"Le Zinc", "La Cave"}),
        asked("merchants", "has more than 50 employees", {"Casa Lume"}),
        read("Find all wineries larger than 20 hectares", {"Domaine Alba", "Clos Morel", "Quinta do Sol"}),
    ),
)

_CONTRACTS = """
Lease Harbour Street|lease|Northgate Estates|2021-04-01|2026-03-31|2,400|6 months|yes
Cleaning Agreement|service contract|Bright & Sons|2023-01-01|2025-12-31|780|3 months|no
Fibre Contract|supply contract|Telcom Nord|2022-07-15|2027-07-14|149|1 month|yes
Copier Lease|lease|Paperline AG|2020-02-01|2024-01-31|210|3 months|no
Security Contract|service contract|Watchful Ltd|2024-05-01|2029-04-30|1,150|12 months|yes
""".strip().splitlines()


def _contract(row: str) -> str:
    title, kind, partner, begins, ends, cost, notice, renews = row.split("|")
    return (
        f"# {title}\n\n- Type: {kind}\n- Partner: {partner}\n- Start: {begins}\n- End: {ends}\n- Monthly "
        f"cost: {cost} EUR\n"
        f"- Notice period: {notice}\n- Renews automatically: {renews}\n\n## Remarks\n\nSigned in the "
        f"office of {partner}.\n"
    )


_MACHINES = """
| Machine | Maker | Built | Power | Location | In service |
| --- | --- | --- | --- | --- | --- |
| Lathe L-20 | Ferrum | 2009 | 7.5 kW | Hall A | yes |
| Mill M-4 | Ferrum | 2018 | 15 kW | Hall B | yes |
| Press P-100 | Hydra | 1994 | 30 kW | Hall A | no |
| Saw S-3 | Kettner | 2021 | 3 kW | Hall C | yes |
| Crane C-9 | Hydra | 2003 | 22 kW | Hall B | yes |
""".strip()

OFFICE = Folder(
    "contracts and machines",
    {
        **{f"contracts/{place}.md": _contract(row) for place, row in enumerate(_CONTRACTS)},
        "workshop.md": f"---\ndate: 2025-06-01\n---\n# Machines in the workshop\n\n{_MACHINES}\n\nThe "
        f"lathe L-20 was repaired in 2022.\n",
        "orders.md": "# Orders\n\nA new press with 45 kW was ordered from Hydra. The old one goes in autumn.\n",
        "software.md": """# Software we use

## Ledgerline

Accounting software. Price: 39 euros per month. Runs on Windows and macOS. It does not run on Linux.

## Taskwell

A task tracker, free for up to ten users. It runs on Linux, Windows and macOS and is open source.

## Mapsmith

Mapping software for Linux. Costs 120 euros per month. A Windows version is planned for 2026.
""",
        "hotels.md": """# Hotels for guests

- **Hotel Adler** (Kiel): 45 rooms, from 89 euros, breakfast included, no parking
- **Hotel Meerblick** (Kiel): 120 rooms, from 145 euros, pool, parking for 60 cars
- **Pension Ahoi** (Lübeck): 8 rooms, from 55 euros, dogs welcome
- **Hotel Stern** (Lübeck): 30 rooms, from 99 euros, dogs not allowed
""",
    },
    (
        asked("contracts", "ends before 2026", {"Cleaning Agreement", "Copier Lease"}),
        asked(
            "contracts",
            "Monthly cost is more than 500 EUR",
            {"Lease Harbour Street", "Cleaning Agreement", "Security Contract"},
        ),
        asked(
            "contracts",
            "renews automatically",
            {"Lease Harbour Street", "Fibre Contract", "Security Contract"},
        ),
        asked(
            "contracts",
            "has a notice period of at least 6 months",
            {"Lease Harbour Street", "Security Contract"},
        ),
        asked("leases", "partner is Paperline AG", {"Copier Lease"}),
        asked("machines", "older than 15 years", {"Lathe L-20", "Press P-100", "Crane C-9"}),
        asked("machines", "built after 2015", {"Mill M-4", "Saw S-3"}),
        asked("machines", "has more than 10 kW of power", {"Mill M-4", "Press P-100", "Crane C-9"}),
        asked("machines", "made by Hydra", {"Press P-100", "Crane C-9"}),
        asked("machines", ("is in Hall A", "is in service"), {"Lathe L-20"}),
        asked("software", "runs on Linux", {"Taskwell", "Mapsmith"}),
        asked("software", "costs less than 50 euros per month", {"Ledgerline"}),
        asked("software", "runs on Windows", {"Ledgerline", "Taskwell"}),
        asked("hotels", "has more than 40 rooms", {"Hotel Adler", "Hotel Meerblick"}),
        asked("hotels", "costs less than 100 euros", {"Hotel Adler", "Pension Ahoi", "Hotel Stern"}),
        asked("hotels", "allows dogs", {"Pension Ahoi"}),
        asked("hotels", "is in Kiel", {"Hotel Adler", "Hotel Meerblick"}),
        asked("hotels", "has parking", {"Hotel Meerblick"}),
        read("Which contracts end before 2025?", {"Copier Lease"}),
        read("Find all hotels in Lübeck with at least 10 rooms", {"Hotel Stern"}),
    ),
)

STARTUPS = Folder(
    "start-ups in reports",
    {
        "report-q1.md": """---
date: 2025-03-31
---
# Quarterly report

Three start-ups stood out this quarter. Tidal Grid, a Bergen startup, raised 14 million dollars from North
Fund. It has 40
people and sells batteries to ferries. The Berlin startup Papierlos raised nothing; it has 25 employees and
is profitable.
Mossworks is a biotech startup from Ghent. Mossworks wants to open an office in Boston, and it employs 9
people.

Investors such as North Fund and Delta Capital were active. Delta Capital put 3 million dollars into
Mossworks.
""",
        "report-q2.md": """---
date: 2025-06-30
---
# Second report

Tidal Grid now employs 75 people. Papierlos was sold to Docuware in May 2025. Mossworks opened an office in
Boston in
June. Another startup, Loomly Fabrics, joined the programme: founded in 2022 in Ghent, it makes cloth from
algae. Unlike
Mossworks, Loomly Fabrics is profitable.
""",
        "tidal.md": """# Tidal Grid

Tidal Grid was founded in 2017 by Nora Lie. The firm is based in Bergen. Its competitor Aquavolt was founded
in 2010, is
based in Oslo and employs 300 people. Tidal Grid holds 12 patents. Aquavolt holds 80 patents.
""",
        "aquavolt.md": "# Aquavolt\n\nAquavolt AS builds turbines in Oslo. The company isn't profitable. "
        "It hasn't raised money "
        "since 2020.\n",
        "people.md": "# Founders\n\n| Founder | Company | Born |\n| --- | --- | --- |\n| Nora Lie | Tidal "
        "Grid | 1985 |\n"
        "| Emil Rask | Papierlos | 1979 |\n| Ada Moens | Mossworks | 1991 |\n",
    },
    (
        asked("startups", "has more than 50 employees", {"Tidal Grid"}),
        asked("startups", "is profitable", {"Papierlos", "Loomly Fabrics"}),
        asked("startups", "raised more than 10 million dollars", {"Tidal Grid"}),
        asked("startups", "has an office in Boston", {"Mossworks"}),
        asked("startups", "was founded after 2016", {"Tidal Grid", "Loomly Fabrics"}),
        asked("companies", "holds more than 50 patents", {"Aquavolt AS"}),
        asked("companies", "is based in Oslo", {"Aquavolt AS"}),
        asked("investors", "was active", {"North Fund", "Delta Capital"}),
        asked("founders", "born before 1980", {"Emil Rask"}),
        read("Find all startups from Ghent", {"Mossworks", "Loomly Fabrics"}),
    ),
)

VEREINE = Folder(
    "clubs and museums, German and English",
    {
        "ruderclub.md": "# Ruderclub Elbe\n\nDer Ruderclub Elbe ist ein Verein in Hamburg. Er hat 320 "
        "Mitglieder und wurde 1894 "
        "gegründet. Der Beitrag beträgt 25 Euro im Monat. Gäste sind nicht erlaubt.\n",
        "schach.md": "# Schachverein Läufer\n\nDer Verein wurde 2011 gegründet und hat 45 Mitglieder. Der "
        "Beitrag beträgt 8 Euro im Monat. "
        "Gäste sind willkommen.\n",
        "chor.md": "# Chor Hafenklang\n\nDer Chor Hafenklang ist ein Verein mit 60 Mitgliedern aus "
        "Bremen. Anders als der Ruderclub Elbe "
        "nimmt der Verein keine neuen Mitglieder auf.\n",
        "museen.md": """# Museen

| Museum | Stadt | Eintritt | Barrierefrei |
| --- | --- | --- | --- |
| Kunsthalle Nord | Hamburg | 12 Euro | ja |
| Zollmuseum | Hamburg | 4 Euro | nein |
| Moormuseum | Bremen | frei | ja |
""",
        "museums.md": """# Museums abroad

The Tin Museum in Redruth opened in 1994. It has a café but no shop. The Glass House is a museum in Lyon
with a shop and a café; it
is closed on Mondays. Clock Hall, a museum of watches, shows 2,300 clocks. Clock Hall has a shop.
""",
    },
    (
        asked("Vereine", "hat mehr als 50 Mitglieder", {"Ruderclub Elbe", "Chor Hafenklang"}),
        asked("Vereine", "vor 2000 gegründet", {"Ruderclub Elbe"}),
        asked("Vereine", "Beitrag unter 10 Euro im Monat", {"Schachverein Läufer"}),
        asked("Vereine", "in Hamburg", {"Ruderclub Elbe"}),
        asked("Museen", "ist barrierefrei", {"Kunsthalle Nord", "Moormuseum"}),
        asked("Museen", ("in Hamburg", "Eintritt unter 10 Euro"), {"Zollmuseum"}),
        asked("museums", "has a shop", {"The Glass House", "Clock Hall"}),
        asked("museums", "has a café", {"The Tin Museum", "The Glass House"}),
        asked("museums", "opened before 2000", {"The Tin Museum"}),
        read("Finde alle Museen in Bremen", {"Moormuseum"}),
    ),
)

FOLDERS = (WINE, OFFICE, STARTUPS, VEREINE)
