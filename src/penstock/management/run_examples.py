"""Examples of runs for the documentation of the management API: values of the types themselves, nobody's."""

from __future__ import annotations

from typing import Final

import msgspec

from penstock.management.response import JSON
from penstock.management.runs import RunAnswer, RunsQuery
from penstock.runs.record import ChargeRecord, MomentRecord, RunRecord
from penstock.runs.shown_evidence import CitationRecord, EvidenceRecord, FieldRecord

RUN_ID: Final = "trun_example"
_ENDED: Final = "2026-01-31T12:11:00.000Z"


def run_examples(account: str, gateway: str, call_id: str, made: str) -> tuple[object, ...]:
    """Of what is asked and answered about runs; made by that call at that time."""
    record = {
        "run_id": RUN_ID,
        "kind": "task",
        "state": "completed",
        "is_active": False,
        "processor": "ultra",
        "money": "settled",
        "estimate": 0.3,
        "cost": 0.3,
        "created_at": made,
        "ended_at": _ENDED,
        "seen_at": _ENDED,
        "seen_by": "read",
        "account": account,
        "gateway": gateway,
        "call_id": call_id,
        "metadata": {"team": "a"},
        "executions": 0,
        "counts": {},
        "revision": 0,
        "flags": (),
        **dict.fromkeys(("token", "user", "credential", "stored_key", "parent", "progress")),
        **dict.fromkeys(("generated", "matched", "error")),
    }
    quoted = CitationRecord("https://example.org/about", "About us", ("Founded in 1999.",))
    field = FieldRecord("founded", "high", (quoted,), "Its own page says so.")
    return (
        RunsQuery(active=True, processor="ultra", since="7d"),
        msgspec.convert(record, RunRecord),
        RunAnswer(
            **msgspec.structs.asdict(msgspec.convert(record, RunRecord)),
            price_source="parallel card 2026-11-10",
            charges=(ChargeRecord("run", "ultra", 1, 0.3, 0.3, call_id),),
            timeline=(
                MomentRecord(made, "queued", "create", 660.0),
                MomentRecord(_ENDED, "completed", "read", None),
            ),
            result_size=2048,
            result_content_type=JSON,
            evidence=EvidenceRecord(1, {"high": 1}, 1, 0, {"example.org": 1}, (field,)),
        ),
    )
