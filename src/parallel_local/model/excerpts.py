"""What of the documents is shown to the model: numbered passages, within the budget. Pure.

Passages are kept as the documents have them; how they are put before the model is in `prompts.py`.
"""

from collections.abc import Iterable, Sequence
from itertools import zip_longest

import msgspec

from parallel_local.model.budget import Budget
from parallel_local.model.injection import without_orders
from parallel_local.retrieval.index import Card
from parallel_local.retrieval.ranking import Found

_LONGEST_PASSAGE = 2_500
_LEAST_ROOM = 200


class Shown(msgspec.Struct, frozen=True):
    """A passage under the number that the model knows it by. `text` is a slice of the document."""

    number: int
    card: Card
    heading: str
    text: str

    @property
    def around(self) -> str:
        """What stands above it: the document's title, and its headings."""
        return f"{self.card.title} | {self.heading}"


def choose(already: Sequence[Shown], found: Iterable[Sequence[Found]], budget: Budget) -> list[Shown]:
    """What was shown already, and new passages: the best of each search first, then the second best, and so on."""
    shown = list(already)
    seen = {(one.card.url, one.text) for one in shown}
    urls = {one.card.url for one in shown}
    room = budget.excerpt_chars - sum(len(one.text) for one in shown)
    for item in (item for rank in zip_longest(*found) for item in rank if item is not None):
        text = cut(item.text, min(_LONGEST_PASSAGE, room))
        if (item.card.url, text) in seen or not text:
            continue
        if room < _LEAST_ROOM:
            break
        if item.card.url not in urls and len(urls) >= budget.documents:
            continue
        if not without_orders(text).strip("[…] \n"):
            continue
        seen.add((item.card.url, text))
        urls.add(item.card.url)
        shown.append(Shown(len(shown) + 1, item.card, item.heading, text))
        room -= len(text)
    return shown


def cut(text: str, limit: int) -> str:
    """The beginning of a passage, ending at a blank where there is one."""
    if len(text) <= limit:
        return text
    cut = max(text.rfind(" ", limit // 2, limit + 1), text.rfind("\n", limit // 2, limit + 1))
    return text[: cut if cut > 0 else max(limit, 0)].rstrip()
