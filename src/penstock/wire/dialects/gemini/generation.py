"""`generationConfig`: how the answer is made, and how it is to look (dialects, B2, B5)."""

from __future__ import annotations

from typing import Final

from penstock.wire.dialects.conversation import Conversation, Family, OutputFormat
from penstock.wire.dialects.gemini.modalities import modalities
from penstock.wire.dialects.gemini.schema_subset import in_subset
from penstock.wire.dialects.gemini.thinking import thinking_config
from penstock.wire.dialects.gemini_models import GeminiRules
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.schemas import Loss, sound

_MOST_STOPS: Final = 5
_MOST_CHOICES: Final = 8
_MOST_LOGPROBS: Final = 20
_LEAST_SEED, _MOST_SEED = -(2**31), 2**31 - 1


def generation_config(asked: Conversation, rules: GeminiRules, dropped: Dropped) -> Object:
    """Only what the caller asked for. Raises `Refused`."""
    sampling = asked.sampling
    said: Object = {
        "maxOutputTokens": asked.max_tokens,
        "temperature": sampling.temperature,
        "topP": sampling.top_p,
        "topK": sampling.top_k,
        "seed": _seed(asked, dropped),
        "frequencyPenalty": sampling.frequency_penalty,
        "presencePenalty": sampling.presence_penalty,
        "candidateCount": _choices(asked),
    }
    config: Object = {name: value for name, value in said.items() if value is not None}
    if asked.stop:
        config["stopSequences"] = _stops(asked)
    if sampling.logit_bias:
        dropped(asked.at("logit_bias"))
    _logprobs(config, asked)
    if asked.format is not None:
        _format(config, asked.format, asked, rules, dropped)
    config |= modalities(asked)
    if thinking := thinking_config(asked, rules, dropped):
        config["thinkingConfig"] = thinking
    return config


def _seed(asked: Conversation, dropped: Dropped) -> int | None:
    seed = asked.sampling.seed
    if seed is not None and not _LEAST_SEED <= seed <= _MOST_SEED:
        dropped(asked.at("seed"))
        return None
    return seed


def _choices(asked: Conversation) -> int | None:
    choices = asked.sampling.choices
    if choices is not None and choices > _MOST_CHOICES:
        raise Refused(asked.at("choices"), f"Gemini gives {_MOST_CHOICES} answers at most")
    return choices


def _stops(asked: Conversation) -> list[Json]:
    if len(asked.stop) > _MOST_STOPS:
        raise Refused(asked.at("stop"), f"Gemini takes {_MOST_STOPS} stop sequences at most")
    return list(asked.stop)


def _logprobs(config: Object, asked: Conversation) -> None:
    wanted, top = asked.sampling.logprobs, asked.sampling.top_logprobs
    if top is not None and top > _MOST_LOGPROBS:
        raise Refused(asked.at("top_logprobs"), f"Gemini gives {_MOST_LOGPROBS} at most")
    if wanted or (wanted is None and top is not None):
        config["responseLogprobs"] = True
        if top:
            config["logprobs"] = top


def _format(
    config: Object, wanted: OutputFormat, asked: Conversation, rules: GeminiRules, dropped: Dropped
) -> None:
    config["responseMimeType"] = "application/json"
    place = f"{wanted.at}.json_schema" if asked.family is None else wanted.at
    if wanted.description:
        dropped(f"{place}.description")
    if wanted.strict and asked.family is not Family.ANTHROPIC:  # who has no such member
        dropped(f"{place}.strict")
    if wanted.schema is None:
        return
    at, loss = f"{place}.schema", Loss(dropped, strict=bool(wanted.strict))
    if rules.json_schema:
        config["responseJsonSchema"] = sound(wanted.schema, at, loss)
    else:
        config["responseSchema"] = in_subset(wanted.schema, at, loss)
