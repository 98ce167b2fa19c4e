"""Who may see and do what: every row of the site, page, twin and action, for each kind of visitor; and what it tells
them of others. A row that this table does not know fails: whoever adds a page says here who may see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

import httpx
import pytest
from dashboard_kit import ACCOUNT
from who_may_kit import FOREIGN, SIBLING, Visitor, World, placed

from penstock.access.tokens import PERMISSIONS
from penstock.pages.dashboard.page import FILE, Page
from penstock.pages.dashboard.site import PAGES
from penstock.stores.control_store import Permission

Where = Literal["anywhere", "some", "whole"]


class Wanted(NamedTuple):
    """The least permission, and whether a token of one gateway will do (`some`), or the account is wanted (`whole`)."""

    permission: Permission | None
    where: Where


A: Final = "/accounts/{account}"
GET: Final = {
    "/": Wanted(None, "anywhere"),
    f"{A}/start": Wanted(None, "anywhere"),
    f"{A}/playground": Wanted(None, "anywhere"),
    f"{A}/overview": Wanted("metadata_read", "some"),
    f"{A}/logs": Wanted("metadata_read", "some"),
    f"{A}/logs.csv": Wanted("metadata_read", "some"),
    f"{A}/logs.ndjson": Wanted("metadata_read", "some"),
    f"{A}/logs/{{id}}": Wanted("metadata_read", "some"),
    f"{A}/logs/{{id}}/request": Wanted("read", "some"),
    f"{A}/logs/{{id}}/response": Wanted("read", "some"),
    f"{A}/runs": Wanted("metadata_read", "some"),
    f"{A}/runs/{{id}}": Wanted("metadata_read", "some"),
    f"{A}/runs/{{id}}/result": Wanted("read", "some"),
    f"{A}/evidence": Wanted("metadata_read", "some"),
    f"{A}/hooks": Wanted("metadata_read", "some"),
    f"{A}/hooks/{{number}}": Wanted("metadata_read", "some"),
    f"{A}/tokens": Wanted("read", "whole"),
    f"{A}/tokens/new": Wanted("edit", "whole"),
    f"{A}/tokens/{{token_id}}": Wanted("read", "whole"),
    f"{A}/gateways": Wanted("read", "some"),
    f"{A}/gateways/{{gateway_id}}": Wanted("read", "some"),
    f"{A}/gateways/{{gateway_id}}/routes": Wanted("read", "some"),
    f"{A}/gateways/{{gateway_id}}/routes/new": Wanted("edit", "some"),
    f"{A}/gateways/{{gateway_id}}/routes/{{route_id}}": Wanted("read", "some"),
    f"{A}/gateways/{{gateway_id}}/routes/{{route_id}}/edit": Wanted("edit", "some"),
    f"{A}/keys": Wanted("read", "whole"),
    f"{A}/providers": Wanted("read", "whole"),
    f"{A}/prices": Wanted("read", "whole"),
    f"{A}/audit": Wanted("read", "whole"),
}
POST: Final = {
    f"{A}/start": Wanted("edit", "whole"),
    f"{A}/logs/{{id}}/feedback": Wanted("edit", "some"),
    f"{A}/hooks/again": Wanted("edit", "some"),
    f"{A}/tokens": Wanted("edit", "whole"),
    f"{A}/tokens/{{token_id}}": Wanted("edit", "whole"),
    f"{A}/tokens/{{token_id}}/block": Wanted("edit", "whole"),
    f"{A}/tokens/{{token_id}}/rotate": Wanted("edit", "whole"),
    f"{A}/tokens/{{token_id}}/revoke": Wanted("edit", "whole"),
    f"{A}/gateways": Wanted("edit", "whole"),
    f"{A}/gateways/{{gateway_id}}": Wanted("edit", "some"),
    f"{A}/gateways/{{gateway_id}}/preview": Wanted("edit", "some"),
    f"{A}/gateways/{{gateway_id}}/delete": Wanted("edit", "some"),
    f"{A}/gateways/{{gateway_id}}/keys": Wanted("edit", "some"),
    f"{A}/gateways/{{gateway_id}}/keys/{{provider_config_id}}": Wanted("edit", "some"),
    f"{A}/gateways/{{gateway_id}}/routes": Wanted("edit", "some"),
    f"{A}/gateways/{{gateway_id}}/routes/new": Wanted("edit", "some"),
    f"{A}/gateways/{{gateway_id}}/routes/{{route_id}}/edit": Wanted("edit", "some"),
    f"{A}/gateways/{{gateway_id}}/routes/{{route_id}}/versions": Wanted("edit", "some"),
    f"{A}/gateways/{{gateway_id}}/routes/{{route_id}}/deployments": Wanted("edit", "some"),
    f"{A}/gateways/{{gateway_id}}/routes/{{route_id}}/name": Wanted("edit", "some"),
    f"{A}/gateways/{{gateway_id}}/routes/{{route_id}}/delete": Wanted("edit", "some"),
    f"{A}/keys": Wanted("edit", "whole"),
    f"{A}/keys/{{provider_config_id}}": Wanted("edit", "whole"),
    f"{A}/providers": Wanted("edit", "whole"),
    f"{A}/providers/{{custom_provider_id}}": Wanted("edit", "whole"),
}
HAS: Final[dict[Permission, frozenset[Permission]]] = {
    "run": frozenset(("run",)),
    "set_costs": frozenset(("set_costs",)),
    "metadata_read": frozenset(("metadata_read",)),
    "read": frozenset(("read", "metadata_read")),
    "edit": frozenset(("edit", "read", "metadata_read")),
}
GIVING: Final = (f"{A}/start", *(f"{A}/tokens/{{token_id}}{end}" for end in ("", "/block", "/rotate")))
"""Gives somebody a token that may call, which none of these visitors may: refused to all of them."""

SHOWING: Final = [page for page in PAGES if page.template]
CHANGING: Final = [page for page in PAGES if not page.template]


def named(page: Page) -> str:
    return page.path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("who-may"))


@pytest.fixture(scope="module")
def visitors(world: World) -> dict[tuple[Permission, Where], Visitor]:
    """One for each permission: of the account, and of its gateway `main` alone."""
    whole: dict[tuple[Permission, Where], Visitor] = {
        (one, "whole"): world.enter(one, accounts=(ACCOUNT,)) for one in PERMISSIONS
    }
    return whole | {(one, "some"): world.enter(one, gateways=(f"{ACCOUNT}/main",)) for one in PERMISSIONS}


def is_let_in(wanted: Wanted, permission: Permission, where: Where) -> bool:
    if wanted.permission is not None and wanted.permission not in HAS[permission]:
        return False
    return wanted.where != "whole" or where == "whole"


def test_the_tables_have_every_row_of_the_site() -> None:
    assert {page.path for page in SHOWING} == set(GET)
    assert {page.path for page in CHANGING} == set(POST)


@pytest.mark.parametrize("page", SHOWING, ids=named)
def test_who_sees_a_page(world: World, visitors: dict[tuple[Permission, Where], Visitor], page: Page) -> None:
    path, wanted = placed(page.path, world.own), GET[page.path]
    for (permission, where), visitor in visitors.items():
        answers = [visitor.get(path)]
        if page.template != FILE:
            answers += [visitor.twin(path), visitor.get(f"{path}.json" if path != "/" else "/index.json")]
        expected = (200, 303) if is_let_in(wanted, permission, where) else (403,)
        for answer in answers:
            assert answer.status_code in expected, (permission, where, answer.text)
            assert not answer.headers.get("location", "").startswith("/sign-in")
            told = answer.text + repr(answer.headers)
            assert FOREIGN not in told, (permission, where)
            if where == "some":
                assert SIBLING not in told, (permission, where)


@pytest.mark.parametrize("page", CHANGING, ids=named)
def test_who_may_do_something(
    world: World, visitors: dict[tuple[Permission, Where], Visitor], page: Page
) -> None:
    path, wanted = placed(page.path, world.own), POST[page.path]
    for (permission, where), visitor in visitors.items():
        answer = visitor.send(path, {})
        if is_let_in(wanted, permission, where):
            expected = (403,) if page.path in GIVING else (200, 303, 400, 409)
            assert answer.status_code in expected, answer.text
        else:
            assert answer.status_code == 403, (permission, where, answer.text)
        told = answer.text + repr(answer.headers)
        assert FOREIGN not in told, (permission, where)
        if where == "some":
            assert SIBLING not in told, (permission, where)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.path} {page.template}")
def test_nothing_is_for_nobody(world: World, page: Page) -> None:
    path, nobody = placed(page.path, world.own), Visitor(world.site, world.site.new_browser())
    if not page.template:
        assert nobody.send(path, {}).headers["location"].startswith("/sign-in")
        return
    assert nobody.get(path).headers["location"].startswith("/sign-in")
    if page.template != FILE:
        assert nobody.twin(path).status_code == 401


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.path} {page.template}")
def test_nothing_of_another_account_or_gateway_can_be_named(world: World, page: Page) -> None:
    """By its own address it is refused, and named on an address of one's own there is no such thing."""
    theirs = {**world.foreign, "account": ACCOUNT}
    whole, some = world.enter("edit", accounts=(ACCOUNT,)), world.enter("edit", gateways=("main",))
    narrow = world.enter("edit", gateways=(f"{ACCOUNT}/main",))
    tries: list[tuple[Visitor, Mapping[str, str], tuple[int, ...]]] = [
        (whole, world.foreign, (403,)),
        (narrow, world.foreign, (403,)),
    ]
    if any(f"{{{name}}}" in page.path for name in world.own if name != "account") or "{id}" in page.path:
        tries += [
            (whole, theirs, (400, 404)),
            (some, world.sibling, (403, 404)),
            (narrow, theirs, (400, 403, 404)),
        ]
    for visitor, names, expected in tries:
        path = placed(page.path, names)
        if page.path == "/":
            continue
        for answer in (
            [visitor.send(path, {"sure": "yes"})] if not page.template else both(visitor, page, path)
        ):
            assert answer.status_code in expected, (path, answer.text)
            shown = answer.text.replace(path, "")
            assert FOREIGN not in shown, path
            assert SIBLING not in shown or names is world.sibling, path


def both(visitor: Visitor, page: Page, path: str) -> list[httpx.Response]:
    return [visitor.get(path), *([visitor.twin(path)] if page.template != FILE else [])]
