"""The directory: can it be read, is all of it served, who may change things, do workers serve by its latest version?"""

from __future__ import annotations

from collections.abc import Iterator

from penstock.access.tokens import is_live
from penstock.control.gateway_changes import receivers_inside
from penstock.doctor.case import Case
from penstock.doctor.finding import Finding, ok, problem, warning
from penstock.doctor.units import counted
from penstock.stores.control_store import Snapshot
from penstock.stores.opening.control_store import has_control_store


def control_store(case: Case) -> Iterator[Finding]:
    """The file, the gateways and tokens in it, and who has not taken up its last change."""
    snapshot, fault = case.control_store
    if fault:
        remedy = (
            "if it is of a newer penstock, update this one; if it is damaged, restore a copy of the file, or move "
            "it away to begin with an empty one; a gateway does not start with it, and one that runs goes on with "
            "what it has read"
        )
        yield problem("directory", fault, remedy)
    elif snapshot is None:
        yield ok("directory", "it is of an older version, and brought up to date at the next start")
    else:
        parts = (
            counted(len(snapshot.tokens), "token"),
            counted(len(snapshot.provider_keys), "stored key"),
            counted(len(snapshot.custom_providers), "custom provider"),
            counted(len(snapshot.gateways), "gateway"),
        )
        there = has_control_store(case.stores)
        yield ok("directory", ", ".join(parts) if there else "there is none yet")
        yield from _gateways(case)
        yield from _admin(case, snapshot)
        yield from _versions(case, snapshot)


def _gateways(case: Case) -> Iterator[Finding]:
    for stored, reason in () if case.faults else case.catalog.left_out:
        yield warning(
            "gateways",
            f"gateway {stored.account}/{stored.gateway} of the directory is not served: {reason}",
            "rename or correct one of the two, or remove it: `penstock gateways delete`",
        )
    if case.faults or case.settings.server.allow_private_providers:
        return
    for one in case.catalog:
        for fault in receivers_inside(one.fields) if one.source == "directory" else ():
            yield warning(
                "gateways",
                f"gateway {one.name} of the directory sends nothing to one of its receivers: {fault.reason}",
                "set `otel` of it anew: `penstock gateways set`",
            )


def _admin(case: Case, snapshot: Snapshot) -> Iterator[Finding]:
    live = [token for token in snapshot.tokens if is_live(token, case.now_us)]
    admins = [token for token in live if "edit" in token.permissions]
    if case.settings.admin_token or admins:
        ended = len(snapshot.tokens) - len(live)
        text = counted(len(live), "live token") + (f", {ended} ended" if ended else "")
        yield ok("tokens", f"{text}; {len(admins) or 'the one of the environment'} may edit")
    else:
        yield warning(
            "tokens",
            "no live token may change things",
            "the gateway makes one when it starts, and shows it once; or use `penstock keys create`",
        )


def _versions(case: Case, snapshot: Snapshot) -> Iterator[Finding]:
    for worker in case.states.workers:
        if worker.directory_version < snapshot.version:
            yield warning(
                "directory",
                f"worker {worker.pid} serves by version {worker.directory_version} of the directory, "
                f"which is at {snapshot.version}",
                "it takes up a change within two seconds; if not, the gateway's log says what it refused",
            )
