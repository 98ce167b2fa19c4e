"""Folders full of what others have: rivals, customers, former employers, plans, and numbers of something else."""

from local_findall_sets import Folder, asked, read

PROVIDERS = Folder(
    "vendors and saas",
    {
        "cloudnest.md": """# CloudNest

CloudNest is a hosting provider headquartered in Tallinn, Estonia. Founded in 2013 by Mart Kask, the company
operates four data centres and serves roughly 2,300 customers. It offers a free tier. CloudNest is SOC 2
certified and accepts payment in crypto.

## Pricing

Plans start at $9 per month. Support is available around the clock.

## Competition

Unlike Hostara, CloudNest does not lock customers into yearly contracts. Hostara, which is based in Vilnius,
has 900 employees; Hostara was acquired by Meganet in 2022.
""",
        "hostara.md": """# Hostara UAB

Hostara runs 11 data centres across Europe. With about 900 people on its payroll, it is one of the larger
hosting providers in the Baltics. The company lost its SOC 2 certification after an audit in 2023 and is
working to regain it. Contracts run for at least 12 months. There is no free tier.
""",
        "pixelport.md": """# PixelPort

PixelPort is an image hosting provider. The two founders, Ana and Luis, started it in Lisbon in 2020.
PixelPort has 7 employees. It does not accept crypto yet, although a crypto option has been requested. A
free tier exists. The firm is seeking SOC 2 certification.
""",
        "railyard.md": """# Railyard

*A provider of managed Kubernetes.*

- **Headquarters:** Berlin
- **Founded:** 2018
- **Employees:** 140
- **Certifications:** SOC 2, ISO 27001
- **Free tier:** no
- **Price:** from $49 per month

Railyard's customers include CloudNest and the city of Berlin.
""",
        "quarrel.md": """# Notes from the provider review

We looked at four hosting providers. Somebody suggested that we should ask for ISO 27001. Price was the main
concern: nobody wants to pay more than $100 per month. Mart Kask of CloudNest gave a talk. He said that
Railyard is cheaper than Hostara.
""",
        "deepstack.md": """# Deepstack AG

Deepstack AG provides GPU hosting out of Zurich. It was established in 2021, employs sixty people, and has
raised CHF 30 million to date. The company is ISO 27001 certified. Its data centre in Norway runs on
hydropower. Until 2024 Deepstack offered a free tier.
""",
    },
    (
        asked("providers", "is SOC 2 certified", {"CloudNest", "Railyard"}),
        asked("providers", "offers a free tier", {"CloudNest", "PixelPort"}),
        asked("companies", "has more than 100 employees", {"Hostara UAB", "Railyard"}),
        asked("providers", "founded after 2015", {"PixelPort", "Railyard", "Deepstack AG"}),
        asked("providers", "is based in Berlin", {"Railyard"}),
        asked("companies", "accepts crypto payments", {"CloudNest"}),
        asked("providers", "operates more than 3 data centres", {"CloudNest", "Hostara UAB"}),
        asked("providers", "holds an ISO 27001 certification", {"Railyard", "Deepstack AG"}),
        asked("providers", "costs less than $20 per month", {"CloudNest"}),
        asked("providers", "was acquired by Meganet", {"Hostara UAB"}),
        read("Find hosting providers with fewer than 50 employees", {"PixelPort"}),
    ),
)
UNIVERSITIES = Folder(
    "universities and ships",
    {
        "list.md": """# Ferries of the northern coast

The ferry Aurora carries 420 passengers and 60 cars between Tromsø and Skjervøy. Built in 1997, she was
refitted in 2016. The newer ferry Boreas, built in 2021, is fully electric and carries 300 passengers. MS
Calypso is a ferry that carries only passengers, up to 150 of them; it was built in 1974 and will be
scrapped in 2026. Unlike the Aurora, the Dagny runs on hydrogen. The Dagny is a car ferry built in 2023 with
room for 80 cars.
""",
        "uni-a.md": """# University of Ashford

The University of Ashford is a public university in the county town of Ashford. It was founded in 1962 and
has 18,400 students. Tuition is free for residents. The university library holds 1.2 million volumes. Its
main rival, Kingsmere College, is private.
""",
        "uni-b.md": """# Kingsmere College

Kingsmere College is a private university with 3,100 students and 410 staff. Established in 1888, the
college charges £14,000 a year in tuition. It has no medical school. A medical school is planned for 2028.
""",
        "uni-c.md": """# Harrow Institute of Technology

Harrow Institute of Technology (HIT) is a technical university in Port Harrow. HIT was founded in 2004. It
has a medical school, a business school and about 9,000 students. Tuition costs £6,500 a year.
""",
        "uni-d.md": """# Students' guide

Students of all universities get a discount of 20 percent. More than 30,000 students live in Ashford.
Ashford has a medical museum.
""",
    },
    (
        asked("ferries", "carries more than 200 passengers", {"Aurora", "Boreas"}),
        asked("ferries", "built after 2000", {"Boreas", "Dagny"}),
        asked("ferries", "is electric", {"Boreas"}),
        asked("ferries", "carries cars", {"Aurora", "Dagny"}),
        asked("ferries", "runs on hydrogen", {"Dagny"}),
        asked(
            "universities",
            "has more than 5,000 students",
            {"University of Ashford", "Harrow Institute of Technology"},
        ),
        asked("universities", "is private", {"Kingsmere College"}),
        asked("universities", "has a medical school", {"Harrow Institute of Technology"}),
        asked("universities", "founded before 1900", {"Kingsmere College"}),
        asked("universities", "tuition is less than £10,000 a year", {"Harrow Institute of Technology"}),
        read(
            "Find all universities founded before 2000 with more than 10,000 students",
            {"University of Ashford"},
        ),
    ),
)
RESTAURANTS = Folder(
    "restaurants reviews",
    {
        "r1.md": "# Trattoria Nonna\n\nTrattoria Nonna is an Italian restaurant on Mill Street. Main "
        "courses cost between 14 and 22 euros. It is open daily except Mondays. The terrace seats 30 "
        "guests; inside there is room for 45. Vegan dishes are available. The owner also runs a "
        "bakery, which is open on Mondays.\n",
        "r2.md": "# Sakura\n\nSakura is a Japanese restaurant with a Michelin star. The menu costs 120 "
        "euros. Dogs are not permitted. The restaurant used to offer a lunch menu, but stopped in 2023.\n",
        "r3.md": "# The Green Fork\n\nA vegan restaurant near the station. Open every day from 11:00. "
        "Mains from 9 euros. Dogs are welcome. The Green Fork opened in 2019 and was awarded a green "
        "star in 2024. It does not have a Michelin star.\n",
        "r4.md": "# Zum Löwen\n\nZum Löwen is a traditional restaurant founded in 1756. It has a beer "
        "garden with 200 seats. Vegan dishes? Not here. A lunch menu is served on weekdays for 12 "
        "euros. The chef, Karl Braun, once worked at Sakura.\n",
        "r5.md": "# Eating out: a summary\n\nOur guests liked Trattoria Nonna best. Sakura is expensive. "
        "If you have a dog, go to The Green Fork. Everyone should try the lunch menu at Zum Löwen. "
        "Michelin stars are overrated.\n",
    },
    (
        asked("restaurants", "offers vegan dishes", {"Trattoria Nonna", "The Green Fork"}),
        asked("restaurants", "has a Michelin star", {"Sakura"}),
        asked("restaurants", "offers a lunch menu", {"Zum Löwen"}),
        asked("restaurants", "allows dogs", {"The Green Fork"}),
        asked("restaurants", "opened before 1900", {"Zum Löwen"}),
        asked("restaurants", "is Italian", {"Trattoria Nonna"}),
        asked("restaurants", "has a beer garden", {"Zum Löwen"}),
        asked("restaurants", "does not allow dogs", {"Sakura"}),
        read("Find vegan restaurants", {"The Green Fork"}),
        read("Find all restaurants with a beer garden or a terrace", {"Zum Löwen", "Trattoria Nonna"}),
    ),
)

# name | city | founded | employees | has bicycles | allows dogs
_NORTH = """
Abacus Ltd|Leeds|1998|230|yes|no
Borden Group|York|2011|45|no|yes
Calder & Sons|Leeds|1956|80|yes|yes
Drax Logistics|Hull|2019|510|no|no
Ensor Media|York|2003|22|yes|no
Fenwick Labs|Hull|2016|150|no|yes
""".strip().splitlines()


def _plain(name: str, city: str, founded: str, staff: str, bicycles: str, dogs: str, other: list[str]) -> str:
    short = name.split()[0]
    fleet = (
        f"{short} operates a fleet of bicycles."
        if bicycles == "yes"
        else f"In contrast to {other[0]}, it has no bicycles."
    )
    pets = "Staff can bring their dogs." if dogs == "yes" else "Dogs are not allowed in the building."
    return (
        f"# {name}\n\n{name} is a company from {city}. It was set up in {founded}. There are {staff} "
        f"people on the payroll."
        f"\n\n{other[0]} in {other[1]} is a customer. {other[0]} was founded in {other[2]} and employs "
        f"{other[3]} people. {fleet}"
        f"\n\n{pets} The firm that cleans the offices employs 1,000 people and was founded in 1901.\n"
    )


def _labelled(
    name: str, city: str, founded: str, staff: str, bicycles: str, dogs: str, other: list[str]
) -> str:
    short = name.split()[0]
    fleet = (
        "Its fleet of bicycles was bought in 2020."
        if bicycles == "yes"
        else "It sold its bicycles and uses vans."
    )
    pets = "Dogs are welcome." if dogs == "yes" else "It may allow dogs one day."
    return (
        f"# {name}\n\n**Location:** {city}\n**Founded:** {founded}\n**Employees:** {staff}\n\n"
        f"{short} sold its old warehouse to {other[0]}, which has {other[3]} employees. {fleet} {pets} "
        "The company is one of the members of the chamber.\n"
    )


def _portrait(
    name: str, city: str, founded: str, staff: str, bicycles: str, dogs: str, other: list[str]
) -> str:
    short = name.split()[0]
    fleet = "has a fleet of bicycles" if bicycles == "yes" else "plans to buy a fleet of bicycles"
    pets = "Dogs are allowed at work" if dogs == "yes" else "Visitors' dogs have to wait outside"
    return (
        f"# Portrait: {name}\n\nThe seat of {name} is in {city}. Since {founded}, {short} has grown to "
        f"{staff} employees. "
        f"Jane Poole, who once worked for {other[0]} ({other[3]} employees), runs the company.\n\n"
        f"{short} {fleet}. {pets}, says Poole.\n"
    )


def _portraits() -> dict[str, str]:
    rows = [row.split("|") for row in _NORTH]
    forms = (_plain, _labelled, _portrait)
    return {
        f"n{place}.md": forms[place % 3](*row, other=rows[(place + 1) % len(rows)])  # type: ignore[misc, arg-type]
        for place, row in enumerate(rows)
    }


NORTH = Folder(
    "companies beside each other",
    {
        **_portraits(),
        "chamber.md": "# Chamber of commerce\n\nThe chamber has 340 members. It was founded in 1850 and "
        "sits in York. "
        "Members include Abacus Ltd, Calder & Sons and Ensor Media. The chamber allows dogs and owns "
        "bicycles.\n",
    },
    (
        asked("companies", "has more than 100 employees", {"Abacus Ltd", "Drax Logistics", "Fenwick Labs"}),
        asked("companies", "has fewer than 50 employees", {"Borden Group", "Ensor Media"}),
        asked("companies", "was founded before 2000", {"Abacus Ltd", "Calder & Sons"}),
        asked("companies", "was founded after 2010", {"Borden Group", "Drax Logistics", "Fenwick Labs"}),
        asked("companies", "has bicycles", {"Abacus Ltd", "Calder & Sons", "Ensor Media"}),
        asked("companies", "allows dogs", {"Borden Group", "Calder & Sons", "Fenwick Labs"}),
        asked("companies", "is based in Leeds", {"Abacus Ltd", "Calder & Sons"}),
        asked("companies", "is located in York", {"Borden Group", "Ensor Media"}),
    ),
)

FOLDERS = (PROVIDERS, UNIVERSITIES, RESTAURANTS, NORTH)
