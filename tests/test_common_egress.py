"""Laws of the egress guard: no spelling of an inner address passes, every public one does, names are looked up once."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock_common.egress import NotPublic, check_host, check_url, checked_addresses, is_public

INSIDE4 = [
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
]  # fmt: skip
INSIDE6 = [
    IPv6Network(text)
    for text in (
        "::/96", "::1/128", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:2::/48", "2001:db8::/32",
        "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
]  # fmt: skip
NAMES = ("localhost", "x.localhost", "metadata.google.internal", "printer.local", "box", "a.home.arpa")


def addresses4(networks: Sequence[IPv4Network]) -> st.SearchStrategy[IPv4Address]:
    return (
        st.sampled_from(networks)
        .flatmap(lambda network: st.ip_addresses(v=4, network=network))
        .map(IPv4Address)
    )


def addresses6(networks: Sequence[IPv6Network]) -> st.SearchStrategy[IPv6Address]:
    return (
        st.sampled_from(networks)
        .flatmap(lambda network: st.ip_addresses(v=6, network=network))
        .map(IPv6Address)
    )


inside4 = addresses4(INSIDE4)
public4 = st.ip_addresses(v=4).filter(
    lambda found: not any(found in network for network in [*INSIDE4, IPv4Network("192.88.99.0/24")])
)
public6 = st.one_of(
    addresses6([IPv6Network("2400::/12"), IPv6Network("2600::/12"), IPv6Network("2a00::/12")])
).filter(lambda found: int(found) >> 32 & 0xFFFF_FFFF not in (0x5EFE, 0x0200_5EFE))


def part(number: int, base: str) -> str:
    return {"decimal": f"{number}", "hex": f"{number:#x}", "octal": f"0{number:o}", "padded": f"{number:03}"}[
        base
    ]


@st.composite
def spellings(draw: st.DrawFn, addresses: st.SearchStrategy[IPv4Address]) -> str:
    """An IPv4 address as some reader or other takes it."""
    packed = draw(addresses).packed
    count = draw(st.integers(1, 4))
    numbers = [*packed[: count - 1], int.from_bytes(packed[count - 1 :], "big")]
    text = ".".join(part(n, draw(st.sampled_from(("decimal", "hex", "octal", "padded")))) for n in numbers)
    digits = draw(st.sampled_from(("0123456789", "０１２３４５６７８９", "⓪①②③④⑤⑥⑦⑧⑨")))
    dot = draw(st.sampled_from(".．。｡"))
    text = text.translate(str.maketrans("0123456789.", f"{digits}{dot}"))
    return (text.upper() if draw(st.booleans()) else text) + draw(st.sampled_from(("", ".")))


def wrapped(address: IPv4Address, prefix: int) -> dict[str, IPv6Address]:
    """An IPv4 address in everything that carries one across IPv6."""
    inner = int(address)
    return {
        "mapped": IPv6Address(0xFFFF << 32 | inner),
        "compatible": IPv6Address(inner),
        "translated": IPv6Address(0xFFFF << 48 | inner),
        "NAT64": IPv6Address(0x64_FF9B << 96 | inner),
        "local NAT64": IPv6Address(0x64_FF9B_0001 << 80 | inner),
        "6to4": IPv6Address(0x2002 << 112 | inner << 80 | 1),
        "Teredo client": IPv6Address(0x2001 << 112 | 0x0808_0808 << 64 | inner ^ 0xFFFF_FFFF),
        "Teredo server": IPv6Address(0x2001 << 112 | inner << 64 | 0x0808_0808 ^ 0xFFFF_FFFF),
        "ISATAP": IPv6Address(prefix << 64 | 0x5EFE << 32 | inner),
        "global ISATAP": IPv6Address(prefix << 64 | 0x0200_5EFE << 32 | inner),
    }


@given(spellings(inside4))
def test_no_spelling_of_an_inner_address_passes(host: str) -> None:
    with pytest.raises(NotPublic):
        check_host(host)
    with pytest.raises(NotPublic):
        check_url(f"https://{host}:443/v1")


@given(inside4, st.integers(0x2600 << 48, 0x2600_FFFF << 32))
def test_no_wrapping_of_an_inner_address_passes(address: IPv4Address, prefix: int) -> None:
    assert not is_public(str(address))
    for way, found in wrapped(address, prefix).items():
        for text in (str(found), found.exploded, str(found).upper()):
            assert not is_public(text), way
            with pytest.raises(NotPublic):
                check_url(f"https://[{text}]/")


@given(addresses6(INSIDE6), st.sampled_from(("", "%eth0", "%1")))
def test_no_inner_address_of_ipv6_passes(address: IPv6Address, zone: str) -> None:
    assert not is_public(f"{address}{zone}")
    with pytest.raises(NotPublic):
        check_host(f"{address}{zone}")


@given(public4 | public6)
def test_every_public_address_passes(address: IPv4Address | IPv6Address) -> None:
    assert is_public(str(address))
    assert check_host(str(address)) == str(address)


@given(public4)
def test_what_reaches_the_world_from_a_network_without_ipv4_passes(address: IPv4Address) -> None:
    ways = wrapped(address, 0)
    assert is_public(str(ways["mapped"]))
    assert is_public(str(ways["NAT64"]))
    assert not is_public(f"{ways['NAT64']}%eth0")


@given(st.sampled_from(NAMES), st.booleans(), st.sampled_from(("", ".")))
def test_names_that_mean_something_inside_only(name: str, upper: bool, dot: str) -> None:
    with pytest.raises(NotPublic):
        check_host((name.upper() if upper else name) + dot)


@pytest.mark.parametrize(
    "url",
    [
        "https://u@8.8.8.8/",
        "https://u:p@a.example/",
        "https://evil.example@127.0.0.1/",
        "https://8.8.8.8\\@127.0.0.1/",
        "https://127.0.0.1\\.a.example/",
        "https:\\\\127.0.0.1/",
        "https:///v1",
        "https://",
        "https:127.0.0.1",
        "//a.example",
        "https://a.example:0/",
        "https://a.example:99999/",
        "https://a.example:x/",
        "https://[::1/",
        "https://%31%32%37.0.0.1/",
        "https://127.0.0.1%00.a.example/",
        "https://[fe80::1%25eth0]/",
        "https://a b.example/",
        "https://a..example/",
        "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
        "https://a.loc\u00adal/",
        "https://a.example\u2028/",
        "http://a.example/",
        "ftp://a.example/",
        "http+unix://%2Frun%2Fa.sock",
        "file:///etc/passwd",
        "",
    ],
)
def test_what_else_leads_nowhere(url: str) -> None:
    with pytest.raises(NotPublic):
        check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example",
        "HTTPS://A.Example.:8443/v1",
        "https://bücher.example/",
        "https://[2606:4700::1111]/x",
    ],
)
def test_urls_that_pass(url: str) -> None:
    assert check_url(url).hostname


async def test_a_name_is_looked_up_once_and_every_address_counts() -> None:
    asked: list[str] = []
    answers = [["93.184.216.34", "2606:4700::1111"], ["93.184.216.34", "127.0.0.1"], []]

    async def resolver(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return answers.pop(0)

    assert await checked_addresses("A.Example.", 443, resolver) == ["93.184.216.34", "2606:4700::1111"]
    for _ in range(2):
        with pytest.raises(NotPublic):
            await checked_addresses("a.example", 443, resolver)
    assert asked == ["a.example"] * 3


async def test_what_can_be_told_of_a_name_is_told_before_it_is_looked_up() -> None:
    async def resolver(_host: str, _port: int) -> Sequence[str]:
        raise AssertionError("nobody is asked")

    with pytest.raises(NotPublic):
        await checked_addresses("metadata.google.internal", 80, resolver)
