"""What a model does, told by its name: for providers whose paths name a model and nothing else.

A guess by the words that model names are made of, for logs and sums; nobody's price or limit goes by it. The words of
tasks are those of model catalogues (`text-to-image`), so that a provider's rows can say what kind of work each is.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from penstock.providers.operation import Kind

TASKS = {
    "text-embeddings": Kind.EMBEDDINGS,
    "rerank": Kind.RERANK,
    "speech-to-text": Kind.TRANSCRIPTION,
    "text-to-speech": Kind.SPEECH,
    "text-to-audio": Kind.AUDIO_EDIT,
    "text-to-video": Kind.VIDEO,
    "image-to-image": Kind.IMAGE_EDIT,
    "text-to-image": Kind.IMAGE,
    "image-to-text": Kind.IMAGE_READ,
    "translation": Kind.TRANSLATION,
    "classification": Kind.CLASSIFY,
    "text-generation": Kind.CHAT,
}
"""Tasks, and the kind of work each is."""

# The first that fits counts, so what says most stands first: an image model's `-edit` before the image model.
_WORDS = {
    "rerank": r"rerank",
    "text-embeddings": r"embed|/bge-|\be5-|minilm|\bgte-",
    "speech-to-text": r"whisper|wizper|speech-to-text|speech-recognition|\bstt\b|transcri|deepgram/(nova|flux)",
    "text-to-speech": r"text-to-speech|\btts\b|melotts|/aura-|\bkokoro\b|voice-clon|/speech-",
    "text-to-video": r"video|\bveo\d|/sora\b|/kling|/wan\b|seedance|pixverse|hailuo|/luma-dream",
    "text-to-audio": r"audio|music|sound",
    "image-to-text": r"image-to-text|caption|\bllava|\buform|resnet|\bocr\b|/moondream|any-llm/vision",
    "image-to-image": r"image-to-image|img2img|inpaint|outpaint|upscal|\besrgan|\bedit\b|background|face-swap",
    "text-to-image": r"text-to-image|\bflux\b|stable-diffusion|\bsdxl|dreamshaper|/lucid-|/phoenix-|\bimagen\d?\b",
    "translation": r"translat|/m2m100|/indictrans|/nllb|/opus-mt",
    "classification": r"distilbert|bart-large|classif|summari",
    "text-generation": r"llama|mistral|mixtral|gemma|qwen|deepseek|gpt-|/phi-|hermes|granite|any-llm|/kimi|/glm-",
}
_BY_WORDS = [(task, re.compile(words, re.IGNORECASE)) for task, words in _WORDS.items()]
_LONGEST: Final = 512  # characters of a path whose answer is remembered


def task_of(path: str) -> str | None:
    """The task of the model that a path names; None where its name does not tell."""
    return _remembered(path) if len(path) <= _LONGEST else _task_of(path)


@lru_cache(maxsize=1024)
def _remembered(path: str) -> str | None:
    """Of the models in use, which are few: the patterns are a dozen, and each looks at the whole name."""
    return _task_of(path)


def _task_of(path: str) -> str | None:
    named = "/" + "/".join(part for part in unquote(path).split("/") if part)
    return next((task for task, words in _BY_WORDS if words.search(named)), None)
