"""Base URLs and headers of providers: which are taken, and why the others are not."""

from __future__ import annotations

import pytest

from penstock.settings.server import ProviderSettings
from penstock_common.check import FieldError

HOST = "must be a URL with a valid host and port"
SOCKET = "must name the socket by its whole path, as in http+unix://%2Frun%2Fapp.sock"
QUERY = "must not have a query or a fragment"
USER = "must not have a user name or password; keys belong in request headers"
SCHEME = "must begin with http://, https:// or http+unix://"
VISIBLE = "must be a URL of visible ASCII characters"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9100",
        "https://api.openai.com/v1/",
        "HTTPS://API.example",
        "http://[::1]:80/x",
        "http://host_name.local:65535",
        "http+unix://%2Frun%2Fapp.sock",
        "http+unix://%2frun%2Fmy%20app.sock/v1",
    ],
)
def test_accepted(url: str) -> None:
    assert ProviderSettings(base_url=url).base_url == url


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", VISIBLE),
        (" http://x", VISIBLE),
        ("http://x\n", VISIBLE),
        ("http://bücher", VISIBLE),
        ("x", SCHEME),
        ("/v1", SCHEME),
        ("//host", SCHEME),
        ("ftp://host", SCHEME),
        ("unix:///run/x.sock", SCHEME),
        ("http:", HOST),
        ("http://", HOST),
        ("http:///v1", HOST),
        ("http://:80", HOST),
        ("http://host:0", HOST),
        ("http://host:65536", HOST),
        ("http://host:x", HOST),
        ("http://[::1", HOST),
        ("http://[::g]", HOST),
        ("http://[fe80::1%25eth0]", HOST),
        ("http://ho\\st", HOST),
        ("http://a,b", HOST),
        ("http://user@host", USER),
        ("http://user:password@host", USER),
        ("http+unix://user@%2Fx", USER),
        ("http://host?", QUERY),
        ("http://host/#", QUERY),
        ("http+unix:///run/x.sock", SOCKET),
        ("http+unix://run%2Fx.sock", SOCKET),
        ("http+unix://%2Frun%2Fx:80", SOCKET),
        ("http+unix://%2F", SOCKET),
        ("http+unix://%2Fa%00", SOCKET),
        ("http+unix://%2Fa%zz", SOCKET),
    ],
)
def test_refused(url: str, reason: str) -> None:
    with pytest.raises(FieldError) as caught:
        ProviderSettings(base_url=url)
    assert (caught.value.key, caught.value.reason) == ("base_url", reason)
    with pytest.raises(FieldError) as caught:
        ProviderSettings(base_url="https://x", token_url=url)
    assert (caught.value.key, caught.value.reason) == ("token_url", reason)


HEADERS = "must be header names with values of one line"


@pytest.mark.parametrize("value", ["", "k", "Bearer k", "a\tb", "~"])
@pytest.mark.parametrize("name", ["x-team", "Authorization", "!#$%&'*+.^_`|~9"])
def test_headers_that_can_be_sent(name: str, value: str) -> None:
    assert ProviderSettings(base_url="http://x", headers={name: value}).headers == {name: value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", "k"),
        ("x team", "k"),
        ("x:", "k"),
        ("x\r\ny", "k"),
        ("schlüssel", "k"),
        ("x", "k\r\ny: z"),
        ("x", "k\n"),
        ("x", "\0"),
        ("x", "ü"),
        ("x", "\x7f"),
    ],
)
def test_headers_that_cannot(name: str, value: str) -> None:
    with pytest.raises(FieldError) as caught:
        ProviderSettings(base_url="http://x", headers={"good": "k", name: value})
    assert (caught.value.key, caught.value.reason) == ("headers", HEADERS)


def test_headers_are_not_shown() -> None:
    table = ProviderSettings(base_url="http://x", headers={"authorization": "hidden"})
    shown = repr(table) + str(table) + repr(table.__rich_repr__())
    assert "hidden" not in shown
    assert "headers='***'" in shown
