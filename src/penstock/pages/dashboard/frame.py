"""What stands around each page: who is signed in, which accounts there are to look at, and what the last form did."""

from __future__ import annotations

import msgspec

from penstock.control.catalog import catalog
from penstock.control.opening import opener
from penstock.management.accounts import visible_accounts
from penstock.management.caller import ADMIN, Caller
from penstock.management.resources import Resources
from penstock.settings.gateways import DEFAULT_GATEWAY

PLACES = (
    ("overview", "Overview"),
    ("logs", "Logs"),
    ("runs", "Runs"),
    ("gateways", "Gateways"),
    ("tokens", "Tokens"),
    ("playground", "Playground"),
    ("start", "Start"),
)
"""What the line at the top leads to: below an account's path, and how it is called."""


class Frame(msgspec.Struct, frozen=True):
    """`account` is the one that the links of the page lead to; `form` is what each form brings along."""

    title: str
    path: str  # of the page
    twin: str  # where its JSON is, with the same query; empty for what answers a form
    account: str
    accounts: tuple[str, ...]
    who: str
    form: str
    said: str

    def at(self, place: str) -> str:
        """The path of a page of this account: `at("logs")`."""
        return f"/accounts/{self.account}/{place}"

    def is_at(self, place: str) -> bool:
        """Whether this page is one of a place."""
        return self.path == self.at(place) or self.path.startswith(f"{self.at(place)}/")

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """What the line at the top leads to."""
        return PLACES


def home_account(resources: Resources, caller: Caller) -> str:
    """The account that the pages begin with: whose calls are that name none, if this caller sees it."""
    snapshot = resources.snapshot()
    found = catalog(resources.settings, snapshot, opener(None)).default_account
    seen = visible_accounts(resources, caller)
    return found if found in seen else min(seen, default=found)


def gateways_of(resources: Resources, caller: Caller, account: str) -> tuple[str, ...]:
    """The gateways of an account that this caller may do anything with; never none, for programs name one."""
    listed = resources.catalog(resources.snapshot()).of(account)
    return tuple(one.id for one in listed if caller.reaches(account, one.id)) or (DEFAULT_GATEWAY,)


def named(caller: Caller) -> str:
    """Who is signed in, for people."""
    if caller.token is None:
        return ADMIN
    return " · ".join(filter(None, (caller.token.name, caller.token.user)))
