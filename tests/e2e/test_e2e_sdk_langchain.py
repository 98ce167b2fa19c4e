"""LangChain before providers of every family: what it speaks like OpenAI, and what it speaks like Anthropic."""

from __future__ import annotations

from collections.abc import Iterator

import langchain_drives
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from sdk_kit import Stand, fakes_and_gateway

from support.providers.families import FAMILIES, Family
from support.providers.mind import KEY

SECONDS = 20.0


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with fakes_and_gateway(tmp_path_factory.mktemp("langchain")) as stand:
        yield stand


@pytest.fixture(autouse=True)
def untraced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine tells LangChain to report to."""
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    monkeypatch.setenv("LANGCHAIN_TRACING_V2", "false")


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Family:
    return FAMILIES[request.param]


@pytest.fixture(scope="module")
def of_openai(stand: Stand, family: Family) -> ChatOpenAI:
    return ChatOpenAI(
        model=family.name, base_url=stand.first_guess, api_key=SecretStr(KEY), max_retries=0, timeout=SECONDS
    )


@pytest.fixture(scope="module")
def of_anthropic(stand: Stand, family: Family) -> ChatAnthropic:
    return ChatAnthropic(
        model_name=family.name,
        base_url=stand.gateway,
        api_key=SecretStr(KEY),
        max_retries=0,
        timeout=SECONDS,
        stop=None,
        max_tokens_to_sample=4096,
    )


@pytest.mark.parametrize("drive", langchain_drives.DRIVES, ids=lambda drive: drive.__name__)
def test_openai(of_openai: ChatOpenAI, family: Family, drive: langchain_drives.Drive) -> None:
    drive(of_openai, family)


@pytest.mark.parametrize("drive", langchain_drives.DRIVES, ids=lambda drive: drive.__name__)
def test_anthropic(of_anthropic: ChatAnthropic, family: Family, drive: langchain_drives.Drive) -> None:
    drive(of_anthropic, family)
