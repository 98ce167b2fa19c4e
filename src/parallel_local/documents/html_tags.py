"""HTML with the end tags that it lets be left out, so that a simple parser sees what a browser does.

Pure: a string in, a string out. Rules of the HTML standard, section 13.1.2.4 ("Optional tags"); tags that are
nested deeper than any page means are left out, their text stays.
"""

from html.parser import HTMLParser

_VOID_NAMES = "area base br col embed hr img input link meta source track wbr"
_HEAD_NAMES = "base basefont link meta noscript script style template title html head"
_TABLE_NAMES = "table thead tbody tfoot tr td th caption colgroup"
_BLOCK_NAMES = (
    "address article aside blockquote center details dialog dir div dl dd dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hgroup hr li main menu nav ol p pre search section summary table ul"
)
_VOID = frozenset(_VOID_NAMES.split())
_HEAD = frozenset(_HEAD_NAMES.split())
_TABLE_PARTS = frozenset(_TABLE_NAMES.split())
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_CELLS = frozenset({"td", "th", "caption"})
_LISTS = frozenset({"ul", "ol", "menu", "dir"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
# A start tag → what it ends, and the elements in which it looks for that and no further.
_ENDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    **dict.fromkeys(_HEADINGS, (_HEADINGS, _BLOCKS - _HEADINGS | _CELLS)),
    "li": (frozenset({"li"}), _LISTS | _CELLS | {"table"}),
    **dict.fromkeys(("dt", "dd"), (frozenset({"dt", "dd"}), frozenset({"dl"}) | _CELLS | {"table"})),
    **dict.fromkeys(("td", "th"), (frozenset({"td", "th", "caption"}), frozenset({"tr", "table"}))),
    "tr": (frozenset({"tr", "caption", "colgroup"}), frozenset({"table"})),
    **dict.fromkeys(
        ("thead", "tbody", "tfoot", "colgroup", "caption"),
        (frozenset({"thead", "tbody", "tfoot", "caption", "colgroup"}), frozenset({"table"})),
    ),
    "option": (frozenset({"option"}), frozenset({"select", "datalist", "optgroup"})),
    "optgroup": (frozenset({"option", "optgroup"}), frozenset({"select"})),
    **dict.fromkeys(("rp", "rt", "rb", "rtc"), (frozenset({"rp", "rt", "rb"}), frozenset({"ruby"}))),
}
_DEEPEST = 120


def with_end_tags(source: str) -> str:
    """The same page, every element of it with its end tag."""
    writer = _Writer()
    writer.feed(source)
    writer.close()
    return writer.result()


class _Writer(HTMLParser):
    """Writes down what it is fed, with the ends that are meant."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self._written: list[str] = []
        self._open: list[str] = []

    def result(self) -> str:
        """All that was written; what is open at the end is ended."""
        self._end_down_to(0)
        return "".join(self._written)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._end_what_is_meant(tag)
        if tag not in _VOID:
            if len(self._open) >= _DEEPEST:
                return
            self._open.append(tag)
        self._written.append(
            (self.get_starttag_text() or f"<{tag}>").removesuffix("/>").removesuffix(">") + ">"
        )

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Outside of SVG the slash of `<li/>` means nothing."""
        if tag in _VOID or tag in _BLOCKS or tag in _TABLE_PARTS:
            self.handle_starttag(tag, attrs)
        else:
            self._written.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        """One that nothing has opened is dropped; a table's cell is ended by nothing in it."""
        for place in range(len(self._open) - 1, -1, -1):
            name = self._open[place]
            if name == tag or (tag in _HEADINGS and name in _HEADINGS):
                self._end_down_to(place)
                return
            if name in _CELLS and tag not in _TABLE_PARTS and tag not in ("body", "html"):
                return

    def handle_data(self, data: str) -> None:
        if data.strip() and self._open and self._open[-1] == "head":
            self._end_down_to(len(self._open) - 1)
        self._written.append(data)

    def handle_entityref(self, name: str) -> None:
        self._written.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._written.append(f"&#{name};")

    def _end_what_is_meant(self, tag: str) -> None:
        if tag not in _HEAD and "head" in self._open[:2]:
            self._end_down_to(self._open.index("head"))
        if tag in _BLOCKS:
            self._end_nearest(frozenset({"p"}), _CELLS | {"table", "button", "object"})
        if tag in _ENDS:
            self._end_nearest(*_ENDS[tag])

    def _end_nearest(self, ended: frozenset[str], scope: frozenset[str]) -> None:
        """Ends the outermost of these that is open in the nearest of those."""
        found = None
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place] in ended:
                found = place
            elif self._open[place] in scope:
                break
        if found is not None:
            self._end_down_to(found)

    def _end_down_to(self, depth: int) -> None:
        while len(self._open) > depth:
            self._written.append(f"</{self._open.pop()}>")
