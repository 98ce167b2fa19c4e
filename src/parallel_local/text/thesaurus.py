"""Everyday business synonyms: which words may stand for each other in a question and in a document.

Data only. A group is a list of words or short phrases; all members of a group are interchangeable.
The groups are deliberately few: a wrong synonym costs more than a missing one.
"""

GROUPS: tuple[tuple[str, ...], ...] = (
    ("founded", "established", "founding", "inception", "came into existence", "incorporated"),
    ("acquisition", "merger", "m&a", "buyout", "acquired", "takeover", "consolidation"),
    (
        "raised money",
        "raised",
        "funding",
        "financing",
        "funding round",
        "series",
        "seed round",
        "investment round",
    ),
    ("ceo", "chief executive", "chief executive officer"),
    ("cto", "chief technology officer", "chief technical officer"),
    ("cfo", "chief financial officer"),
    ("coo", "chief operating officer"),
    ("website", "homepage", "web site"),
    ("headquarters", "headquartered", "head office", "based in"),
    ("revenue", "sales", "turnover"),
    ("employees", "staff", "headcount", "workforce"),
    ("usa", "us", "united states", "u.s", "america", "american"),
    ("uk", "united kingdom", "britain"),
    ("eu", "european union"),
    ("un", "united nations"),
    ("ai", "artificial intelligence"),
    ("competitors", "rivals", "competitive landscape"),
    ("cost", "price", "pricing"),
    ("forecast", "outlook", "projection", "projected"),
    ("regulation", "regulatory", "rules", "legislation"),
    ("hvac", "heating ventilation and air conditioning"),
)
