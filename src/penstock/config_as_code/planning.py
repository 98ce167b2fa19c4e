"""From a file to a plan: what is missing in the directory, what differs, and what is there and not in the file.

Only accounts that the file names are looked at, and of them everything but stored keys; tokens where it speaks of any.
Gateways are here; what belongs to them is in `belongings.py`, providers are in `provider_plan.py`, tokens in
`token_plan.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from penstock.config_as_code.belongings import plan_datasets, plan_routes, removed
from penstock.config_as_code.document import Document, GatewayTable
from penstock.config_as_code.draft import Draft, Now
from penstock.config_as_code.placeholders import filled_fields
from penstock.config_as_code.plan import Plan, Step, differences
from penstock.config_as_code.provider_plan import plan_providers
from penstock.config_as_code.token_plan import plan_tokens
from penstock.control.gateway_changes import WrongFields
from penstock.control.stored_gateways import belongings
from penstock.settings import ConfigError
from penstock.settings.gateway_secrets import SecretLost
from penstock.stores.control_store import Add, InGateway, Replace, StoredGateway

_SECRETS = "secrets"


def make_plan(document: Document, now: Now) -> Plan:
    """Raises `ConfigError` with everything that is wrong; then nothing of the file may be applied."""
    draft, theirs = Draft(document, now), belongings(now.control_store)
    for account, table in sorted(document.accounts.items()):
        for gateway, inner in sorted(table.gateways.items()):
            _plan_gateway(draft, account, gateway, inner)
        for stored in now.snapshot.gateways:
            if stored.account == account and stored.gateway not in table.gateways:
                _plan_removal(draft, stored, theirs.get((account, stored.gateway), ()))
        for listed in now.catalog.of(account):
            if listed.stored is None and listed.id not in table.gateways:
                _plan_belongings(draft, account, listed.id, GatewayTable())
        plan_providers(draft, account, table.providers)
        if table.tokens is not None:
            plan_tokens(draft, account, table.tokens)
    if draft.problems:
        raise ConfigError(sorted(draft.problems, key=lambda problem: problem.line or 0))
    return draft.plan()


def _plan_gateway(draft: Draft, account: str, gateway: str, table: GatewayTable) -> None:
    listed = draft.now.catalog.get(account, gateway)
    fields = draft.document.fields(account, gateway)
    if listed is not None and listed.source == "file":
        if fields:
            draft.wrong(
                (account, "gateways", gateway),
                f"gateway {listed.name} stands in penstock.toml: change it there, and take its fields out here",
            )
    elif fields or listed is None or listed.stored is not None:
        _plan_fields(draft, account, gateway)
    _plan_belongings(draft, account, gateway, table)


def _plan_fields(draft: Draft, account: str, gateway: str) -> None:
    fields = filled_fields(draft.document.fields(account, gateway), draft.now.environ)
    try:
        change = draft.now.gateway_changes.put(account, gateway, fields)
    except SecretLost as lost:
        _tell_lost(draft, account, gateway, lost)
        return
    except WrongFields as wrong:
        for finding in wrong.findings:
            draft.wrong((account, "gateways", gateway, *finding.path), f"{wrong.name}: {finding.reason}")
        return
    name = f"{account}/{gateway}"
    match change:
        case Add(StoredGateway() as new):
            draft.does(Step("create", "gateway", name, differences({}, _shown(new))), change)
        case Replace(StoredGateway() as old, StoredGateway() as new):
            after = _shown(new)
            if new.sealed != old.sealed and _SECRETS in after:
                after[_SECRETS] = "changed"
            draft.does(Step("update", "gateway", name, differences(_shown(old), after)), change)


def _tell_lost(draft: Draft, account: str, gateway: str, lost: SecretLost) -> None:
    place = [int(part) if part.isdigit() else part for part in lost.path.strip("/").split("/")]
    draft.wrong(
        (account, "gateways", gateway, *place),
        f"{account}/{gateway}: no secret is stored for {lost.path}: set the variable named there, or write it",
    )


def _plan_removal(draft: Draft, stored: StoredGateway, theirs: Sequence[InGateway]) -> None:
    listed = draft.now.catalog.get(stored.account, stored.gateway)
    if listed is not None and listed.source == "file":
        return  # what the file covers up is not this file's to remove
    for noun in theirs:
        draft.does(removed(noun))  # goes with the gateway
    draft.does(removed(stored), draft.now.gateway_changes.remove(stored.account, stored.gateway))


def _plan_belongings(draft: Draft, account: str, gateway: str, table: GatewayTable) -> None:
    plan_routes(draft, account, gateway, table.routes)
    plan_datasets(draft, account, gateway, table.datasets)


def _shown(gateway: StoredGateway) -> dict[str, object]:
    """The fields, secrets masked, and whether there are any."""
    sealed = {} if gateway.sealed is None else {_SECRETS: "stored"}
    return {**gateway.fields, **sealed}
