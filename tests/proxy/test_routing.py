"""From a path to a route: the gateway named or its default, the provider, and what a world remembers.

Any bytes may come as a path: they have a route or a refusal, and the same one each time.
"""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import GatewayError
from penstock.providers.registry import Registry
from penstock.proxy.call import Gateway, Route
from penstock.proxy.routing import Compat, Universal, World

BASES = {"openai": "http://127.0.0.1:9/base", "custom-mine": "http://127.0.0.1:9/mine/v1"}
GW = Gateway("acct", "gw")
DEFAULT = Gateway("acct", "default")
LONELY = Gateway("lonely", "gw")


def world() -> World:
    """Two gateways of one account, one of another that has no default."""
    return World(
        {("acct", "gw"): GW, ("acct", "default"): DEFAULT, ("lonely", "gw"): LONELY}, Registry(BASES)
    )


def no_header(name: str) -> str | None:
    """A request without headers."""
    return None


def code(path: bytes) -> int:
    """The code with which a path is refused."""
    with pytest.raises(GatewayError) as caught:
        world().route(path, no_header)
    return caught.value.fault.code


@pytest.mark.parametrize(
    ("path", "gateway", "tail", "upstream"),
    [
        (b"/v1/acct/gw/openai/models", GW, "models", b"/base/v1/models"),
        (b"/v1/acct/gw/openai/v1/models", GW, "v1/models", b"/base/v1/models"),
        (b"/v1/acct/openai/models", DEFAULT, "models", b"/base/v1/models"),
        (b"/v1/acct/default/openai/models", DEFAULT, "models", b"/base/v1/models"),
        (b"/v1/acct/gw/openai", GW, "", b"/base/v1"),
        (b"/v1/acct/gw/openai/", GW, "", b"/base/v1"),
        (b"/v1/acct/gw/custom-mine/a%2Fb//c", GW, "a%2Fb//c", b"/mine/v1/a%2Fb//c"),
    ],
)
def test_routes(path: bytes, gateway: Gateway, tail: str, upstream: bytes) -> None:
    route = world().route(path, no_header)
    assert isinstance(route, Route)
    assert (route.gateway, route.tail, route.path) == (gateway, tail, upstream)
    assert route.origin == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/v1/", 2001),
        (b"/v1/nobody", 2001),
        (b"/v1/nobody/", 2001),
        (b"/v1/acct/other/openai/x", 2001),
        (b"/v1/nobody/gw/openai/x", 2001),
        (b"/v1/lonely/openai/x", 2001),
        (b"/v1/acct/gw//openai", 9404),
        (b"/v1/acct/gw/nobody/x", 2008),
        (b"/v1/acct/gw/OPENAI/x", 2008),
        (b"/v1/acct/gw/custom-other/x", 2008),
        (b"/v1/acct/gw/openai/../x", 9400),
        (b"/v1/acct/gw/openai/\xc3\xa4", 9400),
    ],
)
def test_refusals(path: bytes, expected: int) -> None:
    assert code(path) == expected


@pytest.mark.parametrize(
    ("path", "gateway"),
    [
        (b"/v1/acct/gw/nobody/x", GW),
        (b"/v1/acct/openai/../x", DEFAULT),
        (b"/v1/acct/compat/x", DEFAULT),
        (b"/v1/acct/other/x", None),
        (b"/v1/acct", DEFAULT),
        (b"/v1/acct/", DEFAULT),
        (b"/v1/nobody", None),
        (b"/v1/\xff/\xff/x", None),
    ],
)
def test_the_gateway_of_a_call_that_leads_nowhere(path: bytes, gateway: Gateway | None) -> None:
    place = world().nowhere(path, no_header)
    assert (None if place is None else place.gateway) is gateway


@pytest.mark.parametrize("path", [b"/v1/acct", b"/v1/acct/", b"/v1/acct/default", b"/v1/acct/default/"])
def test_a_gateway_that_is_left_out_is_the_default_one(path: bytes) -> None:
    place = world().route(path, no_header)
    assert isinstance(place, Universal)
    assert place.gateway is DEFAULT


def test_compat() -> None:
    for path, gateway in (
        (b"/v1/acct/gw/compat/chat/completions", GW),
        (b"/v1/acct/compat/chat/completions", DEFAULT),
    ):
        route = world().route(path, no_header)
        assert isinstance(route, Compat)
        assert (route.gateway, route.tail) == (gateway, "chat/completions")


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("openai/gpt-4", ("openai", "gpt-4")),
        ("openai/a/b:c", ("openai", "a/b:c")),
        ("custom-mine/x", ("custom-mine", "x")),
        ("gpt-4", 2019),
        ("", 2019),
        ("/", 2019),
        ("openai/", 2019),
        ("/gpt-4", 2019),
        ("nobody/x", 2008),
        ("OpenAI/x", 2008),
        ("openai\n/x", 2008),
        ("../openai/x", 2008),
        ("ä" * 1000 + "/x", 2008),
    ],
)
def test_models(model: str, expected: tuple[str, str] | int) -> None:
    if isinstance(expected, int):
        with pytest.raises(GatewayError) as caught:
            world().named(GW, model)
        assert caught.value.fault.code == expected
        assert len(caught.value.body()) < 1500
    else:
        provider, name = world().named(GW, model)
        assert (provider.slug, name) == expected


def outcome(here: World, path: bytes) -> Route | Compat | Universal | int:
    """The route of a path, or the code with which it is refused."""
    try:
        return here.route(path, no_header)
    except GatewayError as error:
        return error.fault.code


@given(st.binary(max_size=60).map(lambda rest: b"/v1/" + rest))
def test_any_path_has_a_route_or_is_refused_and_always_the_same(path: bytes) -> None:
    here = world()
    first = outcome(here, path)
    assert outcome(here, path) == first == outcome(world(), path)
    assert isinstance(first, int) or first.gateway in (GW, DEFAULT, LONELY)


def test_invented_paths_do_not_fill_the_memory() -> None:
    """Neither by their number nor by their length; anybody can invent paths."""
    here = world()
    tracemalloc.start()
    for number in range(100):
        here.route(b"/v1/acct/gw/openai/%d/" % number + b"a" * 50_000, no_header)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1_000_000


def test_paths_invented_for_one_gateway_are_forgotten_and_not_those_of_others() -> None:
    here = world()
    others = [b"/v1/lonely/gw/openai/v1/models", b"/v1/acct/default/openai/v1/models"]
    known = [here.route(path, no_header) for path in others]
    tracemalloc.start()
    for number in range(30_000):
        here.route(b"/v1/acct/gw/openai/%d/" % number + b"a" * 200, no_header)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 8_000_000
    assert all(here.route(path, no_header) is route for path, route in zip(others, known, strict=True))
    again = b"/v1/acct/gw/openai/v1/models"
    assert here.route(again, no_header) is here.route(again, no_header)
