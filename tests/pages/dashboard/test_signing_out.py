"""Signing out ends a session wherever its cookie is; guessing at tokens has an end, and keeps nobody out."""

from __future__ import annotations

from pathlib import Path

import pytest
from dashboard_kit import ADMIN, AT, Site
from hypothesis import given
from hypothesis import strategies as some

from penstock.pages.dashboard import sessions
from penstock.pages.dashboard.ended_sessions import FOLDER, MOST, end_session, is_ended
from penstock.pages.dashboard.sessions import COOKIE, SECONDS
from penstock.pages.dashboard.tries import AT_ONCE, EVERY_US, Tries
from penstock.pages.dashboard.tries import MOST as MOST_ADDRESSES
from penstock.stores.sqlite.control_store.store import FILE_NAME

ENDS = SECONDS * 1_000_000


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.mark.parametrize("permission", ["", "read"])
def test_a_cookie_that_somebody_kept_is_good_no_more(site: Site, permission: str) -> None:
    site.sign_in(site.token("read") if permission else ADMIN)
    kept = site.browser.cookies[COOKIE]
    thief = site.new_browser()
    thief.cookies.set(COOKIE, kept)
    assert thief.get(f"{AT}/overview").status_code == 200
    site.browser.post("/sign-out")
    assert thief.get(f"{AT}/overview").status_code == 303
    assert thief.get(f"{AT}/overview.json").status_code == 401
    assert thief.get(f"{AT}/logs.csv").status_code == 303


def test_other_sessions_of_the_same_token_go_on(site: Site) -> None:
    site.sign_in()
    other = site.new_browser()
    other.post("/sign-in", data={"token": ADMIN})
    site.browser.post("/sign-out")
    assert other.get(f"{AT}/overview").status_code == 200
    site.sign_in()
    assert site.get(f"{AT}/overview").status_code == 200


@pytest.mark.parametrize("cookie", ["", "nonsense", "e30.e30", "a" * 2000])
def test_who_is_not_signed_in_ends_nothing(site: Site, cookie: str) -> None:
    browser = site.new_browser()
    browser.cookies.set(COOKIE, cookie)
    assert browser.post("/sign-out").status_code == 303
    assert not (site.data / FOLDER).exists()


def session(number: int, who: str = "ann", ends_us: int = ENDS) -> sessions.Session:
    return sessions.Session(who, "proof", f"nonce {number}", ends_us)


def test_what_has_ended_by_itself_is_forgotten(tmp_path: Path) -> None:
    end_session(tmp_path, session(1), 0)
    end_session(tmp_path, session(2, ends_us=2 * ENDS), ENDS + 1)
    assert len([*(tmp_path / FOLDER).rglob("*-*")]) == 1
    assert is_ended(tmp_path, session(2, ends_us=2 * ENDS))


def test_signing_out_without_end_takes_little_room_and_opens_nothing_again(tmp_path: Path) -> None:
    many = [session(number, ends_us=ENDS + number) for number in range(3 * MOST)]
    for one in many:
        end_session(tmp_path, one, one.ends_us - ENDS)
        assert len([*(tmp_path / FOLDER).rglob("*-*")]) <= MOST
    assert all(is_ended(tmp_path, one) for one in many)
    assert not is_ended(tmp_path, session(1, "bob"))
    assert not is_ended(tmp_path, session(10_000, ends_us=2 * ENDS))


@given(some.text(), some.text())
def test_any_name_is_ended_alone(tmp_path_factory: pytest.TempPathFactory, who: str, nonce: str) -> None:
    folder = tmp_path_factory.mktemp("data")
    one = sessions.Session(who, "", nonce, ENDS)
    assert not is_ended(folder, one)
    end_session(folder, one, 0)
    assert is_ended(folder, one)
    assert not is_ended(folder, sessions.Session(who, "", f"{nonce}x", ENDS))


# -- guesses


def guess(site: Site, text: str = "a-guess") -> int:
    return site.new_browser().post("/sign-in", data={"token": text}).status_code


def test_guessing_has_an_end(site: Site) -> None:
    for _ in range(AT_ONCE):
        assert guess(site) == 403
    late = site.new_browser().post("/sign-in", data={"token": "a-guess"})
    assert late.status_code == 429
    assert int(late.headers["retry-after"]) >= 1
    assert guess(site, ADMIN) == 429  # not even the right one is told from a wrong one
    site.clock.ahead += EVERY_US / 1e6
    assert guess(site) == 403
    assert guess(site) == 429


@pytest.mark.parametrize("shown", ["", "nonsense", "Bearer", f"{ADMIN}x", "pst_short"])
def test_strangers_do_not_have_the_directory_read(site: Site, shown: str) -> None:
    """Who has nothing of ours is turned away, also where the directory cannot be read."""
    site.sign_in()
    (site.data / FILE_NAME).write_bytes(b"no database " * 1000)
    stranger = site.new_browser()
    stranger.cookies.set(COOKIE, shown or "x.y")
    assert stranger.get(f"{AT}/overview").status_code == 303
    headers = {"authorization": f"Bearer {shown}"} if shown else {}
    assert stranger.get(f"{AT}/overview.json", headers=headers).status_code == 401
    assert guess(site, shown) == 403
    assert site.get(f"{AT}/tokens").status_code == 503  # who is known is told


def test_nobody_is_kept_out_by_who_guesses(site: Site) -> None:
    token = site.token("read")
    for _ in range(2 * AT_ONCE):
        guess(site)
    assert guess(site, token) == 303
    assert guess(site, f"pst_{'a' * 16}_{'b' * 43}") == 403


def test_each_address_has_tries_of_its_own() -> None:
    tries = Tries()
    assert [tries.take("192.0.2.1", 0) for _ in range(AT_ONCE + 1)] == [True] * AT_ONCE + [False]
    assert tries.take("192.0.2.2", 0)
    assert [tries.take(f"2001:db8::{number}", 0) for number in range(AT_ONCE + 1)][-1] is False
    assert tries.take("2001:db8:0:1::1", 0)
    assert tries.take("no address", 0)
    assert tries.take("192.0.2.1", EVERY_US)
    assert not tries.take("192.0.2.1", EVERY_US)


def test_addresses_without_end_take_little_room() -> None:
    tries = Tries()
    for number in range(MOST_ADDRESSES + 100):
        tries.take(f"name {number}", 0)
    assert len(tries._whole_us) == MOST_ADDRESSES
