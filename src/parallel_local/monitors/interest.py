"""What a monitor is interested in: its query without the order to watch, and without the word that it is news. Pure.

Every query of a monitor asks for what is new or has changed; documents do not say of themselves that they are.
"""

import re

_WATCH = (
    r"(?:please\s+)?(?:extract|find|get|watch|monitor|track|follow|detect|report|list|show)(?:\s+me)?(?:\s+for)?|"
    r"(?:please\s+)?(?:notify|tell|alert|inform)\s+(?:me|us)(?:\s+(?:of|about|on|when|whenever|if))?|"
    r"(?:please\s+)?let\s+(?:me|us)\s+know(?:\s+(?:of|about|when|whenever|if))?|"
    r"(?:bitte\s+)?(?:(?:überwache|beobachte|verfolge)n?|(?:melde|sag|zeig)e?\s+mir|(?:benachrichtige|informiere)\s+mich)"
    r"(?:,?\s+(?:über|zu|bei|wenn|sobald|falls))?|"
    r"(?:surveille[rz]?|suis|préviens-moi|prévenez-moi|informe-moi|informez-moi)(?:\s+(?:quand|lorsque|si|de|des|du|sur))?|"
    r"(?:vigila|sigue|avísame|infórmame|notifícame)(?:\s+(?:cuando|si|de|del|sobre))?"
)
_NEWS = (
    "news|updates?|changes?|announcements?|developments?|mentions?|reports?|neuigkeiten|neues|änderungen|"
    "nouvelles|actualités|changements|noticias|novedades|cambios"
)
_OF = "about|on|of|in|to|regarding|from|for|über|zu|zur|zum|an|bei|von|vom|sur|de|des|du|à|sobre|del|en"
_HAPPENS = (
    "chang(?:es?|ed)|mov(?:es?|ed)|ris(?:es?|en)|falls?|drops?|(?:in|de)creas(?:es?|ed)|goes (?:up|down)|updated?s?|"
    "announc(?:es?|ed)|publish(?:es|ed)?|releas(?:es?|ed)|happens?|appears?|comes out"
)
_RECENT = r"(?:(?:any|all|the|recent|new|latest|important|major|material|significant)\s+)*"
_ORDER = re.compile(rf"^\s*(?:{_WATCH})\b\s*", re.IGNORECASE)
_ABOUT = re.compile(rf"^{_RECENT}(?:{_NEWS})\s+(?:{_OF})\s+", re.IGNORECASE)
_CHANGE = re.compile(
    rf"\s+(?:(?:is|are|was|were|has|have|been|gets?)\s+)*(?:{_HAPPENS})\s*[.!?]*\s*$", re.IGNORECASE
)


def topic(query: str) -> str:
    """What documents have to be about; the query itself where nothing would be left."""
    ordered = _ORDER.sub("", query, count=1)
    bare = _ABOUT.sub("", ordered, count=1)
    if ordered != query:
        bare = _CHANGE.sub("", bare, count=1)
    return bare.strip() or query
