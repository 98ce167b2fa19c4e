"""A colleague with a narrow token at the pages: counts, filters, sums and suggestions are of what is theirs; no form
gives them more than they have; a session ends with the token it was opened with, on every row of the site.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import pytest
from dashboard_kit import ACCOUNT, ADMIN
from who_may_kit import FOREIGN, FOREIGN_LOG, OWN_LOG, SIBLING, SIBLING_LOG, Visitor, World, placed

from penstock.access.tokens import id_of
from penstock.pages.dashboard.page import FILE
from penstock.pages.dashboard.site import PAGES
from penstock.stores.control_store import Replace, Token

AT = f"/accounts/{ACCOUNT}"
MADE = re.compile(r"pst_[0-9a-z]{16}_[0-9A-Za-z]{43}")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def narrow(world: World) -> Visitor:
    """One who may look at everything of the gateway `main`."""
    return world.enter("read", gateways=(f"{ACCOUNT}/main",))


# -- what is told of others


def test_numbers_are_of_ones_own(narrow: Visitor) -> None:
    seen = {
        name: narrow.twin(f"{AT}/{name}").json() for name in ("logs", "overview", "runs", "evidence", "hooks")
    }
    assert seen["logs"]["total"] == 1
    assert seen["overview"]["now"]["requests"] == 1
    assert seen["overview"]["now"]["cost"] == pytest.approx(1.2345)
    assert sum(one["requests"] for one in seen["overview"]["parts"]) == 1
    assert seen["runs"]["counted"] == 1
    assert seen["evidence"]["runs"] == 1
    assert len(seen["hooks"]["rows"]) == 1


@pytest.mark.parametrize("page", ["logs", "logs.csv", "logs.ndjson", "runs", "evidence"])
def test_a_filter_reaches_no_further(narrow: Visitor, page: str) -> None:
    for word in (SIBLING, FOREIGN, "nothing-of-this-name"):
        found = narrow.get(f"{AT}/{page}?gateway={word}")
        assert found.status_code == 404
        assert "zz" not in found.text


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("logs", {"search": SIBLING}),
        ("logs", {"user": SIBLING}),
        ("logs", {"model": f"openai/{SIBLING}"}),
        ("logs", {f"metadata.{SIBLING}": SIBLING}),
        ("logs", {"cost": ">2"}),
        ("logs.ndjson", {"search": SIBLING}),
        ("runs", {"owner": SIBLING}),
        ("runs", {"processor": SIBLING}),
        ("runs", {"domain": f"{SIBLING}.example"}),
        ("evidence", {"domain": f"{SIBLING}.example"}),
    ],
)
def test_what_is_searched_for_says_nothing_of_others(
    narrow: Visitor, page: str, query: dict[str, str]
) -> None:
    found = narrow.get(f"{AT}/{page}?{urlencode(query)}")
    assert found.status_code == 200
    assert SIBLING_LOG not in found.text
    assert OWN_LOG not in found.text
    if page in ("logs", "runs"):
        assert narrow.get(f"{AT}/{page}.json?{urlencode(query)}").json()["rows"] == []


@pytest.mark.parametrize("log", [SIBLING_LOG, FOREIGN_LOG])
def test_the_playground_does_not_tell_whether_a_call_is_there(narrow: Visitor, log: str) -> None:
    theirs = narrow.get(f"{AT}/playground?from={log}").text.replace(log, "ID")
    assert theirs == narrow.get(f"{AT}/playground?from=nothing").text.replace("nothing", "ID")


def test_accounts_are_told_only_to_who_is_good_for_them(world: World, narrow: Visitor) -> None:
    assert FOREIGN not in narrow.get(f"{AT}/logs").text
    assert narrow.get("/").headers["location"].startswith(AT)
    everywhere = world.enter("read")
    assert f"/accounts/{FOREIGN}/overview" in everywhere.get(f"{AT}/logs").text


def test_a_misspelt_token_suggests_none_of_others(world: World) -> None:
    mine = world.enter("read", accounts=(ACCOUNT,))
    found = mine.get(f"{AT}/tokens/{FOREIGN[:-1]}")
    assert found.status_code == 404
    assert FOREIGN not in found.text


def test_a_misspelt_gateway_of_a_token_suggests_none_of_others(world: World) -> None:
    maker = world.enter("edit", "run", accounts=(ACCOUNT,))
    for wanted in (FOREIGN, f"{FOREIGN}/{FOREIGN[:-1]}", FOREIGN[:-1]):
        found = maker.send(f"{AT}/tokens", {"name": "x", "permissions": "run", "gateways": wanted})
        assert found.status_code == 400
        assert "did you mean" not in found.text
        assert f"{FOREIGN}/{FOREIGN}" not in found.text
    there, missing = (
        maker.send(f"{AT}/tokens", {"name": "x", "permissions": "run", "gateways": f"{FOREIGN}/{name}"})
        for name in (FOREIGN, "missing-x")
    )
    assert hidden(there.text, FOREIGN) == hidden(missing.text, "missing-x")


def hidden(text: str, name: str) -> str:
    return text.replace(f"{FOREIGN}/{name}", "PATH")


# -- what forms give


ALL = {"name": "more", "permissions": "run"}
MORE = {
    "a permission": {**ALL, "permissions": "set_costs"},
    "an end that is later": {**ALL, "expires": "2999-01-31T12:30"},
    "no end": ALL,
}


@pytest.mark.parametrize("asked", MORE.values(), ids=MORE)
def test_nobody_makes_a_token_that_may_more(world: World, asked: dict[str, str]) -> None:
    text = world.site.access.token("maker", permissions=("edit", "run"), accounts=(ACCOUNT,), expires=86_400)
    maker = world.enter_with(text)
    found = maker.send(f"{AT}/tokens", asked)
    assert found.status_code == 403
    assert MADE.search(found.text) is None


@pytest.mark.parametrize("asked", MORE.values(), ids=MORE)
def test_nobody_changes_a_token_to_one_that_may_more(world: World, asked: dict[str, str]) -> None:
    text = world.site.access.token("maker", permissions=("edit", "run"), accounts=(ACCOUNT,), expires=86_400)
    theirs = world.site.access.token("theirs", accounts=(ACCOUNT,), expires=3600)
    for target in (theirs, text):
        found = world.enter_with(text).send(f"{AT}/tokens/{id_of(target)}", asked)
        assert found.status_code == 403
    kept = {one.id: one for one in world.site.access.control_store.all(Token)}
    assert kept[id_of(text)].permissions == ("edit", "run")
    assert kept[id_of(theirs)].expires_us is not None


def test_accounts_cannot_be_slipped_into_a_form(world: World) -> None:
    maker = world.enter("edit", "run", accounts=(ACCOUNT,))
    sly = {**ALL, "accounts": FOREIGN, "account": FOREIGN, "secrets": "x", "id": "0" * 16}
    made = MADE.search(maker.send(f"{AT}/tokens", sly).text)
    assert made is not None
    (token,) = (one for one in world.site.access.control_store.all(Token) if one.id == id_of(made[0]))
    assert token.accounts == (ACCOUNT,)
    maker.send(f"{AT}/tokens/{token.id}", sly)
    (token,) = (one for one in world.site.access.control_store.all(Token) if one.id == id_of(made[0]))
    assert token.accounts == (ACCOUNT,)


@pytest.mark.parametrize("action", ["rotate", "block"])
def test_the_secret_of_a_stronger_token_is_not_handed_out(world: World, action: str) -> None:
    """Who may change tokens, and not call, gets hold of none that calls: neither anew nor let in again."""
    strong = world.site.access.token("strong", permissions=("run", "edit"), accounts=(ACCOUNT,))
    (old,) = (one for one in world.site.access.control_store.all(Token) if one.id == id_of(strong))
    blocked = msgspec.structs.replace(old, blocked=True)
    world.site.access.control_store.apply([Replace(old, blocked)])
    found = world.enter("edit", accounts=(ACCOUNT,)).send(f"{AT}/tokens/{old.id}/{action}", {"blocked": "no"})
    assert found.status_code == 403
    assert MADE.search(found.text) is None
    assert blocked in world.site.access.control_store.all(Token)


def test_a_token_of_all_accounts_is_not_for_one_accounts_pages(world: World) -> None:
    everywhere = id_of(world.site.access.token("everywhere", permissions=("run",)))
    maker = world.enter("edit", "run", accounts=(ACCOUNT,))
    assert "everywhere" not in maker.get(f"{AT}/tokens").text
    for end in ("", "/rotate", "/block", "/revoke"):
        found = maker.send(f"{AT}/tokens/{everywhere}{end}", {**ALL, "sure": "yes", "blocked": "yes"})
        assert found.status_code == 404


def test_the_token_of_one_click_may_no_more_than_its_maker(world: World) -> None:
    text = world.site.access.token(
        "maker", permissions=("edit", "run"), accounts=(ACCOUNT,), user="ann", models=("openai/gpt-4o",)
    )
    limited = world.enter_with(text)
    assert (
        limited.send(f"{AT}/start", {}).status_code == 403
    )  # it may call one model only, and gives none to call
    maker = world.enter("edit", "run", accounts=(ACCOUNT,))
    made = MADE.search(maker.send(f"{AT}/start", {}).text)
    assert made is not None
    (token,) = (one for one in world.site.access.control_store.all(Token) if one.id == id_of(made[0]))
    assert (token.accounts, set(token.permissions)) == ((ACCOUNT,), {"run", "metadata_read"})


def test_the_token_of_one_click_ends_with_that_of_its_maker(world: World) -> None:
    text = world.site.access.token("maker", permissions=("edit", "run"), accounts=(ACCOUNT,), expires=86_400)
    made = MADE.search(world.enter_with(text).send(f"{AT}/start", {}).text)
    assert made is not None
    kept = {one.id: one for one in world.site.access.control_store.all(Token)}
    maker, token = kept[id_of(text)], kept[id_of(made[0])]
    assert maker.expires_us is not None
    assert token.expires_us is not None
    assert token.expires_us <= maker.expires_us


def test_one_click_is_offered_to_who_may_make_it(world: World) -> None:
    assert "Make a token" in world.enter("edit", "run", accounts=(ACCOUNT,)).get(f"{AT}/start").text
    assert "Make a token" in world.enter_with(ADMIN).get(f"{AT}/start").text
    for permissions in (("edit",), ("read", "run"), ("run",)):
        assert "Make a token" not in world.enter(*permissions, accounts=(ACCOUNT,)).get(f"{AT}/start").text
    of_a_gateway = world.enter("edit", "run", gateways=(f"{ACCOUNT}/main",))
    assert "Make a token" not in of_a_gateway.get(f"{AT}/start").text


# -- sessions end


def expire(world: World, text: str) -> None:
    world.site.clock.ahead += 7200


def block(world: World, text: str) -> None:
    (old,) = (one for one in world.site.access.control_store.all(Token) if one.id == id_of(text))
    world.site.access.control_store.apply([Replace(old, msgspec.structs.replace(old, blocked=True))])


def revoke(world: World, text: str) -> None:
    world.site.access.revoke(text)


def rotate_away(world: World, text: str) -> None:
    world.site.access.rotate(text, overlap=0)


@pytest.mark.parametrize("end", [expire, block, revoke, rotate_away])
def test_a_session_ends_on_every_row(world: World, end: Callable[[World, str], None]) -> None:
    text = world.site.access.token("maker", permissions=("edit", "run"), accounts=(ACCOUNT,), expires=3600)
    visitor = world.enter_with(text)
    assert visitor.get(f"{AT}/overview").status_code == 200
    end(world, text)
    for page in PAGES:
        path = placed(page.path, world.own)
        answer = visitor.get(path) if page.template else visitor.send(path, {})
        assert answer.headers.get("location", "").startswith("/sign-in"), page.path
        if page.template not in ("", FILE):
            assert visitor.twin(path).status_code == 401, page.path
    assert visitor.browser.post("/sign-in", data={"token": text}).status_code == 403


def test_what_a_token_may_is_asked_anew_for_each_page(world: World) -> None:
    text = world.site.access.token("maker", permissions=("edit",), accounts=(ACCOUNT,))
    visitor = world.enter_with(text)
    assert visitor.get(f"{AT}/tokens/new").status_code == 200
    (old,) = (one for one in world.site.access.control_store.all(Token) if one.id == id_of(text))
    less = msgspec.structs.replace(old, permissions=("metadata_read",))
    world.site.access.control_store.apply([Replace(old, less)])
    assert visitor.get(f"{AT}/tokens/new").status_code == 403
    assert visitor.send(f"{AT}/gateways", {"id": "x"}).status_code == 403
    assert visitor.get(f"{AT}/logs").status_code == 200


def test_the_admin_sees_all_of_it(world: World) -> None:
    admin = world.enter_with(ADMIN)
    for names in (world.own, world.sibling, world.foreign):
        for page in PAGES:
            if page.template:
                assert admin.get(placed(page.path, names)).status_code in (200, 303), page.path
