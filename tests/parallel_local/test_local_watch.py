"""The contract as a whole: every endpoint it names is served, and an answer that drifts from it is noticed."""

import json
import re
from pathlib import Path

import httpx
import pytest
from local_contract import contract
from local_engine import engine
from local_watch import Watched
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

CONTRACT = Path(__file__).parent / "contract"
WARNING = {"type": "warning", "message": "m"}
FOUND: dict[str, object] = {"search_id": "search_1", "session_id": "s", "results": [], "warnings": [WARNING]}


def endpoints() -> list[str]:
    files = [json.loads(path.read_text()) for path in sorted(CONTRACT.glob("*.json"))]
    return sorted({endpoint for file in files for endpoint in file["endpoints"]})


@pytest.mark.parametrize("endpoint", endpoints())
async def test_every_endpoint_is_served(tmp_path: Path, endpoint: str) -> None:
    """What nobody knows may be unknown; the path and its method are not."""
    method, _, path = endpoint.partition(" ")
    path = re.sub(r"\{(\w+)\}", lambda match: f"{match[1]}_1", path)
    async with engine(tmp_path, workers=0) as call:
        answer = await call.client.request(method, path, json=None if method == "GET" else {})
    assert answer.status_code != 405
    assert "is not served" not in answer.text


async def broken(answer: Response, path: str = "/v1/search", method: str = "POST") -> list[str]:
    """What is noticed of an answer to a request."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(scope, receive, send)

    watched = Watched(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(watched), base_url="http://e") as client:
        await client.request(method, path)
    return watched.broken


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 200),
        ({**FOUND, "results": [{}]}, 200),
        ({**FOUND, "results": [{"url": "https://a.example", "excerpts": "no list"}]}, 200),
        ({**FOUND, "warnings": [{"type": "warning"}]}, 200),
        ({"detail": [{"loc": ["body"], "msg": "m", "type": "t"}]}, 422),  # the shape of other endpoints
        ({"error": {"message": "m"}}, 500),
        ({"message": "no code"}, 401),
    ],
)
async def test_drift_is_noticed(body: object, status: int) -> None:
    (told,) = await broken(JSONResponse(body, status))
    assert told.startswith(f"POST /v1/search {status}")


async def test_what_the_contract_has_is_let_pass() -> None:
    error = {"type": "error", "error": {"ref_id": "1", "message": "m", "detail": None}}
    assert await broken(JSONResponse(FOUND)) == []
    assert await broken(JSONResponse(error, 422)) == []
    assert await broken(JSONResponse({"code": 16, "message": "m"}, 401)) == []


async def test_an_endpoint_that_is_nowhere_may_only_refuse() -> None:
    assert await broken(JSONResponse({"ok": True}), "/v1/unheard-of") != []
    assert await broken(Response("plain"), "/v1/search") != []


async def test_events_are_looked_at_one_by_one() -> None:
    async def frames(last: str) -> Response:
        async def pieces() -> object:
            yield b'event: task_run.state\ndata: {"type": "task_run.state", '
            yield f'"event_id": null, "run": {last}}}\n\n'.encode()

        return StreamingResponse(pieces(), media_type="text/event-stream")  # type: ignore[arg-type]

    run = json.dumps(
        {
            "run_id": "trun_1",
            "interaction_id": "trun_1",
            "status": "queued",
            "is_active": True,
            "processor": "lite",
            "created_at": None,
            "modified_at": None,
        }
    )
    path = "/v1/tasks/runs/trun_1/events"
    assert await broken(await frames(run), path, "GET") == []
    assert await broken(await frames("{}"), path, "GET") != []


def test_every_reference_of_the_contract_leads_somewhere() -> None:
    files = [json.loads(path.read_text()) for path in sorted(CONTRACT.glob("*.json"))]
    known = {name for file in files for name in file["schemas"]}
    named = set(re.findall(r'"#/schemas/(\w+)"', json.dumps(files)))
    assert named <= known
    assert contract() is contract()
