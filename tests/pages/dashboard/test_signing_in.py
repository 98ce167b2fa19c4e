"""Signing in to the dashboard, out of it, and what ends a session."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from dashboard_kit import ADMIN, AT, Site
from hypothesis import given
from hypothesis import strategies as some

from penstock.pages.dashboard import sessions
from penstock.pages.dashboard.sessions import COOKIE, KEY_BYTES, SECONDS
from penstock.pages.dashboard.sign_in_files import (
    KEY_FILE,
    LINK_FILE,
    LINK_SECONDS,
    offer_link,
    session_key,
    take_link,
)

KEY = b"k" * KEY_BYTES


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.mark.parametrize("path", ["/", f"{AT}/overview", f"{AT}/logs?status=4xx", f"{AT}/logs/any"])
def test_who_is_not_signed_in_is_asked_to(site: Site, path: str) -> None:
    found = site.get(path)
    assert found.status_code == 303
    assert found.headers["location"].startswith("/sign-in")
    assert site.browser.get(found.headers["location"]).status_code == 200


def test_a_program_that_asks_for_the_root_hears_what_this_is(site: Site) -> None:
    found = site.get("/")
    assert found.headers["content-type"].startswith("text/plain")
    assert "Penstock" in found.text
    assert "http://127.0.0.1:8787/v1 for" in found.text
    assert "http://127.0.0.1:8787/v1/{account}/{gateway}/{provider}" in found.text


def test_one_goes_on_where_one_wanted_to(site: Site) -> None:
    asked = site.get(f"{AT}/logs", [("status", "4xx")]).headers["location"]
    page = site.browser.get(asked).text
    assert f'value="{AT}/logs?status=4xx"' in page
    assert site.sign_in(to=f"{AT}/logs?status=4xx").headers["location"] == f"{AT}/logs?status=4xx"


@pytest.mark.parametrize(
    "to", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:1", "/\nx", "", "/ü"]
)
def test_nobody_is_sent_elsewhere(site: Site, to: str) -> None:
    assert site.sign_in(to=to).headers["location"] == "/"


def test_the_cookie_is_for_this_server_alone(site: Site) -> None:
    cookie = site.sign_in().headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "domain=" not in cookie
    assert ADMIN not in cookie


def test_over_tls_the_cookie_stays_there(site: Site) -> None:
    browser = site.new_browser("https://127.0.0.1:8787")
    assert "secure" in browser.post("/sign-in", data={"token": ADMIN}).headers["set-cookie"].lower()
    behind = site.browser.post(
        "/sign-in", data={"token": ADMIN}, headers={"origin": "https://127.0.0.1:8787"}
    )
    assert "secure" in behind.headers["set-cookie"].lower()


@pytest.mark.parametrize(
    "token", ["", "pst_wrong", f"{ADMIN}x", "pst_" + "a" * 16 + "_" + "b" * 43, "ü" * 1000]
)
def test_a_wrong_token_signs_nobody_in(site: Site, token: str) -> None:
    found = site.sign_in(token)
    assert found.status_code == 403
    assert "set-cookie" not in found.headers
    assert site.get(f"{AT}/overview").status_code == 303


def test_who_is_refused_hears_why(site: Site) -> None:
    ended = site.access.token("ended", permissions=("read",), expires=60)
    blocked, gone = (site.access.token(name, permissions=("read",)) for name in ("blocked", "gone"))
    site.access.block(blocked)
    site.access.revoke(gone)
    site.clock.ahead += 120
    for text, why in (
        ("", "no token was sent"),
        (gone, "is not known"),
        (ended, "has expired"),
        (blocked, "is blocked"),
        (blocked[:-1] + ("a" if blocked[-1] != "a" else "b"), "is not known"),
    ):
        assert why in site.sign_in(text).text
        shown = {"authorization": f"Bearer {text}"} if text else {}
        found = site.browser.get(f"{AT}/overview.json", headers=shown)
        assert found.status_code == 401
        (error,) = found.json()["errors"]
        assert error["code"] == 10000
        assert why in error["message"]


def test_the_first_page_and_its_twin_lead_on_to_pages_and_twins(site: Site) -> None:
    site.sign_in()
    assert site.get("/").headers["location"] == f"{AT}/start"
    place = site.get("/index.json").headers["location"]
    assert place == f"{AT}/start.json"
    assert site.get(place).headers["content-type"] == "application/json"


def test_a_session_ends_with_its_token(site: Site) -> None:
    token = site.token("read")
    assert site.sign_in(token).status_code == 303
    assert site.get(f"{AT}/overview").status_code == 200
    site.access.revoke(token)
    assert site.get(f"{AT}/overview").status_code == 303


def test_a_session_ends_when_its_secret_was_rotated_away(site: Site) -> None:
    token = site.token("read")
    site.sign_in(token)
    fresh = site.access.rotate(token, overlap=7200)
    assert site.get(f"{AT}/overview").status_code == 200
    site.clock.ahead += 7201
    assert site.get(f"{AT}/overview").status_code == 303
    assert site.sign_in(fresh).status_code == 303


def test_a_session_ends_with_the_day(site: Site) -> None:
    site.sign_in()
    site.clock.ahead += SECONDS - 1
    assert site.get(f"{AT}/overview").status_code == 200
    site.clock.ahead += 2
    assert site.get(f"{AT}/overview").status_code == 303


def test_signing_out(site: Site) -> None:
    site.sign_in()
    found = site.browser.post("/sign-out")
    assert (found.status_code, found.headers["location"]) == (303, "/sign-in")
    assert site.get(f"{AT}/overview").status_code == 303


def test_the_link_signs_in_once(site: Site) -> None:
    offer_link(site.data, "a-secret", site.clock.now_us())
    assert site.browser.head("/sign-in?link=a-secret").status_code == 200  # a preview takes nothing
    assert site.get("/sign-in", [("link", "another")]).status_code == 403
    assert site.get("/sign-in", [("link", "a-secret")]).headers["location"] == "/"
    assert site.get(f"{AT}/overview").status_code == 200
    late = site.new_browser().get("/sign-in?link=a-secret")
    assert late.status_code == 403
    assert "set-cookie" not in late.headers
    assert "This link was used" in late.text


def test_a_link_ends_by_itself(site: Site) -> None:
    offer_link(site.data, "a-secret", site.clock.now_us())
    site.clock.ahead += LINK_SECONDS + 1
    assert site.get("/sign-in", [("link", "a-secret")]).status_code == 403


def test_a_new_link_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    offer_link(tmp_path, "first", 0)
    offer_link(tmp_path, "second", 0)
    assert not take_link(tmp_path, "first", 1)
    assert take_link(tmp_path, "second", 1)
    assert not take_link(tmp_path, "second", 1)


@pytest.mark.parametrize("content", [b"", b"x", b"x y", b"\xff\xfe \n", b"9" * 1000])
def test_a_damaged_link_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / LINK_FILE).write_bytes(content)
    assert not take_link(tmp_path, "", 0)


def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    session_key(tmp_path, KEY)
    offer_link(tmp_path, "secret", 0)
    for name in (KEY_FILE, LINK_FILE):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert b"secret" not in (tmp_path / LINK_FILE).read_bytes()


def test_all_workers_have_the_key_of_the_first(tmp_path: Path) -> None:
    assert session_key(tmp_path, KEY) == KEY
    assert session_key(tmp_path, b"o" * KEY_BYTES) == KEY
    (tmp_path / KEY_FILE).write_bytes(b"cut short")
    assert session_key(tmp_path, b"n" * KEY_BYTES) == b"n" * KEY_BYTES
    assert [one.name for one in tmp_path.iterdir()] == [KEY_FILE]


SESSIONS = some.builds(sessions.Session, some.text(), some.text(), some.text(), some.integers(0, 2**60))


@given(SESSIONS, some.binary(min_size=32, max_size=32), some.binary(min_size=32, max_size=32))
def test_only_the_right_key_opens_a_session(session: sessions.Session, key: bytes, other: bytes) -> None:
    text = sessions.sealed(session, key)
    if len(text) > 1024:
        return
    assert sessions.unsealed(text, key) == session
    if other != key:
        assert sessions.unsealed(text, other) is None


@given(some.text())
def test_no_other_text_is_a_session(text: str) -> None:
    assert sessions.unsealed(text, KEY) is None


@given(SESSIONS, some.integers(0), some.integers(0, 255))
def test_not_a_byte_of_one_may_be_changed(session: sessions.Session, place: int, byte: int) -> None:
    text = sessions.sealed(session, KEY)
    place %= len(text)
    changed = text[:place] + chr(byte) + text[place + 1 :]
    found = sessions.unsealed(changed, KEY)
    assert found is None or found == session  # the last bits of base64 may mean nothing


def test_a_cookie_of_another_installation_signs_nobody_in(site: Site, tmp_path: Path) -> None:
    other = Site(tmp_path / "other")
    other.sign_in()
    site.browser.cookies.set(COOKIE, other.browser.cookies[COOKIE])
    assert site.get(f"{AT}/overview").status_code == 303


def test_cookies_without_end_are_none(site: Site) -> None:
    found = site.browser.get(f"{AT}/overview", headers={"cookie": f"{COOKIE}={os.urandom(6000).hex()}"})
    assert found.status_code == 303
