"""Google's side of service accounts for tests: keys, and a service that makes tokens of what is signed with them.

A statement is looked at as Google would: its signature by the public key, its members by the contract.
"""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Callable
from functools import cache
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from support.clock import FakeClock
from support.replies import Reply, head
from support.upstream import Seen, Upstream

EMAIL = "bot@acme.iam.gserviceaccount.com"
GOOGLE = "https://oauth2.googleapis.com/token"


def key(number: int = 0) -> rsa.RSAPrivateKey:
    """One of some keys, which are made once."""
    return _made(number)


def pem(number: int = 0) -> str:
    """The same as Google writes it."""
    return _written(number)


def elliptic() -> str:
    """A key that is sound, and no RSA key."""
    return _pem(ec.generate_private_key(ec.SECP256R1()))


def account(number: int = 0, /, **members: object) -> str:
    """The JSON of an account, in one line."""
    usual = {
        "type": "service_account",
        "project_id": "acme-1",
        "private_key_id": "0123456789abcdef",
        "private_key": pem(number),
        "client_email": EMAIL,
        "client_id": "1",
        "token_uri": GOOGLE,
        "universe_domain": "googleapis.com",
    }
    return json.dumps({**usual, **members})


def sent(text: str) -> str:
    """What a caller sends."""
    return f"Bearer {b64encode(text.encode()).decode()}"


@cache
def _made(number: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048 + 8 * number)


@cache
def _written(number: int) -> str:
    return _pem(key(number))


class TokenService:
    """A token service on an `Upstream`. It makes `ya29.token-1`, `ya29.token-2` and so on, good for an hour each."""

    def __init__(self, server: Upstream, seconds: int = 3600) -> None:
        self.server = server
        self.url = f"{server.url}/token"
        self.made = 0
        self.seconds = seconds
        self.claims: list[dict[str, object]] = []
        self.failures: list[str] = []
        server.otherwise = self._reply

    def check(self, clock: FakeClock) -> None:
        """All that it was asked was in order, and fresh by this clock."""
        assert self.failures == []
        for claims in self.claims:
            issued, ends = claims["iat"], claims["exp"]
            assert isinstance(issued, int)
            assert isinstance(ends, int)
            assert issued <= clock.now_us() // 1_000_000 < ends <= issued + 3600

    def _reply(self, seen: Seen) -> Reply:
        return Reply((self._answer(seen),))

    def _answer(self, seen: Seen) -> Callable[[bytes], bytes]:
        def answer(body: bytes) -> bytes:
            try:
                self.claims.append(_claims(seen, body))
            except Exception as error:
                self.failures.append(repr(error))
                return _json(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
            self.made += 1
            token = f"ya29.token-{self.made}"
            return _json(200, {"access_token": token, "expires_in": self.seconds, "token_type": "Bearer"})

        return answer


def _claims(seen: Seen, body: bytes) -> dict[str, object]:
    assert (seen.method, seen.target) == (b"POST", b"/token")
    form = parse_qs(body.decode(), strict_parsing=True)
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    first, second, signature = form["assertion"][0].split(".")
    assert any(_holds(number, f"{first}.{second}", signature) for number in range(3))
    header = json.loads(_bytes(first))
    assert (header["alg"], header["typ"], header["kid"]) == ("RS256", "JWT", "0123456789abcdef")
    claims: dict[str, object] = json.loads(_bytes(second))
    assert (claims["iss"], claims["aud"]) == (EMAIL, GOOGLE)
    assert claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"
    return claims


def _holds(number: int, text: str, signature: str) -> bool:
    try:
        key(number).public_key().verify(_bytes(signature), text.encode(), padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _json(status: int, members: object) -> bytes:
    body = json.dumps(members).encode()
    return head(status, (("content-type", "application/json"), ("content-length", str(len(body))))) + body


def _pem(secret: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
