"""Official libraries for Node.js before providers of every family: OpenAI's, Anthropic's and the Vercel AI SDK.

One process a library runs all its scenarios for all families and prints what it saw; what that must be stands here.
Needs Node.js; where there is none, the tests are skipped, but never in CI.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest
from node_kit import FOLDER, installed
from sdk_kit import ANSWER, RESULTS, Stand, fakes_and_gateway

from support.providers.families import FAMILIES, Family
from support.providers.gemini import COUNTED_TOKENS
from support.providers.mind import CACHED_TOKENS, FRESH_TOKENS, KEY
from support.providers.responses import WIDTH, vector

SECONDS = 100
LIBRARIES = ("openai", "anthropic", "vercel")

SEEN = "I see image/png of 70 bytes"
TURNS = {"cities": ["Paris", "Zürich"], "told": f"The tool said: {RESULTS[0]}; {RESULTS[1]}."}
STREAMED = {"text": ANSWER, "many": True}
RESPONDED = {"status": "completed", "text": ANSWER}

# What each scenario says; of a refusal, the class, the status and a part of the message.
SAID: dict[str, dict[str, object]] = {
    "openai": {
        "whole": {"text": ANSWER, "reason": "stop", "prompt": FRESH_TOKENS + CACHED_TOKENS},
        "streamed": STREAMED,
        "tools": TURNS,
        "toolsStreamed": TURNS,
        "picture": SEEN,
        "parsed": "Ada",
        "refused": ("InternalServerError", 500, "You asked to fail: inner."),
        "limited": ("RateLimitError", 429, "You asked to fail: rate."),
        "broken": ("APIError", None, "The server broke."),
        "abort": True,
        "respondWhole": RESPONDED,
        "respondStreamed": RESPONDED,
        "respondTools": TURNS,
        "respondParsed": "Ada",
        "respondRefused": ("InternalServerError", 500, "You asked to fail: inner."),
        "embedded": [vector("Hello", WIDTH), vector("you", WIDTH)],
    },
    "anthropic": {
        "whole": {"text": ANSWER, "reason": "end_turn", "prompt": FRESH_TOKENS},
        "streamed": STREAMED,
        "tools": TURNS,
        "toolsStreamed": TURNS,
        "thinking": TURNS,
        "picture": SEEN,
        "refused": ("InternalServerError", 500, "You asked to fail: inner."),
        "limited": ("RateLimitError", 429, "You asked to fail: rate."),
        "broken": ("APIError", None, "The server broke."),
        "abort": True,
        "counted": COUNTED_TOKENS,
    },
    "vercel": {
        f"{provider}:{scenario}": said
        for provider in ("compatible", "openai", "anthropic")
        for scenario, said in {
            "whole": {"text": ANSWER, "reason": "stop"},
            "streamed": STREAMED,
            "tools": TURNS,
            "toolsStreamed": TURNS,
            "picture": SEEN,
            "parsed": "Ada",
            "refused": ("APICallError", 500, "You asked to fail: inner."),
            "broken": "The server broke.",
            "abort": True,
        }.items()
    },
}
Lines = dict[tuple[str, str], dict[str, object]]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with fakes_and_gateway(tmp_path_factory.mktemp("node")) as stand:
        yield stand


@pytest.fixture(scope="module", params=LIBRARIES)
def ran(request: pytest.FixtureRequest, stand: Stand) -> tuple[str, Lines]:
    """A library, and what it saw: a line for each family and scenario."""
    library: str = request.param
    program = FOLDER / f"{library}_drives.mjs"
    url = stand.gateway if library == "anthropic" else stand.compat  # as its users write it
    command = [installed(), str(program), url, KEY]
    told = json.dumps([_told(key, family) for key, family in FAMILIES.items()]).encode()
    done = subprocess.run(command, input=told, capture_output=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr.decode()
    lines = map(json.loads, done.stdout.splitlines())
    return library, {(line["family"], line["scenario"]): line for line in lines}


def _told(key: str, family: Family) -> dict[str, object]:
    """What a program has to know of a family."""
    return {
        "key": key,
        "name": family.name,
        "thinker": f"{family.slug}/{family.thinker}" if family.thinker else "",
        "budgets": family.slug != "anthropic",
        "embedder": f"{family.slug}/{family.embedder}" if family.embedder else "",
        "pictures": family.pictures,
        "schemas": family.schemas,
        "counts": family.counts,
    }


def _left_out(family: Family) -> set[str]:
    """Scenarios that are not for a family."""
    lacks = {
        "picture": family.pictures,
        "parsed": family.schemas,
        "respondParsed": family.schemas,
        "embedded": bool(family.embedder),
        "thinking": bool(family.thinker),
        "counted": family.counts,
    }
    return {name for name, has in lacks.items() if not has}


@pytest.mark.parametrize("key", FAMILIES)
def test_every_scenario(ran: tuple[str, Lines], key: str) -> None:
    library, lines = ran
    wrong = {}
    for scenario, wanted in SAID[library].items():
        line = lines.get((key, scenario), {})
        if scenario.rpartition(":")[2] in _left_out(FAMILIES[key]):
            assert not line, scenario
        elif "said" not in line or not _is(line["said"], wanted):
            wrong[scenario] = line
    assert wrong == {}


def _is(said: object, wanted: object) -> bool:
    if not isinstance(wanted, tuple):
        return said == wanted
    name, status, message = wanted
    return (
        isinstance(said, dict)
        and (said["name"], said["status"]) == (name, status)
        and message in said["message"]
    )


def test_who_leaves_is_noticed(ran: tuple[str, Lines], stand: Stand) -> None:
    """Each program left each family once by each of its ways."""
    library, _ = ran
    for family in FAMILIES.values():
        for scenario in SAID[library]:
            if scenario.endswith("abort"):
                assert stand.fakes[family.slug].was_left()
