"""Having a language model name candidates that the engine has not found (Parallel 2.12).

A name counts where a quotation has it, letter by letter, and does not deny what it says. Whether what is named meets a
condition is judged as for every other candidate (`judging.py`).
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor

from parallel_local.documents.document import Entity
from parallel_local.findall.candidates import Nominee
from parallel_local.findall.declared import Declared
from parallel_local.findall.entity_index import Thing
from parallel_local.findall.headings import is_name
from parallel_local.findall.names import Key, key_of
from parallel_local.model.account import Account
from parallel_local.model.budget import naming_budget
from parallel_local.model.claims import Nomination, Unreadable, nominations
from parallel_local.model.excerpts import Shown, choose
from parallel_local.model.prompts import NAMES_SCHEMA, names_prompt
from parallel_local.model.proofs import Proof, Prover
from parallel_local.model_server.transport import ModelError
from parallel_local.retrieval.library import Library
from parallel_local.text.polarity import denies
from parallel_local.threads import in_thread
from parallel_local.wire.findall import FindAllInput


class Nominator:
    """Asks for the names that one run may have missed."""

    def __init__(
        self,
        library: Library,
        threads: Executor,
        account: Account,
        wanted: FindAllInput,
        things: Mapping[Key, Thing],
    ) -> None:
        self._library = library
        self._threads = threads
        self._account = account
        self._wanted = wanted
        self._things = things

    async def named(self, known: Sequence[Nominee]) -> list[Nominee]:
        """What the model names beside what is known, as far as documents have it. Raises `ModelError`."""
        shown = await in_thread(self._threads, self._passages)
        if not shown:
            return []
        conditions = {one.name: one.description for one in self._wanted.match_conditions}
        names = [one.entity.name for one in known]
        asked = names_prompt(self._wanted.objective, self._wanted.entity_type, conditions, names, shown)
        try:
            said = nominations(await self._account.ask(asked, NAMES_SCHEMA))
        except Unreadable:
            raise ModelError("what it wrote is not the JSON that it was asked for") from None
        return await in_thread(self._threads, lambda: self._supported(said, known, shown))

    def _passages(self) -> list[Shown]:
        """The best passages for the objective and for each condition."""
        queries = [self._wanted.objective, *(one.description for one in self._wanted.match_conditions)]
        found = [self._library.search([self._library.query(query)]) for query in queries]
        return choose((), found, naming_budget(self._wanted.generator))

    def _supported(
        self, said: Sequence[Nomination], known: Sequence[Nominee], shown: Sequence[Shown]
    ) -> list[Nominee]:
        taken = {key_of(name) for one in known for name in one.thing.names}
        taken |= {key_of(one.name) for one in self._wanted.exclude_list or []}
        prover = Prover(shown, self._library)
        found: list[Nominee] = []
        for one in said:
            key = key_of(one.name)
            proofs = [proof for proof in prover.prove(one.quoted()) if _names(proof, one.name)]
            if proofs and key and key not in taken and is_name(one.name):
                taken.add(key)
                found.append(self._nominee(one.name, key, proofs[0]))
        return found

    def _nominee(self, name: str, key: Key, proof: Proof) -> Nominee:
        kind = self._wanted.entity_type
        declared = (proof.card, Declared(name, (kind,), proof.sentence, strong=True))
        thing = self._things.get(key) or Thing(key, (name,), (declared,))
        return Nominee(Entity(name, kind, None, {}), thing, (declared,))


def _names(proof: Proof, name: str) -> bool:
    """Whether a quotation has a name as it is given, and says something of it rather than denying it."""
    return not proof.suspect and name in proof.sentence and not denies(proof.sentence)
