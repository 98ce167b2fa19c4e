"""The verbs that the tables of operations are written with: each makes rows of one kind, for some paths.

`paths` are separated by blanks, below what all paths of the provider begin with; `{x}` is one segment, `{x*}` one or
more, and stands last. Pure.
"""

from __future__ import annotations

from dataclasses import replace

from penstock.providers.operation import Bills, Cacheable, Effect, Flag, Kind, Operation, Rows, Settles
from penstock.wire.answer_dialect import Dialect

_UNNAMED = "?"  # until it stands in a table


def work(
    paths: str,
    kind: Kind,
    dialect: Dialect = Dialect.NONE,
    *,
    models: str = "body:model",
    cache: Cacheable = Cacheable.ALWAYS,
    flags: tuple[Flag, ...] = (),
    vary: tuple[str, ...] = (),
    unit: str = "tokens",
    bills: Bills = Bills.WORK,
    method: str = "POST",
    product: str = "",
    default: str = "",
    sure: bool = True,
) -> Rows:
    """Requests that are answered out of themselves, for money. `models` are places, separated by blanks."""
    if flags and cache is Cacheable.ALWAYS:
        cache = Cacheable.UNFLAGGED
    return tuple(
        Operation(
            _UNNAMED, kind, Effect.GENERATE, bills, f"{method} {path}", dialect, tuple(models.split()), product,
            default, cache, flags, vary, unit, sure=sure,
        )
        for path in paths.split()
    )  # fmt: skip


def counts(
    paths: str, kind: Kind = Kind.TOKEN_COUNT, *, models: str = "body:model", sure: bool = True
) -> Rows:
    """Requests that are answered out of themselves, for nothing: a count in the answer is no usage."""
    return work(paths, kind, models=models, bills=Bills.NOTHING, sure=sure)


def orders(
    paths: str,
    kind: Kind,
    dialect: Dialect = Dialect.NONE,
    *,
    models: str = "",
    unit: str = "tokens",
    bills: Bills = Bills.LATER,
    method: str = "POST",
    product: str = "",
    default: str = "",
    flags: tuple[Flag, ...] = (),
    secret: bool = False,
    sure: bool = True,
    once: str = "",
) -> Rows:
    """Requests for something that lives on and is paid by what comes of it."""
    return tuple(
        Operation(
            _UNNAMED, kind, Effect.ORDER, bills, f"{method} {path}", dialect, tuple(models.split()), product,
            default, flags=flags, unit=unit, secret=secret, sure=sure, once=once,
        )
        for path in paths.split()
    )  # fmt: skip


def makes(
    paths: str,
    kind: Kind,
    *,
    models: str = "",
    method: str = "POST",
    secret: bool = False,
    sure: bool = True,
    once: str = "",
) -> Rows:
    """Requests for something that lives on and costs nothing by itself."""
    return orders(
        paths, kind, models=models, bills=Bills.NOTHING, method=method, secret=secret, sure=sure, once=once
    )


def reads(
    paths: str,
    kind: Kind,
    dialect: Dialect = Dialect.NONE,
    *,
    settles: Settles | None = None,
    method: str = "GET",
    models: str = "",
    lists: str = "",
    secret: bool = False,
    sure: bool = True,
) -> Rows:
    """Requests for what is stored. Never paid, whatever the answer tells. `lists`: places, separated by blanks."""
    return _free(
        paths,
        kind,
        Effect.READ,
        method,
        dialect=dialect,
        settles=settles,
        models=models,
        lists=lists,
        secret=secret,
        sure=sure,
    )


def changes(paths: str, kind: Kind, *, method: str = "POST", secret: bool = False, sure: bool = True) -> Rows:
    """Requests that change what is stored, for nothing."""
    return _free(paths, kind, Effect.CHANGE, method, secret=secret, sure=sure)


def cancels(
    paths: str,
    kind: Kind,
    *,
    method: str = "POST",
    dialect: Dialect = Dialect.NONE,
    settles: Settles | None = None,
    secret: bool = False,
    models: str = "",
    sure: bool = True,
) -> Rows:
    """Requests that end what is under way, for nothing."""
    return _free(
        paths,
        kind,
        Effect.CANCEL,
        method,
        dialect=dialect,
        settles=settles,
        models=models,
        secret=secret,
        sure=sure,
    )


def deletes(paths: str, kind: Kind, *, method: str = "DELETE", sure: bool = True) -> Rows:
    """Requests that remove what is stored, for nothing."""
    return _free(paths, kind, Effect.DELETE, method, sure=sure)


def uploads(paths: str, kind: Kind = Kind.FILE, *, method: str = "POST", sure: bool = True) -> Rows:
    """Requests that bring something to be kept, for nothing."""
    return _free(paths, kind, Effect.UPLOAD, method, sure=sure)


def whatever(paths: str, kind: Kind = Kind.ACCOUNT, *, secret: bool = False, sure: bool = True) -> Rows:
    """All requests below a path, each what its method says, and none paid."""
    return (
        *reads(paths, kind, secret=secret, sure=sure),
        *makes(paths, kind, secret=secret, sure=sure),
        *changes(paths, kind, method="PUT", secret=secret, sure=sure),
        *changes(paths, kind, method="PATCH", secret=secret, sure=sure),
        *deletes(paths, kind, sure=sure),
    )


def sessions(
    paths: str,
    kind: Kind,
    *,
    models: str = "query:model",
    bills: Bills = Bills.WORK,
    unit: str = "tokens",
    sure: bool = True,
) -> Rows:
    """Upgrades to a WebSocket, paid by what passes over it."""
    rows = work(
        paths, kind, models=models, cache=Cacheable.NEVER, bills=bills, unit=unit, method="WS", sure=sure
    )
    return tuple(replace(row, websocket=True) for row in rows)


def _free(
    paths: str,
    kind: Kind,
    effect: Effect,
    method: str,
    *,
    dialect: Dialect = Dialect.NONE,
    settles: Settles | None = None,
    models: str = "",
    lists: str = "",
    secret: bool = False,
    sure: bool,
) -> Rows:
    return tuple(
        Operation(
            _UNNAMED, kind, effect, Bills.NOTHING, f"{method} {path}", dialect, tuple(models.split()),
            settles=settles, secret=secret, lists=tuple(lists.split()), sure=sure,
        )
        for path in paths.split()
    )  # fmt: skip


def never_kept(*groups: Rows) -> Rows:
    """The same rows, whose answers are not kept even where their callers ask for it: they change by themselves."""
    return tuple(replace(row, cacheable=Cacheable.REFUSED) for rows in groups for row in rows)


def below(root: str, *groups: Rows, vary: tuple[str, ...] = (), sure: bool = True) -> Rows:
    """The same rows under another root, which ends with a slash; there they may `vary` by more, or be less sure."""

    def moved(row: Operation) -> Operation:
        method, _, path = row.pattern.partition(" ")
        pattern = f"{method} {root}{path}"
        return replace(row, pattern=pattern, vary=(*row.vary, *vary), sure=row.sure and sure)

    return tuple(moved(row) for rows in groups for row in rows)
