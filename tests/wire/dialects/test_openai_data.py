"""What OpenAI's models take, and what stands in `data:` URLs."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.dialects.conversation import Data, Url
from penstock.wire.dialects.data_urls import data_url, read_data_url, read_place, text_of
from penstock.wire.dialects.loss import Refused
from penstock.wire.dialects.openai_models import openai_rules


@pytest.mark.parametrize(
    ("model", "reasons", "stops", "efforts"),
    [
        ("gpt-4o-mini", False, True, ()),
        ("ft:gpt-4.1-mini:team::abc", False, True, ()),
        ("chatgpt-4o-latest", False, True, ()),
        ("gpt-5-chat-latest", False, True, ()),
        ("o1-preview", True, False, ("low", "medium", "high")),
        ("openai/o4-mini-2025-04-16", True, False, ("low", "medium", "high")),
        ("gpt-5-nano", True, False, ("minimal", "low", "medium", "high")),
        ("gpt-5.1-codex", True, False, ("none", "low", "medium", "high")),
        ("gpt-5.1-codex-max", True, False, ("none", "low", "medium", "high", "xhigh")),
        ("gpt-5.2", True, False, ("none", "low", "medium", "high", "xhigh")),
        ("gpt-5.6-mini", True, False, ()),
        ("gpt-5.20", True, False, ()),
        ("gpt-6", True, False, ()),
    ],
)
def test_rules_go_by_the_name(model: str, reasons: bool, stops: bool, efforts: tuple[str, ...]) -> None:
    rules = openai_rules(model)
    assert rules is not None
    assert (rules.reasons, rules.stops, rules.efforts) == (reasons, stops, efforts)


@pytest.mark.parametrize("model", ["my-deployment", "llama-3", "olmo-2", "octo", "o", "mygpt-4"])
def test_other_names_have_no_rules(model: str) -> None:
    assert openai_rules(model) is None


@given(
    st.binary(max_size=40),
    st.sampled_from(["image/png", "TEXT/Plain", ""]),
    st.sampled_from(["", ";charset=utf-8"]),
)
def test_what_a_data_url_holds_comes_out_of_it(data: bytes, media_type: str, more: str) -> None:
    coded = base64.b64encode(data).decode()
    found = read_data_url(f"data:{media_type}{more};base64,{coded}", "at")
    assert found == Data(media_type.lower(), coded)
    assert read_data_url(data_url(found), "at") == found
    assert read_data_url(f"DATA:{media_type}{more};base64,{quote(coded)}\n", "at") == found
    plain = read_data_url(f"data:{media_type}{more},{quote(data)}", "at")
    assert base64.b64decode(plain.base64) == data


def test_other_places_are_urls_and_a_text_is_one_by_its_type() -> None:
    assert read_place("https://a", "at") == Url("https://a")
    assert text_of(Data("text/plain", "YQ==")) == "a"
    assert text_of(Data("text/plain", "/w==")) is None
    assert text_of(Data("application/pdf", "YQ==")) is None


@pytest.mark.parametrize(
    "url", ["", "data:image/png;base64", "data:image/png;base64,a", "data:image/png;base64,ä"]
)
def test_what_cannot_be_read_is_refused_with_its_place(url: str) -> None:
    with pytest.raises(Refused) as refused:
        read_place(url, "messages[0]")
    assert refused.value.path == "messages[0]"
