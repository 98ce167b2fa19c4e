"""A request as a vendor of OpenAI's Chat dialect takes it, by the vendor's data and the model's rules.

Only what the vendor is known to have is written; what it has not is refused where the answer would mean something else,
else left out and told (dialects, B1, C 124). Messages, tools and reasoning have files of their own.
"""

from __future__ import annotations

from typing import Final

from penstock.wire.dialects.chat.content_writer import MOST_MARKS, ContentWriter, cache_control
from penstock.wire.dialects.chat.effort_writer import effort_asked, write_effort
from penstock.wire.dialects.chat.message_writer import MessageWriter
from penstock.wire.dialects.chat.tool_writer import ToolWriter
from penstock.wire.dialects.chat.vendors import Vendor, vendor_of
from penstock.wire.dialects.conversation import Conversation, Family, ToolResult
from penstock.wire.dialects.dialect import Sent, Target
from penstock.wire.dialects.extras import leave, tell_betas
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.dialects.loss import Dropped, Refused
from penstock.wire.dialects.openai_models import OpenAIRules, openai_rules
from penstock.wire.dialects.schemas import fits_strict
from penstock.wire.dialects.tool_names import OPENAI_NAME, ToolNames

_OPENAI_EXTRAS: Final = (
    "store",
    "safety_identifier",
    "prompt_cache_retention",
    "prompt_cache_options",
    "prediction",
    "modalities",
    "audio",
)
_TIERS: Final = {"standard_only": "default"}  # Anthropic's word, and OpenAI's
_NO_RULES: Final = OpenAIRules()
_MOST_TOP: Final = 20  # log-probabilities of rivals of a token
_UNNAMED: Final = "answer"  # a schema that has no name (dialects, B5)


def tool_names(asked: Conversation) -> ToolNames:
    """The names of the caller's tools, as vendors of this dialect take them, and the way back."""
    return ToolNames(OPENAI_NAME, (tool.name for tool in asked.tools))


def write_request(asked: Conversation, target: Target, dropped: Dropped) -> Sent:
    """Raises `Refused`."""
    vendor = vendor_of(target.provider)
    rules = openai_rules(target.model) if vendor.family is Family.OPENAI else None
    return Sent(body=_Writer(asked, target, vendor, rules or _NO_RULES, dropped).body())


class _Writer:
    """One request on its way."""

    def __init__(
        self, asked: Conversation, target: Target, vendor: Vendor, rules: OpenAIRules, dropped: Dropped
    ) -> None:
        self._asked = asked
        self._target = target
        self._vendor = vendor
        self._rules = rules
        self._dropped = dropped
        self._body: Object = {"model": target.model}

    def body(self) -> Object:
        asked = self._asked
        names = tool_names(asked)
        self._body["messages"] = self._messages(names)
        ToolWriter(asked, self._vendor, names, self._dropped).write(self._target.model, self._body)
        self._stream()
        self._limits()
        self._sampling()
        self._format()
        write_effort(asked, self._target.model, self._vendor, self._rules, self._body, self._dropped)
        self._plain("verbosity", asked.verbosity)
        self._whose()
        self._extra()
        return self._body

    def _messages(self, names: ToolNames) -> list[Json]:
        vendor = self._vendor
        marks = vendor.marks == "cache_control" or (bool(vendor.marks) and self._rules.marks)
        skipped = max(0, _marks_in(self._asked) - MOST_MARKS)
        contents = ContentWriter(vendor, marks, skipped, self._dropped)
        speaker = "developer" if self._rules.reasons else "system"
        return MessageWriter(vendor, speaker, contents, names, self._dropped).messages(self._asked.messages)

    def _plain(self, name: str, value: Json, inner: str = "") -> bool:
        """A member that only tunes. Whether it was written."""
        if value is None or value == "" or value == {}:
            return False
        if name not in self._vendor.takes:
            self._dropped(self._asked.at(inner or name))
            return False
        self._body[name] = value
        return True

    def _stream(self) -> None:
        if not self._asked.stream:
            return
        self._body["stream"] = True
        if "stream_options" in self._vendor.takes:
            self._body["stream_options"] = {"include_usage": True}

    def _limits(self) -> None:
        asked = self._asked
        if self._plain("max_tokens", asked.max_tokens) and self._vendor.limit != "max_tokens":
            self._body[self._vendor.limit] = self._body.pop("max_tokens")
        if not asked.stop:
            return
        if not self._rules.stops or self._stopless:
            raise Refused(asked.at("stop"), f"the model {self._target.model} does not take stop sequences")
        self._plain("stop", list(asked.stop))

    @property
    def _stopless(self) -> bool:
        pattern = self._vendor.stopless
        return pattern is not None and pattern.match(self._target.model) is not None

    def _sampling(self) -> None:
        """What a reasoning model takes at its default only is left out, and told unless it is the default."""
        asked, sampling, rules = self._asked, self._asked.sampling, self._rules
        unreasoned = rules.sampled_unreasoned and effort_asked(asked.reasoning) == "none"
        sampled = rules.sampled or unreasoned
        self._sampled("temperature", sampling.temperature, sampled, 1)
        self._sampled("top_p", sampling.top_p, sampled, 1)
        weighed = rules.sampled and not self._stopless
        self._sampled("frequency_penalty", sampling.frequency_penalty, weighed, 0)
        self._sampled("presence_penalty", sampling.presence_penalty, weighed, 0)
        self._sampled("logit_bias", sampling.logit_bias, rules.sampled, {})
        self._plain("top_k", sampling.top_k)
        if self._plain("seed", sampling.seed) and self._vendor.seed != "seed":
            self._body[self._vendor.seed] = self._body.pop("seed")
        if sampling.logprobs:
            if not sampled or "logprobs" not in self._vendor.takes:
                raise Refused(asked.at("logprobs"), "log-probabilities are not to be had here")
            self._body["logprobs"] = True
            if (sampling.top_logprobs or 0) > _MOST_TOP and self._vendor.family is Family.OPENAI:
                raise Refused(asked.at("top_logprobs"), f"OpenAI gives {_MOST_TOP} at most")
            if sampling.top_logprobs is not None:
                self._body["top_logprobs"] = sampling.top_logprobs
        if sampling.choices is not None and sampling.choices > 1:
            if "n" not in self._vendor.takes:
                raise Refused(asked.at("choices"), "this provider gives one answer only")
            self._body["n"] = sampling.choices

    def _sampled(self, name: str, value: Json, taken: bool, default: Json) -> None:
        if taken:
            self._plain(name, value)
        elif value is not None and value != default:
            self._dropped(self._asked.at(name))

    def _format(self) -> None:
        form = self._asked.format
        if form is None:
            return
        if form.kind == "json":
            if not self._vendor.objects:
                raise Refused(form.at, "this provider has answers by a schema only, no json_object")
            self._body["response_format"] = {"type": "json_object"}
            return
        if not self._vendor.schemas:
            raise Refused(form.at, "this provider has no answers by a schema, only json_object")
        inner: Object = {"name": form.name or _UNNAMED}
        if form.description:
            inner["description"] = form.description
        if form.schema is not None:
            inner["schema"] = form.schema
        if form.strict is not None:
            inner["strict"] = form.strict and (self._is_own_strict or fits_strict(form.schema or {}))
        self._body["response_format"] = {"type": "json_schema", "json_schema": inner}

    @property
    def _is_own_strict(self) -> bool:
        """Whether the caller said `strict` in OpenAI's meaning of it, and not a translation (dialects, C 132)."""
        return self._asked.family in (None, Family.OPENAI)

    def _whose(self) -> None:
        """Who asks, in which tier, and under which key of the cache."""
        asked = self._asked
        written = self._plain("user", asked.user)
        if written and asked.at("user") == "safety_identifier" and self._vendor.family is Family.OPENAI:
            self._body["safety_identifier"] = self._body.pop("user")
        self._plain("metadata", {**asked.metadata})
        self._tier()
        self._plain("prompt_cache_key", asked.cache_key, "cache_key")
        if asked.cache is not None:
            if self._vendor.marks == "cache_control":
                self._body["cache_control"] = cache_control(asked.cache)
            else:
                self._dropped(asked.cache.at)

    def _tier(self) -> None:
        wanted, tiers = _TIERS.get(self._asked.service_tier, self._asked.service_tier), self._vendor.tiers
        if wanted and tiers and wanted not in tiers:
            self._dropped(self._asked.at("service_tier"))
        else:
            self._plain("service_tier", tiers.get(wanted, wanted))

    def _extra(self) -> None:
        """A caller of this dialect may know more of the vendor than is known here; others' members are not its."""
        asked = self._asked
        taken = tuple(asked.extra) if asked.family is None else ()
        if asked.family is Family.OPENAI and self._vendor.family is Family.OPENAI:
            taken = _OPENAI_EXTRAS
        leave(asked, self._dropped, taken)
        tell_betas(asked, self._dropped)
        for name in taken:
            if name in asked.extra:
                self._body.setdefault(name, asked.extra[name])


def _marks_in(asked: Conversation) -> int:
    """How many cache marks stand in messages, where they can be written."""
    return (asked.cache is not None) + sum(
        not isinstance(part, ToolResult) and getattr(part, "cache", None) is not None
        for message in asked.messages
        for part in message.parts
    )
