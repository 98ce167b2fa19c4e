"""The header sorter: what is ours never passes, what is not ours passes byte for byte and in order.

Names come in any case and any order, from a list of known ones and from the letters that a name may have.
"""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.headers import Header, HeaderSorter, RequestHead, ResponseHead, trailer_lines

KEPT_BACK = (
    *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"),
    *(b"te", b"transfer-encoding", b"upgrade", b"http2-settings", b"host", b"content-length", b"expect"),
    *(
        b"cf-aig-authorization",
        b"cf-aig-metadata",
        b"cf-aig-",
        b"cf-aig-x",
        b"cf-cache-ttl",
        b"cf-skip-cache",
    ),
    *(b"cf-access-token", b"cf-access-jwt-assertion"),
    *(b"x-forwarded-for", b"x-real-ip", b"via", b"cf-ray", b"forwarded"),
)
PASSING = (
    *(b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key", b"xi-api-key", b"token", b"cookie"),
    *(b"content-type", b"content-encoding", b"user-agent", b"accept", b"cf-aig", b"origin"),
    *(b"range", b"if-none-match", b"date", b"trailer", b"hosts", b"x-te"),
)
TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def any_case(name: bytes) -> st.SearchStrategy[bytes]:
    """The name with each letter in either case."""
    flips = st.lists(st.booleans(), min_size=len(name), max_size=len(name))
    return flips.map(
        lambda upper: bytes(
            ord(chr(byte).upper()) if flip else byte for byte, flip in zip(name, upper, strict=True)
        )
    )


INVENTED = st.lists(st.sampled_from(list(TOKEN)), min_size=1, max_size=12).map(bytes)
NAME = st.one_of(st.sampled_from((*KEPT_BACK, *PASSING)).flatmap(any_case), INVENTED)
VALUE = st.binary(max_size=20).filter(lambda value: not set(value) & {0, 10, 13})
HEADERS = st.lists(st.tuples(NAME, VALUE), max_size=12).map(lambda headers: sound(headers))
CONNECTION = st.lists(
    st.one_of(st.sampled_from([b"close", b"Keep-Alive", b"upgrade", b""]), NAME), max_size=4
).map(b" , ".join)


def sound(headers: list[Header]) -> list[Header]:
    """What a parser lets through: a length is a number."""
    return [pair for pair in headers if pair[0].lower() != b"content-length" or pair[1].isdigit()]


def pairs(head: RequestHead | ResponseHead) -> list[Header]:
    """The lines that go on, as headers."""
    pieces = head.forward
    assert all(
        pieces[start + 1] == b": " and pieces[start + 3] == b"\r\n" for start in range(0, len(pieces), 4)
    )
    return [(pieces[start], pieces[start + 2]) for start in range(0, len(pieces), 4)]


def stays(name: bytes) -> bool:
    """Whether a request header is for this hop or for the gateway."""
    return name.lower() in KEPT_BACK or name.lower().startswith(b"cf-aig-")


@given(HEADERS)
def test_requests(headers: list[Header]) -> None:
    without = [pair for pair in headers if pair[0].lower() != b"connection"]
    head = HeaderSorter().request(without)
    assert pairs(head) == [pair for pair in without if not stays(pair[0])]
    assert all(name == name.lower() for name, _ in (*head.controls, *head.credentials))
    aliases = (b"cf-cache-ttl", b"cf-skip-cache")
    assert head.controls == [
        (name.lower(), value)
        for name, value in without
        if name.lower().startswith(b"cf-aig-") or name.lower() in aliases
    ]


@given(HEADERS, CONNECTION)
def test_what_connection_names_stays_here(headers: list[Header], named: bytes) -> None:
    options = {token.strip().lower() for token in named.split(b",")}
    rest = [pair for pair in headers if pair[0].lower() != b"connection"]
    for position in {0, len(rest)}:
        sent = [*rest[:position], (b"Connection", named), *rest[position:]]
        passed = pairs(HeaderSorter().request(sent))
        assert passed == [
            pair for pair in rest if not stays(pair[0]) and pair[0].lower() not in options - {b"upgrade", b""}
        ]


@given(HEADERS, st.sets(st.sampled_from(["x-fal-target-url", "accept", "x-forwarded-for"])))
def test_withheld_names_stay_here(headers: list[Header], withheld: set[str]) -> None:
    without = [pair for pair in headers if pair[0].lower() != b"connection"]
    passed = pairs(HeaderSorter().request(without, withheld))
    assert passed == [
        pair for pair in without if not stays(pair[0]) and pair[0].lower().decode("latin-1") not in withheld
    ]


@given(HEADERS)
def test_a_sorter_that_remembers_sorts_alike(headers: list[Header]) -> None:
    used = HeaderSorter()
    for _ in range(2):
        assert fields(used.request(headers)) == fields(HeaderSorter().request(headers))
        assert fields(used.response(headers)) == fields(HeaderSorter().response(headers))


def fields(head: RequestHead | ResponseHead) -> list[object]:
    """All that was found."""
    return [getattr(head, name) for name in head.__struct_fields__]


RESPONSE_ONLY_OURS = (
    *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"),
    *(b"te", b"transfer-encoding", b"upgrade", b"http2-settings"),
    *(b"cf-aig-log-id", b"cf-aig-request-id", b"cf-aig-event-id", b"cf-aig-step"),
)


@given(HEADERS)
def test_answers(headers: list[Header]) -> None:
    without = [pair for pair in headers if pair[0].lower() != b"connection"]
    passed = pairs(HeaderSorter().response(without))
    assert passed == [pair for pair in without if pair[0].lower() not in RESPONSE_ONLY_OURS]


def test_an_answer_cannot_pass_as_ours() -> None:
    head = HeaderSorter().response([(b"CF-AIG-Log-Id", b"forged"), (b"x-a", b"b")])
    assert pairs(head) == [(b"x-a", b"b")]


def test_connection_in_an_answer_never_takes_its_length_away() -> None:
    """The length is ours to pass on: without it the client could not find the end."""
    head = HeaderSorter().response(
        [(b"connection", b"content-length, x-a"), (b"content-length", b"5"), (b"x-a", b"b")]
    )
    assert pairs(head) == [(b"content-length", b"5")]
    assert head.length == 5


@pytest.mark.parametrize(
    ("values", "sound"),
    [
        ([b"chunked"], True),
        ([b" Chunked "], True),
        ([b"chunked", b"chunked"], False),
        ([b"gzip, chunked"], False),
        ([b"identity"], False),
        ([b"chunked;q=1"], False),
        ([b""], False),
    ],
)
def test_only_chunked_once_is_an_encoding(values: list[bytes], sound: bool) -> None:
    head = HeaderSorter().request([(b"Transfer-Encoding", value) for value in values])
    assert (head.chunked, head.fault == "") == (True, sound)
    assert pairs(head) == []


def test_what_is_read_on_the_way() -> None:
    head = HeaderSorter().request(
        [
            (b"Content-Type", b"application/json"),
            (b"Content-Encoding", b"gzip"),
            (b"User-Agent", b"tests"),
            (b"Authorization", b"Bearer a"),
            (b"X-Api-Key", b"b"),
        ]
    )
    assert (head.content_type, head.content_encoding, head.user_agent) == (
        b"application/json",
        b"gzip",
        b"tests",
    )
    assert head.credentials == [(b"authorization", b"Bearer a"), (b"x-api-key", b"b")]
    assert len(pairs(head)) == 5


@pytest.mark.parametrize("direction", ["request", "response"])
def test_invented_names_do_not_fill_the_memory(direction: str) -> None:
    """Neither by their number nor by their length."""
    sorter = HeaderSorter()
    tracemalloc.start()
    for number in range(200):
        headers = [(b"x-%d-" % number + b"a" * 50_000, b"v")]
        sorter.request(headers) if direction == "request" else sorter.response(headers)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1_000_000


@given(HEADERS)
def test_trailers(headers: list[Header]) -> None:
    lines = trailer_lines(headers)
    passed = [line.split(b": ", 1) for line in lines.split(b"\r\n") if line]
    forbidden = {
        *(b"host", b"content-length", b"content-encoding", b"content-type", b"trailer", b"connection"),
        *(b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te"),
        *(b"transfer-encoding", b"upgrade", b"http2-settings", b"authorization", b"x-api-key", b"api-key"),
        *(b"content-range", b"expect"),
        *(b"x-goog-api-key", b"xi-api-key", b"token", b"cookie"),
    }
    for name, _ in passed:
        assert name.lower() not in forbidden
        assert not name.lower().startswith(b"cf-aig-")
    assert len(passed) >= sum(
        name.lower() in (b"accept", b"via", b"x-te", b"date", b"range") for name, _ in headers
    )
