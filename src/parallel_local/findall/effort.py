"""How much a generator looks at: candidates, and documents for each of them (Parallel 2.12.1). Data only."""

import msgspec

_ALL = 1_000_000


class Effort(msgspec.Struct, frozen=True):
    """How many candidates are judged, `per_match` and at least `candidates`, and by how many documents each."""

    candidates: int
    per_match: int
    documents: int

    def most_candidates(self, match_limit: int) -> int:
        """How many candidates are judged before a run gives up for want of matches."""
        return max(self.candidates, self.per_match * match_limit)


_EFFORTS = {
    "preview": Effort(candidates=10, per_match=1, documents=10),  # its match limit is one of candidates
    "base": Effort(candidates=100, per_match=10, documents=20),
    "core": Effort(candidates=500, per_match=50, documents=100),
    "pro": Effort(candidates=_ALL, per_match=0, documents=_ALL),
}


def effort_of(generator: str) -> Effort:
    """A generator's effort; an unknown one has that of `core`."""
    return _EFFORTS.get(generator, _EFFORTS["core"])
