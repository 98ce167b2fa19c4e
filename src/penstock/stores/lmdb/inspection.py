"""Looking at an LMDB folder before it is used, in a process that may die of it.

What is looked for is in `structure.py`. Not to be called where there are threads or an event loop: it forks.
"""

from __future__ import annotations

import os
import resource
import select
import signal
from collections.abc import Mapping
from contextlib import closing
from enum import Enum
from pathlib import Path
from typing import Final, NamedTuple

import lmdb

from penstock.clock import Clock
from penstock.stores.lmdb.environment import DATA_FILE, is_damage
from penstock.stores.lmdb.structure import Check, Meta, Unfinished, Unsound, examine, states

_GRACE_SECONDS: Final = 1.0  # for a child that has come to the end of its time
_SIZE_OF_THE_FILE: Final = 0
_TRIES: Final = 100
_MOST_TEXT: Final = 1000


class State(Enum):
    """How a store is. `UNKNOWN`: there was too much of it for the time, or it could not be looked at."""

    SOUND = b"s"
    DAMAGED = b"d"
    UNKNOWN = b"u"


class Verdict(NamedTuple):
    """What is to be said of a store."""

    state: State
    why: str = ""


def inspect(folder: Path, checks: Mapping[bytes, Check], seconds: float) -> Verdict:
    """Looks at a store for so many seconds at most. `checks` are for values, by the name of their database.

    Others may write to it meanwhile. Nothing is changed, made or set aside. Raises `OSError` where no process can
    be started.
    """
    now = Clock().monotonic
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os._exit(_tell(writer, folder, checks, now() + seconds))
    os.close(writer)
    try:
        told = _heard(reader, now() + seconds + _GRACE_SECONDS)
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)  # it has said all, or does not end
        _, status = os.waitpid(child, 0)
    if told:
        return Verdict(State(told[:1]), told[1:].decode("utf-8", "replace"))
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGKILL:
        return Verdict(State.UNKNOWN, "looking at it did not end")
    return Verdict(
        State.DAMAGED, f"looking at it ended with {signal.Signals(-code).name if code < 0 else code}"
    )


def look(folder: Path, checks: Mapping[bytes, Check], until: float) -> Verdict:
    """The same in this process, which may end of it. `until` is a monotonic time."""
    try:
        if folder.exists() and not folder.is_dir():
            raise Unsound("it is no folder")
        if (folder / DATA_FILE).exists():
            _look(folder, checks, until)
    except (Unsound, RecursionError) as error:
        return Verdict(State.DAMAGED, str(error))
    except Unfinished:
        return Verdict(State.UNKNOWN, "there is too much of it for the time")
    except (lmdb.Error, OSError) as error:
        return Verdict(State.DAMAGED if is_damage(error) else State.UNKNOWN, str(error))
    return Verdict(State.SOUND)


def _look(folder: Path, checks: Mapping[bytes, Check], until: float) -> None:
    descriptor = os.open(folder / DATA_FILE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        states(descriptor)
        environment = lmdb.open(
            str(folder),
            map_size=_SIZE_OF_THE_FILE,
            readonly=True,
            create=False,
            lock=(folder / "lock.mdb").exists(),  # or it would be made
        )
        with closing(environment):
            for _ in range(_TRIES):
                with environment.begin() as txn:  # what it sees stays as it is, whoever writes meanwhile
                    state = _seen(descriptor, txn.id())
                    if state is not None:
                        examine(descriptor, state, checks, until)
                        return
        raise Unsound("what it says of itself and what can be read of it differ")
    finally:
        os.close(descriptor)


def _seen(descriptor: int, number: int) -> Meta | None:
    """The state of that number, if it was not written over just now. Read while it is, it may be half another."""
    found = states(descriptor)
    if states(descriptor) != found:
        return None
    return next((state for state in found if state.number == number), None)


def _tell(writer: int, folder: Path, checks: Mapping[bytes, Check], until: float) -> int:
    """In the child: says what was found."""
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # how it may end is nothing to keep
        verdict = look(folder, checks, until)
    except Exception as error:
        verdict = Verdict(State.UNKNOWN, f"{type(error).__name__}: {error}")
    os.write(writer, verdict.state.value + verdict.why.encode("utf-8", "replace")[:_MOST_TEXT])
    return 0


def _heard(reader: int, until: float) -> bytes:
    """What the child says; nothing if it says none in time, or ends before."""
    ready, _, _ = select.select([reader], [], [], max(0.0, until - Clock().monotonic()))
    return os.read(reader, _MOST_TEXT + 1) if ready else b""
