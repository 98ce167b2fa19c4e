"""What a monitor is interested in: its query without the order to watch, and without the word that it is news. Pure.

Every query of a monitor asks for news; documents do not say of themselves that they are.
"""

import re

_WATCH = (
    r"(?:please\s+)?(?:extract|find|get|watch|monitor|track|follow|detect|report|list|show)(?:\s+me)?(?:\s+for)?|"
    r"(?:please\s+)?(?:notify|tell|alert|inform)\s+(?:me|us)(?:\s+(?:of|about|on|when|whenever|if))?|"
    r"(?:please\s+)?let\s+(?:me|us)\s+know(?:\s+(?:of|about|when|whenever|if))?"
)
_NEWS = "news|updates?|changes?|announcements?|developments?|mentions?|reports?"
_RECENT = r"(?:(?:any|all|the|recent|new|latest|important|major|material|significant)\s+)*"
_ORDER = re.compile(rf"^\s*(?:{_WATCH})\b\s*", re.IGNORECASE)
_ABOUT = re.compile(rf"^{_RECENT}(?:{_NEWS})\s+(?:about|on|of|in|to|regarding|from|for)\s+", re.IGNORECASE)


def topic(query: str) -> str:
    """What documents have to be about; the query itself where nothing would be left."""
    bare = _ABOUT.sub("", _ORDER.sub("", query, count=1), count=1).strip()
    return bare or query
