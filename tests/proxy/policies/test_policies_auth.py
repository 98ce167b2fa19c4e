"""Gateway authentication: which token a call has shown, and whether it may call here (Cloudflare 3.12).

The policy alone, on calls as the pipeline makes them; through sockets it is in the hostile tests and in e2e.
"""

from __future__ import annotations

import hashlib
import hmac

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from penstock.access import tokens
from penstock.access.tokens import ID_BYTES, SALT_BYTES, SECRET_BYTES, id_of, new_token_text, secret_hash
from penstock.errors import GatewayError
from penstock.metadata import MetadataValue
from penstock.proxy.call import Call, Gateway
from penstock.proxy.policies import auth
from penstock.proxy.policies.auth import Authentication
from penstock.proxy.request_body import RequestBody
from penstock.stores.control_store import Permission, SecretHash, Token
from penstock.wire.controls import parse_controls
from penstock.wire.headers import HeaderSorter

SALT = b"s" * SALT_BYTES
TEXT, OTHER = (new_token_text(bytes([byte]) * ID_BYTES, bytes([byte]) * SECRET_BYTES) for byte in (1, 2))
NEW_SECRET = TEXT.rpartition("_")[0] + "_" + OTHER.rpartition("_")[2]
ADMIN = "an-admin-token-of-24-ch."
NOW_US = 1_700_000_000_000_000
VENDOR = b"Bearer sk-0123456789"
SORTER = HeaderSorter()


def token(
    text: str = TEXT,
    *,
    permissions: tuple[Permission, ...] = ("run",),
    accounts: tuple[str, ...] = (),
    gateways: tuple[str, ...] = (),
    secrets: tuple[SecretHash, ...] = (),
    expires_us: int | None = None,
    metadata: dict[str, MetadataValue] | None = None,
) -> Token:
    return Token(
        id=id_of(text),
        name="t",
        permissions=permissions,
        accounts=accounts,
        gateways=gateways,
        secrets=secrets or (secret_hash(text, SALT),),
        created_us=0,
        expires_us=expires_us,
        metadata=metadata or {},
    )


def asking(*headers: tuple[str, bytes], query: bytes = b"") -> Call:
    """A call to the gateway `acct/gw`, before anybody has looked at it."""
    head = SORTER.request([(name.encode(), value) for name, value in headers])
    lookup = {name.lower(): value.decode("latin-1") for name, value in headers}.get
    controls = parse_controls(head.controls)
    return Call(
        "id",
        "id",
        NOW_US,
        0.0,
        Gateway("acct", "gw"),
        head,
        controls,
        None,
        "chat/completions",
        query,
        True,
        False,
        b"POST",
        RequestBody.of(b"{}"),
        lookup,
        dict(controls.metadata),
        False,
    )


def shown(value: bytes) -> Call:
    return asking(("cf-aig-authorization", value))


def policy(*known: Token, admin: str = "", required: bool = True) -> Authentication:
    return Authentication(known or (token(),), admin, required=required)


def is_let_in(call: Call, by: Authentication | None = None) -> bool:
    """Whether it passes; a refusal is always 401/2009, and shows no token."""
    try:
        (by or policy()).identify(call)
    except GatewayError as error:
        _check_refusal(error, call)
        return False
    assert call.authenticated
    return True


def _check_refusal(error: GatewayError, call: Call) -> None:
    assert (error.fault.status, error.fault.code) == (401, 2009)
    assert not any(secret in error.body().decode() for secret in (TEXT, OTHER, ADMIN))
    assert (call.authenticated, call.token) == (False, None)


def sent_on(call: Call) -> bytes:
    """What a provider would be told of headers and query."""
    return b"".join(call.head.forward) + call.query


# -- what is a token


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER  {}  ", " Bearer {}", "{}", " {} "])
def test_the_token_opens(form: str) -> None:
    call = shown(form.format(TEXT).encode())
    assert is_let_in(call)
    assert call.token == token()
    admin = shown(form.format(ADMIN).encode())
    assert is_let_in(admin, policy(admin=ADMIN))
    assert admin.token is None


AROUND = [
    *["", "Bearer", "Bearer ", "Basic {}", "BearerX {}", "Bearer {}x", "Bearer {} x", "Bearer x {}"],
    *[
        "Bearer Bearer {}",
        "Bearer {},",
        'Bearer "{}"',
        "Bearer {}\0",
        "Bearer \xff{}",
        "{}{}",
        "Bearer {} {}",
    ],
]


@pytest.mark.parametrize("form", AROUND)
@pytest.mark.parametrize("secret", [TEXT, ADMIN])
def test_nothing_around_it_is_taken(form: str, secret: str) -> None:
    assert not is_let_in(shown(form.format(secret, secret).encode("latin-1")), policy(admin=ADMIN))


@pytest.mark.parametrize("secret", [TEXT, ADMIN])
def test_nothing_like_it_is_taken(secret: str) -> None:
    digest = hashlib.sha256(secret.encode()).hexdigest()
    known = token().secrets[0]
    nearly = [secret[:-1], secret[1:], secret.upper(), digest, known.digest.hex(), "a" * 1_000_000]
    assert not any(is_let_in(shown(b"Bearer " + text.encode()), policy(admin=ADMIN)) for text in nearly)


@given(st.binary(max_size=80))
def test_any_other_bytes_are_refused(value: bytes) -> None:
    assume(value.strip() not in (TEXT.encode(), ADMIN.encode()))
    both = policy(admin=ADMIN)
    assert not is_let_in(shown(value), both)
    assert not is_let_in(shown(b"Bearer " + value), both)
    assert not is_let_in(asking(("Authorization", value)), both)
    assert not is_let_in(asking(("Authorization", b"Bearer " + value)), both)
    assert not is_let_in(asking(query=b"?key=" + value), both)


@given(st.integers(0, 63), st.integers(0, 255))
def test_one_byte_makes_another_token(place: int, byte: int) -> None:
    text = bytearray(TEXT.encode())
    assume(text[place] != byte)
    text[place] = byte
    assert not is_let_in(shown(b"Bearer " + bytes(text)))


def test_an_admin_token_of_other_letters() -> None:
    assert is_let_in(shown("Bearer schlüssel".encode()), policy(admin="schlüssel"))
    assert not is_let_in(shown("Bearer schlüssel".encode("latin-1")), policy(admin="schlüssel"))


@pytest.mark.parametrize("value", [b"", b"Bearer", b"Bearer "])
def test_without_an_admin_token_an_empty_one_is_none(value: bytes) -> None:
    assert not is_let_in(shown(value), policy(admin=""))
    assert not is_let_in(asking(("Authorization", value)), policy(admin=""))


def test_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests of the same length, whatever was shown; so that nothing is learned from how long it took."""
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return hmac.compare_digest(one, other)

    class Spy:
        compare_digest = staticmethod(compare)

    monkeypatch.setattr(auth, "hmac", Spy)
    monkeypatch.setattr(tokens, "hmac", Spy)
    assert is_let_in(shown(b"Bearer " + TEXT.encode()), policy(admin=ADMIN))
    assert not is_let_in(shown(b"Bearer " + NEW_SECRET.encode()), policy(admin=ADMIN))
    assert not is_let_in(shown(b"Bearer guess"), policy(admin=ADMIN))
    assert {(len(one), len(other)) for one, other in compared} == {(32, 32)}
    admin = hashlib.sha256(ADMIN.encode()).digest()
    assert [other for _, other in compared].count(admin) >= 3
    assert [other for _, other in compared].count(token().secrets[0].digest) >= 2


def test_only_digests_are_kept() -> None:
    by = policy(admin=ADMIN)
    kept = repr([getattr(by, name) for name in by.__slots__])
    assert TEXT not in kept
    assert TEXT.rpartition("_")[2] not in kept
    assert ADMIN not in kept
    assert repr(hashlib.sha256(ADMIN.encode()).digest()) in kept


# -- what a token may do


@pytest.mark.parametrize(
    ("permissions", "good"),
    [
        (("run",), True),
        (("read", "run", "edit", "metadata_read"), True),
        (("read", "edit", "metadata_read"), False),
        ((), False),
    ],
)
def test_only_who_may_run_may_call(permissions: tuple[Permission, ...], good: bool) -> None:
    assert is_let_in(shown(TEXT.encode()), policy(token(permissions=permissions))) is good


@pytest.mark.parametrize(
    ("accounts", "gateways", "good"),
    [
        ((), (), True),
        (("acct",), (), True),
        (("other", "acct"), ("gw",), True),
        ((), ("acct/gw",), True),
        (("other",), (), False),
        (("other",), ("gw",), False),
        ((), ("other",), False),
        ((), ("other/gw",), False),
        (("acct",), ("acct",), False),
    ],
)
def test_a_token_is_for_some_gateways(
    accounts: tuple[str, ...], gateways: tuple[str, ...], good: bool
) -> None:
    assert is_let_in(shown(TEXT.encode()), policy(token(accounts=accounts, gateways=gateways))) is good


@pytest.mark.parametrize(("expires_us", "good"), [(NOW_US + 1, True), (NOW_US, False), (0, False)])
def test_a_token_ends(expires_us: int, good: bool) -> None:
    assert is_let_in(shown(TEXT.encode()), policy(token(expires_us=expires_us))) is good


@pytest.mark.parametrize(("overlap_us", "good"), [(NOW_US + 1, True), (NOW_US, False)])
def test_an_old_secret_is_good_until_the_overlap_ends(overlap_us: int, good: bool) -> None:
    both = (secret_hash(TEXT, SALT, overlap_us), secret_hash(NEW_SECRET, SALT))
    by = policy(token(secrets=both))
    assert is_let_in(shown(TEXT.encode()), by) is good
    assert is_let_in(shown(NEW_SECRET.encode()), by)


def test_a_refusal_tells_a_wrong_place_from_no_token() -> None:
    def reason(call: Call) -> str:
        with pytest.raises(GatewayError) as caught:
            policy(token(gateways=("other",))).identify(call)
        return caught.value.detail

    assert "not for this gateway" in reason(shown(TEXT.encode()))
    assert "is not known" in reason(shown(OTHER.encode()))
    assert "cf-aig-authorization" in reason(asking())


@pytest.mark.parametrize("required", [True, False])
def test_a_token_that_has_ended_is_refused_everywhere_and_says_so(required: bool) -> None:
    rotated = token(secrets=(secret_hash(TEXT, SALT, NOW_US), secret_hash(NEW_SECRET, SALT)))
    for one in (token(expires_us=NOW_US), rotated):
        for call in (shown(TEXT.encode()), asking(("authorization", b"Bearer " + TEXT.encode()))):
            with pytest.raises(GatewayError) as caught:
                policy(one, required=required).identify(call)
            assert "has expired" in caught.value.detail


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("header", ["cf-aig-authorization", "authorization", "x-api-key"])
def test_a_blocked_token_is_refused_everywhere_and_says_so(required: bool, header: str) -> None:
    blocked = msgspec.structs.replace(token(), blocked=True)
    with pytest.raises(GatewayError) as caught:
        policy(blocked, required=required).identify(asking((header, b"Bearer " + TEXT.encode())))
    assert "is blocked" in caught.value.detail


@pytest.mark.parametrize("first", [OTHER.encode(), b"nothing like a token"])
def test_a_good_token_beside_one_that_is_not_known_is_enough(first: bytes) -> None:
    assert is_let_in(asking(("cf-aig-authorization", first), ("authorization", b"Bearer " + TEXT.encode())))


def test_whose_secret_is_wrong_is_not_told_that_the_token_has_ended() -> None:
    wrong = TEXT[:-1] + ("a" if TEXT[-1] != "a" else "b")
    for one in (token(expires_us=NOW_US), msgspec.structs.replace(token(), blocked=True)):
        with pytest.raises(GatewayError) as caught:
            policy(one).identify(shown(wrong.encode()))
        assert "is not known" in caught.value.detail


def test_what_a_token_stamps_goes_before_what_the_caller_says() -> None:
    call = asking(
        ("cf-aig-authorization", TEXT.encode()), ("cf-aig-metadata", b'{"team": "mine", "user": "ada"}')
    )
    assert is_let_in(call, policy(token(metadata={"team": "theirs"})))
    assert call.metadata == {"team": "theirs", "user": "ada"}


# -- where nobody has to show one


@pytest.mark.parametrize("value", [b"", b"Bearer " + OTHER.encode(), b"\xff"])
def test_an_open_gateway_asks_nobody(value: bytes) -> None:
    call = shown(value)
    policy(required=False).identify(call)
    assert (call.authenticated, call.token) == (False, None)


def test_an_open_gateway_knows_who_shows_a_token() -> None:
    call = shown(b"Bearer " + TEXT.encode())
    assert is_let_in(call, policy(required=False))
    assert call.token == token()


# -- tokens in place of a provider's credential

CREDENTIALS = ["Authorization", "x-api-key", "api-key", "x-goog-api-key", "xi-api-key", "Token"]
SCHEMES = ["", "Bearer ", "bearer ", "Token ", "Key ", "Api-Key "]


@pytest.mark.parametrize("name", CREDENTIALS)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("secret", [TEXT, ADMIN])
def test_a_token_alone_where_a_credential_stands(name: str, scheme: str, secret: str) -> None:
    call = asking((name, (scheme + secret).encode()), ("x-other", b"stays"))
    assert is_let_in(call, policy(admin=ADMIN))
    assert secret.encode() not in sent_on(call)
    assert sent_on(call) == b"x-other: stays\r\n"
    assert call.withheld == {name.lower()}
    assert call.header(name.lower()) is None
    assert call.header("x-other") == "stays"


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("secret", [TEXT, OTHER])
def test_a_token_never_goes_upstream_good_or_not(secret: str, required: bool) -> None:
    call = asking(("Authorization", b"Bearer " + secret.encode()), ("x-api-key", b"sk-vendor"))
    by = policy(required=required)
    if required and secret == OTHER:
        assert not is_let_in(call, by)
    else:
        by.identify(call)
        assert call.authenticated is (secret == TEXT)
    assert sent_on(call) == b"x-api-key: sk-vendor\r\n"


def test_one_that_was_revoked_does_not_go_out_either() -> None:
    call = asking(("Authorization", b"Bearer " + TEXT.encode()))
    Authentication((), "", required=False).identify(call)
    assert (sent_on(call), call.authenticated) == (b"", False)


def test_a_providers_credential_is_left_alone() -> None:
    call = asking(("cf-aig-authorization", b"Bearer " + TEXT.encode()), ("Authorization", VENDOR))
    assert is_let_in(call, policy(admin=ADMIN))
    assert sent_on(call) == b"Authorization: " + VENDOR + b"\r\n"
    assert call.withheld == frozenset()


def test_a_providers_credential_opens_nothing() -> None:
    assert not is_let_in(asking(("Authorization", VENDOR)), policy(admin=ADMIN))


def test_of_two_tokens_the_one_in_the_gateways_header_counts() -> None:
    by = policy(token(metadata={"who": "first"}), token(OTHER, metadata={"who": "second"}))
    call = asking(("Authorization", b"Bearer " + OTHER.encode()), ("cf-aig-authorization", TEXT.encode()))
    assert is_let_in(call, by)
    assert call.token is not None
    assert (call.token.id, call.metadata) == (id_of(TEXT), {"who": "first"})
    assert sent_on(call) == b""


QUERIES = [("?key={}", b""), ("?key={}&alt=sse", b"?alt=sse"), ("?a=%2F&key={}&a=+", b"?a=%2F&a=+")]


@pytest.mark.parametrize(("query", "left"), QUERIES)
def test_a_token_in_the_query(query: str, left: bytes) -> None:
    call = asking(query=query.format(TEXT).encode())
    assert is_let_in(call)
    assert call.query == left


def test_a_wrong_token_in_the_query_does_not_go_out() -> None:
    call = asking(query=b"?key=" + OTHER.encode() + b"&alt=sse")
    policy(required=False).identify(call)
    assert (call.query, call.authenticated) == (b"?alt=sse", False)


# -- steps of a universal request


def a_step(*headers: tuple[str, bytes], authenticated: bool = False) -> Call:
    call = asking(*headers)
    call.is_step = True
    call.authenticated = authenticated
    return call


def test_a_step_is_called_by_who_sent_the_request() -> None:
    assert is_let_in(a_step(authenticated=True))


@pytest.mark.parametrize("name", ["cf-aig-authorization", "Authorization"])
def test_a_step_cannot_show_a_token_of_its_own(name: str) -> None:
    call = a_step((name, b"Bearer " + TEXT.encode()))
    assert not is_let_in(call)
    assert TEXT.encode() not in sent_on(call)


def test_a_token_among_a_steps_headers_does_not_go_out() -> None:
    call = a_step(("Authorization", b"Bearer " + TEXT.encode()), ("x-api-key", b"sk"), authenticated=True)
    assert is_let_in(call)
    assert sent_on(call) == b"x-api-key: sk\r\n"
