"""The official Anthropic library for Python, before providers of every family."""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import messages_drives
import pytest
from sdk_kit import Stand, driven, fakes_and_gateway

from support.providers.families import FAMILIES, Family
from support.providers.mind import KEY


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with fakes_and_gateway(tmp_path_factory.mktemp("messages")) as stand:
        yield stand


@pytest.fixture(scope="module")
def client(stand: Stand) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key=KEY, base_url=stand.compat, max_retries=0) as client:
        yield client


@pytest.mark.parametrize(("family", "drive"), driven(messages_drives.DRIVES))
def test_drive(client: anthropic.Anthropic, family: Family, drive: messages_drives.Drive) -> None:
    drive(client, family.name, family)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_abort(stand: Stand, client: anthropic.Anthropic, family: Family) -> None:
    messages_drives.abort(client, family.name, stand.fakes[family.slug])
