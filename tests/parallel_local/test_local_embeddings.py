"""Vectors of texts: static models, servers, the file they are kept in, and finding the nearest."""

from __future__ import annotations

import json
import math
import re
import socket
import stat
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_clock import ManualClock
from local_vectors import EmbeddingServer, Hasty, Reply, embedding_server, honest, write_model

from parallel_local.embeddings.dense_index import DenseIndex
from parallel_local.embeddings.embedder import Matrix, unit
from parallel_local.embeddings.endpoint import Endpoint
from parallel_local.embeddings.nearest import Nearest
from parallel_local.embeddings.settings import EmbeddingError, EmbeddingSettings, read_embedding_settings
from parallel_local.embeddings.static_model import PACKAGED, StaticModel
from parallel_local.embeddings.vector_file import VectorFile, key_of
from parallel_local.model_server.settings import ModelSettings, Secret, SettingsError, Stated
from parallel_local.retrieval.meaning import Embedded

KEY = "sk-very-secret"
LONG = 120.0


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with embedding_server() as state:
        yield state


class Counting:
    """A model that counts what it is asked for, and fails when it is told to."""

    def __init__(self, inner: StaticModel) -> None:
        self.name = inner.name
        self.asked: list[str] = []
        self.fails = False
        self._inner = inner

    def embed(self, texts: Sequence[str], seconds: float) -> Matrix:
        self.asked.extend(texts)
        if self.fails:
            raise EmbeddingError("it is down")
        return self._inner.embed(texts, seconds)

    def close(self) -> None:
        """Nothing is held open."""


class Known:
    """Passages; which texts were asked for is remembered."""

    def __init__(self, texts: Mapping[int, str]) -> None:
        self.texts = dict(texts)
        self.asked: list[int] = []

    def passage_numbers(self) -> Sequence[int]:
        return sorted(self.texts)

    def passage_texts(self, numbers: Sequence[int]) -> Mapping[int, str]:
        self.asked.extend(numbers)
        return {number: self.texts[number] for number in numbers}


def found(index: DenseIndex, texts: Sequence[str], limit: int) -> list[int]:
    nearby = index.search(texts, limit, ())
    return [passage for passage, _ in nearby.passages] if nearby else []


def _ignore(_state: Embedded) -> None:
    """Nobody is told."""


# -- static models


def test_a_static_model_knows_what_is_alike(tmp_path: Path) -> None:
    model = StaticModel.open(str(write_model(tmp_path)))
    car, automobile, pear, unknown = model.embed(["car", "automobile", "pear", "zebra"])
    assert car @ automobile > 0.9 > car @ pear
    assert np.linalg.norm(car) == pytest.approx(1.0)
    assert not unknown.any()


def test_the_packaged_model_needs_no_network() -> None:
    model = StaticModel.open(PACKAGED)
    fee, price, lake = model.embed(
        ["the fee for parking", "what does a parking lot cost", "a lake in the hills"]
    )
    assert fee @ price > fee @ lake


def test_models_are_told_apart_by_their_bytes(tmp_path: Path) -> None:
    one = StaticModel.open(str(write_model(tmp_path / "one")))
    same = StaticModel.open(str(write_model(tmp_path / "same")))
    other = StaticModel.open(str(write_model(tmp_path / "other", ("car", "pear"))))
    assert one.name == same.name != other.name


@pytest.mark.parametrize("missing", ["model.safetensors", "tokenizer.json"])
def test_a_folder_without_a_model_is_named(tmp_path: Path, missing: str) -> None:
    (write_model(tmp_path) / missing).unlink()
    with pytest.raises(EmbeddingError, match=r"wanted, found none"):
        StaticModel.open(str(tmp_path))


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 100, b"[" * 100_000])
def test_a_broken_model_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (write_model(tmp_path) / name).write_bytes(content)
    with pytest.raises(EmbeddingError, match=re.escape(str(tmp_path))):
        StaticModel.open(str(tmp_path))


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match="no such folder"):
        StaticModel.open(str(tmp_path / "nothing"))


# -- servers


def test_a_server_is_asked_in_batches_and_order_is_kept(server: EmbeddingServer) -> None:
    texts = ["car", "pear"] * 50
    endpoint = Endpoint(ModelSettings(server.url, "small", Secret(KEY)), Hasty())
    vectors = endpoint.embed(texts, LONG)
    endpoint.close()
    assert vectors.shape == (100, 2)
    assert (vectors[::2, 0] > vectors[::2, 1]).all()
    assert (vectors[1::2, 0] < vectors[1::2, 1]).all()
    assert [len(asked["input"]) for asked in server.asked] == [64, 36]  # type: ignore[arg-type]
    assert {str(asked["model"]) for asked in server.asked} == {"small"}
    assert set(server.keys) == {f"Bearer {KEY}"}


def _status(status: int) -> Reply:
    return lambda _asked: (status, b"{}")


def _says(content: bytes) -> Reply:
    return lambda _asked: (200, content)


def _rows(*rows: tuple[int, list[object]]) -> Reply:
    data = [{"index": index, "embedding": row} for index, row in rows]
    return _says(json.dumps({"data": data}).encode())


BAD: dict[str, Reply] = {
    "500": _status(500),
    "401": _status(401),
    "no JSON": _says(b"<html>"),
    "no UTF-8": _says(b'{"data": "\xff"}'),
    "deep": _says(b"[" * 100_000),
    "empty": _says(b"{}"),
    "too few": _rows((0, [1.0, 2.0])),
    "twice the same": _rows((0, [1.0, 2.0]), (0, [1.0, 2.0])),
    "of two lengths": _rows((0, [1.0, 2.0]), (1, [1.0])),
    "without length": _rows((0, []), (1, [])),
    "words": _rows((0, ["a"]), (1, ["b"])),
}


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.replace(" ", "-"))
def test_a_server_that_answers_badly_is_a_clear_error(server: EmbeddingServer, bad: str) -> None:
    server.reply = BAD[bad]
    endpoint = Endpoint(ModelSettings(server.url, "small", Secret(KEY)), Hasty())
    with pytest.raises(EmbeddingError, match="small") as caught:
        endpoint.embed(["car", "pear"], LONG)
    endpoint.close()
    assert KEY not in str(caught.value)


def test_what_may_pass_is_tried_again(server: EmbeddingServer) -> None:
    replies = iter([_status(503), _status(429), honest])
    server.reply = lambda asked: next(replies)(asked)
    endpoint = Endpoint(ModelSettings(server.url, "small"), Hasty())
    assert endpoint.embed(["car"], LONG).shape == (1, 2)
    endpoint.close()
    assert server.keys == [None] * 3


def test_what_will_not_pass_is_not_tried_again(server: EmbeddingServer) -> None:
    server.reply = _status(401)
    endpoint = Endpoint(ModelSettings(server.url, "small", Secret(KEY)), Hasty())
    with pytest.raises(EmbeddingError, match="status 401"):
        endpoint.embed(["car"], LONG)
    endpoint.close()
    assert len(server.asked) == 1


def test_a_server_that_is_not_there_is_a_clear_error() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    endpoint = Endpoint(ModelSettings(address, "small", Secret(KEY)), Hasty())
    with pytest.raises(EmbeddingError, match="ConnectError"):
        endpoint.embed(["car"], LONG)
    endpoint.close()


def test_a_server_that_does_not_answer_is_left_when_its_time_is_up(server: EmbeddingServer) -> None:
    answered = threading.Event()
    server.reply = lambda asked: (answered.wait(LONG), honest(asked))[1]
    endpoint = Endpoint(ModelSettings(server.url, "small"), Hasty())
    with pytest.raises(EmbeddingError, match="too long"):
        endpoint.embed(["car"], 0.01)
    answered.set()
    endpoint.close()


def test_closing_ends_a_call_that_another_thread_waits_for(server: EmbeddingServer) -> None:
    asked, answered = threading.Event(), threading.Event()

    def late(body: dict[str, object]) -> tuple[int, bytes]:
        asked.set()
        answered.wait(LONG)
        return honest(body)

    server.reply = late
    endpoint = Endpoint(ModelSettings(server.url, "small"), Hasty())
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(endpoint.embed, ["car"], LONG)
        assert asked.wait(LONG)
        endpoint.close()
        with pytest.raises(EmbeddingError, match="closed"):
            call.result(LONG)
        answered.set()
    with pytest.raises(EmbeddingError, match="closed"):
        endpoint.embed(["car"], LONG)


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        (Stated("wordllama", "m"), "no other model"),
        (Stated("folder", key_env="X"), "no key"),
        (Stated("http://h/v1"), "needs --embeddings-model"),
        (Stated(model="m"), "needs --embeddings,"),
        (Stated("http://h/v1/embeddings", "m"), "--embeddings is a base URL"),
        (Stated("http://h/v1", "m", "NO_SUCH"), "--embeddings-key-env"),
    ],
)
def test_settings_that_lead_to_no_vectors(stated: Stated, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        read_embedding_settings(stated, {})


def test_settings() -> None:
    assert read_embedding_settings(Stated(), {}) is None
    assert read_embedding_settings(Stated("wordllama"), {}) == EmbeddingSettings("wordllama")
    server = read_embedding_settings(Stated("http://h/v1/", "m", "X"), {"X": KEY})
    assert server is not None
    assert server.server is not None
    assert (server.server.url, server.server.model) == ("http://h/v1", "m")
    assert KEY not in repr(server)


@given(st.lists(st.lists(st.floats(width=32), min_size=3, max_size=3), min_size=1, max_size=5))
def test_vectors_have_length_one_or_none(rows: list[list[float]]) -> None:
    lengths = np.linalg.norm(unit(np.array(rows, dtype=np.float32)), axis=1)
    assert all(math.isclose(length, 1.0, rel_tol=1e-3) or length == 0 for length in lengths)


# -- the file


def test_the_file_keeps_what_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "vectors.db"
    file = VectorFile(path)
    file.put({key_of("m", str(n)): np.array([n, 1.0], dtype=np.float32) for n in range(1200)})
    file.forget([key_of("m", "7")])
    file.close()
    again = VectorFile(path)
    kept = again.get([key_of("m", str(n)) for n in range(1200)])
    again.close()
    assert len(kept) == 1199
    assert kept[key_of("m", "8")].tolist() == [8.0, 1.0]
    assert {stat.S_IMODE(entry.stat().st_mode) for entry in tmp_path.iterdir()} == {0o600}


def test_a_file_that_is_none_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "vectors.db"
    path.write_bytes(b"no database" * 100)
    file = VectorFile(path)
    assert file.keys() == set()
    file.close()


# -- the index


@pytest.fixture
def model(tmp_path: Path) -> Counting:
    return Counting(StaticModel.open(str(write_model(tmp_path / "model"))))


TEXTS = {1: "A car.", 2: "An apple.", 3: "A pear and an apple."}


def test_texts_are_found_by_what_they_mean(tmp_path: Path, model: Counting) -> None:
    index = DenseIndex(model, VectorFile(tmp_path / "vectors.db"))
    states: list[Embedded] = []
    assert index.refresh(Known(TEXTS), states.append)
    assert found(index, ["automobile"], 3) == [1, 3, 2]
    assert found(index, ["pear"], 2) == [3, 2]
    assert found(index, ["zebra"], 3) == []
    assert states[-1] == Embedded(3, 3)
    index.close()


def test_a_text_is_embedded_once(tmp_path: Path, model: Counting) -> None:
    for texts in (TEXTS, TEXTS | {2: "A pear."}, {9: "A pear.", 1: "A car."}):
        index = DenseIndex(model, VectorFile(tmp_path / "vectors.db"))
        index.refresh(Known(texts), _ignore)
        index.close()
    assert model.asked == [*TEXTS.values(), "A pear."]
    file = VectorFile(tmp_path / "vectors.db")
    assert file.keys() == {key_of(model.name, "A pear."), key_of(model.name, "A car.")}
    file.close()


def test_another_model_makes_its_own(tmp_path: Path, model: Counting) -> None:
    for name in ("one", "two"):
        model.name = name
        index = DenseIndex(model, VectorFile(tmp_path / "vectors.db"))
        index.refresh(Known(TEXTS), _ignore)
        index.close()
    assert model.asked == [*TEXTS.values()] * 2


def test_a_model_that_fails_fails_no_search(
    tmp_path: Path, model: Counting, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    index = DenseIndex(model, VectorFile(tmp_path / "vectors.db"), clock)
    index.refresh(Known({1: TEXTS[1]}), _ignore)
    model.fails = True
    assert not index.refresh(Known(TEXTS), _ignore)
    assert found(index, ["automobile"], 3) == []
    asked = len(model.asked)
    model.fails = False
    assert found(index, ["automobile"], 3) == []  # it has its rest
    assert len(model.asked) == asked
    clock.advance(31)
    assert found(index, ["automobile"], 3) == [1]
    assert [record.getMessage() for record in caplog.records] == [
        "no vectors, words alone decide: it is down"
    ]
    index.close()


def test_after_a_change_only_what_is_new_is_read(tmp_path: Path, model: Counting) -> None:
    index = DenseIndex(model, VectorFile(tmp_path / "vectors.db"))
    known = Known(TEXTS)
    index.refresh(known, _ignore)
    del known.texts[1]
    known.texts[7] = "An automobile."
    states: list[Embedded] = []
    assert index.refresh(known, states.append)
    assert known.asked == [1, 2, 3, 7]
    assert states[-1] == Embedded(1, 1)
    assert found(index, ["car"], 1) == [7]
    assert 1 not in found(index, ["car"], 9)
    index.close()


def test_what_a_model_failed_at_is_made_by_the_next_look(tmp_path: Path, model: Counting) -> None:
    index = DenseIndex(model, VectorFile(tmp_path / "vectors.db"))
    known = Known(TEXTS)
    model.fails = True
    states: list[Embedded] = []
    assert not index.refresh(known, states.append)
    assert all(state.done < state.total for state in states)
    model.fails = False
    assert index.refresh(known, _ignore)
    assert found(index, ["automobile"], 1) == [1]
    index.close()


def test_vectors_that_were_made_outlive_a_model_that_fails(tmp_path: Path, model: Counting) -> None:
    for fails, texts in ((False, TEXTS), (True, {0: "A new car."} | TEXTS)):
        model.fails = fails
        index = DenseIndex(model, VectorFile(tmp_path / "vectors.db"))
        index.refresh(Known(texts), _ignore)
        model.fails = False
        assert found(index, ["automobile"], 1) == [1]
        index.close()


@given(
    st.lists(st.tuples(st.floats(-1, 1, width=16), st.floats(-1, 1, width=16)), max_size=30),
    st.integers(1, 40),
)
def test_the_nearest_come_first_and_none_is_missing(rows: list[tuple[float, float]], limit: int) -> None:
    query = np.array([1.0, 0.0], dtype=np.float32)
    vectors = [np.array(row, dtype=np.float16) for row in rows]
    nearby = Nearest(range(len(rows)), vectors).search(query, limit, ())
    wanted = sorted(((-row[0], place) for place, row in enumerate(rows) if row[0] > 0))[:limit]
    assert [passage for passage, _ in (nearby.passages if nearby else ())] == [place for _, place in wanted]


def test_of_passages_that_are_as_near_the_first_ones_are_found() -> None:
    vectors = [np.array([1.0, 0.0], dtype=np.float16)] * 40
    nearby = Nearest(range(40), vectors).search(np.array([1.0, 0.0], dtype=np.float32), 3, ())
    assert nearby is not None
    assert [passage for passage, _ in nearby.passages] == [0, 1, 2]


def test_how_far_passages_stand_out_and_the_best_of_each_span() -> None:
    numbers = [40, 10, 30, 20]
    vectors = [np.array([x, 0.0], dtype=np.float16) for x in (0.5, 1.0, 0.0, 0.5)]
    nearby = Nearest(numbers, vectors).search(
        np.array([1.0, 0.0], dtype=np.float32), 2, [(0, 15), (16, 35), (50, 60), (30, 40)]
    )
    assert nearby is not None
    spread = math.sqrt(0.125)
    assert [number for number, _ in nearby.passages] == [10, 20]
    assert [standing for _, standing in nearby.passages] == pytest.approx([0.5 / spread, 0.0], abs=1e-6)
    assert nearby.spans == pytest.approx((0.5 / spread, 0.0, 0.0, 0.0), abs=1e-6)
