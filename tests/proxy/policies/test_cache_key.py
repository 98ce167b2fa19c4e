"""What makes two calls the same: laws of the keys, and how long answers are kept (Cloudflare 3.2)."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from penstock.providers.base import operations_at
from penstock.providers.operation_table import UNKNOWN_OPERATION
from penstock.providers.registry import Registry, native
from penstock.proxy.call import Call, Gateway, Route
from penstock.proxy.policies.cache_key import cache_key, cache_ttl, fingerprint, once_key
from penstock.proxy.request_body import RequestBody
from penstock.stores.control_store import Token
from penstock.wire.controls import parse_controls
from penstock.wire.headers import HeaderSorter

CUSTOM = "custom-own"
REGISTRY = Registry({CUSTOM: "https://own.example/v1"})
SORTER = HeaderSorter()
BODIES = st.binary(max_size=40)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12).map(lambda name: f"x-{name}-z")
VALUES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=12)
KEYS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20)
TTLS = st.integers(60, 2_592_000)


class Asked(msgspec.Struct, frozen=True):
    """One request, as far as keys look at it."""

    body: bytes = b'{"model":"m"}'
    method: bytes = b"POST"
    provider: str = "openai"
    tail: str = "chat/completions"
    query: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ((b"Authorization", b"Bearer sk-1"),)
    account: str = "acct"
    gateway: str = "gw"
    mark: str = ""
    cache_ttl: int = 0
    token: str = ""
    withheld: frozenset[str] = frozenset()
    fingerprint: str = ""

    def made(self) -> tuple[Call, Route]:
        """The call as the pipeline would make it, and its route."""
        found = REGISTRY.find(self.provider)
        assert found is not None
        provider = replace(found, fingerprint=self.fingerprint)
        gateway = Gateway(self.account, self.gateway, cache_ttl=self.cache_ttl, cache_mark=self.mark)
        head = SORTER.request(self.headers)
        call = Call(
            "id",
            "id",
            0,
            0.0,
            gateway,
            head,
            parse_controls(head.controls),
            provider,
            self.tail,
            self.query,
            True,
            False,
            self.method,
            RequestBody.of(self.body),
            lambda _name: None,
            {},
            True,
        )
        call.withheld = self.withheld
        if self.token:
            call.token = Token(id=self.token, name="", permissions=("run",), secrets=(), created_us=1)
        location = REGISTRY.locate(provider, self.tail, lambda _name: None)
        own = native(provider, self.tail, lambda _name: None)
        call.operation = operations_at(provider, own).get(self.method, UNKNOWN_OPERATION)
        return call, Route(gateway, provider, self.tail, location.origin, location.path.encode())

    def but(self, **changes: object) -> Asked:
        return msgspec.structs.replace(self, **changes)

    def with_header(self, name: bytes, value: bytes) -> Asked:
        return self.but(headers=(*self.headers, (name, value)))


def key(asked: Asked) -> bytes:
    call, route = asked.made()
    found = cache_key(call, route, asked.body)
    assert len(found) == 32
    return found


def once(asked: Asked) -> bytes:
    call, route = asked.made()
    return once_key(call, route)


def print_of(asked: Asked) -> bytes:
    call, route = asked.made()
    return fingerprint(call, route, asked.body)


def ttl(asked: Asked) -> int:
    return cache_ttl(asked.made()[0])


PLAIN = Asked()
OWN = PLAIN.with_header(b"cf-aig-cache-key", b"mine")
ONCE = PLAIN.with_header(b"Idempotency-Key", b"k")

# -- the cache's key


@given(
    st.sampled_from(
        [
            (b"cf-aig-metadata", b'{"a":1}'),
            (b"cf-aig-event-id", b"e"),
            (b"cf-aig-cache-ttl", b"61"),
            (b"cf-aig-collect-log", b"false"),
            (b"cf-aig-authorization", b"Bearer t"),
            (b"User-Agent", b"other"),
            (b"Content-Type", b"text/plain"),
            (b"Accept", b"*/*"),
            (b"Accept-Encoding", b"br"),
            (b"Idempotency-Key", b"k"),
            (b"Host", b"elsewhere"),
            (b"traceparent", b"00-1"),
        ]
    ),
    BODIES,
)
def test_headers_that_say_nothing_of_the_answer_do_not_count(
    header: tuple[bytes, bytes], body: bytes
) -> None:
    asked = PLAIN.but(body=body)
    assert key(asked) == key(asked.with_header(*header))


@given(NAMES, VALUES)
def test_unknown_headers_do_not_count(name: str, value: str) -> None:
    assert key(PLAIN) == key(PLAIN.with_header(name.encode(), value.encode()))


@given(NAMES, st.sampled_from(["-version", "-beta"]), VALUES, VALUES)
def test_a_providers_directives_count(name: str, ending: str, first: str, second: str) -> None:
    """Cloudflare names none; whatever ends like one is taken for one, in any case and any order."""
    assume(first != second)
    named = [PLAIN.with_header((name + ending).encode(), value.encode()) for value in (first, second)]
    assert len({key(PLAIN), key(named[0]), key(named[1])}) == 3
    shouted = PLAIN.with_header((name + ending).upper().encode(), first.encode())
    assert key(shouted) == key(named[0])
    both = [(b"anthropic-beta", b"1"), ((name + ending).encode(), first.encode())]
    there = PLAIN.but(headers=(*PLAIN.headers, *both))
    assert key(there) == key(PLAIN.but(headers=(*reversed(both), *PLAIN.headers)))


CHANGES: list[tuple[str, Callable[[Asked], Asked]]] = [
    ("body", lambda asked: asked.but(body=asked.body + b" ")),
    ("method", lambda asked: asked.but(method=b"GET")),
    ("tail", lambda asked: asked.but(tail="embeddings")),
    ("query", lambda asked: asked.but(query=b"?a=1")),
    ("provider", lambda asked: asked.but(provider="groq")),
    ("fingerprint", lambda asked: asked.but(fingerprint="other")),
]
OWNERS: list[tuple[str, Callable[[Asked], Asked]]] = [
    ("account", lambda asked: asked.but(account="other")),
    ("gateway", lambda asked: asked.but(gateway="other")),
    ("account and gateway", lambda asked: asked.but(account="acctg", gateway="w")),
    ("settings", lambda asked: asked.but(mark="0123")),
    ("credential", lambda asked: asked.but(headers=((b"Authorization", b"Bearer sk-2"), *asked.headers[1:]))),
    ("no credential", lambda asked: asked.but(headers=asked.headers[1:])),
]


@pytest.mark.parametrize("change", [change for _, change in CHANGES], ids=[name for name, _ in CHANGES])
@given(body=BODIES)
def test_what_is_asked_counts(change: Callable[[Asked], Asked], body: bytes) -> None:
    asked = PLAIN.but(body=body)
    assert key(asked) != key(change(asked))


@pytest.mark.parametrize(
    "change", [change for _, change in CHANGES[:4]], ids=[name for name, _ in CHANGES[:4]]
)
def test_a_key_of_ones_own_stands_for_what_is_asked(change: Callable[[Asked], Asked]) -> None:
    assert key(OWN) == key(change(OWN))


@pytest.mark.parametrize("start", [PLAIN, OWN], ids=["computed", "own"])
@pytest.mark.parametrize("change", [change for _, change in OWNERS], ids=[name for name, _ in OWNERS])
def test_who_asks_counts(change: Callable[[Asked], Asked], start: Asked) -> None:
    assert key(start) != key(change(start))


@given(KEYS, KEYS)
def test_keys_of_ones_own_differ_as_they_are_written(first: str, second: str) -> None:
    def own(text: str) -> bytes:
        return key(PLAIN.with_header(b"cf-aig-cache-key", text.encode()))

    assert (own(first) == own(second)) is (first == second)
    assert own(first) != key(PLAIN)


@given(st.binary(max_size=8), st.binary(max_size=8), st.integers(1, 8))
def test_nothing_moves_from_one_part_into_the_next(query: bytes, body: bytes, size: int) -> None:
    """The same bytes, divided otherwise."""
    assume(len(body) >= size)
    first = PLAIN.but(query=b"?" + query, body=body)
    second = PLAIN.but(query=b"?" + query + body[:size], body=body[size:])
    assert key(first) != key(second)
    assert print_of(first) != print_of(second)


@pytest.mark.parametrize("start", [PLAIN, OWN], ids=["computed", "own"])
def test_stored_keys_are_told_apart_by_name_and_shared_by_callers(start: Asked) -> None:
    bare = start.but(headers=start.headers[1:])
    named = bare.with_header(b"cf-aig-byok-alias", b"team")
    assert key(bare) == key(bare.with_header(b"cf-aig-byok-alias", b"default")) != key(named)
    shown = start.but(headers=((b"Authorization", b"Bearer pst_x"), *start.headers[1:]))
    withheld = shown.but(withheld=frozenset({"authorization"}))
    assert key(withheld) == key(bare) != key(shown)
    assert key(withheld.but(token="t1")) == key(withheld.but(token="t2"))


@pytest.mark.parametrize("start", [PLAIN, OWN], ids=["computed", "own"])
@given(first=KEYS, second=KEYS)
def test_every_credential_of_the_provider_counts(start: Asked, first: str, second: str) -> None:
    """In whichever header the real one is, and whatever stands in the others."""
    assume(first != second)
    for fixed, other in ((b"authorization", b"x-api-key"), (b"x-api-key", b"authorization")):
        keys = {
            key(
                start.but(
                    provider="anthropic",
                    headers=((fixed, b"none"), (other, value.encode()), *start.headers[1:]),
                )
            )
            for value in (first, second)
        }
        assert len(keys) == 2


@pytest.mark.parametrize("start", [PLAIN, OWN, ONCE], ids=["computed", "own", "once"])
@pytest.mark.parametrize(
    "name", [b"x-api-key", b"api-key", b"x-goog-api-key", b"xi-api-key", b"token", b"cookie"]
)
def test_credentials_of_any_name_count(start: Asked, name: bytes) -> None:
    """A provider of the operator's own may take its credential anywhere."""
    made = once if start is ONCE else key
    bare = start.but(provider=CUSTOM, headers=start.headers[1:])
    keys = {made(bare), *(made(bare.with_header(name, value)) for value in (b"1", b"2"))}
    assert len(keys) == 3


# -- keys of the callers


@given(KEYS, KEYS)
def test_a_once_key_is_the_callers_and_of_its_text(first: str, second: str) -> None:
    def of(text: str) -> bytes:
        return once(PLAIN.with_header(b"Idempotency-Key", text.encode()))

    assert (of(first) == of(second)) is (first == second)


@pytest.mark.parametrize("change", [change for _, change in CHANGES], ids=[name for name, _ in CHANGES])
def test_what_is_asked_is_not_in_a_once_key_but_in_its_fingerprint(change: Callable[[Asked], Asked]) -> None:
    changed = change(ONCE)
    assert once(ONCE) == once(changed)
    if changed.fingerprint == ONCE.fingerprint:
        assert print_of(ONCE) != print_of(changed)
    assert len(print_of(ONCE)) == 16


@pytest.mark.parametrize(
    "change",
    [change for name, change in OWNERS if name != "settings"],
    ids=[n for n, _ in OWNERS if n != "settings"],
)
def test_who_asks_is_in_a_once_key(change: Callable[[Asked], Asked]) -> None:
    assert once(ONCE) != once(change(ONCE))


def test_a_token_owns_its_once_keys() -> None:
    mine = ONCE.but(token="t1")
    assert once(mine) != once(ONCE) != once(ONCE.but(token="t2")) != once(mine)
    other_vendor_key = mine.but(headers=((b"Authorization", b"Bearer sk-2"), *mine.headers[1:]))
    assert once(mine) == once(other_vendor_key)


def test_the_two_kinds_of_keys_never_meet() -> None:
    both = OWN.with_header(b"Idempotency-Key", b"mine")
    assert key(both) != once(both)


# -- for how long


@given(st.none() | TTLS, st.integers(0, 10_000), st.booleans())
def test_time_by_precedence(asked: int | None, gateways: int, own: bool) -> None:
    """Header, then gateway, then five minutes for a key of one's own, else nothing (Cloudflare 3.2)."""
    start = (OWN if own else PLAIN).but(cache_ttl=gateways)
    if asked is not None:
        start = start.with_header(b"cf-aig-cache-ttl", b"%d" % asked)
    assert ttl(start) == (asked or gateways or (300 if own else 0))


@given(
    st.sampled_from([b"PUT", b"DELETE", b"PATCH", b"HEAD", b"OPTIONS"]), st.booleans(), st.integers(0, 10_000)
)
def test_other_methods_never(method: bytes, own: bool, gateways: int) -> None:
    start = (OWN if own else PLAIN).but(cache_ttl=gateways, method=method)
    assert ttl(start) == ttl(start.with_header(b"cf-aig-cache-ttl", b"60")) == 0


@pytest.mark.parametrize("header", [(b"cf-aig-skip-cache", b"true"), (b"cf-aig-cache-ttl", b"0")])
@pytest.mark.parametrize("start", [PLAIN, OWN], ids=["computed", "own"])
def test_off_is_off(header: tuple[bytes, bytes], start: Asked) -> None:
    assert ttl(start.but(cache_ttl=60).with_header(*header)) == 0


def test_invented_paths_and_names_do_not_fill_the_memory() -> None:
    tracemalloc.start()
    for number in range(300):
        long = f"{number}" + "a" * 20_000
        key(Asked(tail=f"chat/{long}", headers=((f"x-{long}".encode(), b"1"),)))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 2_000_000


def test_a_directive_with_a_long_name_counts() -> None:
    name = b"x" * 1000 + b"-version"
    keys = {key(Asked(headers=((name, value),))) for value in (b"1", b"2")}
    assert len(keys) == 2
