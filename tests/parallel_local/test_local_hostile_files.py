"""Files that are broken or made to do harm: each has one line that says why it is left out, and hurts nobody."""

import io
import json
import os
import socket
import sys
import zipfile
from contextlib import closing, suppress
from pathlib import Path

import openpyxl
import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from local_files import docx_file, message, pdf_file, pptx_file, xlsx_file, zip_file

from parallel_local.documents.content import NotNow, Unreadable
from parallel_local.documents.decoding import decode
from parallel_local.documents.folder import read_bytes, scan
from parallel_local.documents.folders import Folder
from parallel_local.documents.formats import read_content
from parallel_local.documents.front_matter import split_front_matter
from parallel_local.documents.holdings import Holdings
from parallel_local.documents.html_tags import with_end_tags
from parallel_local.documents.reader_process import ReaderProcess
from parallel_local.documents.reading import documents_of
from parallel_local.documents.zipped import checked
from parallel_local.retrieval.library import Library

_ENDINGS = "md html pdf docx pptx xlsx csv json jsonl epub eml mbox rst org ipynb py"
_TAGS = "<p> <li> <ul> </ul> <td> <tr> <table> </table> </p> x <b> </b> <br> <h1> <dl> <dd>"
FORMATS, TAGS = _ENDINGS.split(), _TAGS.split()
LAUGHS = (
    '<!DOCTYPE a [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 20}">' for n in range(1, 9))
    + "]>"
).replace("&a0;", "&a;")


def reason(name: str, content: bytes) -> str:
    """Why a file is not read."""
    with pytest.raises(Unreadable) as refused:
        read_content(name, content)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def bomb(like: bytes, megabytes: int) -> bytes:
    """An archive with one entry more, which unpacks to this much."""
    file = io.BytesIO(like)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("bomb", "w") as entry:
        for _ in range(megabytes):
            entry.write(bytes(1_000_000))
    return file.getvalue()


def encrypted_pdf(password: str) -> bytes:
    writer = pypdf.PdfWriter(io.BytesIO(pdf_file("Secret words.")))
    writer.encrypt(password, "owner", algorithm="RC4-128")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "make"), [("a.docx", docx_file), ("a.pptx", pptx_file), ("a.xlsx", xlsx_file)]
)
def test_archives_that_unpack_to_too_much(name: str, make: object) -> None:
    assert callable(make)
    assert "unpacks to more than 200 MB" in reason(name, bomb(make(), 201))


def test_sizes_are_counted_and_not_believed() -> None:
    content = bytearray(bomb(b"PK\x05\x06" + bytes(18), 2))
    place = content.find(b"PK\x01\x02")
    content[place + 24 : place + 28] = (10).to_bytes(4, "little")  # the size that its directory states
    with pytest.raises(Unreadable):
        checked(bytes(content), "docx", 1_000_000)


def test_many_entries_and_overlapping_ones() -> None:
    assert "more than 10,000 entries" in reason(
        "a.docx", zip_file({str(number): "" for number in range(10_001)})
    )
    content = bytearray(zip_file({"a": "x", "b": "x"}))
    second = content.rfind(b"PK\x01\x02")
    content[second + 42 : second + 46] = bytes(4)
    assert "overlap" in reason("a.docx", bytes(content))


@pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.xlsx", "a.epub"])
def test_protected_and_broken_archives(name: str) -> None:
    assert "password" in reason(name, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    assert "damaged" in reason(name, b"PK\x03\x04 nonsense")
    assert reason(name, zip_file({"a.txt": "no document"}))
    locked = bytearray(zip_file({"a": "x"}))
    locked[locked.find(b"PK\x01\x02") + 8] |= 1
    assert "password" in reason(name, bytes(locked))


def test_entities_that_blow_up() -> None:
    package = f"<?xml version='1.0'?>{LAUGHS}<package>&a8;</package>"
    container = '<container><rootfile full-path="b.opf"/></container>'
    assert "entities" in reason("a.epub", zip_file({"META-INF/container.xml": container, "b.opf": package}))
    with zipfile.ZipFile(io.BytesIO(docx_file())) as archive:
        entries = {name: archive.read(name).decode("utf-8", "replace") for name in archive.namelist()}
    head, found, rest = entries["word/document.xml"].partition("<w:document")
    entries["word/document.xml"] = head + LAUGHS + found + rest.replace("Norwick", "&a8;")
    try:
        content = read_content("a.docx", zip_file(entries))
    except Unreadable:
        return
    assert len(content.parts[0].text) < 10_000


def test_protected_pdfs() -> None:
    assert "password" in reason("a.pdf", encrypted_pdf("secret"))
    assert read_content("a.pdf", encrypted_pdf("")).parts[0].text == "Secret words."
    assert "without text" in reason("a.pdf", pdf_file(""))
    assert "not a readable PDF" in reason("a.pdf", b"%PDF-1.4 nonsense")


def test_a_sheet_that_claims_a_million_rows() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.cell(1, 1, "First")
    sheet.cell(1_048_576, 1, "last")
    file = io.BytesIO()
    book.save(file)
    content = read_content("a.xlsx", file.getvalue())
    assert content.note == "only the first 200,000 cells are taken"
    assert content.parts[0].text == "# Sheet\n\n| First |\n| --- |"


def test_deep_things() -> None:
    assert "nested too deeply" in reason("a.json", b"[" * 100_000 + b"]" * 100_000)
    assert "nested too deeply" in reason("a.json", b'{"a":' * 200 + b"1" + b"}" * 200)
    assert "notebook" in reason("a.ipynb", b"[" * 100_000)
    assert read_content("a.html", b"<ul><li>" * 10_000 + b"x").parts[0].text.endswith("x")
    inner = message("Deepest", "sand")
    for _ in range(50):
        outer = message("Outer", "words")
        outer.add_attachment(inner)
        inner = outer
    assert read_content("a.eml", bytes(inner)).title == "Outer"


def test_more_than_an_index_holds() -> None:
    assert "values" in reason("a.json", b"[" + b"1," * 600_000 + b"1]")
    assert "20,000 messages" in reason("a.mbox", b"From a\n\nb\n" * 20_001)
    assert "characters" in reason("a.csv", b"a,b" + b",c" * 4000 + b"\n" + b"x\n" * 5000)


def test_json_that_is_none() -> None:
    assert "not valid JSON" in reason("a.json", b"{")
    assert "line 1" in reason("a.jsonl", b"{\n{\n")
    content = read_content("a.jsonl", b'{"a": 1}\nnonsense\n{"b": 2}\n[')
    assert content.note == "2 lines are no JSON, first line 2"
    assert len(content.parts) == 2


@pytest.mark.parametrize("name", ["a.eml", "a.mbox"])
def test_mail_that_is_none(name: str) -> None:
    assert "not a m" in reason(name, b"\n\njust words\n")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "a PNG image"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"PK\x03\x04" + bytes(50), "a zip archive"),
        (b"words\x00\x01\x02" * 100, "NUL"),
    ],
)
def test_text_that_is_none(content: bytes, why: str) -> None:
    assert why in reason("a.md", content)
    assert why in reason("a.html", content)


@pytest.mark.parametrize(
    "coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_codings(coding: str) -> None:
    text = "# Café\n\nSmørrebrød costs five kroner. Plain words follow, as they do.\n"
    assert read_content("a.md", text.encode(coding)).parts[0].text == text


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(content=st.binary(max_size=400), name=st.sampled_from(FORMATS))
def test_no_bytes_break_a_reader(content: bytes, name: str) -> None:
    with suppress(Unreadable):
        assert all("\x00" not in part.text for part in read_content(f"a.{name}", content).parts)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(TAGS)))
def test_end_tags_are_added_once(pieces: list[str]) -> None:
    """What has all its end tags stays as it is."""
    closed = with_end_tags("".join(pieces))
    assert with_end_tags(closed) == closed


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_some_text(content: bytes) -> None:
    assert "\x00" not in decode(content)
    decode(content).encode("utf-8")


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("---\ntags: [a, b\n---\n# Title\n", "line 2: "),
        ("---\ntitle: x\ndate: a: b\n---\nText\n", "line 3: "),
        ("---\r\ntitle: x\r\n\tx: y\r\n---\r\nText\r\n", "line 3: "),
        ("---\ntitle: x\n# Title\n\nText that goes on\n", "line 1: nothing ends it"),
        ("---\ntitle: x\n" + "a: b\n" * 20_000 + "---\nText\n", "line 1: longer than"),
        ("---\na: " + "[" * 3000 + "\n---\nText\n", "line "),
    ],
)
def test_front_matter_that_cannot_be_read_is_said_with_its_line(source: str, problem: str) -> None:
    matter, text = split_front_matter(source)
    assert text == source
    assert problem in (matter.problem or "")
    note = read_content("a.md", source.encode()).note or ""
    assert note.startswith("front matter that cannot be read, line ")
    assert note.endswith("; the text is taken")
    assert "\n" not in note


@pytest.mark.parametrize(
    "source", ["---\n\nA rule above.\n", "---\nJust words\n---\nMore\n", "# No\n\n---\n\nmatter\n", ""]
)
def test_rules_are_no_front_matter(source: str) -> None:
    assert split_front_matter(source)[0].problem is None


def test_things_that_are_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (tmp_path / "secret.md").write_text("hunter2\n")
    (docs / "good.md").write_text("# Good\n\nwords\n")
    os.mkfifo(docs / "pipe.md")
    (docs / "out.md").symlink_to(tmp_path / "secret.md")
    (docs / "outside").symlink_to(tmp_path)
    (docs / "circle.md").symlink_to(docs / "circle.md")
    (docs / "nowhere.md").symlink_to(docs / "nothing.md")
    (docs / "device.md").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(docs)
        listener.bind("s.md")  # the whole path may be too long for a socket
        found = scan([Folder(docs)])
    assert [stamp.path for stamp in found.stamps] == ["good.md"]
    assert found.left_out["pipe.md"] == found.left_out["s.md"] == "no regular file"
    assert found.left_out["out.md"] == found.left_out["outside"] == found.left_out["device.md"]
    assert found.left_out["out.md"] == "a link that leads out of the folder"
    assert set(found.left_out) == {
        "pipe.md",
        "s.md",
        "out.md",
        "outside",
        "circle.md",
        "nowhere.md",
        "device.md",
    }


def test_a_file_that_becomes_something_else_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "secret.md").write_text("hunter2\n")
    folder = Folder(tmp_path / "docs")
    (tmp_path / "docs" / "a.md").symlink_to(tmp_path / "secret.md")
    os.mkfifo(tmp_path / "docs" / "b.md")
    with pytest.raises(Unreadable, match="leads out"):
        read_bytes(folder, "a.md")
    with pytest.raises(Unreadable, match="no regular file"):
        read_bytes(folder, "b.md")


def test_a_file_of_a_folder_that_is_a_link_is_read(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("words about sand\n")
    (tmp_path / "docs" / "b.md").symlink_to("a.md")
    (tmp_path / "link").symlink_to("docs")
    assert read_bytes(Folder(tmp_path / "link"), "a.md") == b"words about sand\n"
    assert read_bytes(Folder(tmp_path / "link"), "b.md") == b"words about sand\n"


def test_odd_names(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "two\nlines #1.md").write_text("words about sand\n")
    (docs / "\x1b[31mred.md").write_text("words about sand\n")
    (docs / os.fsdecode(b"caf\xe9.md")).write_text("words about sand\n")
    with closing(Library.open(docs, tmp_path / "data")) as library:
        assert [card.title for card in library.cards] == ["\x1b[31mred", "two lines #1"]
        assert library.cards[1].url == "https://docs.local/two%0Alines%20%231.md"
        assert library.skipped == {"caf\\udce9.md": "its name is not UTF-8: give it another one"}
        assert library.search([library.query("sand")])


def test_folders_in_folders_and_one_that_is_closed(tmp_path: Path) -> None:
    deep = tmp_path / "docs"
    for _ in range(300):
        deep /= "d"
    deep.mkdir(parents=True)
    (deep / "a.md").write_text("words\n")
    assert len(scan([Folder(tmp_path / "docs")]).stamps) == 1
    found = scan([Folder(tmp_path / "nothing")])
    assert (found.stamps, found.left_out) == ((), {".": "cannot be read: No such file or directory"})


def test_too_large_is_told_without_reading(tmp_path: Path) -> None:
    with (tmp_path / "large.md").open("wb") as file:
        file.truncate(20_000_001)
    assert scan([Folder(tmp_path)]).left_out == {"large.md": "larger than 20 MB"}


@pytest.mark.parametrize(
    ("program", "seconds", "why"),
    [
        ("import sys; sys.stdin.buffer.read()", 1.0, "takes longer than"),
        ("import os; os._exit(9)", 60.0, "ended its reader"),
        ("print('x' * 100)", 60.0, "ended its reader"),
    ],
)
def test_a_reader_that_hangs_or_dies(program: str, seconds: float, why: str) -> None:
    command = (sys.executable, "-c", program)
    with closing(ReaderProcess(command, seconds)) as reader, pytest.raises(NotNow, match=why):
        reader.read("a.pdf", bytes(1_000_000))


def test_a_reader_goes_on_after_a_bad_file() -> None:
    with closing(ReaderProcess()) as reader:
        with pytest.raises(Unreadable, match="not a readable PDF"):
            reader.read("a.pdf", b"%PDF-1.4 nonsense")
        assert reader.read("a.pdf", pdf_file("Words.")).parts[0].text == "Words."


def test_a_file_of_nothing_is_looked_at_once(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.jsonl").write_text("\n\n")
    with closing(Library.open(docs, tmp_path / "data")) as library:
        assert library.skipped == {"a.jsonl": "nothing in it"}
        assert library.refresh().came == ()


def test_broken_files_are_remembered_until_they_change(tmp_path: Path) -> None:
    docs, memory = tmp_path / "docs", tmp_path / "memory.json"
    docs.mkdir()
    (docs / "a.json").write_text("{")
    (docs / "b.md").write_text("---\ntags: [a\n---\nwords\n")
    first = Holdings([Folder(docs)], memory)
    changes = first.compare(scan(first.folders), {})
    read = {stamp.path: first.read(stamp) for stamp in changes.to_read}
    first.settle()
    assert [bool(documents) for documents in read.values()] == [False, True]
    second = Holdings([Folder(docs)], memory)
    known = {stamp.path: stamp for stamp in changes.to_read if stamp.path == "b.md"}
    assert second.compare(scan(second.folders), known).to_read == ()
    told = second.news()
    assert [line.partition(":")[0] for line in told] == ["left out a.json", "look at b.md"]
    assert second.news() == []
    second.retry()
    assert [stamp.path for stamp in second.compare(scan(second.folders), known).to_read] == ["a.json"]
    (docs / "a.json").write_text('{"a": 1}')
    changes = second.compare(scan(second.folders), known)
    assert [stamp.path for stamp in changes.to_read] == ["a.json"]
    assert second.left_out == {}
    memory.write_text(json.dumps({"version": 99}))
    assert Holdings([Folder(docs)], memory).left_out == {}


@pytest.mark.parametrize("unit", ["[", "[a](", "**a** ", "| [", "`"])
def test_a_cell_without_end_is_read_in_passing(unit: str) -> None:
    cell = unit * (200_000 // len(unit))
    content = read_content(
        "a.md", f"| Company | CEO |\n| --- | --- |\n| {cell} | Ada |\n| Acme | Bo |\n".encode()
    )
    (document,) = documents_of(Folder(Path("docs")), "a.md", content)
    assert [entity.name for entity in document.entities] == ["Acme"]
