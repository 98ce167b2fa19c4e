"""Finding what a question needs: the model plans queries, the index answers them, the model says what is missing.

All that is found are numbered passages (`excerpts.py`). The question itself is always searched for too, so that a
model without ideas, or with wrong ones, finds no less than the engine does by itself.
"""

from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Executor

import msgspec

from parallel_local.answers.report import Step
from parallel_local.model.account import Account
from parallel_local.model.budget import Budget
from parallel_local.model.claims import Unreadable, queries
from parallel_local.model.excerpts import Shown, choose
from parallel_local.model.prompts import PLAN_SCHEMA, gap_prompt, plan_prompt
from parallel_local.model_server.chat_completions import Said
from parallel_local.retrieval.library import Library
from parallel_local.retrieval.ranking import Found
from parallel_local.threads import in_thread
from parallel_local.wire.common import SourcePolicy


class Wish(msgspec.Struct, frozen=True):
    """What is to be found out. `search` is the question in words, as the index is asked."""

    question: str
    search: str
    context: str = ""
    policy: SourcePolicy | None = None


class Reader:
    """Reads for one run."""

    def __init__(self, library: Library, threads: Executor, account: Account, budget: Budget) -> None:
        self._library = library
        self._threads = threads
        self._account = account
        self._budget = budget

    async def read(self, wish: Wish) -> AsyncIterator[Step | list[Shown]]:
        """Steps, and all that was found as the last item. Raises `ModelError`."""
        planned = await self._planned(plan_prompt(wish.question, wish.context, self._budget.queries))
        asked = [f"{wish.search} {wish.context}".strip(), *planned]
        yield Step("plan", f"Look up, in the model's words: {'; '.join(planned) or 'the question'}.")
        shown: list[Shown] = []
        fresh = asked
        for hop in range(self._budget.hops):
            shown, step = await self._searched(fresh, shown, wish.policy)
            yield step
            if hop + 1 == self._budget.hops or not shown:
                break
            wanted = await self._queries(gap_prompt(wish.question, shown, asked, self._budget.queries))
            fresh = [query for query in wanted if query not in asked]
            if not fresh:
                break
            asked = [*asked, *fresh]
        yield shown

    async def _planned(self, prompt: Sequence[Said]) -> list[str]:
        """Queries before anything is read, where the budget has more than one."""
        return await self._queries(prompt) if self._budget.queries > 1 else []

    async def _queries(self, prompt: Sequence[Said]) -> list[str]:
        """The queries that the model wants; none where it says something else."""
        try:
            return queries(await self._account.ask(prompt, PLAN_SCHEMA), self._budget.queries)
        except Unreadable:
            return []

    async def _searched(
        self, asked: Sequence[str], shown: Sequence[Shown], policy: SourcePolicy | None
    ) -> tuple[list[Shown], Step]:
        def search() -> list[list[Found]]:
            return [self._library.search([self._library.query(query)], policy) for query in asked]

        found = await in_thread(self._threads, search)
        now = choose(shown, found, self._budget)
        urls = tuple(dict.fromkeys(one.card.url for one in now))
        considered = len({item.card.url for listed in found for item in listed})
        message = f"Query: {'; '.join(asked)[:300]} — {len(now) - len(shown)} more passages"
        return now, Step("search", message, urls, considered)
