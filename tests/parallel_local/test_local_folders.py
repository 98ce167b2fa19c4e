"""Several folders: their addresses, their globs, how they are written, and what is told of what is left out."""

import stat
from contextlib import closing
from pathlib import Path

import pytest
from local_engine import engine
from local_files import FACT, pdf_file

from parallel_local.cli import served_folders
from parallel_local.documents.folder import scan
from parallel_local.documents.folders import Folder, FolderError, arranged, folder_of_argument
from parallel_local.documents.globs import is_match
from parallel_local.documents.left_out import lines
from parallel_local.private import private_folder
from parallel_local.retrieval.library import Library

SETTINGS = """
[[folders]]
path = "handbook"

[[folders]]
path = "wiki"
url = "https://wiki.example/pages/"
include = ["*.md"]
exclude = ["drafts"]
"""


def written(folder: Path, *names: str) -> Path:
    """A folder with files that each say their own name."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n\nThis is the file {name} of {folder.name}.\n")
    return folder


def urls(folders: list[Folder], data: Path) -> list[str]:
    """The addresses of all documents."""
    with closing(Library.ready(folders, data)) as library:
        library.refresh()
        return sorted(card.url for card in library.cards)


def test_folders_do_not_collide(tmp_path: Path) -> None:
    one = written(tmp_path / "a" / "docs", "x.md")
    two = written(tmp_path / "b" / "docs", "x.md", "sub/y.md")
    named = written(tmp_path / "wiki", "x.md", "a b.md")
    folders = [Folder(one), Folder(two), Folder(named, url="https://wiki.example/")]
    assert urls(folders, tmp_path / "data") == [
        "https://docs.local/docs-2/sub/y.md",
        "https://docs.local/docs-2/x.md",
        "https://docs.local/docs/x.md",
        "https://wiki.example/a%20b.md",
        "https://wiki.example/x.md",
    ]
    assert urls([Folder(one)], tmp_path / "data") == ["https://docs.local/x.md"]
    assert urls([Folder(one, url="https://x.example/d")], tmp_path / "data") == ["https://x.example/d/x.md"]


def test_a_folder_in_another_is_its_own(tmp_path: Path) -> None:
    outer = written(tmp_path / "docs", "a.md", "wiki/b.md")
    inner = Folder(outer / "wiki", url="https://wiki.example/")
    assert urls([Folder(outer), inner], tmp_path / "data") == [
        "https://docs.local/docs/a.md",
        "https://wiki.example/b.md",
    ]


def test_the_engine_does_not_read_what_it_writes(tmp_path: Path) -> None:
    docs = written(tmp_path / "docs", "a.md")
    with closing(Library.open(docs, docs / "state")) as library:
        library.refresh()
        assert [card.path for card in library.cards] == ["a.md"]
        assert library.skipped == {}


@pytest.mark.parametrize(
    ("pattern", "path", "is_meant"),
    [
        ("*.md", "a.md", True),
        ("*.md", "x/y/a.md", True),
        ("*.md", "a.mdx", False),
        ("drafts", "drafts/a.md", True),
        ("drafts", "x/drafts/y/a.md", True),
        ("drafts/", "x/drafts/a.md", True),
        ("drafts", "mydrafts/a.md", False),
        ("/drafts", "x/drafts/a.md", False),
        ("/drafts", "drafts/a.md", True),
        ("x/*.md", "x/a.md", True),
        ("x/*.md", "x/y/a.md", False),
        ("x/**", "x/y/a.md", True),
        ("x/**/a.md", "x/a.md", True),
        ("x/**/a.md", "x/y/z/a.md", True),
        ("**/a.md", "a.md", True),
        ("**/x/**", "q/x/a.md", True),
        ("?.md", "a.md", True),
        ("?.md", "ab.md", False),
        ("[a-c].md", "b.md", True),
        ("[!a-c].md", "b.md", False),
        ("a[.md", "a[.md", True),
        ("a.md", "aXmd", False),
        ("2024*", "2024-01/a\nb.md", True),
    ],
)
def test_globs(pattern: str, path: str, is_meant: bool) -> None:
    assert is_match(pattern, path) is is_meant


def test_globs_choose_files(tmp_path: Path) -> None:
    docs = written(tmp_path / "docs", "a.md", "b.txt", "drafts/c.md", "x/d.md", "e.zip")
    assert [s.path for s in scan([Folder(docs, include=("*.md",), exclude=("drafts",))]).stamps] == [
        "a.md",
        "x/d.md",
    ]
    assert scan([Folder(docs, exclude=("*.zip",))]).left_out == {}
    assert scan([Folder(docs)]).left_out == {"e.zip": "files of the kind .zip are not read"}


def test_a_settings_file_names_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / "handbook", "a.md")
    written(tmp_path / "wiki", "a.md", "b.txt", "drafts/c.md")
    (tmp_path / "parallel-local.toml").write_text(SETTINGS)
    folders = served_folders([str(tmp_path / "parallel-local.toml")])
    assert urls(folders, tmp_path / "data") == [
        "https://docs.local/handbook/a.md",
        "https://wiki.example/pages/a.md",
    ]
    monkeypatch.chdir(tmp_path)
    both = served_folders(["handbook", "wiki=https://w.example/?"[:-1]], exclude=["*.txt"])
    assert urls(both, tmp_path / "data") == [
        "https://docs.local/handbook/a.md",
        "https://w.example/a.md",
        "https://w.example/drafts/c.md",
    ]


def test_arguments(tmp_path: Path) -> None:
    (tmp_path / "a=b").mkdir()
    assert folder_of_argument(f"{tmp_path}/a=b") == Folder(tmp_path / "a=b")
    assert folder_of_argument("a=b=https://x.example/?q=1") == Folder(
        Path("a=b"), url="https://x.example/?q=1"
    )
    assert folder_of_argument("plain") == Folder(Path("plain"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[folders]]\nurl = 'x'", "path"),
        ("[[folders]]\npath = 'a'\nglob = 'x'", "glob"),
        ("folders = ", "parallel-local.toml"),
        ("", "folders"),
    ],
)
def test_settings_that_are_wrong(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "parallel-local.toml").write_text(text)
    with pytest.raises(FolderError, match=said) as refused:
        served_folders([str(tmp_path / "parallel-local.toml")])
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("url", ["ftp://x/", "https://", "https://x/?a", "https://x/#a", "nothing"])
def test_addresses_that_are_none(tmp_path: Path, url: str) -> None:
    with pytest.raises(FolderError, match="no address"):
        arranged([Folder(tmp_path, url=url)])


def test_folders_that_cannot_be_told_apart(tmp_path: Path) -> None:
    one, two = written(tmp_path / "a", "x.md"), written(tmp_path / "b", "x.md")
    with pytest.raises(FolderError, match="given twice"):
        arranged([Folder(one), Folder(tmp_path / "b" / ".." / "a")])
    with pytest.raises(FolderError, match="two folders have the address"):
        arranged([Folder(one, url="https://x.example"), Folder(two, url="https://x.example/")])
    with pytest.raises(FolderError, match="there is no folder"):
        arranged([Folder(tmp_path / "nothing")])


def test_of_many_a_count_and_the_first_names() -> None:
    many = {f"{number}.png": "files of the kind .png are not read" for number in range(1, 10)}
    few = {"b.zip": "files of the kind .zip are not read", "a.pdf": "not a readable PDF"}
    assert lines({**many, **few}, "left out") == [
        "left out 9 files: files of the kind .png are not read: 1.png, 2.png, 3.png and 6 more",
        "left out b.zip: files of the kind .zip are not read",
        "left out a.pdf: not a readable PDF",
    ]


async def test_documents_are_listed(tmp_path: Path) -> None:
    docs = written(tmp_path / "docs", "a.md", "b.md", "sub/c.md", "z.zip", "LICENSE")
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4 nonsense")
    (docs / "d.md").write_text("---\ntags: [a\n---\nwords\n")
    (docs / "report.pdf").write_bytes(pdf_file("One.", FACT))
    async with engine(tmp_path, docs=docs) as call:
        first = (await call.client.get("/v1/local/documents", params={"limit": 3})).json()
        rest = (await call.client.get("/v1/local/documents", params={"cursor": first["next_cursor"]})).json()
        wrong = await call.client.get("/v1/local/documents", params={"limit": 0})
        del call.client.headers["x-api-key"]
        unknown = await call.client.get("/v1/local/documents")
    assert [item["path"] for item in first["documents"]] == ["a.md", "b.md", "d.md"]
    assert [item["path"] for item in rest["documents"]] == ["report.pdf", "sub/c.md"]
    assert rest["documents"][0] == {
        "path": "report.pdf",
        "url": "https://docs.local/report.pdf",
        "title": "report",
        "date": None,
        "format": "pdf",
        "size": (docs / "report.pdf").stat().st_size,
        "parts": 2,
    }
    assert (first["total"], rest["next_cursor"]) == (5, None)
    assert first["indexing"]["state"] == "ready"
    left_out = {item["files"][0]: item["reason"] for item in first["left_out"]}
    assert left_out.keys() == {"LICENSE", "broken.pdf", "z.zip"}
    assert left_out["broken.pdf"].startswith("not a readable PDF")
    assert first["noted"][0]["files"] == ["d.md"]
    assert "line 2" in first["noted"][0]["reason"]
    assert (wrong.status_code, unknown.status_code) == (422, 401)


async def test_everything_is_private(tmp_path: Path) -> None:
    """Where the folder and its files were there before, too."""
    docs = written(tmp_path / "docs", "a.md")
    (docs / "broken.json").write_text("{")
    data = tmp_path / "data"
    for attempt in range(2):
        async with engine(tmp_path, docs=docs) as call:
            await call.run({"input": "a.md", "processor": "lite"})
            files = [path for path in data.rglob("*") if path.is_file()]
            folders = [data, *(path for path in data.rglob("*") if path.is_dir())]
            assert len(files) >= 3
            assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}, attempt
            assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}, attempt
        for path in data.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        data.chmod(0o755)


def test_folders_above_are_private_and_shared_ones_are_left_alone(tmp_path: Path) -> None:
    private_folder(tmp_path / "a" / "b")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o1777)
    private_folder(tmp_path / "shared")
    assert stat.S_IMODE((tmp_path / "shared").stat().st_mode) == 0o1777
