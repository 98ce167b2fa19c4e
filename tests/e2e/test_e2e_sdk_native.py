"""Official libraries that speak their own provider's dialect alone, through that provider's own surface here."""

from __future__ import annotations

from collections.abc import Iterator

import bedrock_drives
import google_drives
import pytest
from google import genai
from sdk_kit import Stand, fakes_and_gateway

from support.providers.mind import KEY


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with fakes_and_gateway(tmp_path_factory.mktemp("native")) as stand:
        yield stand


@pytest.fixture(scope="module")
def google(stand: Stand) -> Iterator[genai.Client]:
    url = f"{stand.gateway}/v1/acct/gw/google-ai-studio"
    with google_drives.google(url, KEY) as client:
        yield client


@pytest.fixture(scope="module")
def bedrock(stand: Stand) -> Iterator[bedrock_drives.Bedrock]:
    url = f"{stand.gateway}/v1/acct/gw/aws-bedrock/bedrock-runtime/us-east-1"
    with bedrock_drives.bedrock(url) as client:
        yield client


@pytest.mark.parametrize("drive", google_drives.DRIVES, ids=lambda drive: drive.__name__)
def test_google(google: genai.Client, drive: google_drives.Drive) -> None:
    drive(google)


def test_google_is_left(stand: Stand, google: genai.Client) -> None:
    google_drives.abort(google, stand.fakes["google-ai-studio"])


@pytest.mark.parametrize("drive", bedrock_drives.DRIVES, ids=lambda drive: drive.__name__)
def test_bedrock(bedrock: bedrock_drives.Bedrock, drive: bedrock_drives.Drive) -> None:
    drive(bedrock)
