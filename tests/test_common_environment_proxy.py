"""Which proxy stands before an address: `NO_PROXY` as curl and Go read it, one rule for every way out."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock_common.environment_proxy import NoSuchProxy, check_proxies, is_excepted, is_loopback, proxy_for

PROXY = "http://proxy.example:3128"


def goes_by_proxy(url: str, no_proxy: str) -> bool:
    return proxy_for(urlsplit(url), {"all": PROXY, "no": no_proxy}) is not None


@pytest.mark.parametrize(
    ("no_proxy", "url"),
    [
        ("*", "http://api.example"),
        ("other, *", "http://api.example"),
        ("10.0.0.0/8", "http://10.1.2.3:8000"),
        ("10.1.2.200/8", "http://10.1.2.3:8000"),  # with bits of a host, as Go reads it
        ("10.1.2.3", "http://10.1.2.3:8000"),
        ("10.1.2.3:8000", "http://10.1.2.3:8000"),
        ("10.1.2.3:80", "http://10.1.2.3"),
        ("10.0.0.0/8", "http://[::ffff:10.1.2.3]:8000"),
        ("::ffff:10.0.0.0/104", "http://10.1.2.3:8000"),
        ("fd00::/8", "http://[fd12::1]:8000"),
        ("[fd00::]/8", "http://[fd12::1]:8000"),
        ("[fd12::1]", "http://[fd12::1]:8000"),
        ("fd12::1", "http://[fd12:0:0:0:0:0:0:1]:8000"),
        ("[fd12::1]:8000", "http://[fd12::1]:8000"),
        ("FD12::1", "http://[fd12::1]"),
        ("fe80::/10", "http://[fe80::1%25eth0]:8000"),
        ("api.example", "https://api.example"),
        ("API.Example", "https://api.EXAMPLE"),
        ("api.example.", "https://api.example"),
        ("api.example", "https://api.example."),
        ("example", "https://api.example"),
        (".example", "https://api.example"),
        ("*.example", "https://api.example"),
        (".api.example", "https://api.example"),
        ("api.example:443", "https://api.example"),
        (".example:443", "https://api.example"),
        ("api.example:8443", "https://api.example:8443"),
        ("a.test,api.example", "https://api.example"),
        ("a.test, api.example", "https://api.example"),
        ("a.test api.example", "https://api.example"),
        (",,api.example,", "https://api.example"),
        ("bücher.example", "https://xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "https://bücher.example"),
    ],
)
def test_what_is_reached_directly(no_proxy: str, url: str) -> None:
    assert not goes_by_proxy(url, no_proxy)


@pytest.mark.parametrize(
    ("no_proxy", "url"),
    [
        ("", "http://api.example"),
        ("10.0.0.0/8", "http://11.1.2.3:8000"),
        ("10.0.0.0/8", "http://ten.example"),  # names are not looked up
        ("10.1.2.3:81", "http://10.1.2.3"),
        ("10.1.2.3:8000", "http://10.1.2.3:8001"),
        ("2.3", "http://10.1.2.3"),
        ("10.1.2", "http://10.1.2.3"),
        ("0.0.0.0/0", "http://[fd12::1]"),
        ("fd00::/8", "http://[fe80::1]"),
        ("[fd12::1]:8000", "http://[fd12::1]:8001"),
        ("::/96", "http://10.1.2.3"),
        ("api.example:8443", "https://api.example"),
        ("pi.example", "https://api.example"),
        ("x.api.example", "https://api.example"),
        ("api.example", "https://api.example.test"),
        ("10.0.0.0/33,10.0.0.0/x,[,],[::1,:,::/129,.,*.", "http://10.1.2.3"),
        (".", "http://api.example"),
        ("*.", "http://api.example"),
    ],
)
def test_what_goes_by_the_proxy(no_proxy: str, url: str) -> None:
    assert goes_by_proxy(url, no_proxy)


@given(
    st.one_of(
        st.tuples(st.ip_addresses(v=4), st.integers(0, 32)),
        st.tuples(st.ip_addresses(v=6), st.integers(0, 128)),
    ),
    st.ip_addresses(),
)
def test_a_network_excepts_what_is_in_it_and_nothing_else(
    network: tuple[object, int], address: object
) -> None:
    text = f"{network[0]}/{network[1]}"
    maker = IPv4Network if "." in text else IPv6Network
    found, host = maker(text, strict=False), ip_address(str(address))
    assert is_excepted(str(found.network_address), 80, text)
    assert is_excepted(str(found.broadcast_address), 80, text)
    if getattr(host, "ipv4_mapped", None) is None:
        assert is_excepted(str(host), 80, text) == (host.version == found.version and host in found)


@given(
    st.text(alphabet="a1.:[]*/%, ", max_size=20),
    st.sampled_from(["a.a", "1.1.1.1", "::1", "a", "", "1::1%a"]),
)
def test_no_list_of_exceptions_is_an_error(no_proxy: str, host: str) -> None:
    is_excepted(host, 80, no_proxy)


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]
)
def test_this_machine(host: str) -> None:
    assert is_loopback(host)
    shown = f"[{host}]" if ":" in host else host
    assert not goes_by_proxy(f"http://{shown}:8000", "")


@pytest.mark.parametrize("host", ["", "localhost.example", "10.0.0.1", "128.0.0.1", "::2", "127.1"])
def test_what_may_be_another_machine(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "url", ["http://", "socks5://p:1", "gopher://p", "http://p:0", "http://p:x", "http://[p"]
)
def test_what_is_no_proxy(url: str) -> None:
    with pytest.raises(NoSuchProxy, match="not http or https"):
        proxy_for(urlsplit("https://api.example"), {"https": url})
    with pytest.raises(NoSuchProxy, match="not http or https"):
        check_proxies({"http": url})
    assert proxy_for(urlsplit("https://api.example"), {"https": url, "no": "example"}) is None


def test_a_scheme_s_own_proxy_goes_before_the_one_for_everything() -> None:
    parts = urlsplit("https://api.example")
    assert proxy_for(parts, {"https": "a.test:1", "all": PROXY}) == "http://a.test:1"
    assert proxy_for(parts, {"http": "a.test:1", "all": PROXY}) == PROXY
    assert proxy_for(parts, {"http": "a.test:1"}) is None
