"""Answers on the wire: JSON of a structure, errors in the contract's shapes, and server-sent events."""

from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from parallel_local.clock import Clock
from parallel_local.errors import ApiError, Shape

Handler = Callable[[Request, Exception], Awaitable[Response]]


def json_answer(body: object, status: int = 200) -> Response:
    """A structure as JSON."""
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def error_body(error: ApiError, ref_id: str) -> dict[str, object]:
    """The body of an error in its shape (Parallel 1.7)."""
    if error.shape is Shape.EDGE:
        return {"code": 16, "message": error.message}
    if error.shape is Shape.VALIDATION and error.problems:
        return {"detail": [msgspec.to_builtins(problem) for problem in error.problems]}
    if error.shape is Shape.OPENAI:
        named = {"param": None, "code": None, **(error.detail or {})}
        return {"error": {"message": error.message, "type": "invalid_request_error", **named}}
    return {"type": "error", "error": {"ref_id": ref_id, "message": error.message, "detail": error.detail}}


def event_stream(frames: AsyncIterator[bytes]) -> Response:
    """A stream of frames; nothing between here and the reader should hold them back."""
    headers = {"cache-control": "no-cache", "x-accel-buffering": "no"}
    return _EventStream(frames, media_type="text/event-stream", headers=headers)


class _EventStream(StreamingResponse):
    """Who asks for the head alone has it at once, however long the stream would be."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "HEAD":
            await super().__call__(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": b""})


def frame(type_: str, body: bytes) -> bytes:
    """One event: its type and one line of JSON. There is never an `id:` line (Parallel 4.1)."""
    return b"event: " + type_.encode() + b"\ndata: " + body + b"\n\n"


def struct_frame(event: msgspec.Struct) -> bytes:
    """An event whose structure carries its type as its tag."""
    return frame(str(event.__struct_config__.tag), msgspec.json.encode(event))


class ErrorAnswers:
    """Exception handlers of the application."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def handlers(self) -> dict[object, Handler]:
        """What to register with the application."""
        return {
            ApiError: self.api_error,
            ClientDisconnect: self.nobody,
            404: self.not_served,
            405: self.wrong_method,
            500: self.internal,
        }

    async def nobody(self, _request: Request, _error: Exception) -> Response:
        """The caller has left: nothing went wrong here, and nobody reads this."""
        return json_answer(error_body(ApiError(499, "the caller has left"), self._clock.new_hex()), 499)

    async def api_error(self, _request: Request, error: Exception) -> Response:
        """A refusal that an endpoint decided on."""
        if not isinstance(error, ApiError):
            error = ApiError(500, "internal error")
        return json_answer(error_body(error, self._clock.new_hex()), error.status)

    async def not_served(self, request: Request, _error: Exception) -> Response:
        """404 for a path that is not served, naming those that are."""
        message = f"{request.url.path[:200]} is not served by this engine"
        paths = sorted({route.path for route in _routes(request)})
        error = ApiError(404, message, detail={"served": ", ".join(paths)})
        return json_answer(error_body(error, self._clock.new_hex()), 404)

    async def wrong_method(self, request: Request, _error: Exception) -> Response:
        """405 for a path that is served with other methods, naming them."""
        allowed = ", ".join(_methods(request))
        message = f"{request.method} is not served on {request.url.path[:200]}; use {allowed}"
        error = ApiError(405, message, detail={"allowed": allowed})
        answer = json_answer(error_body(error, self._clock.new_hex()), 405)
        answer.headers["allow"] = allowed
        return answer

    async def internal(self, _request: Request, _error: Exception) -> Response:
        """500 for anything unforeseen; the server logs the cause."""
        error = ApiError(500, "internal error")
        return json_answer(error_body(error, self._clock.new_hex()), 500)


def _methods(request: Request) -> list[str]:
    """What the path of a request is served with; one path may have several routes."""
    here = [route for route in _routes(request) if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for route in here for method in route.methods or ()})


def _routes(request: Request) -> list[Route]:
    return [route for route in request.app.routes if isinstance(route, Route)]
