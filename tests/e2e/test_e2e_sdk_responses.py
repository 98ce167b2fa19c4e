"""The official OpenAI library for Python on Responses and Embeddings, before providers of every family."""

from __future__ import annotations

from collections.abc import Iterator

import chat_drives
import openai
import pytest
import responses_drives
from sdk_kit import Stand, driven, fakes_and_gateway

from support.providers.families import FAMILIES, Family
from support.providers.mind import KEY


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with fakes_and_gateway(tmp_path_factory.mktemp("responses")) as stand:
        yield stand


@pytest.fixture(scope="module")
def client(stand: Stand) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=KEY, base_url=stand.compat, max_retries=0) as client:
        yield client


@pytest.mark.parametrize(("family", "drive"), driven(responses_drives.DRIVES))
def test_drive(client: openai.OpenAI, family: Family, drive: chat_drives.Drive) -> None:
    drive(client, family.name, family)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_abort(stand: Stand, client: openai.OpenAI, family: Family) -> None:
    responses_drives.abort(client, family.name, stand.fakes[family.slug])


@pytest.mark.parametrize(
    "family", [family for family in FAMILIES.values() if family.embedder], ids=lambda family: family.slug
)
def test_embeddings(client: openai.OpenAI, family: Family) -> None:
    responses_drives.embeddings(client, f"{family.slug}/{family.embedder}", family)
