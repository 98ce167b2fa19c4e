"""Every kind of mistake in `penstock.toml`, with the exact line and words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.settings import ConfigError, FileSettings, load
from penstock.settings.check import Problem
from penstock.settings.server import Limits
from penstock_common.check import dotted, findings, quote

GATEWAY = "[accounts.local.gateways.default]\n"
OF_GATEWAY = "accounts.local.gateways.default"


def complaint(tmp_path: Path, text: str) -> str:
    path = tmp_path / "penstock.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path, environ={}, overrides={})
    return str(caught.value).replace(str(path), "penstock.toml")


NO_PATH = (
    ", but not chat, embeddings, messages, models, responses, run, search or v1, with which paths of unified "
    "calls begin"
)

UNKNOWN_KEYS = [
    ("[server]\nprot = 1", '2: unknown key "prot" in [server]; did you mean "port"?'),
    ("\n[sever]\nport = 1", '2: unknown key "sever" at the top level; did you mean "server"?'),
    (
        "server.limits.max_body = 1",
        '1: unknown key "max_body" in [server.limits]; did you mean "max_body_bytes"?',
    ),
    (
        "[server]\ntimeouts = {conect = 1}",
        '2: unknown key "conect" in [server.timeouts]; did you mean "connect"?',
    ),
    (
        "[journal]\nqqq = 1",
        '2: unknown key "qqq" in [journal]; '
        "known keys: fsync_interval, segment_bytes, on_full, backlog_bytes",
    ),
    (GATEWAY + "cache_tll = 1", f'2: unknown key "cache_tll" in [{OF_GATEWAY}]; did you mean "cache_ttl"?'),
    (
        'admin_token = "hidden"',
        '1: unknown key "admin_token" at the top level; known keys: server, journal, cache, idempotency, '
        "breaker, pricing, log_push, retention, metrics, telemetry, providers, models, accounts",
    ),
    (
        '[[accounts.a.gateways.g.otel]]\nurl = "http://x"\nheaders = {}\nulr = 1',
        '4: unknown key "ulr" in [accounts.a.gateways.g.otel[0]]; did you mean "url"?',
    ),
]

WRONG_VALUES = [
    ("[server]\nport = 70000", "2: server.port: found 70000, allowed: a whole number from 0 to 65535"),
    ("[server]\nport = '80'", '2: server.port: found "80", allowed: a whole number from 0 to 65535'),
    ("[server]\nport = true", "2: server.port: found true, allowed: a whole number from 0 to 65535"),
    ("[server]\nport = 80.0", "2: server.port: found 80.0, allowed: a whole number from 0 to 65535"),
    (
        f"[server]\nport = 0x{'f' * 5000}",
        "2: server.port: found a number of more than 64 bits, allowed: a whole number from 0 to 65535",
    ),
    (
        "[server]\nport = [\n1,\n]",
        "2: server.port: found an array of 1, allowed: a whole number from 0 to 65535",
    ),
    ("[server]\nworkers = 0", "2: server.workers: found 0, allowed: a whole number from 1 to 256"),
    ("[server]\nworkers = {}", "2: server.workers: found a table, allowed: a whole number from 1 to 256"),
    ("[server]\nhost = 'a b'", '2: server.host: found "a b", allowed: an address or a host name'),
    ("[server]\ndata = ''", '2: server.data: found "", allowed: the path of a folder'),
    (
        "[server]\ndata = 07:32:00",
        "2: server.data: found a date or time, allowed: the path of a folder",
    ),
    ("server = 1", "1: server: found a number, allowed: a table"),
    (
        "[server.limits]\nmax_header_bytes = 0",
        "2: server.limits.max_header_bytes: found 0, allowed: a whole number from 1 to 1099511627776",
    ),
    (
        "[server.timeouts]\nheader = 0",
        "2: server.timeouts.header: found 0, allowed: a number above 0, up to 604800",
    ),
    (
        "[server.timeouts]\nidle = inf",
        "2: server.timeouts.idle: found inf, allowed: a number above 0, up to 604800",
    ),
    (
        "[server.timeouts]\ndrain = nan",
        "2: server.timeouts.drain: found nan, allowed: a number from 0 to 604800",
    ),
    (
        "[cache]\nmax_bytes = 0",
        "2: cache.max_bytes: found 0, allowed: a whole number from 1 to 1099511627776",
    ),
    ("[idempotency]\nttl = 59", "2: idempotency.ttl: found 59, allowed: a whole number from 60 to 2592000"),
    ("[breaker]\nerror_share = 1.5", "2: breaker.error_share: found 1.5, allowed: a number from 0 to 1"),
    ("[breaker]\nmin_calls = 0", "2: breaker.min_calls: found 0, allowed: a whole number from 1 to 1000000"),
    ("[breaker]\nopen = 0", "2: breaker.open: found 0, allowed: a number above 0, up to 604800"),
    (
        "[server]\nown_hosts = ['Gateway.lan']",
        '2: server.own_hosts[0]: found "Gateway.lan", '
        "allowed: a host in lower case, with its port if that is not the usual one",
    ),
    ("[journal]\non_full = 'stop'", '2: journal.on_full: found "stop", allowed: "count" or "refuse"'),
    (GATEWAY + "authentication = 1", f"2: {OF_GATEWAY}.authentication: found 1, allowed: true or false"),
    (
        GATEWAY + "cache_ttl = -1",
        f"2: {OF_GATEWAY}.cache_ttl: found -1, allowed: a whole number from 0 to 9007199254740991",
    ),
    (
        GATEWAY + "logpush_public_key = 'short'",
        f'2: {OF_GATEWAY}.logpush_public_key: found "short", allowed: a string of 16 to 1024 characters',
    ),
    (
        GATEWAY + "store_id = 1\nstripe = 1",
        f"2: {OF_GATEWAY}.store_id: found 1, allowed: a string\n"
        f"penstock.toml:3: {OF_GATEWAY}.stripe: found a number, allowed: a table",
    ),
    (
        GATEWAY + "guardrails = {prompt = {S14 = 'FLAG'}, response = {S1 = 'DROP'}}",
        f'2: [{OF_GATEWAY}.guardrails.prompt]: found the name "S14", allowed: '
        '"P1" or "S1" or "S10" or "S11" or "S12" or "S13" or "S2" or "S3" or "S4" or "S5" or "S6" or "S7"'
        ' or "S8" or "S9"\n'
        f'penstock.toml:2: {OF_GATEWAY}.guardrails.response.S1: found "DROP", allowed: "BLOCK" or "FLAG"',
    ),
    (
        GATEWAY
        + "[accounts.local.gateways.default.spend_limits]\nrules = ["
        + "{limit = 1, limitType = 'cost', window = 1}," * 21
        + "]",
        f"3: {OF_GATEWAY}.spend_limits.rules: found an array of 21, allowed: an array of at most 20",
    ),
    (GATEWAY + "otel = {}", f"2: {OF_GATEWAY}.otel: found a table, allowed: an array of at most 20"),
]

WRONG_NAMES = [
    (
        "[accounts.chat]",
        '1: [accounts]: found the name "chat", allowed: up to 64 letters, digits, _ and -' + NO_PATH,
    ),
    (
        "[accounts.a.gateways.v1]",
        '1: [accounts.a.gateways]: found the name "v1", '
        "allowed: up to 64 lower-case letters, digits, _ and single inner -" + NO_PATH,
    ),
    (
        "[accounts.'a b']",
        '1: [accounts]: found the name "a b", allowed: up to 64 letters, digits, _ and -' + NO_PATH,
    ),
    (
        f"[accounts.{'a' * 65}]",
        f'1: [accounts]: found the name "{"a" * 60}…", allowed: up to 64 letters, digits, _ and -' + NO_PATH,
    ),
    (
        "[accounts.a.gateways.a--b]",
        '1: [accounts.a.gateways]: found the name "a--b", '
        "allowed: up to 64 lower-case letters, digits, _ and single inner -" + NO_PATH,
    ),
    (
        '[accounts.a.gateways]\n"g\\n" = {}',
        '2: [accounts.a.gateways]: found the name "g\\n", '
        "allowed: up to 64 lower-case letters, digits, _ and single inner -" + NO_PATH,
    ),
    (
        "[providers.OpenAI]\nbase_url = 'http://x'",
        '1: [providers]: found the name "OpenAI", allowed: lower-case letters, digits and -',
    ),
]

MISFITS = [
    ("[providers.openai]", "1: providers.openai.base_url: is required"),
    (
        "[providers.aws-bedrock]\nbase_url = 'http://x'\nprofile = 'team'",
        '3: providers.aws-bedrock.profile: is for credentials = "environment"',
    ),
    (
        "[providers.aws-bedrock]\ncredentials = 'environment'\nheaders = {x = '1'}",
        "1: providers.aws-bedrock.base_url: is required for headers and token_url",
    ),
    (
        "[providers.aws-bedrock]\nbase_url = 'http://x'\ncredentials = 'environment'\nheaders = {Authorization = '1'}",
        '4: providers.aws-bedrock.headers: must not have a credential beside credentials = "environment"',
    ),
    (
        "[providers.aws-bedrock]\ncredentials = 'environment'\nregion = 'eu/west'",
        '3: providers.aws-bedrock.region: found "eu/west", allowed: such as eu-central-1',
    ),
    (
        "[providers.openai]\n\nbase_url = 'ftp://x'",
        "3: providers.openai.base_url: must begin with http://, https:// or http+unix://",
    ),
    (
        "[providers.openai]\nbase_url = 'http://x'\nheaders = {'x key' = '1'}",
        "3: providers.openai.headers: must be header names with values of one line",
    ),
    (
        GATEWAY + "dlp = {enabled = true}",
        f'2: {OF_GATEWAY}.dlp: allowed: either "policies", or "action" with "profiles"',
    ),
    (
        GATEWAY + "[[accounts.local.gateways.default.spend_limits.rules]]\n"
        "limit = 1\nlimitType = 'cost'\nwindow = 60\nmetadata.team = {mode = 'filter'}",
        f"6: {OF_GATEWAY}.spend_limits.rules[0].metadata.team: "
        '"values" goes with mode "filter", and only with it',
    ),
]


@pytest.mark.parametrize(("text", "words"), UNKNOWN_KEYS + WRONG_VALUES + WRONG_NAMES + MISFITS)
def test_mistake(tmp_path: Path, text: str, words: str) -> None:
    assert complaint(tmp_path, text) == "penstock.toml:" + words


def test_all_mistakes_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        "[journal]\nsegment_bytes = 0\nx = 1\n[server]\nport = -1\n[server.limits]\nmax_connections = 'y'\n"
    )
    told = complaint(tmp_path, text).splitlines()
    assert [int(line.split(":")[1]) for line in told] == [2, 3, 5, 7]


@pytest.mark.parametrize(
    "text",
    [
        "[providers.x]\nbase_url = 'http://me:hidden@host'",
        "[providers.x]\nbase_url = 'http://host/?key=hidden'",
        "[providers.x]\nbase_url = 'http://host'\nheaders = {authorization = \"hidden\\nhidden\"}",
        "[providers.x]\nbase_url = 'http://host'\nheaders = {authorization = ['hidden']}",
        "[providers.x]\nbase_url = 'http://host'\nheaders = 'hidden'",
        "admin_token = 'hidden'",
        GATEWAY + "otel = [{url = 'http://x', headers = 'hidden'}]",
        GATEWAY + "otel = [{url = 'http://x', headers = {a = ['hidden']}}]",
        GATEWAY + "otel = 'hidden'",
        GATEWAY + "stripe = 'hidden'",
        GATEWAY + "stripe = {authorization = 'hidden', usage_events = 'hidden'}",
        GATEWAY + "authentication = 'yes'\nstripe = {authorization = 'hidden', usage_events = []}",
        "a = 'hidden'\nb = \"hidden\nc = 1",
    ],
)
def test_what_could_be_a_secret_is_not_quoted(tmp_path: Path, text: str) -> None:
    assert "hidden" not in complaint(tmp_path, text)


def test_a_number_in_place_of_a_secret_is_not_quoted(tmp_path: Path) -> None:
    text = GATEWAY + "stripe = {authorization = 12345, usage_events = []}"
    assert complaint(tmp_path, text).endswith("authorization: found a number, allowed: a string")


def test_a_value_of_no_toml_kind_is_named_by_its_type() -> None:
    (finding,) = findings({"max_body_bytes": object()}, Limits)
    assert finding.reason == "max_body_bytes: found object, allowed: a whole number from 0 to 1099511627776"


def test_right_values_have_no_findings() -> None:
    assert list(findings({"server": {"port": 1, "timeouts": {"idle": 3}}}, FileSettings)) == []


def test_error_carries_the_first_problem_and_all() -> None:
    error = ConfigError(
        [Problem("a.toml", 3, "first"), Problem(None, None, "second"), Problem("b", None, "third")]
    )
    assert (error.path, error.line, error.reason) == ("a.toml", 3, "first")
    assert str(error) == "a.toml:3: first\nsecond\nb: third"
    assert len(error.problems) == 3


def test_dotted_quotes_what_toml_would() -> None:
    assert dotted(("a", "b c", 2, "d-e", "")) == 'a."b c"[2].d-e.""'


def test_quote_shows_controls_and_cuts() -> None:
    assert quote("é\x1b[31m\udc80") == '"é\\x1b[31m\\udc80"'
    assert quote("x" * 61) == '"' + "x" * 60 + '…"'


KEYS = st.sampled_from(
    ["limits", "port", "authentication", "otel", "url", "headers", "dlp", "enabled", "rules"]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(object())
DATA = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS | st.text(), inner), max_leaves=8
)


@settings(deadline=None)
@given(DATA)
def test_any_data_can_be_checked(value: object) -> None:
    for finding in findings({"accounts": {"a": {"gateways": {"g": value}}}, "server": value}, FileSettings):
        assert finding.reason
