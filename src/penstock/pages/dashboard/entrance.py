"""Who comes in: sessions in cookies, tokens, the one-time link; and whether a form is one of our own pages'.

Reads the directory and the two files of `sign_in_files.py`; to be called in a thread. What is shown is not known here.
"""

from __future__ import annotations

import hmac
from typing import Final, NamedTuple

from starlette.requests import Request

from penstock.access.standing import Standing
from penstock.access.tokens import parse
from penstock.management.application import shown_token
from penstock.management.caller import Caller, caller_of
from penstock.management.problem import UNAVAILABLE, ManagementError, Problem, forbidden
from penstock.management.reading import Pairs
from penstock.management.resources import Resources
from penstock.pages.dashboard import sessions
from penstock.pages.dashboard.ended_sessions import end_session, is_ended
from penstock.pages.dashboard.page import first
from penstock.pages.dashboard.sessions import KEY_BYTES, NONCE_BYTES, Session
from penstock.pages.dashboard.sign_in_files import session_key, take_link
from penstock.pages.dashboard.tries import EVERY_US, Tries
from penstock.stores.control_store import Token
from penstock_common.own_program import is_own_name

FORM_FIELD: Final = "form"
"""The field of each form that only a page of this session can know."""

_FOREIGN: Final = (
    "this server was asked for under a name that it does not know. Open it by its address, or name it in "
    "[server] own_hosts of the configuration file"
)
_ELSEWHERE: Final = "this form was not sent by a page of this server"
_OLD: Final = "this form is not of your session any more: load its page again, and send it once more"
_TOO_OFTEN: Final = (
    "too many tries from where you are: wait some seconds, or take a token that begins with pst_"
)
_MOST_COOKIES = 8192  # characters


class Signed(NamedTuple):
    """Who asks, and the session; None where a token was shown instead."""

    caller: Caller
    session: Session | None


class Entrance:
    """Of one worker."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._tries = Tries()

    def signed(self, http: Request, *, with_token: bool) -> Signed | Standing:
        """Who asks; or what was shown, where nobody is signed in. A token counts where programs ask (`with_token`).

        The directory is not read for strangers: what is no token and no session of ours is told from its form alone.
        """
        admin, now_us = self._admin, self._resources.clock.now_us()
        shown = shown_token(http) if with_token else b""
        if shown:
            known = caller_of(shown, self._tokens_for(shown), admin, now_us)
            return known if isinstance(known, Standing) else Signed(known, None)
        session = sessions.unsealed(cookie(http, sessions.COOKIE), self._key())
        if session is None:
            return Standing.NOTHING
        caller = sessions.caller_in(session, self._resources.tokens(), admin, now_us)
        if caller is None or is_ended(self._resources.data, session):
            return Standing.NOTHING
        return Signed(caller, session)

    def sign_out(self, http: Request) -> None:
        """Ends the session of who asks, wherever it is. Raises `OSError`."""
        session = sessions.unsealed(cookie(http, sessions.COOKIE), self._key())
        now_us = self._resources.clock.now_us()
        if session is not None and now_us < session.ends_us:
            end_session(self._resources.data, session, now_us)

    def by_token(self, text: str, address: str) -> str | Standing:
        """A new session's cookie for whoever shows this token; or what it is worth, where it lets nobody in. Raises
        `ManagementError` 429 for an address that has guessed too often.
        """
        shown, now_us = text.strip().encode("utf-8", "replace"), self._resources.clock.now_us()
        if parse(shown) is None and not self._tries.take(address, now_us):
            raise ManagementError(429, [Problem(UNAVAILABLE, _TOO_OFTEN)], EVERY_US // 1_000_000)
        session = sessions.by_token(shown, self._tokens_for(shown), self._admin, now_us, self._nonce())
        return session if isinstance(session, Standing) else sessions.sealed(session, self._key())

    def by_link(self, secret: str) -> str | None:
        """A new session's cookie for who comes with the one-time link; None when it is not the one, or was taken."""
        now_us = self._resources.clock.now_us()
        if not take_link(self._resources.data, secret, now_us):
            return None
        return sessions.sealed(sessions.by_link(now_us, self._nonce()), self._key())

    def form_token(self, session: Session | None) -> str:
        """What the forms of this session bring along; empty for who may send none."""
        return "" if session is None else sessions.form_token(session, self._key())

    def check_form(self, session: Session | None, form: Pairs) -> None:
        """Raises `ManagementError` 403 unless it comes from a page of this session."""
        expected = self.form_token(session)
        if not expected or not hmac.compare_digest(expected.encode(), first(form, FORM_FIELD).encode()):
            raise forbidden(_OLD)

    def _tokens_for(self, shown: bytes) -> tuple[Token, ...]:
        """Among which this one may be."""
        return () if parse(shown) is None else self._resources.tokens()

    @property
    def _admin(self) -> str:
        return self._resources.settings.admin_token or ""

    def _nonce(self) -> bytes:
        return self._resources.random(NONCE_BYTES)

    def _key(self) -> bytes:
        return session_key(self._resources.data, self._resources.random(KEY_BYTES))


def check_host(http: Request, own_hosts: tuple[str, ...]) -> None:
    """Raises `ManagementError` 403 for a name that others may have made lead here (DNS rebinding)."""
    named = http.headers.getlist("host")
    if len(named) != 1 or not is_own_name(named[0].strip().encode("latin-1"), own_hosts):
        raise forbidden(_FOREIGN)


def check_origin(http: Request) -> None:
    """Raises `ManagementError` 403 for a form that says that it comes from a page of somebody else's."""
    origin, site = http.headers.get("origin"), http.headers.get("sec-fetch-site")
    host = http.headers.get("host", "").strip().lower()
    if origin is not None and origin.strip().lower().partition("://")[2] != host:
        raise forbidden(_ELSEWHERE)
    if site is not None and site not in ("same-origin", "none"):
        raise forbidden(_ELSEWHERE)


def cookie(http: Request, name: str) -> str:
    """The value of a cookie; empty where there is none."""
    text = http.headers.get("cookie", "")
    if len(text) > _MOST_COOKIES:
        return ""
    for part in text.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return ""
