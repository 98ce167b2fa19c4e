"""Where a question of the terminal goes: an engine in this process over a folder, or one that runs elsewhere.

Both are spoken to by HTTP, so that what is shown is what programs get. Nothing of options and printing here.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec

from parallel_local.app import create_app
from parallel_local.embeddings.settings import EmbeddingError, EmbeddingSettings
from parallel_local.engine import Engine
from parallel_local.model_server.settings import ModelSettings

_HERE = "http://127.0.0.1"
_SECONDS = 120.0
_LONGEST_REASON = 500


class CannotAsk(Exception):
    """The engine cannot be reached, or refuses; the message says why."""


class Place(msgspec.Struct, frozen=True):
    """A folder of documents with where its index is kept, and the models for it; or the URL of an engine."""

    docs: Path
    data: Path
    url: str | None = None
    api_key: str = "local"
    model: ModelSettings | None = None
    embeddings: EmbeddingSettings | None = None


@asynccontextmanager
async def _client(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"x-api-key": place.api_key}
    if place.url is not None:
        # An engine is a neighbour: no proxy stands in between.
        async with httpx.AsyncClient(
            base_url=place.url, headers=headers, timeout=_SECONDS, trust_env=False
        ) as client:
            yield client
        return
    try:
        app = create_app(place.docs, place.data, model=place.model, embeddings=place.embeddings)
    except EmbeddingError as error:
        raise CannotAsk(str(error)) from error
    engine: Engine = app.state.engine
    try:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(base_url=_HERE, headers=headers, transport=transport) as client:
            yield client
    finally:
        if engine.model is not None:
            await engine.model.aclose()
        engine.close()


async def told(place: Place, path: str, body: object) -> bytes:
    """What the engine answers. Raises `CannotAsk`."""
    if place.url is not None and urlsplit(place.url).scheme not in ("http", "https"):
        raise CannotAsk(f"{place.url} is not the URL of an engine: it has to begin with http:// or https://")
    try:
        async with _client(place) as client:
            answer = await client.post(path, content=msgspec.json.encode(body))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise CannotAsk(f"{place.url or place.docs} cannot be asked: {reason}") from error
    if not answer.is_success:
        raise CannotAsk(f"refused with status {answer.status_code}: {answer.text[:_LONGEST_REASON]}")
    return answer.content
