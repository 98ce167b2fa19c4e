"""`langchain-parallel` against a base URL: a JSON line for each thing that it does.

Run by an interpreter of its own, for it wants older releases of Parallel's and OpenAI's libraries than the tests.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from langchain_parallel import (
    ChatParallel,
    ParallelExtractTool,
    ParallelFindAllTool,
    ParallelSearchRetriever,
    ParallelSearchTool,
    ParallelTaskGroup,
    ParallelTaskRunTool,
)

QUESTION = "When was the Zorblax reservoir completed?"


def main(base_url: str, key: str) -> None:
    to = {"api_key": key, "base_url": base_url}
    conditions = [{"name": "has_owner", "description": "It has an owner"}]
    finding = {
        "objective": "reservoirs", "entity_type": "reservoirs", "match_conditions": conditions, "match_limit": 5,
    }  # fmt: skip
    scenarios: dict[str, Callable[[], object]] = {
        "search": lambda: ParallelSearchTool(**to).invoke(
            {"search_queries": [QUESTION], "objective": QUESTION}
        ),
        "retriever": lambda: [one.page_content for one in ParallelSearchRetriever(**to).invoke(QUESTION)],
        "extract": lambda: ParallelExtractTool(**to).invoke({"urls": ["https://docs.example.test/zorblax"]}),
        "chat": lambda: ChatParallel(model="speed", **to).invoke(QUESTION).content,
        "task": lambda: ParallelTaskRunTool(processor="lite-fast", **to).invoke({"input": QUESTION}),
        "group": lambda: ParallelTaskGroup(processor="lite-fast", **to).run(
            [{"input": QUESTION}, {"input": "x"}]
        ),
        "findall": lambda: ParallelFindAllTool(**to).invoke(finding),
    }
    for name, act in scenarios.items():
        try:
            said = act()
        except Exception as error:
            said = f"failed: {type(error).__name__}: {error}"
        sys.stdout.write(json.dumps({name: said}, default=str) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
