"""Files that change: what is found is there now, looks cost little, and no search sees half a change."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from parallel_local.documents.folder import FileStamp
from parallel_local.documents.holdings import Holdings
from parallel_local.retrieval.catalog import Catalog, CatalogWriter
from parallel_local.retrieval.index import Changing, Hit
from parallel_local.retrieval.inverted import InvertedIndex, View
from parallel_local.retrieval.library import Changes, Indexed, Library


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "handbook.md").write_text("# Handbook\n\nThe office key is with Ines.\n")
    (folder / "garden.md").write_text("# Garden\n\nThe tomatoes go out in May.\n")
    return folder


@pytest.fixture
def library(docs: Path, tmp_path: Path) -> Iterator[Library]:
    with closing(Library.open(docs, tmp_path / "data")) as found:
        yield found


def quoted(library: Library, question: str) -> list[str]:
    return [item.text for item in library.search([library.query(question)])]


def test_an_edit_is_seen_and_the_old_line_is_gone(docs: Path, library: Library) -> None:
    (docs / "handbook.md").write_text("# Handbook\n\nThe office key is at the desk, as of today.\n")
    assert library.refresh() == Changes((), ("handbook.md",), (), {})
    assert quoted(library, "Where is the office key?") == [
        "# Handbook\n\nThe office key is at the desk, as of today."
    ]
    assert quoted(library, "Ines") == []


def test_files_that_come_go_and_get_another_name(docs: Path, library: Library) -> None:
    (docs / "handbook.md").rename(docs / "manual.md")
    (docs / "garden.md").unlink()
    (docs / "new.md").write_text("# New\n\nThe boiler is new.\n")
    assert library.refresh() == Changes(("manual.md", "new.md"), (), ("garden.md", "handbook.md"), {})
    assert [card.path for card in library.cards] == ["manual.md", "new.md"]
    assert quoted(library, "tomatoes") == []
    assert library.by_url("https://docs.local/handbook.md") is None
    assert library.by_url("https://docs.local/manual.md") is not None


def test_what_is_known_as_a_whole_changes_too(docs: Path, library: Library) -> None:
    assert (library.languages, library.newest_date(), library.entities()) == (("en",), None, ())
    (docs / "german.md").write_text(
        "---\ndate: 2026-01-02\nentities: [{name: Kiln Works}]\n---\n"
        "Die World Trade Council (WTC) hat eine Sitzung, und sie ist nicht die erste in diesem Jahr.\n"
    )
    before = library.entities()
    library.refresh()
    assert (library.languages, library.newest_date()) == (("de", "en"), "2026-01-02")
    assert [entity.name for _, entity in library.entities()] == ["Kiln Works"]
    assert "wtc" in library.vocabulary.synonyms
    assert before == ()
    (docs / "german.md").unlink()
    library.refresh()
    assert (library.languages, library.newest_date(), library.entities()) == (("en",), None, ())


def test_a_look_at_an_unchanged_folder_reads_nothing(
    docs: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4 nonsense")
    left_out = library.refresh().left_out
    assert list(left_out) == list(library.skipped) == ["broken.pdf"]
    read: list[str] = []

    def noted(_holdings: Holdings, stamp: FileStamp) -> tuple[()]:
        read.append(stamp.path)
        return ()

    monkeypatch.setattr(Holdings, "read", noted)
    monkeypatch.setattr(InvertedIndex, "writing", None)
    assert library.refresh() == Changes((), (), (), left_out)
    assert read == []


def test_a_file_that_can_no_longer_be_read_is_no_longer_quoted(docs: Path, library: Library) -> None:
    (docs / "broken.md").write_text("# Broken\n\nThe pump leaks.\n")
    library.refresh()
    (docs / "broken.md").unlink()
    (docs / "broken.md").mkdir()  # no file any more
    assert library.refresh().went == ("broken.md",)
    assert quoted(library, "pump") == []
    (docs / "broken.pdf").write_bytes(b"%PDF-1.4 nonsense")
    library.refresh()
    (docs / "broken.pdf").unlink()
    assert library.refresh().left_out == library.skipped == {}


def test_an_index_that_was_closed_is_read_again(docs: Path, tmp_path: Path, library: Library) -> None:
    library.close()
    (docs / "garden.md").unlink()
    with closing(Library.ready(docs, tmp_path / "data")) as again:
        assert [card.path for card in again.cards] == ["garden.md", "handbook.md"]
        assert quoted(again, "office key")
        assert again.refresh().went == ("garden.md",)
        assert [card.path for card in again.cards] == ["handbook.md"]


def test_a_folder_that_is_left_half_indexed_is_indexed_anew(
    docs: Path, tmp_path: Path, library: Library
) -> None:
    library.close()
    [words] = (tmp_path / "data").glob("*/words")
    for path in words.iterdir():
        path.unlink()
    with closing(Library.open(docs, tmp_path / "data")) as again:
        assert quoted(again, "office key")
        assert len(again.cards) == 2


def test_an_index_that_was_left_between_two_commits_is_made_anew(
    docs: Path, tmp_path: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words are of the new text, the rows of the old one; there are as many of both."""

    def killed(_rows: CatalogWriter, _state: int) -> None:
        raise KeyboardInterrupt

    (docs / "handbook.md").write_text("# Handbook\n\nThe office key is lost for good.\n")
    with monkeypatch.context() as patched:
        patched.setattr(CatalogWriter, "commit", killed)
        with pytest.raises(KeyboardInterrupt):
            library.refresh()
    library.close()
    with closing(Library.ready(docs, tmp_path / "data")) as again:
        assert len(again.cards) == 0
        again.refresh()
        assert quoted(again, "lost for good")
        assert len(again.cards) == 2
        for _ in range(20):
            (docs / "garden.md").write_text("# Garden\n\nTomatoes come out in May.\n")
            again.refresh()  # parts of the index are merged meanwhile
    with closing(Library.ready(docs, tmp_path / "data")) as kept:
        assert len(kept.cards) == 2


def test_progress_is_told_for_each_file(docs: Path, tmp_path: Path) -> None:
    told: list[Indexed] = []
    with closing(Library.ready(docs, tmp_path / "data")) as library:
        library.refresh(told.append)
        library.refresh(told.append)
    sizes = [(docs / name).stat().st_size for name in ("garden.md", "handbook.md")]
    total = sum(sizes)
    assert told == [Indexed(0, 2, 0, total), Indexed(1, 2, sizes[0], total), Indexed(2, 2, total, total)]


def test_it_is_searched_while_it_is_made(docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parallel_local.retrieval.library._FIRST_BATCH_BYTES", 1)
    seen: list[int] = []
    with closing(Library.ready(docs, tmp_path / "data")) as library:
        library.refresh(lambda _: seen.append(len(quoted(library, "office key tomatoes"))))
        assert len(quoted(library, "office key tomatoes")) == 2
    assert seen == [0, 1, 2]


def test_a_change_that_fails_changes_nothing(
    docs: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    (docs / "handbook.md").write_text("# Handbook\n\nThe office key is lost for good.\n")

    def fail(_: Changing) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Changing, "_commit", fail)
        with pytest.raises(OSError, match="no space"):
            library.refresh()
    assert quoted(library, "office key") == ["# Handbook\n\nThe office key is with Ines."]
    library.refresh()
    assert quoted(library, "office key") == ["# Handbook\n\nThe office key is lost for good."]


def test_a_search_that_a_change_overtakes_looks_again(
    docs: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = View.search
    changes: list[Changes] = []

    def overtaken(view: View, *asked: object) -> object:
        found = search(view, *asked)  # type: ignore[arg-type]
        if not changes:
            (docs / "handbook.md").write_text("# Handbook\n\nThe office key is on its hook.\n")
            changes.append(library.refresh())
        return found

    monkeypatch.setattr(View, "search", overtaken)
    assert quoted(library, "office key") == ["# Handbook\n\nThe office key is on its hook."]
    assert changes == [Changes((), ("handbook.md",), (), {})]


def test_searches_beside_changes_always_find_the_file(docs: Path, library: Library) -> None:
    """One thread edits a file over and over; every search of the others finds exactly one state of it."""
    edits = 12

    def state(number: int) -> str:
        """Each of another length: two edits may fall into one tick of the disk's clock."""
        return f"# Handbook\n\nThe office key hangs on hook {number}{'!' * number}."

    def edit() -> None:
        for number in range(edits):
            (docs / "handbook.md").write_text(state(number) + "\n")
            library.refresh()

    with ThreadPoolExecutor(3) as pool:
        editing = pool.submit(edit)
        searching = [
            pool.submit(lambda: [quoted(library, "office key") for _ in range(60)]) for _ in range(2)
        ]
        editing.result()
        found = [texts for search in searching for texts in search.result()]
    assert {len(texts) for texts in found} == {1}
    assert quoted(library, "office key") == [state(edits - 1)]


def test_what_goes_between_two_looks_is_looked_for_again(
    docs: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search reads which document it is, and then what it says: an edit may come between the two."""
    before, looks = quoted(library, "office key"), list[object]()
    real = Catalog.passages

    def passages(catalog: Catalog, spans: Sequence[tuple[int, int]]) -> list[Hit]:
        looks.append(spans)
        return [] if len(looks) == 1 else real(catalog, spans)

    monkeypatch.setattr(Catalog, "passages", passages)
    assert before
    assert quoted(library, "office key") == before
    assert len(looks) == 2


def test_a_name_that_is_no_text_is_left_out(docs: Path, library: Library) -> None:
    with open(os.fsencode(docs) + b"/caf\xe9.md", "w") as file:
        file.write("# Menu\n\nThe soup is hot.\n")
    assert list(library.refresh().left_out.values()) == ["its name is not UTF-8: give it another one"]
    assert library.refresh().came == ()
    assert quoted(library, "soup") == []
