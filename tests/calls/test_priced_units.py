"""Work that is not counted in tokens: characters, pictures and seconds have their prices, or none that is known."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from priced_calls import row

from penstock.calls.costing import cost_again
from penstock.calls.derive import derive
from penstock.journal.record import Outcome
from penstock.pricing.units import to_nano
from penstock.stores.ledger import Derived
from support.journal_kit import record
from support.listed_prices import Listed

LISTED = Listed()
Json = dict[str, Any]
MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x90"
JSON, SOUND = "application/json", "audio/mpeg"
FORM = "multipart/form-data; boundary=B"


def form(**fields: str) -> bytes:
    parts = [
        f'--B\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    file = '--B\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nRIFF\r\n--B--\r\n'
    return ("".join(parts) + file).encode()


def told(
    provider: str,
    path: str,
    request: Json | bytes,
    answer: Json | bytes,
    method: str = "POST",
    **changes: object,
) -> Derived:
    asked = request if isinstance(request, bytes) else json.dumps(request).encode()
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    kind = SOUND if isinstance(answer, bytes) else JSON
    form_or_not = FORM if asked.startswith(b"--B") else JSON
    made = record(provider=provider, path=path, method=method, request_type=form_or_not, response_type=kind)
    return derive(msgspec.structs.replace(made, **changes), asked, body, LISTED)


def usd(text: str | None) -> int | None:
    return None if text is None else to_nano(text)


TEXT = "Grüße, 世界!! " * 100  # 1200 characters, however many bytes


@pytest.mark.parametrize(
    ("provider", "path", "request_", "price"),
    [
        ("openai", "v1/audio/speech", {"model": "tts-1", "input": TEXT}, "0.018"),
        ("openai", "v1/audio/speech", {"model": "tts-1-hd", "input": TEXT, "voice": "alloy"}, "0.036"),
        ("openai", "audio/speech", {"model": "tts-1-1106", "input": TEXT}, None),
        ("azure-openai", "res/tts-1/audio/speech", {"model": "tts-1", "input": TEXT}, "0.018"),
        ("groq", "openai/v1/audio/speech", {"model": "canopylabs/orpheus-v1-english", "input": TEXT}, "0.0264"),
        ("openai", "v1/audio/speech", {"model": "gpt-4o-mini-tts", "input": TEXT}, None),
        ("elevenlabs", "v1/text-to-speech/v", {"model_id": "eleven_v3", "text": TEXT}, None),
        ("openai", "v1/audio/speech", {"model": "tts-1"}, None),
        ("openai", "v1/audio/speech", {"model": "tts-1", "input": 7}, None),
    ],
)  # fmt: skip
def test_speech_is_priced_by_its_characters(
    provider: str, path: str, request_: Json, price: str | None
) -> None:
    derived = told(provider, path, request_, MP3)
    assert derived.cost_nano == usd(price)
    assert derived.tokens_in is None
    said, text = json.loads(derived.usage or "{}"), request_.get("input", request_.get("text"))
    assert said == ({"input_characters": 1200} if text == TEXT else {})


DRAWN = {"created": 1, "data": [{"url": "https://x"}]}


@pytest.mark.parametrize(
    ("request_", "price"),
    [
        ({"model": "dall-e-3", "prompt": "x"}, "0.04"),
        ({"model": "dall-e-3", "prompt": "x", "size": "1792x1024"}, "0.08"),
        ({"model": "dall-e-3", "prompt": "x", "quality": "hd"}, "0.08"),
        ({"model": "dall-e-3", "prompt": "x", "quality": "hd", "size": "1024x1792", "n": 1}, "0.12"),
        ({"model": "dall-e-2", "prompt": "x", "n": 3, "size": "256x256"}, "0.048"),
        ({"model": "dall-e-2", "prompt": "x", "n": None}, "0.02"),
        ({"model": "dall-e-2", "prompt": "x", "size": "1792x1024"}, None),
        ({"model": "dall-e-3", "prompt": "x", "quality": "auto"}, None),
        ({"model": "dall-e-3", "prompt": "x", "n": "many"}, None),
        ({"model": "dall-e-4", "prompt": "x"}, None),
        ({"prompt": "x"}, None),
    ],
)
def test_pictures_are_priced_by_quality_and_size(request_: Json, price: str | None) -> None:
    assert told("openai", "v1/images/generations", request_, DRAWN).cost_nano == usd(price)


def test_pictures_that_are_counted_in_tokens_are_not_counted_twice() -> None:
    usage = {"input_tokens": 10, "output_tokens": 100, "total_tokens": 110}
    request = {"model": "gpt-image-1", "prompt": "x", "quality": "high", "size": "1024x1024"}
    derived = told("openai", "v1/images/generations", request, {**DRAWN, "usage": usage})
    assert json.loads(derived.usage or "") == usage
    assert told("openai", "v1/images/generations", request, DRAWN).cost_nano is None


def test_variations_are_asked_for_by_a_form() -> None:
    asked = form(model="dall-e-2", n="2", size="512x512")
    assert told("openai", "v1/images/variations", asked, DRAWN).cost_nano == usd("0.036")


@pytest.mark.parametrize("found", [1, 3])
def test_googles_pictures_are_those_that_came(found: int) -> None:
    answer = {"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": "x"}] * found}
    request = {"instances": [{"prompt": "x"}], "parameters": {"sampleCount": 4}}
    path = "v1beta/models/imagen-4.0-generate-001:predict"
    assert told("google-ai-studio", path, request, answer).cost_nano == found * to_nano("0.04")
    vertex = "v1/projects/p/locations/l/publishers/google/models/imagen-4.0-ultra-generate-001:predict"
    assert told("google-vertex-ai", vertex, request, answer).cost_nano == found * to_nano("0.06")


@pytest.mark.parametrize(
    ("provider", "path", "model", "answer", "price", "seconds"),
    [
        ("openai", "v1/audio/transcriptions", "whisper-1",
         {"text": "x", "usage": {"type": "duration", "seconds": 60}}, "0.006", 60),
        ("openai", "v1/audio/transcriptions", "whisper-1",
         {"task": "transcribe", "language": "en", "duration": 8.47, "text": "x", "segments": []}, "0.0008", 8),
        ("openai", "v1/audio/translations", "whisper-1",
         {"task": "translate", "duration": 59.5, "text": "x"}, "0.006", 60),
        ("azure-openai", "res/whisper/audio/transcriptions", "whisper-1", {"duration": 60.0, "text": "x"}, "0.006", 60),
        ("groq", "openai/v1/audio/transcriptions", "whisper-large-v3",
         {"task": "transcribe", "duration": 3600.0, "text": "x"}, "0.111", 3600),
        ("groq", "openai/v1/audio/transcriptions", "whisper-large-v3-turbo",
         {"task": "transcribe", "duration": 2.5, "text": "x"}, "0.000111111", 3),
        ("openai", "v1/audio/transcriptions", "whisper-1", {"text": "x"}, None, None),
        ("openai", "v1/audio/transcriptions", "whisper-1", {"text": "x", "duration": -1}, None, None),
        ("deepgram", "v1/listen?model=nova-3", "", {"metadata": {"duration": 25.9, "channels": 2}, "results": {}},
         None, 52),
        ("elevenlabs", "v1/speech-to-text", "", {"text": "x", "audio_duration_secs": 12.2}, None, 12),
    ],
)  # fmt: skip
def test_what_is_heard_is_priced_by_its_seconds(
    provider: str, path: str, model: str, answer: Json, price: str | None, seconds: int | None
) -> None:
    derived = told(provider, path, form(model=model) if model else b"RIFF", answer)
    assert derived.cost_nano == usd(price)
    assert json.loads(derived.usage or "{}").get("input_audio_seconds") == seconds


def test_a_duration_of_something_else_is_none() -> None:
    for answer in ({"duration": 5}, {"data": {"duration": 5}, "text": None}, {"metadata": {"duration": 5}}):
        assert told("openai", "v1/audio/transcriptions", form(model="whisper-1"), answer).usage is None


VIDEO = {"id": "video_1", "object": "video", "model": "sora-2", "seconds": "8", "size": "720x1280"}


@pytest.mark.parametrize(
    ("changes", "price"),
    [
        ({}, "0.8"),
        ({"model": "sora-2-pro", "size": "1792x1024"}, "4"),
        ({"model": "sora-2-2025-12-08", "seconds": 4}, "0.4"),
        ({"size": "9x9"}, None),
        ({"model": "sora-9"}, None),
        ({"seconds": "long"}, "0"),
        ({"status": "failed"}, "0"),
        ({"status": "in_progress"}, "0"),
    ],
)
def test_a_video_costs_what_its_seconds_do_when_it_is_there(changes: Json, price: str | None) -> None:
    answer = {**VIDEO, "status": "completed", **changes}
    assert told("openai", "v1/videos/video_1", b"", answer, "GET").cost_nano == usd(price)
    assert told("openai", "v1/videos", {"model": "sora-2"}, {**VIDEO, "status": "queued"}).cost_nano is None


def test_only_work_that_was_done_is_priced() -> None:
    request = {"model": "tts-1", "input": TEXT}
    changes: list[dict[str, Any]] = [{"status": 500}]
    changes += [{"outcome": int(outcome)} for outcome in (Outcome.ABANDONED, Outcome.PROVIDER_FAILED)]
    for one in changes:
        derived = told("openai", "v1/audio/speech", request, MP3, **one)
        assert (derived.cost_nano, derived.usage) == (None, None)
    assert told("openai", "v1/audio/speech", request, MP3, cached=True).cost_nano == 0


def test_of_half_a_request_nobody_knows() -> None:
    cut = told("openai", "v1/audio/speech", b'{"model":"tts-1","input":"Half', MP3, request_cut=True)
    assert (cut.cost_nano, cut.usage) == (None, None)


def test_it_can_be_priced_again() -> None:
    derived = told("openai", "v1/images/generations", {"model": "dall-e-3", "quality": "hd"}, DRAWN)
    kept = row(
        operation=derived.operation, path="v1/images/generations", model=derived.model, cost_nano=1,
        usage_metadata=msgspec.json.decode(derived.usage or ""), tokens_in=None, tokens_out=None,
    )  # fmt: skip
    assert cost_again(kept, None, LISTED).nano == usd("0.08")
