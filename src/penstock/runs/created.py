"""What a request to Parallel has made, by what was sent and what was answered (Parallel 2.9.1, 2.9.6, 2.12.1, 2.13).

Runs with what they are expected to cost, and what was ordered of one that was there before. Whether a request may
have made something that nobody knows of is judged here as well (search-and-runs C7 2, 3). Pure; nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Final, NamedTuple

import msgspec

from penstock.pricing.parallel_prices import FINDALL_AT_MOST
from penstock.runs.becoming import become
from penstock.runs.money import first_money, run_charge
from penstock.runs.places import MOST_RUNS, Act, Ask
from penstock.runs.reading import metadata, response, sightings
from penstock.runs.run import Charge, Outcome, Owner, Run, RunKind, SeenBy, Sighting
from penstock.wire.answer_pieces import Documents, Shape, shape_of
from penstock.wire.json_values import ABSENT, Value, array_in, count, elements, struct_of, text
from penstock.wire.tolerant_json import as_utf_8

_OK = range(200, 300)
_NOTHING_MADE = range(300, 500)
_TIMED_OUT: Final = 408

_MONITORS_USUAL: Final = "lite"  # where none is said, and in alpha always (Parallel 2.13.1)
_FINDALLS_USUAL: Final = "core"  # of an enrichment
_EFFORTS_USUAL: Final = "medium"
_MOST_LOOKS: Final = 64  # events from either end of a stream


class Maker(NamedTuple):
    """The call that has made something: who has sent it, when it was answered, and where to look for what it made."""

    call_id: str
    owner: Owner
    now_us: int
    stored_key: str = ""
    origin: str = ""


class _Asked(msgspec.Struct, gc=False):
    processor: msgspec.Raw = ABSENT
    generator: msgspec.Raw = ABSENT
    match_limit: msgspec.Raw = ABSENT
    additional_match_limit: msgspec.Raw = ABSENT
    reasoning: msgspec.Raw = ABSENT
    metadata: msgspec.Raw = ABSENT


class _Inputs(msgspec.Struct, gc=False):
    inputs: msgspec.Raw = ABSENT


class _Reasoning(msgspec.Struct, gc=False):
    effort: msgspec.Raw = ABSENT


class _Made(msgspec.Struct, gc=False):
    """The names of what was made, and what FindAll says of a run of which more was ordered."""

    run_id: msgspec.Raw = ABSENT
    taskgroup_id: msgspec.Raw = ABSENT
    findall_id: msgspec.Raw = ABSENT
    monitor_id: msgspec.Raw = ABSENT
    generator: msgspec.Raw = ABSENT
    match_limit: msgspec.Raw = ABSENT


class _Event(msgspec.Struct, gc=False):
    response: msgspec.Raw = ABSENT


def outcome(status: int | None) -> Outcome:
    """What has become of a request that makes something, once it was sent; None: there was no answer.

    A server that fails may have made it before. What was made and cannot be read is no other outcome: `made` is then
    empty.
    """
    if status in _OK:
        return Outcome.MADE
    if status is not None and status in _NOTHING_MADE and status != _TIMED_OUT:
        return Outcome.REFUSED
    return Outcome.UNKNOWN


def made(
    ask: Ask, request: bytes, status: int, answer: bytes, by: Maker
) -> tuple[list[Run], list[tuple[str, Charge]]]:
    """The runs that a request has made; and what it has ordered of one that was there before, by its id.

    Both bodies are plain. Charges of the second kind have no estimate: that follows from the run, whose product and
    whose enrichments only the ledger knows. Only what a 2xx says was made.
    """
    if status not in _OK:
        return [], []
    document = _plain(request)
    match ask.act:
        case Act.ADD_RUNS:
            return _added(ask, document, answer, by), []
        case Act.EXTEND | Act.ENRICH | Act.TRIGGER:
            return [], [(ask.id, _ordered(ask.act, _asked(document), answer, by))]
        case Act.RESPOND:
            return _responded(_asked(document), answer, by), []
        case Act.MAKE_TASK | Act.MAKE_GROUP | Act.MAKE_FINDALL | Act.MAKE_MONITOR:
            return _one(ask, _asked(document), status, answer, by), []
        case _:
            return [], []


def _plain(request: bytes) -> bytes:
    try:
        return as_utf_8(request)
    except ValueError:
        return request


def _asked(request: Value) -> _Asked:
    return struct_of(_Asked, request) or _Asked()


# -- one


def _one(ask: Ask, said: _Asked, status: int, answer: bytes, by: Maker) -> list[Run]:
    names = struct_of(_Made, answer) or _Made()
    of_kind = {
        RunKind.TASK: names.run_id,
        RunKind.GROUP: names.taskgroup_id,
        RunKind.FINDALL: names.findall_id,
        RunKind.MONITOR: names.monitor_id,
    }
    kind = ask.kind or RunKind.TASK
    name = text(of_kind[kind])
    if not name:
        return []
    told = next((one for one in sightings(ask, status, "", answer) if one.id == name), None)
    product = (told.product if told else "") or _product(kind, said)
    made_of = run_charge(kind, by.call_id, product, _limit(said.match_limit))
    charges = () if kind is RunKind.GROUP else (made_of,)
    return [_run(name, kind, product, charges, said, by, told)]


def _product(kind: RunKind, said: _Asked) -> str:
    match kind:
        case RunKind.FINDALL:
            return text(said.generator)
        case RunKind.MONITOR:
            return text(said.processor) or _MONITORS_USUAL
        case _:
            return text(said.processor)


def _limit(raw: msgspec.Raw) -> int:
    found = count(raw)
    return FINDALL_AT_MOST if found is None else min(found, FINDALL_AT_MOST)


def _run(
    name: str,
    kind: RunKind,
    product: str,
    charges: tuple[Charge, ...],
    said: _Asked,
    by: Maker,
    told: Sighting | None = None,
    parent: str = "",
) -> Run:
    run = Run(
        id=name,
        kind=kind,
        owner=by.owner,
        call_id=by.call_id,
        parent=parent,
        product=product,
        metadata=metadata(said.metadata) or {},
        created_us=by.now_us,
        seen_us=by.now_us,
        since_us=by.now_us,
        money=first_money(kind, charges),
        charges=charges,
        stored_key=by.stored_key,
        origin=by.origin,
    )
    return run if told is None else become(run, told, SeenBy.CREATE, by.now_us)


# -- several, or more of one


def runs_asked(ask: Ask, request: bytes) -> int:
    """How many runs a request that makes some is for: of a group as many as it has inputs, in whichever of two arrays
    of that name there are more. `request` is plain.
    """
    if ask.act is not Act.ADD_RUNS:
        return 1
    last = struct_of(_Inputs, request) or _Inputs()
    arrays = (array_in(request, "inputs"), last.inputs)
    return max(sum(1 for _ in elements(array, MOST_RUNS)) for array in arrays)


def _added(ask: Ask, request: bytes, answer: bytes, by: Maker) -> list[Run]:
    """The runs of a group, each by what its input says; an id that is told twice is one run (search-and-runs C7 20).

    Ids stand in the order of their inputs. Where they are not as many, nobody knows which is whose.
    """
    names = [text(one) for one in elements(array_in(answer, "run_ids"), MOST_RUNS)]
    inputs = [_asked(one) for one in elements(array_in(request, "inputs"), MOST_RUNS)]
    if len(inputs) != len(names):
        processors = {text(one.processor) for one in inputs}
        alike = inputs[0].processor if len(processors) == 1 else ABSENT
        inputs = [_Asked(processor=alike)] * len(names)
    found: dict[str, Run] = {}
    for name, said in zip(names, inputs, strict=True):
        if name and name not in found:
            product = text(said.processor)
            charge = run_charge(RunKind.TASK, by.call_id, product)
            found[name] = _run(name, RunKind.TASK, product, (charge,), said, by, parent=ask.id)
    return list(found.values())


def _ordered(act: Act, said: _Asked, answer: bytes, by: Maker) -> Charge:
    """An enrichment is of all matches that the run may have: how many it has is not said here. Of a monitor that is
    triggered nothing is said at all.
    """
    of_run = struct_of(_Made, answer) or _Made()
    match act:
        case Act.EXTEND:
            more = _limit(said.additional_match_limit)
            return Charge(by.call_id, "extend", text(of_run.generator), more)
        case Act.ENRICH:
            processor = text(said.processor) or _FINDALLS_USUAL
            return Charge(by.call_id, "enrich", processor, _limit(of_run.match_limit))
        case _:
            return Charge(by.call_id, "trigger", "")


def _responded(said: _Asked, answer: bytes, by: Maker) -> list[Run]:
    """A response, told in a document or in events. It is paid as a call, and kept for who may go on from it."""
    told = next((one for document in _responses(answer) if (one := response(document))), None)
    if told is None:
        return []
    reasoning = struct_of(_Reasoning, said.reasoning) or _Reasoning()
    effort = text(reasoning.effort) or _EFFORTS_USUAL
    return [_run(told.id, RunKind.RESPONSE, effort, (), said, by, told)]


def _responses(answer: bytes) -> Iterator[Value]:
    """The response as often as it is told, the last time first."""
    if shape_of("", answer) is not Shape.EVENTS:
        yield answer
        return
    events = Documents(answer, events=True)
    looks = chain(islice(events.backwards(), _MOST_LOOKS), islice(events.forwards(), _MOST_LOOKS))
    yield from (event.response for one in looks if (event := struct_of(_Event, one)) and event.response)
