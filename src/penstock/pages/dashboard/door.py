"""The ASGI side of the dashboard: which page, may they, and what goes back as HTML, JSON or a file.

Pages are called in threads, few of one caller at a time, as the functions of the management API are. A page is for who
is signed in; its JSON twin is for good tokens, too. Who that is, is found out in `entrance.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import parse_qsl, quote, unquote

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from penstock.access.standing import WHY, Standing
from penstock.errors import without_frames
from penstock.management.accounts import visible_accounts
from penstock.management.application import STORES_SAY, base_url, check_account, read_pairs, told
from penstock.management.problem import (
    UNAVAILABLE,
    ManagementError,
    Problem,
    forbidden,
    invalid,
    unauthenticated,
)
from penstock.management.reading import Pairs
from penstock.management.resources import Resources
from penstock.management.response import Response as Bytes
from penstock.management.turns import Turns
from penstock.pages.dashboard.downloads import Downloads
from penstock.pages.dashboard.entrance import Entrance, Signed, check_host, check_origin, cookie
from penstock.pages.dashboard.frame import Frame, home_account, named
from penstock.pages.dashboard.page import FILE, Answered, Done, Download, Page, Visit, first
from penstock.pages.dashboard.sessions import COOKIE, SECONDS
from penstock.pages.dashboard.static_files import STATIC_FILES

if TYPE_CHECKING:
    from penstock.pages.dashboard.rendering import Renderer

log = logging.getLogger("penstock.dashboard")

SIGN_IN: Final = "/sign-in"
STATIC: Final = "/static"
MOST_FORM_BYTES: Final = 256 * 1024

_MOST_STRANGERS_BYTES = 8192  # of a form that anybody may send
_FORM_SECONDS = 15.0
_MOST_FIELDS = 1000
_SAID: Final = "penstock_said"  # a cookie: what the page that is gone to next has to say
_MOST_SAID = 400
_LONGEST_WAY = 2000  # characters of an address that is gone on to after signing in
_IN_ADDRESSES: Final = ":/%#?=@[]!$&'()*+,;"
_YEAR = 365 * 24 * 3600
_WHAT_THIS_IS: Final = """\
This is Penstock, an AI gateway.
Base URLs: {at}/v1 for OpenAI's SDKs and Anthropic's; {at}/v1/{{account}}/{{gateway}}/{{provider}} for the others.
Dashboard: {at}/sign-in
"""
_HEADERS: Final[Mapping[str, str]] = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

Answer = Callable[[Request], Awaitable[Response]]
_T = TypeVar("_T")


class Dashboard:
    """All pages of one worker."""

    def __init__(self, pages: Sequence[Page], resources: Resources) -> None:
        self._pages = pages
        self._resources = resources
        self._entrance = Entrance(resources)
        self._turns = Turns()
        self._downloads = Downloads(self._turns)
        self._renderer: Renderer | None = None

    @property
    def routes(self) -> list[BaseRoute]:
        """Where they stand. A twin goes before pages whose last name would take its ending for a part of it."""
        pages = [one for one in self._pages if one.template]
        with_twins = [one for one in pages if one.template != FILE]
        changing = [one for one in self._pages if not one.template]
        return [
            Route(f"{STATIC}/{{name}}", _static),
            Route(SIGN_IN, self._guarded(self._sign_in_page), methods=["GET"]),
            Route(SIGN_IN, self._guarded(self._sign_in), methods=["POST"]),
            Route("/sign-out", self._guarded(self._sign_out), methods=["POST"]),
            *(Route(twin(one.path), self._page(one, as_json=True), methods=["GET"]) for one in with_twins),
            *(Route(one.path, self._page(one, as_json=False), methods=["GET"]) for one in pages),
            *(Route(one.path, self._action(one), methods=["POST"]) for one in changing),
        ]

    # -- pages and actions

    def _page(self, page: Page, *, as_json: bool) -> Answer:
        async def answer(http: Request) -> Response:
            signed = await run_in_threadpool(self._entrance.signed, http, with_token=as_json)
            if isinstance(signed, Standing):
                return _not_signed_in(http, signed, as_json=as_json)
            visit = await run_in_threadpool(self._visit, page, http, signed)
            shown = partial(self._shown, page, http, visit, signed, as_json=as_json)
            found = await self._in_turn(signed, shown)
            return self._download(http, signed, found) if isinstance(found, Download) else found

        return self._guarded(answer, as_json=as_json)

    def _action(self, page: Page) -> Answer:
        async def answer(http: Request) -> Response:
            check_origin(http)
            signed = await run_in_threadpool(self._entrance.signed, http, with_token=False)
            if isinstance(signed, Standing):
                return _not_signed_in(http, signed, as_json=False)
            form = await _form(http)
            await run_in_threadpool(self._entrance.check_form, signed.session, form)
            visit = await run_in_threadpool(self._visit, page, http, signed)
            done = await self._in_turn(signed, partial(page.function, self._resources, visit, form))
            if isinstance(done, Answered):
                return await self._in_turn(signed, partial(self._answered, done, http, visit, signed))
            assert isinstance(done, Done)
            return _redirect(done.path, done.said)

        return self._guarded(answer)

    async def _in_turn(self, signed: Signed, work: Callable[[], _T]) -> _T:
        async with self._turns.of(signed.caller.actor):
            return await self._turns.run(work)

    def _visit(self, page: Page, http: Request, signed: Signed) -> Visit:
        """Raises `ManagementError` where the caller may not see this."""
        names = {name: str(value) for name, value in http.path_params.items()}
        account, caller = names.get("account", ""), signed.caller
        check_account(account or None)
        account = account or home_account(self._resources, caller)
        if names and not caller.reaches(account):
            raise forbidden("this token is not for this account")
        if page.permission is not None and not caller.may_somewhere(page.permission, account):
            raise forbidden(f"this token may not see this: it wants the permission {page.permission}")
        now_us = self._resources.clock.now_us()
        return Visit(caller, account, names, read_pairs(http), base_url(http), now_us)

    def _download(self, http: Request, signed: Signed, found: Download) -> Response:
        """For as long as who takes it stays signed in. Raises `ManagementError` 429."""

        def may_go_on() -> bool:
            return isinstance(self._entrance.signed(http, with_token=False), Signed)

        return self._downloads.begin(signed.caller.actor, found, _HEADERS, may_go_on)

    def _shown(
        self, page: Page, http: Request, visit: Visit, signed: Signed, *, as_json: bool
    ) -> Response | Download:
        value = page.function(self._resources, visit)
        match value:
            case Done():
                return _redirect(twin(value.path) if as_json else value.path, value.said)
            case Download():
                return value
            case Bytes():
                return _as_it_is(value)
        if as_json:
            return Response(msgspec.json.encode(value), 200, _HEADERS, "application/json")
        frame = self._frame(page.title, http, visit, signed)
        body = self._rendering.page(page.template, {"page": value, "frame": frame, "visit": visit})
        return _html(200, body, had_said=bool(frame.said))

    def _answered(self, done: Answered, http: Request, visit: Visit, signed: Signed) -> Response:
        frame = msgspec.structs.replace(self._frame(done.title, http, visit, signed), twin="")
        body = self._rendering.page(done.template, {"page": done.value, "frame": frame, "visit": visit})
        return _html(done.status, body)

    def _frame(self, title: str, http: Request, visit: Visit, signed: Signed) -> Frame:
        accounts = tuple(sorted(visible_accounts(self._resources, visit.caller)))
        form = self._entrance.form_token(signed.session)
        said = unquote(cookie(http, _SAID))[:_MOST_SAID]
        path, query = http.url.path, f"?{http.url.query}" if http.url.query else ""
        return Frame(
            title, path, twin(path) + query, visit.account, accounts, named(visit.caller), form, said
        )

    @property
    def _rendering(self) -> Renderer:
        """Made with the first page: many installations never show one."""
        if self._renderer is None:
            from penstock.pages.dashboard.rendering import Renderer  # noqa: PLC0415 - with Jinja, and rarely used

            self._renderer = Renderer(STATIC)
        return self._renderer

    # -- signing in and out

    async def _sign_in_page(self, http: Request) -> Response:
        secret = first(read_pairs(http), "link") if http.method == "GET" else ""
        if not secret:
            return await self._sign_in_again(http, 200, "")
        value = await run_in_threadpool(self._entrance.by_link, secret)
        if value is None:
            said = (
                "This link was used, has ended, or another one has taken its place: "
                "`penstock dashboard` prints a new one."
            )
            return await self._sign_in_again(http, 403, said)
        return _entered("/", value, is_secure=http.url.scheme == "https")

    async def _sign_in(self, http: Request) -> Response:
        check_origin(http)
        form = await _form(http, _MOST_STRANGERS_BYTES)
        address = "" if http.client is None else http.client.host
        async with self._turns.of(f"stranger {address}"):
            value = await self._turns.run(partial(self._entrance.by_token, first(form, "token"), address))
        if isinstance(value, Standing):
            return await self._sign_in_again(http, 403, f"Not signed in: {WHY[value]}.")
        is_secure = http.url.scheme == "https" or http.headers.get("origin", "").startswith("https:")
        return _entered(_own_path(first(form, "to")), value, is_secure=is_secure)

    async def _sign_out(self, http: Request) -> Response:
        check_origin(http)
        await run_in_threadpool(self._entrance.sign_out, http)
        answer = _redirect(SIGN_IN)
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return answer

    async def _sign_in_again(self, http: Request, status: int, said: str) -> Response:
        to = _own_path(first(read_pairs(http), "to"))
        body = await self._for_strangers("sign_in.html", {"said": said, "to": to})
        return _html(status, body)

    async def _for_strangers(self, template: str, values: Mapping[str, object]) -> bytes:
        """A page that anybody may ask for, in the turns of all of these: they hold up nobody who is signed in."""
        async with self._turns.of("strangers"):
            return await self._turns.run(lambda: self._rendering.page(template, values))

    # -- errors

    def _guarded(self, answer: Answer, *, as_json: bool = False) -> Answer:
        """The same, with the host checked before, and errors as pages."""

        async def guarded(http: Request) -> Response:
            try:
                check_host(http, self._resources.settings.server.own_hosts)
                return await answer(http)
            except ManagementError as error:
                without_frames(error)
                return await self._failed(error, as_json=as_json)
            except STORES_SAY as error:
                return await self._failed(told(error), as_json=as_json)
            except Exception:
                log.exception("%s %s failed", http.method, http.url.path)
                problem = Problem(
                    UNAVAILABLE, "Something went wrong here; the gateway's log has the details."
                )
                return await self._failed(ManagementError(500, [problem]), as_json=as_json)

        return guarded

    async def _failed(self, error: ManagementError, *, as_json: bool) -> Response:
        if as_json:
            body = msgspec.json.encode({"errors": error.problems})
            return Response(body, error.status, {**_HEADERS, **dict(error.headers)}, "application/json")
        values = {"status": error.status, "problems": [one.message for one in error.problems]}
        page = await self._for_strangers("error.html", values)
        answer = _html(error.status, page)
        answer.headers.update(dict(error.headers))
        return answer


def twin(path: str) -> str:
    """Where the JSON of a page is; a query alone stays at the page that it is of."""
    if path.startswith("?"):
        return path
    return "/index.json" if path == "/" else f"{path}.json"


async def _static(http: Request) -> Response:
    """A file beside the templates. Its address has its version in it: it may be kept for ever."""
    found = STATIC_FILES.get(str(http.path_params["name"]))
    if found is None:
        return Response("no such file\n", 404, _HEADERS, "text/plain")
    body, content_type = await run_in_threadpool(found.read), found.content_type
    headers = {**_HEADERS, "cache-control": f"public, max-age={_YEAR}, immutable"}
    return Response(body, 200, headers, content_type)


async def _form(http: Request, most: int = MOST_FORM_BYTES) -> Pairs:
    """The fields that a form of at most so many bytes has sent. Raises `ManagementError` 400, 408, 413."""
    pieces = bytearray()
    try:
        async with asyncio.timeout(_FORM_SECONDS):
            async for piece in http.stream():
                pieces += piece
                if len(pieces) > most:
                    raise ManagementError(413, [Problem(UNAVAILABLE, _too_large(most))])
    except ClientDisconnect:
        raise invalid("the form was cut off") from None
    except TimeoutError:
        raise ManagementError(408, [Problem(UNAVAILABLE, "the form did not come in time")]) from None
    try:
        text = pieces.decode("ascii")
        return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"))
    except ValueError:
        raise invalid("the form is not one: percent-encoded UTF-8 is wanted, at most 1000 fields") from None


def _too_large(most: int) -> str:
    return f"this form is too large: more than {most // 1024} kB. What was typed is still there one step back"


def _not_signed_in(http: Request, shown: Standing, *, as_json: bool) -> Response:
    if as_json:
        body = msgspec.json.encode({"errors": unauthenticated(shown).problems})
        return Response(body, 401, {**_HEADERS, "www-authenticate": "Bearer"}, "application/json")
    to = _path(http) if http.method == "GET" else "/"
    if to == "/":
        answer = _redirect(SIGN_IN, body=_WHAT_THIS_IS.format(at=base_url(http)))
        answer.headers["content-type"] = "text/plain; charset=utf-8"
        return answer
    return _redirect(f"{SIGN_IN}?to={quote(to, safe='')}" if len(to) <= _LONGEST_WAY else SIGN_IN)


def _path(http: Request) -> str:
    return f"{http.url.path}?{http.url.query}" if http.url.query else http.url.path


def _own_path(path: str) -> str:
    """A path on this server, and nothing that a browser would take for another one's address."""
    plain = path.isascii() and path.isprintable() and path.startswith("/")
    return path if plain and not path.startswith(("//", "/\\")) else "/"


def _entered(path: str, value: str, *, is_secure: bool) -> Response:
    answer = _redirect(path)
    answer.set_cookie(COOKIE, value, max_age=SECONDS, httponly=True, samesite="lax", secure=is_secure)
    return answer


def _redirect(path: str, said: str = "", body: str = "") -> Response:
    """Names in a path are what somebody wrote: nothing of them ends a header."""
    answer = Response(body, 303, headers={**_HEADERS, "location": quote(path, safe=_IN_ADDRESSES)})
    if said:
        answer.set_cookie(_SAID, quote(said[:_MOST_SAID], safe=""), max_age=60, httponly=True, samesite="lax")
    return answer


def _html(status: int, body: bytes, *, had_said: bool = False) -> Response:
    answer = Response(body, status, _HEADERS, "text/html; charset=utf-8")
    if had_said:
        answer.delete_cookie(_SAID, httponly=True, samesite="lax")
    return answer


def _as_it_is(found: Bytes) -> Response:
    """What others have written, to be kept as a file: no browser shows it as a page of this server."""
    headers = {**_HEADERS, "content-disposition": "attachment", **dict(found.headers)}
    return Response(found.body, found.status, headers, found.content_type)
