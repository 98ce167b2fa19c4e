"""Checking answers against the public schemas in `contract/`.

What lives here: which schema holds for which answer, and the check itself. What must not: making requests.
"""

import json
import re
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

_ROOT = "urn:contract"
_ALIASES = {
    "/v1/chat/completions": "/v1beta/chat/completions",
    "/chat/completions": "/v1beta/chat/completions",
    "/v1beta/tasks/runs": "/v1/tasks/runs",
}
Json = dict[str, object]


class Contract:
    """The schemas and which endpoint answers with which."""

    def __init__(self, document: Json) -> None:
        schemas, endpoints = document["schemas"], document["endpoints"]
        assert isinstance(schemas, dict)
        assert isinstance(endpoints, dict)
        # A whole completion carries `message` where the document declares the `delta` of a chunk.
        schemas["WholeChoice"] = {**schemas["Choice"], "required": ["message", "index"]}
        schemas["ChatCompletion"]["properties"]["choices"]["items"] = {"$ref": "#/schemas/WholeChoice"}
        resource = DRAFT202012.create_resource({"schemas": schemas})
        self._registry = Registry().with_resource(_ROOT, resource)
        self._endpoints = [
            (method, re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), answers)
            for key, answers in endpoints.items()
            for method, _, path in [key.partition(" ")]
        ]

    def check(self, method: str, path: str, status: int, kind: str, body: bytes) -> None:
        """Assert that a body is what the endpoint may answer with that status."""
        if status == 204:
            assert body == b""
        elif kind == "text/event-stream":
            schema = self._declared(method, path)[str(status)][kind]
            for data in frames(body):
                if data != "[DONE]":
                    self.conforms(json.loads(data), schema)
        else:
            self._check_json(method, path, status, json.loads(body))

    def conforms(self, instance: object, schema: Json) -> None:
        """Assert that an instance matches a schema of the contract."""
        text = json.dumps(schema).replace('"#/', f'"{_ROOT}#/')
        Draft202012Validator(json.loads(text), registry=self._registry).validate(instance)

    def _check_json(self, method: str, path: str, status: int, instance: object) -> None:
        if status == 401:
            assert isinstance(instance, dict)
            assert instance.get("code") == 16
            assert instance.get("message")
            return
        declared = self._declared(method, path).get(str(status), {}).get("application/json")
        self.conforms(instance, declared or {"$ref": "#/schemas/ErrorResponse"})

    def _declared(self, method: str, path: str) -> dict[str, dict[str, Json]]:
        path = _ALIASES.get(path, path)
        for verb, pattern, answers in self._endpoints:
            if verb == method and pattern.fullmatch(path):
                return dict(answers)
        return {}


@cache
def contract() -> Contract:
    """The contract, read once from all files of its folder."""
    endpoints: dict[str, Json] = {}
    schemas: Json = {}
    for path in sorted((Path(__file__).parent / "contract").glob("*.json")):
        part = json.loads(path.read_text())
        schemas.update(part["schemas"])
        for endpoint, answers in part["endpoints"].items():
            endpoints.setdefault(endpoint, {}).update(answers)
    return Contract({"endpoints": endpoints, "schemas": schemas})


def frames(body: bytes) -> list[str]:
    """The data of every event; asserts that the stream is one the SDKs can read."""
    found = []
    for block in body.decode().split("\n\n"):
        lines = block.splitlines()
        assert not [line for line in lines if line.startswith("id:")]
        data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
        names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
        assert len(data) == (1 if lines else 0)
        if names:
            assert json.loads(data[0])["type"] == names[0]
        found.extend(data)
    return found
