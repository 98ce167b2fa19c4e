"""`penstock logs` as people and programs use it: in a pipe, on a terminal, following."""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from penstock.cli.logs import logs
from penstock.journal.record import CallRecord
from penstock.stores.ledger import Derived, Move, NewCall
from penstock.stores.sqlite.ledger.writer import FILE_NAME, SqliteLedger

BASE = CallRecord(
    "id", "event", 1_760_000_000_000_000, "acc", "main", "openai", "POST", "chat/completions", 200, 0,
    1_234_567, 98_765, 100, 2048, False, False, True, "application/json", "application/json", "", "", "tests",
    0, False, True, None, "", {}, {}, "",
)  # fmt: skip
START = [sys.executable, "-c", "from penstock.cli.logs import logs; logs(prog_name='penstock logs')"]
ESCAPE = "\x1b["


def uuid(number: int) -> str:
    digits = f"{BASE.created_us // 1000 + number * 1000:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-{number:04x}cafecafe"


def add(
    data: Path,
    number: int,
    request: bytes = b"{}",
    response: bytes = b"{}",
    *,
    cost_nano: int | None = None,
    estimated: bool = False,
    keep: bool = True,
    **changes: object,
) -> None:
    """One more call in the ledger; or none, where it is not to be kept."""
    own = {"id": uuid(number), "event_id": uuid(number), "created_us": BASE.created_us + number * 1_000_000}
    call = msgspec.structs.replace(BASE, **{**own, **changes})
    operation = {"openai": "openai.chat.completions.create"}.get(call.provider, "unknown")
    derived = Derived(
        f"{call.provider}/model-{number}", "text generation", "chat", 10, 20, '{"input_tokens":10}',
        operation=operation, cost_nano=cost_nano, estimated=estimated,
    )  # fmt: skip
    with closing(SqliteLedger(data / FILE_NAME)) as ledger:
        start = ledger.positions().get("s", 0)
        ledger.append([NewCall(call, derived, request, response, keep)], Move("s", start, start + 1))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    add(tmp_path, 1)
    add(tmp_path, 2, provider="parallel", path="v1/search?q=" + "x" * 150, status=429, gateway="other")
    add(tmp_path, 3, status=502, outcome=2, error_code=2005, error_detail="it went away")
    add(tmp_path, 4, outcome=1)
    return tmp_path


def raw(data: Path, *arguments: str) -> Result:
    """What comes of it in a pipe."""
    environment = {"PENSTOCK_DATA": str(data), "COLUMNS": "80"}
    return CliRunner().invoke(logs, [*arguments], env=environment, prog_name="penstock logs")


def run(data: Path, *arguments: str, code: int = 0) -> str:
    """Standard output; with another exit code than 0, standard error."""
    done = raw(data, *arguments)
    assert done.exit_code == code, done.stderr
    return done.stderr if code else done.stdout


def rows(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def ids(text: str) -> list[str]:
    return [str(row["id"]) for row in rows(text)]


def test_in_a_pipe_it_is_plain_aligned_and_whole(data: Path) -> None:
    lines = run(data).splitlines()
    assert ESCAPE not in "".join(lines)
    assert lines[0].split() == [
        "TIME", "ID", "STATUS", "PROVIDER", "MODEL", "OPERATION", "COST", "DURATION", "TOKENS", "FIRST", "SIZE", "PATH",
    ]  # fmt: skip
    assert lines[1].split()[:2] == ["2025-10-09", "08:53:24Z"]
    assert lines[4].endswith(
        "chat.completions.create          -    1.23 s    10/20     99 ms    2.0 kB  POST chat/completions"
    )
    assert lines[3].endswith("POST v1/search?q=" + "x" * 150)
    assert len({line.index("POST") for line in lines[1:]} | {lines[0].index("PATH")}) == 1
    assert "200 abandoned" in lines[1]
    assert "502 provider broke" in lines[2]


def test_one_json_object_a_line_in_cloudflares_words(data: Path) -> None:
    found = rows(run(data, "--json", "--limit", "1"))
    assert len(found) == 1
    assert found[0] | {"user_agent": ""} == {
        "id": uuid(4), "created_at": "2025-10-09T08:53:24.000Z", "event_id": uuid(4), "provider": "openai",
        "model": "openai/model-4", "model_type": "text generation", "request_type": "chat",
        "path": "chat/completions", "method": "POST", "account": "acc", "gateway": "main",
        "request_content_type": "application/json", "response_content_type": "application/json",
        "status_code": 200, "success": False, "outcome": "abandoned", "cached": False, "duration": 1235,
        "timings": {"total": 1234.567, "latency": 98.765}, "tokens_in": 10, "tokens_out": 20,
        "usage_metadata": {"input_tokens": 10}, "cost": None, "custom_cost": False, "price_source": None,
        "byok": False, "wholesale": False, "attempts": 0, "token": None, "user": None, "team": None,
        "metadata": {}, "step": 0, "feedback": None,
        "score": None, "user_agent": "", "authentication": True, "compatibilityMode": False,
        "request_size": 100, "response_size": 2048, "error_code": None, "error_detail": None,
        "operation": "openai.chat.completions.create", "answered_model": None,
        "provider_error": None,
        "estimated": False,
        "location": None, "guardrails": None, "prompts": None, "dlp_action": None, "dlp_profiles": None,
        "request_head": "", "response_head": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        ([], [4, 3, 2, 1]),
        (["--limit", "2"], [4, 3]),
        (["--provider", "parallel"], [2]),
        (["--provider", "parallel", "--provider", "openai"], [4, 3, 2, 1]),
        (["--gateway", "other"], [2]),
        (["--status", "200"], [4, 1]),
        (["--status", "4xx"], [2]),
        (["--status", "4XX", "--status", "502"], [3, 2]),
        (["--status", "error"], [4, 3, 2]),
        (["--model", "openai/model-1"], [1]),
        (["--operation", "unknown"], [2]),
        (["--operation", "openai.chat.completions.create", "--status", "502"], [3]),
        (["--operation", "unknown", "--operation", "openai.chat.completions.create"], [4, 3, 2, 1]),
        (["--model", "model-1", "--model", "model-2"], [2, 1]),
        (["--since", "2025-10-09T08:53:23Z"], [4, 3]),
        (["--until", "2025-10-09T08:53:23"], [2, 1]),
        (["--since", "2025-10-09", "--until", "2025-10-10"], [4, 3, 2, 1]),
        (["--since", "2025-10-10"], []),
        (["--account", "acc", "--gateway", "main"], [4, 3, 1]),
        (["--search", "v1/SEARCH"], [2]),
        (["--duration", ">2s"], []),
        (["--duration", "<2s", "--duration", ">1s", "--status", "429"], [2]),
        (["--tokens", "30"], [4, 3, 2, 1]),
        (["--cached", "no", "--cost", ">0"], []),
        (["--token", "none", "--status", "502"], [3]),
    ],
)
def test_filters(data: Path, arguments: list[str], numbers: list[int]) -> None:
    assert ids(run(data, "--json", *arguments)) == [uuid(number) for number in numbers]


@pytest.mark.parametrize("status", ["abc", "6xx", "20", "2000", "xx4"])
def test_a_status_that_is_none(data: Path, status: str) -> None:
    assert "a class like 4xx" in run(data, "--status", status, code=2)


def test_no_ledger(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    said = f"no ledger in {nowhere} (by PENSTOCK_DATA): start `penstock serve --data {nowhere}` first"
    assert run(nowhere, code=1) == f"Error: {said}\n"
    assert "no ledger in" in run(tmp_path, "--follow", code=1)


def test_a_ledger_that_is_none(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 100)
    assert "cannot read the ledger" in run(tmp_path, code=1)


def test_the_data_directory_may_be_given_on_either_side(data: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    assert ids(run(elsewhere, "--json", "--data", str(data), "--limit", "1")) == [uuid(4)]
    assert uuid(1) in run(elsewhere, "--data", str(data), "show", uuid(1))
    assert uuid(1) in run(elsewhere, "show", uuid(1), "--data", str(data))
    assert rows(run(elsewhere, "--data", str(data), "--json", "show", uuid(1)))[0]["id"] == uuid(1)


def test_help_has_examples(data: Path) -> None:
    assert "penstock logs --follow --status error" in run(data, "--help")
    assert "penstock logs show" in run(data, "show", "--help")


def test_show_prints_the_head_and_pretty_bodies(data: Path) -> None:
    add(data, 5, b'{"a":[1,2]}', b'data: {"x":1}\r\n\r\ndata: [DONE]\n\n', response_type="text/event-stream")
    page = run(data, "show", uuid(5))
    assert page.startswith(f"id          {uuid(5)}\n")
    assert "tokens      input tokens 10\n" in page
    assert "cost        unknown\n" in page
    assert 'request (application/json, 100 B)\n{\n  "a": [\n    1,\n    2\n  ]\n}\n' in page
    assert 'response (text/event-stream, 2.0 kB)\ndata: {"x":1}\ndata: [DONE]\n' in page


def test_show_marks_what_was_cut_and_what_is_binary(data: Path) -> None:
    cut = "größe".encode()[:-2]
    add(
        data,
        5,
        cut[:3],
        b"\x89PNG\0\xff",
        request_cut=True,
        request_type="text/plain",
        response_type="image/png",
    )
    page = run(data, "show", uuid(5))
    assert "request (text/plain, 100 B, CUT: only its beginning was kept)\ngr\n" in page
    assert "response (image/png, 2.0 kB)\nbinary, 6 B kept\n" in page


def test_show_unpacks_and_says_when_there_is_nothing(data: Path) -> None:
    add(data, 5, b"", gzip.compress(b'{"b":1}'), response_encoding="gzip")
    page = run(data, "show", uuid(5))
    assert page.endswith('response (application/json, gzip, 2.0 kB)\n{\n  "b": 1\n}\n')
    assert "100 B)\nempty\n" in page
    add(data, 6, bodies=False)
    assert run(data, "show", uuid(6)).endswith("\nno bodies were kept\n")


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"[" * 900 + b"1," * 200_000 + b"1" + b"]" * 900, b'{"a":' * 5000 + b"1"]
)
def test_show_of_what_is_nested_deeply_is_no_longer_than_it_is(data: Path, body: bytes) -> None:
    add(data, 5, body)
    assert body.decode() in run(data, "show", uuid(5))


def test_show_as_json(data: Path) -> None:
    add(data, 5, b'{"a":1}', b"\x89PNG\0\xff", response_type="image/png", response_cut=True)
    (shown,) = rows(run(data, "show", uuid(5), "--json"))
    assert shown["id"] == uuid(5)
    assert (shown["request_head"], shown["request_head_complete"]) == ('{"a":1}', True)
    assert (shown["response_head"], shown["response_head_complete"]) == (None, False)


@pytest.mark.parametrize("part", [uuid(3)[-12:], uuid(3)[-8:], uuid(3)[:13], uuid(3).upper()])
def test_show_takes_a_part_of_an_id(data: Path, part: str) -> None:
    if part == uuid(3)[-8:]:
        assert "several calls fit" in run(data, "show", part, code=1)
    else:
        assert uuid(3) in run(data, "show", part)


def test_show_of_an_unknown_id(data: Path) -> None:
    assert "no call's id begins or ends with 'ffffffffffff'" in run(data, "show", "ffffffffffff", code=1)
    assert "give at least 8 characters" in run(data, "show", "cafe", code=1)


def test_what_others_wrote_cannot_drive_the_terminal(data: Path) -> None:
    evil = "\x1b]0;owned\x07\x9b31m\u202e"
    add(data, 5, evil.encode(), evil.encode(), path=evil, user_agent=evil, response_type="text/event-stream")
    for text in (run(data), run(data, "show", uuid(5))):
        assert not set(text) & set(evil) - set("]0;owned31m")
        assert "\\x1b]0;owned\\x07" in text


def on_a_terminal(data: Path, *arguments: str, stop_after: str = "", columns: int = 80) -> tuple[str, int]:
    """What it prints on a terminal of so many columns, and its exit code; Ctrl-C when `stop_after` was seen."""
    main, other = pty.openpty()
    environment = {
        **os.environ,
        "PENSTOCK_DATA": str(data),
        "TERM": "xterm-256color",
        "COLUMNS": str(columns),
    }
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen([*START, *arguments], stdin=other, stdout=other, stderr=other, env=environment)
    os.close(other)
    text = ""
    try:
        while select.select([main], [], [], 60)[0] and (piece := os.read(main, 65536)):
            text += piece.decode()
            if stop_after and stop_after in text:
                stop_after = ""
                process.send_signal(signal.SIGINT)
    except OSError:
        pass  # the other side is closed
    os.close(main)
    return text, process.wait(60)


def plain(text: str) -> list[str]:
    """The lines of a terminal, without their colours and what fills them up."""
    return [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in text.splitlines()]


def test_what_tells_calls_apart_is_told_on_any_terminal(data: Path) -> None:
    add(data, 5, path="v1/a/" + "b" * 200 + "/the-end")
    text, _ = on_a_terminal(data, columns=80)
    lines = plain(text)
    assert lines[0].split() == ["TIME", "STATUS", "MODEL", "OPERATION", "COST", "DURATION", "PATH"]
    assert max(map(len, lines)) <= 80
    assert lines[1].startswith("08:53:25Z  200")
    place = lines[0].index("PATH")
    assert lines[1][place:].startswith("v1/")
    assert lines[1].endswith("end")  # of what is cut, both ends are told
    assert "broke" in lines[3]
    assert {line[place - 1 : place + 1].strip() for line in lines[1:]} == {"v", "c"}


def test_wider_terminals_tell_more(data: Path) -> None:
    middle = plain(on_a_terminal(data, columns=120)[0])
    assert middle[0].split() == [
        "TIME", "ID", "STATUS", "PROVIDER", "MODEL", "OPERATION", "COST", "DURATION", "PATH",
    ]  # fmt: skip
    assert max(map(len, middle)) <= 120
    assert "create" in middle[1]
    assert "SIZE" not in middle[0]
    wide = plain(on_a_terminal(data, columns=200)[0])
    assert wide[0].split()[-3:] == ["FIRST", "SIZE", "PATH"]
    assert wide[1].startswith("2025-10-09 08:53:24Z")


def test_what_each_call_has_cost(tmp_path: Path) -> None:
    add(tmp_path, 1, cost_nano=1_250_000)
    add(tmp_path, 2, cost_nano=12_345_678_900)
    add(tmp_path, 3, cost_nano=0)
    add(tmp_path, 4, cost_nano=250_000_000, estimated=True)
    add(tmp_path, 5)
    found = [line[line.index("create") + 6 :].split()[0] for line in run(tmp_path).splitlines()[1:]]
    assert found == ["-", "~$0.250000", "$0.00", "$12.35", "$0.001250"]


def test_by_whom_and_by_metadata(data: Path) -> None:
    add(data, 5, token="tok1", user="ann", team="maps", metadata={"project": "atlas", "n": 7})
    add(data, 6, token="tok2", user="bob", team="maps", metadata={"project": "globe"})
    for arguments, numbers in (
        (["--user", "ann"], [5]),
        (["--user", "ann", "--user", "bob"], [6, 5]),
        (["--team", "maps"], [6, 5]),
        (["--token", "tok2"], [6]),
        (["--metadata", "project=atlas"], [5]),
        (["--metadata", "project=atlas", "--metadata", "project=globe"], [6, 5]),
        (["--metadata", "project=atlas", "--metadata", "n=7"], [5]),
    ):
        assert ids(run(data, "--json", *arguments)) == [uuid(number) for number in numbers]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--provider", "opnai"], "no call has the provider 'opnai'; did you mean openai?"),
        (["--operation", "openai.chat.completion.create"], "did you mean openai.chat.completions.create?"),
        (["--model", "mdel-3"], "did you mean model-3?"),
        (["--gateway", "mian"], "did you mean main?"),
        (["--account", "ac", "--status", "200"], "did you mean acc?"),
    ],
)
def test_a_mistyped_name_is_an_error(data: Path, arguments: list[str], said: str) -> None:
    assert said in run(data, *arguments, code=1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--provider", "zzz"], "no call has the provider 'zzz'; there are openai, parallel"),
        (["--provider", "parallel", "--status", "200"], "no call is so"),
        (["--since", "2025-10-10"], "no call is so"),
    ],
)
def test_no_call_at_all_is_said_beside_the_result(data: Path, arguments: list[str], said: str) -> None:
    done = raw(data, *arguments)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", f"{said}\n")


def test_an_empty_ledger_says_so(tmp_path: Path) -> None:
    add(tmp_path, 1, keep=False)
    done = raw(tmp_path, "--provider", "openai")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "no calls yet\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--since", "yesterday"],
        ["--since", "1d", "--since", "2d"],
        ["--user", " "],
        ["--metadata", "project"],
        ["--cost", "much"],
        ["--cost", ">2s"],
    ],
)
def test_what_cannot_be_meant(data: Path, arguments: list[str]) -> None:
    assert f"Invalid value for {arguments[0]}" in run(data, *arguments, code=2)


def test_on_a_terminal_it_has_colour_and_keeps_to_the_width(data: Path) -> None:
    text, code = on_a_terminal(data)
    assert code == 0
    assert f"{ESCAPE}32m200" in text
    assert f"{ESCAPE}33m429" in text
    assert f"{ESCAPE}31m502" in text
    assert len(text.splitlines()) == 5


def test_ctrl_c_ends_following_without_a_word(data: Path) -> None:
    text, code = on_a_terminal(data, "--follow", stop_after="abandoned")
    assert code == 0
    assert "Aborted" not in text
    assert "Traceback" not in text


def test_who_follows_may_wait_for_the_first_of_its_kind(data: Path) -> None:
    text, code = on_a_terminal(data, "--follow", "--provider", "opnai", stop_after="PATH")
    assert code == 0
    assert "did you mean openai?" in text


def test_following_prints_calls_as_they_come_and_only_those_asked_for(data: Path) -> None:
    environment = {**os.environ, "PENSTOCK_DATA": str(data)}
    arguments = [*START, "--follow", "--json", "--provider", "openai", "--limit", "2"]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    seen = [json.loads(process.stdout.readline())["id"] for _ in range(2)]
    add(data, 5)
    add(data, 6, provider="parallel")
    add(data, 0)  # began before all others and ended only now
    seen += [json.loads(process.stdout.readline())["id"] for _ in range(2)]
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert process.stdout.read() == ""
    process.stdout.close()
    assert seen == [uuid(3), uuid(4), uuid(5), uuid(0)]
