"""What a model does is told by its name, and an answer that is remembered is the one that was found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.providers import model_tasks
from penstock.providers.model_tasks import TASKS, task_of


@pytest.mark.parametrize(
    ("path", "task"),
    [
        ("/fal-ai/flux/dev", "text-to-image"),
        ("/fal-ai/flux/dev/image-to-image", "image-to-image"),
        ("/fal-ai/FLUX/dev", "text-to-image"),
        ("@cf/meta/llama-3.1-8b-instruct", "text-generation"),
        ("%40cf/openai/whisper", "speech-to-text"),
        ("@cf/baai/bge-reranker-base", "rerank"),
        ("@cf/baai//bge-m3", "text-embeddings"),
        ("/nobody/knows-it", None),
        ("", None),
    ],
)
def test_a_name_tells_the_task(path: str, task: str | None) -> None:
    assert [task_of(path), task_of(path)] == [task, task]


names = st.text(st.sampled_from("abeflux-/%2F1 "), max_size=40) | st.sampled_from(
    [f"{task}-x" for task in TASKS]
)


@given(names, st.sampled_from([0, 600]))
def test_what_is_remembered_is_what_was_found(name: str, more: int) -> None:
    path = name + "z" * more
    assert task_of(path) == model_tasks._task_of(path) == task_of(path)


def test_no_more_is_remembered_than_a_share() -> None:
    for number in range(3000):
        task_of(f"/somebody/invented-{number}")
    task_of("/x" * 10_000)
    assert model_tasks._remembered.cache_info().currsize <= 1024
