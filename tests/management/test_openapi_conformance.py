"""The OpenAPI document and the API say the same: requests made of the document get answers that fit it.

Requests are invented, good and bad ones, by a fixed seed. What each endpoint means is tested elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from management_kit import ADMIN, ENVIRON, GATEWAYS, PLAIN
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.applications import Starlette
from starlette.testclient import TestClient

from penstock.management.api import ENDPOINTS
from penstock.management.application import management_routes
from penstock.management.resources import Resources, SharedClock
from penstock.proxy.room import Room
from penstock.settings import load
from support.configuration import gateways
from support.gateway import prepare

AUTHORIZED = {"authorization": f"Bearer {ADMIN}"}
KNOWN = {"account_id": "acct", "gateway_id": "g"}
CHECKED: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FEW = settings(
    max_examples=3,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Subject:
    """The API in this process, and its document as schemathesis reads it."""

    def __init__(self, app: Starlette) -> None:
        self.client = TestClient(app)
        self.schema = schemathesis.openapi.from_asgi("/client/v4/openapi.json", app)

    def gateway(self) -> None:
        """There is `acct/g`, also after it was removed."""
        self.client.post(f"/client/v4{GATEWAYS}", json={"id": "g", **PLAIN}, headers=AUTHORIZED)

    def try_(self, name: str, mode: GenerationMode) -> None:
        """Sends a few invented requests."""
        operation = self.schema.find_operation_by_id(name)
        self.gateway()

        @FEW
        @given(case=operation.as_strategy(generation_mode=mode))
        def run(case: Case[Any]) -> None:
            case.path_parameters = {**(case.path_parameters or {}), **_known(case.path_parameters)}
            case.call_and_validate(headers=dict(AUTHORIZED), checks=CHECKED)

        run()


def _known(names: Mapping[str, Any] | None) -> dict[str, str]:
    return {name: value for name, value in KNOWN.items() if name in (names or {})}


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    folder = tmp_path_factory.mktemp("openapi")
    overrides = {"server.data": str(folder / "data")}
    file = prepare(folder, gateways(account="filed", gw={}))
    found = load(file, environ=ENVIRON, overrides=overrides)
    resources = Resources(lambda: found, SharedClock(), ENVIRON)
    return Subject(Starlette(routes=management_routes(ENDPOINTS, resources, Room(2**26, resources.clock))))


@pytest.mark.parametrize("name", [endpoint.name for endpoint in ENDPOINTS])
def test_answers_fit_the_document(subject: Subject, name: str) -> None:
    subject.try_(name, GenerationMode.POSITIVE)
    subject.try_(name, GenerationMode.NEGATIVE)
