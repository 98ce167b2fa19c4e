"""Searching by words and meaning together, over folders of real files and HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest
from local_vectors import Hasty, embedding_server, write_model

from parallel_local.app import create_app
from parallel_local.embeddings.dense_index import DenseIndex
from parallel_local.embeddings.endpoint import Endpoint
from parallel_local.embeddings.settings import EmbeddingSettings
from parallel_local.embeddings.static_model import StaticModel
from parallel_local.embeddings.vector_file import VectorFile
from parallel_local.engine import Engine
from parallel_local.model_server.settings import ModelSettings
from parallel_local.retrieval.fusion import joined
from parallel_local.retrieval.inverted import FoundUnit
from parallel_local.retrieval.library import Library
from parallel_local.retrieval.meaning import Embedded, Meaning
from parallel_local.wire.common import SourcePolicy

FILES = {
    "garage.md": "# Garage\n\nThe car stands in the garage.\n",
    "kitchen.md": "---\nurl: https://kitchen.example/\n---\n# Kitchen\n\nA pear lies on the table.\n",
    "roof.md": "# Roof\n\nThe roof was mended.\n",
}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


def static(tmp_path: Path) -> Meaning:
    return DenseIndex(
        StaticModel.open(str(write_model(tmp_path / "model"))), VectorFile(tmp_path / "vectors.db")
    )


def paths(library: Library, text: str, policy: SourcePolicy | None = None) -> list[str]:
    found = library.search([library.query(text)], policy)
    return list(dict.fromkeys(item.card.path for item in found))


def test_what_is_meant_is_found_without_its_words(docs: Path, tmp_path: Path) -> None:
    words = Library.open(docs, tmp_path / "one")
    both = Library.open(docs, tmp_path / "two", static(tmp_path))
    assert paths(words, "automobile") == []
    assert paths(both, "automobile")[0] == "garage.md"
    assert set(paths(both, "automobile on the roof")[:2]) == {"roof.md", "garage.md"}
    words.close()
    both.close()


def test_what_is_found_by_meaning_is_quoted_verbatim(docs: Path, tmp_path: Path) -> None:
    library = Library.open(docs, tmp_path / "data", static(tmp_path))
    (first, *_) = library.search([library.query("automobile")])
    assert first.text in FILES["garage.md"]
    assert "The car stands in the garage." in first.text
    library.close()


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        (SourcePolicy(include_domains=["kitchen.example"]), ["kitchen.md"]),
        (SourcePolicy(exclude_domains=["kitchen.example"]), []),
        (SourcePolicy(after_date="2020-01-01"), []),
        (None, ["kitchen.md"]),
    ],
)
def test_a_policy_holds_for_meaning(
    docs: Path, tmp_path: Path, policy: SourcePolicy | None, found: list[str]
) -> None:
    (docs / "garage.md").unlink()
    library = Library.open(docs, tmp_path / "data", static(tmp_path))
    assert paths(library, "apple", policy) == found
    library.close()


def test_a_named_site_holds_for_meaning(docs: Path, tmp_path: Path) -> None:
    library = Library.open(docs, tmp_path / "data", static(tmp_path))
    assert paths(library, "automobile site:kitchen.example") == ["kitchen.md"]
    library.close()


def test_files_that_change_and_go_are_learnt_anew(docs: Path, tmp_path: Path) -> None:
    library = Library.open(docs, tmp_path / "data", static(tmp_path))
    (docs / "garage.md").unlink()
    (docs / "roof.md").write_text("# Roof\n\nAn automobile fell onto it, and was taken away.\n")
    states: list[Embedded] = []
    library.refresh(tell=states.append)
    assert paths(library, "car")[0] == "roof.md"
    assert "garage.md" not in paths(library, "car")
    assert states[-1] == Embedded(1, 1)  # one passage is new
    library.close()


def test_vectors_are_kept_over_a_restart(docs: Path, tmp_path: Path) -> None:
    for _ in range(2):
        with embedding_server() as server:
            endpoint = Endpoint(ModelSettings(server.url, "small"))
            endpoint.name = "small"  # its port is another each time
            library = Library.open(
                docs, tmp_path / "data", DenseIndex(endpoint, VectorFile(tmp_path / "v.db"))
            )
            asked = [text for call in server.asked for text in call["input"]]  # type: ignore[attr-defined]
            assert paths(library, "automobile")[0] == "garage.md"
            library.close()
    assert asked == []


def test_a_server_that_is_down_leaves_words(docs: Path, tmp_path: Path) -> None:
    with embedding_server() as server:
        server.reply = lambda _asked: (500, b"{}")
        endpoint = Endpoint(ModelSettings(server.url, "small"), Hasty())
        meaning = DenseIndex(endpoint, VectorFile(tmp_path / "v.db"))
        library = Library.open(docs, tmp_path / "data", meaning)
        assert paths(library, "garage") == ["garage.md"]
        assert paths(library, "automobile") == []
        library.close()


def test_a_start_waits_for_no_vectors(docs: Path, tmp_path: Path) -> None:
    with embedding_server() as server:
        settings = EmbeddingSettings(server=ModelSettings(server.url, "small"))
        app = create_app(docs, tmp_path / "data", index_now=False, embeddings=settings)
        started: Engine = app.state.engine
        assert len(started.library.cards) == len(FILES)
        assert not started.library.is_learnt
        assert server.asked == []
        started.close()
        app = create_app(docs, tmp_path / "data", embeddings=settings)
        assert app.state.engine.library.is_learnt
        app.state.engine.close()


def unit(document: int, place: int, score: float) -> FoundUnit:
    return FoundUnit(document, place, place, score)


def test_shares_of_words_and_what_stands_out_by_meaning_add_up() -> None:
    words = {1: [unit(1, 0, 9.0)], 2: [unit(2, 0, 8.0), unit(2, 3, 2.0)], 3: [unit(3, 0, 1.0)]}
    near = [unit(4, 7, 5.0), unit(2, 1, 4.0), unit(4, 9, 3.0)]
    ranked = joined(words, near, {1: 0.0, 2: 4.0, 3: -2.0})
    assert list(ranked) == [2, 1, 4, 3]
    assert [found.first for found in ranked[2]] == [0, 3]
    assert [found.first for found in ranked[4]] == [7]
    assert ranked[2][0].score == 1.0 > ranked[2][1].score > 0


def test_a_model_that_sees_no_difference_changes_no_order() -> None:
    words = {1: [unit(1, 0, 9.0)], 2: [unit(2, 0, 8.9)]}
    assert list(joined(words, [unit(2, 0, 0.0), unit(1, 0, 0.0)], {1: 0.0, 2: 0.0})) == [1, 2]
    assert joined({}, [], {}) == {}
