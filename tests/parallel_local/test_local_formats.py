"""Each format of documents: what is quoted of a file, under which address, and that the answers cite it so."""

from contextlib import closing
from pathlib import Path

import pytest
from local_engine import engine
from local_files import (
    FACT,
    NOTEBOOK,
    docx_file,
    epub_file,
    mbox_file,
    message,
    pdf_file,
    pptx_file,
    xlsx_file,
)

from parallel_local.documents.formats import read_content
from parallel_local.documents.html import read_html
from parallel_local.documents.markdown import passages
from parallel_local.retrieval.library import Library

ORG = f"""#+TITLE: Keepers
#+DATE: <2024-02-01 Thu>
* Towers :work:
:PROPERTIES:
:ID: 7
:END:
{FACT} See [[https://example.com][the *map*]] and *bold* words.
# a comment
| Tower | Steps |
|-------+-------|
| North | 210   |
#+BEGIN_SRC python
# no heading
#+END_SRC
"""
RST = """Keepers
=======

Towers
------

FACT

- first
- second

===== =====
Tower Steps
===== =====
North 210
===== =====

.. include:: OTHER
.. raw:: html

   <b>raw</b>
"""
RECORDS = '[{"name": "North", "steps": 210, "keepers": ["Ada", "Bo"]}, {"name": "South", "place": {"town": "Norwick"}}]'
LINES = '{"title": "First", "note": "sand"}\n\n{"title": "Second", "note": "' + FACT + '"}\n'


def parts(name: str, content: bytes) -> dict[str, str]:
    """Anchor → text of a file's parts."""
    return {part.anchor: part.text for part in read_content(name, content).parts}


def test_docx() -> None:
    found = read_content("offer.docx", docx_file())
    assert found.title == "Offer for Norwick"
    assert found.parts[0].anchor == ""
    assert found.parts[0].text == (
        f"# Offer\n\n{FACT}\n\n- first point\n- second point\n\n| Lamp | Price |\n| --- | --- |\n| L1 | 40 euros |"
    )


def test_slides() -> None:
    assert parts("talk.pptx", pptx_file()) == {
        "slide=1": "# Opening\n\nWelcome to the harbor\n\nSpeak slowly.",
        "slide=2": f"# Steps\n\n{FACT}\n\n| Tower |\n| --- |\n| North |",
    }


def test_sheets() -> None:
    assert parts("stock.xlsx", xlsx_file()) == {
        "sheet=Stock": "# Stock\n\n| Item | Count |\n| --- | --- |\n| Rope | 12 |",
        "sheet=Prices%202026": "# Prices 2026\n\n| Item | Price |\n| --- | --- |\n| Lantern | 19.5 |",
    }


def test_pages_of_a_pdf() -> None:
    found = parts("report.pdf", pdf_file("An introduction.", FACT))
    assert found == {"page=1": "An introduction.", "page=2": FACT}


def test_chapters_of_a_book() -> None:
    book = read_content("keepers.epub", epub_file())
    assert (book.title, book.date) == ("Keepers", "2021-05-06")
    assert [(part.anchor, part.title) for part in book.parts] == [
        ("chapter=1", "Shore"),
        ("chapter=2", "Tower"),
    ]
    assert book.parts[1].text == f"# Tower\n\n{FACT}"


def test_a_message() -> None:
    found = read_content("steps.eml", bytes(message("Steps", FACT)))
    assert (found.title, found.date) == ("Steps", "2026-03-03")
    assert FACT in found.parts[0].text
    assert "- From: Ada <ada@example.com>" in found.parts[0].text
    assert "- Attached: plan.bin" in found.parts[0].text


def test_messages_of_a_mailbox(tmp_path: Path) -> None:
    found = read_content("all.mbox", mbox_file(tmp_path)).parts
    assert [(part.anchor, part.title) for part in found] == [
        ("message=1", "Greetings"),
        ("message=2", "Steps"),
    ]
    assert "\nFrom now on we meet on Mondays." in found[0].text


def test_rst_opens_nothing_and_passes_nothing_raw(tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("words of another file")
    found = read_content("keepers.rst", RST.replace("FACT", FACT).replace("OTHER", str(other)).encode())
    assert "# Keepers\n\n## Towers\n" in found.parts[0].text
    assert FACT in found.parts[0].text
    assert "- first\n- second" in found.parts[0].text
    assert "| North | 210 |" in found.parts[0].text
    assert "another file" not in found.parts[0].text
    assert "raw" not in found.parts[0].text


def test_org() -> None:
    found = read_content("keepers.org", ORG.encode())
    assert (found.title, found.date) == ("Keepers", "2024-02-01")
    assert found.parts[0].text.startswith(
        f"# Towers\n{FACT} See [the **map**](https://example.com) and **bold** words.\n"
    )
    assert "| --- | --- |" in found.parts[0].text
    assert "```python\n# no heading\n```" in found.parts[0].text
    assert "comment" not in found.parts[0].text


def test_cells_of_a_notebook() -> None:
    found = parts("count.ipynb", NOTEBOOK)
    assert list(found) == ["cell=1", "cell=3"]
    assert (
        found["cell=1"]
        == "# Count\nHow many steps?\n\n```python\n# no heading\nprint(steps)\n```\n\n```\n210\n```"
    )
    assert found["cell=3"] == f"## Result\n{FACT}"


def test_records() -> None:
    assert parts("towers.json", RECORDS.encode()) == {
        "record=1": "## North\n\n- name: North\n- steps: 210\n- keepers: Ada, Bo",
        "record=2": "## South\n\n- name: South\n- place\n  - town: Norwick",
    }
    assert parts("towers.jsonl", LINES.encode()) == {
        "record=1": "## First\n\n- title: First\n- note: sand",
        "record=3": f"## Second\n\n- title: Second\n- note: {FACT}",
    }
    assert parts("one.json", b'{"name": "North", "steps": 210}') == {"": "- name: North\n- steps: 210"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "Tower,Steps\nNorth,210\n"),
        ("a.csv", "Tower;Steps\r\nNorth;210\r\n"),
        ("a.tsv", "Tower\tSteps\nNorth\t210\n"),
        ("a.csv", '\ufeff"Tower","Steps"\n\n"North","210"\n'),
    ],
)
def test_tables(name: str, content: str) -> None:
    assert parts(name, content.encode()) == {"": "| Tower | Steps |\n| --- | --- |\n| North | 210 |"}


def test_a_long_table_has_its_header_everywhere() -> None:
    rows = "".join(f"T{number},{number}\n" for number in range(500))
    found = parts("long.csv", f"Tower,Steps\n{rows}".encode())
    assert list(found) == ["row=2-201", "row=202-401", "row=402-501"]
    assert "| T499 | 499 |" in found["row=402-501"]
    for text in found.values():
        assert all("| Tower | Steps |" in passage.text for passage in passages(text))


@pytest.mark.parametrize(
    ("name", "code", "language"),
    [
        ("a.py", "# not a title\nx = 1", "python"),
        ("A.RS", "// hi\n```\nfn a()", "rust"),
        ("Makefile", "all:", "makefile"),
    ],
)
def test_comments_of_code_are_no_headings(name: str, code: str, language: str) -> None:
    text = parts(name, code.encode())[""]
    fence = "````" if "```" in code else "```"
    assert text == f"{fence}{language}\n{code}\n{fence}"
    assert {passage.heading for passage in passages(text)} == {""}


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<ul><li>Frame number<li>Insurance: Velo AG</ul>", "- Frame number\n- Insurance: Velo AG"),
        ("<ul>\n<li>A\n<ul><li>b<li>c</ul>\n<li>D\n</ul>", "- A\n  - b\n  - c\n- D"),
        ("<table><tr><th>A<th>B<tr><td>1<td>2</table>x", "| A | B |\n| --- | --- |\n| 1 | 2 |\n\nx"),
        ("<table><thead><tr><th>A<tbody><tr><td>1<tr><td>2</table>", "| A |\n| --- |\n| 1 |\n| 2 |"),
        ("<p>one<p>two<div>three</div>", "one\n\ntwo\n\nthree"),
        ("<p/>one<p/>two", "one\n\ntwo"),
        ("<dl><dt>Key<dd>With Ines<dt>Door<dd>Open</dl>", "Key\n:   With Ines\n\nDoor\n:   Open"),
        ("<ol><li><p>first<li><p>second</ol>", "1. first\n2. second"),
        ("<title>T</title><h1>A<h2>B</h2><p>c", "# A\n\n## B\n\nc"),
        ("<html><head><title>T</title><p>body without a tag", "body without a tag"),
        ("<div>" * 5000 + "deep" + "</div>" * 5000, "deep"),
    ],
)
def test_html_lets_end_tags_be_left_out(html: str, text: str) -> None:
    assert read_html(html).text == text


def test_a_fence_ends_with_its_like() -> None:
    text = "# A\n\n````\n```\n# no heading\n````\n\n# B\n\nwords\n"
    assert [passage.heading for passage in passages(text)] == ["A", "B"]


FILES = {
    "talk.pptx": (pptx_file, "https://docs.local/talk.pptx#slide=2"),
    "report.pdf": (lambda: pdf_file("An introduction.", FACT), "https://docs.local/report.pdf#page=2"),
    "keepers.epub": (epub_file, "https://docs.local/keepers.epub#chapter=2"),
    "count.ipynb": (lambda: NOTEBOOK, "https://docs.local/count.ipynb#cell=3"),
    "lines.jsonl": (LINES.encode, "https://docs.local/lines.jsonl#record=3"),
    "offer.docx": (docx_file, "https://docs.local/offer.docx"),
}


@pytest.mark.parametrize("name", FILES)
async def test_answers_cite_the_part(tmp_path: Path, name: str) -> None:
    make, url = FILES[name]
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / name).write_bytes(make())
    (docs / "other.md").write_text("# Other\n\nNothing about it.\n")
    async with engine(tmp_path, docs=docs) as call:
        found = (await call.post("/v1/search", {"search_queries": ["lighthouse Norwick steps"]})).json()[
            "results"
        ]
        asked = {"urls": [url, url.partition("#")[0]], "full_content": True}
        extracted = (await call.post("/v1beta/extract", asked)).json()["results"]
    assert found[0]["url"] == url
    assert FACT in found[0]["excerpts"][0]
    one, whole = extracted[0]["full_content"], extracted[-1]["full_content"]
    assert FACT in one
    assert FACT in whole
    assert ("#" in url) == (len(whole) > len(one))


def test_parts_come_and_go_with_their_file(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "report.pdf").write_bytes(pdf_file("One.", "Two.", "Three."))
    with closing(Library.open(docs, tmp_path / "data")) as library:
        assert [card.url.partition("#")[2] for card in library.cards] == ["page=1", "page=2", "page=3"]
        assert library.cards[1].title == "report – page 2"
        (docs / "report.pdf").write_bytes(pdf_file("Only."))
        library.refresh()
        assert [card.url for card in library.cards] == ["https://docs.local/report.pdf#page=1"]
        (docs / "report.pdf").unlink()
        library.refresh()
        assert list(library.cards) == []
