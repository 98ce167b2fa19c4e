"""The fakes are of true shape: official libraries are served by them as by the providers themselves.

Cohere has no library here (its own pulls in tokenizers and model hubs), so that its fake goes by the reference alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import bedrock_drives
import chat_drives
import google_drives
import messages_drives
import openai
import pytest
import responses_drives
from google import genai
from sdk_kit import Stand, fakes_alone

from support.providers.families import FAMILIES
from support.providers.mind import KEY

OPENAI, ANTHROPIC = FAMILIES["openai"], FAMILIES["anthropic"]


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with fakes_alone() as stand:
        yield stand


@pytest.fixture(scope="module")
def of_openai(stand: Stand) -> Iterator[openai.OpenAI]:
    url = f"{stand.fakes['openai'].url}/v1"
    with openai.OpenAI(api_key=KEY, base_url=url, max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def of_anthropic(stand: Stand) -> Iterator[anthropic.Anthropic]:
    url = stand.fakes["anthropic"].url
    with anthropic.Anthropic(api_key=KEY, base_url=url, max_retries=0) as client:
        yield client


@pytest.mark.parametrize("drive", chat_drives.DRIVES, ids=lambda drive: drive.__name__)
def test_chat(of_openai: openai.OpenAI, drive: chat_drives.Drive) -> None:
    drive(of_openai, OPENAI.model, OPENAI)


@pytest.mark.parametrize("drive", responses_drives.DRIVES, ids=lambda drive: drive.__name__)
def test_responses(of_openai: openai.OpenAI, drive: chat_drives.Drive) -> None:
    drive(of_openai, OPENAI.model, OPENAI)


def test_embeddings(of_openai: openai.OpenAI) -> None:
    responses_drives.embeddings(of_openai, OPENAI.embedder, OPENAI)


@pytest.mark.parametrize("drive", messages_drives.DRIVES, ids=lambda drive: drive.__name__)
def test_messages(of_anthropic: anthropic.Anthropic, drive: messages_drives.Drive) -> None:
    drive(of_anthropic, ANTHROPIC.model, ANTHROPIC)


def test_aborts(stand: Stand, of_openai: openai.OpenAI, of_anthropic: anthropic.Anthropic) -> None:
    chat_drives.abort(of_openai, OPENAI.model, stand.fakes["openai"])
    responses_drives.abort(of_openai, OPENAI.model, stand.fakes["openai"])
    messages_drives.abort(of_anthropic, ANTHROPIC.model, stand.fakes["anthropic"])


@pytest.fixture(scope="module")
def of_google(stand: Stand) -> Iterator[genai.Client]:
    with google_drives.google(stand.fakes["google-ai-studio"].url, KEY) as client:
        yield client


@pytest.mark.parametrize("drive", google_drives.DRIVES, ids=lambda drive: drive.__name__)
def test_google(of_google: genai.Client, drive: google_drives.Drive) -> None:
    drive(of_google)


@pytest.fixture(scope="module")
def of_amazon(stand: Stand) -> Iterator[bedrock_drives.Bedrock]:
    with bedrock_drives.bedrock(stand.fakes["aws-bedrock"].url) as client:
        yield client


@pytest.mark.parametrize("drive", bedrock_drives.DRIVES, ids=lambda drive: drive.__name__)
def test_bedrock(of_amazon: bedrock_drives.Bedrock, drive: bedrock_drives.Drive) -> None:
    drive(of_amazon)
