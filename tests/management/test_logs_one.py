"""One log: its detail, its bodies, what people say of it; and deleting."""

from __future__ import annotations

import gzip
import logging
from pathlib import Path
from typing import Unpack, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs_kit import Api, Where, call, call_id, one, problems

LONG = b'{"text":"' + b"x" * 20_000 + b'"}'


@pytest.fixture
def api(tmp_path: Path) -> Api:
    found = Api(tmp_path)
    found.store(
        call(0, (b'{"a": 1}', b'{"b":  2}'), model="openai/gpt-5", metadata={"plan": "free"}),
        call(1, (LONG, b"\x89PNG\0\xff"), response_type="image/png"),
        call(2, (b"x", gzip.compress(b'{"c":3}')), response_encoding="gzip", request_cut=True),
        call(3, (b"", b"data: {}\n\n"), response_type="text/event-stream; charset=utf-8"),
        call(4, (b"", b""), bodies=False),
        call(5, (b"\x8b\x01", b"<script>"), request_encoding="br", response_type="text/html\r\nx: y"),
        call(6, gateway="other"),
        call(7, account="acc2"),
    )
    return found


def result(api: Api, number: int, **more: Unpack[Where]) -> dict[str, object]:
    return cast(dict[str, object], api.get(f"/logs/{call_id(number)}", **more)["result"])


# -- the detail


def test_the_detail_has_the_bodies_beginnings(api: Api) -> None:
    log = result(api, 0)
    assert (log["request_head"], log["request_head_complete"]) == ('{"a": 1}', True)
    assert (log["response_head"], log["response_head_complete"]) == ('{"b":  2}', True)
    assert (log["request_size"], log["response_size"], log["event_id"]) == (100, 200, call_id(0))


def test_a_long_head_is_not_complete(api: Api) -> None:
    log = result(api, 1)
    assert log["request_head"] == LONG[:10_000].decode()
    assert log["request_head_complete"] is False
    assert (log["response_head"], log["response_head_complete"]) == (None, False)


def test_a_body_that_was_cut_is_not_complete(api: Api) -> None:
    log = result(api, 2)
    assert (log["request_head"], log["request_head_complete"]) == ("x", False)
    assert (log["response_head"], log["response_head_complete"]) == ('{"c":3}', True)


def test_a_log_without_bodies(api: Api) -> None:
    log = result(api, 4)
    assert (log["request_head"], log["request_head_complete"]) == (None, None)


# -- the bodies


def test_json_goes_out_byte_for_byte_and_without_an_envelope(api: Api) -> None:
    asked = api.send("GET", f"/logs/{call_id(0)}/request")
    answered = api.send("GET", f"/logs/{call_id(0)}/response")
    assert (asked.content, answered.content) == (b'{"a": 1}', b'{"b":  2}')
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["x-content-type-options"] == "nosniff"


def test_a_body_goes_out_without_its_content_encoding(api: Api) -> None:
    answer = api.send("GET", f"/logs/{call_id(2)}/response")
    assert answer.content == b'{"c":3}'
    assert "content-encoding" not in answer.headers


def test_a_body_that_was_cut_says_so(api: Api) -> None:
    answer = api.send("GET", f"/logs/{call_id(2)}/request")
    assert (answer.content, answer.headers["penstock-body"]) == (b"x", "cut")


def test_streams_and_files_keep_their_type(api: Api) -> None:
    stream = api.send("GET", f"/logs/{call_id(3)}/response")
    assert (stream.content, stream.headers["content-type"]) == (
        b"data: {}\n\n", "text/event-stream; charset=utf-8",
    )  # fmt: skip
    image = api.send("GET", f"/logs/{call_id(1)}/response")
    assert (image.content, image.headers["content-type"]) == (b"\x89PNG\0\xff", "image/png")


def test_what_cannot_be_unpacked_goes_out_as_it_came(api: Api) -> None:
    answer = api.send("GET", f"/logs/{call_id(5)}/request")
    assert answer.headers["content-encoding"] == "br"


def test_an_odd_content_type_is_not_passed_on(api: Api) -> None:
    answer = api.send("GET", f"/logs/{call_id(5)}/response")
    assert (answer.headers["content-type"], "x" in answer.headers) == ("application/octet-stream", False)


@pytest.mark.parametrize("which", ["request", "response"])
def test_bodies_that_were_not_kept(api: Api, which: str) -> None:
    assert problems(api.send("GET", f"/logs/{call_id(4)}/{which}"), 404) == [(7002, [])]


# -- whose logs


@pytest.mark.parametrize("path", ["", "/request", "/response"])
@pytest.mark.parametrize(
    "log_id", [call_id(6), call_id(7), call_id(99), "01JADMCQQQBWH3NXZ5GCRN98DP", "x", "' OR 1=1 --", "%00"]
)
def test_others_logs_and_ids_of_no_log(api: Api, log_id: str, path: str) -> None:
    assert problems(api.send("GET", f"/logs/{log_id}{path}"), 404) == [(7002, [])]
    if not path:
        assert problems(api.send("PATCH", f"/logs/{log_id}", body={"score": 1}), 404) == [(7002, [])]


def test_metadata_read_sees_rows_and_no_bodies(api: Api) -> None:
    token = api.token("metadata_read")
    assert len(cast(list[object], api.get("/logs", token=token)["result"])) == 6
    log = result(api, 0, token=token)
    assert (log["model"], log["request_head"], log["response_head"]) == ("openai/gpt-5", None, None)
    assert problems(api.send("GET", f"/logs/{call_id(0)}/request", token=token), 403) == [(10000, [])]
    assert problems(api.send("PATCH", f"/logs/{call_id(0)}", body={}, token=token), 403) == [(10000, [])]


def test_reading_is_not_changing(api: Api) -> None:
    token = api.token("read")
    assert result(api, 0, token=token)["request_head"] == '{"a": 1}'
    assert api.send("GET", f"/logs/{call_id(0)}/request", token=token).status_code == 200
    assert problems(api.send("DELETE", "/logs", token=token), 403) == [(10000, [])]


def test_a_token_of_another_gateway(api: Api) -> None:
    token = api.token("edit", gateways=("other",))
    assert problems(api.send("GET", "/logs", token=token), 403) == [(10000, [])]
    assert problems(api.send("GET", "/logs", token="pst_x"), 401) == [(10000, [])]


# -- what people say


def test_a_note_is_kept_and_leaves_out_what_is_reserved(api: Api) -> None:
    body = {"feedback": -1, "score": 90.5, "metadata": {"a": "b", "n": 1.5, "t": True, "cf.x": "y"}}
    answer = api.send("PATCH", f"/logs/{call_id(0)}", body=body)
    assert answer.json()["success"] is True
    log = result(api, 0)
    assert (log["feedback"], log["score"], log["metadata"]) == (-1, 90.5, {"a": "b", "n": 1.5, "t": True})
    assert api.logs(one("metadata.value", "eq", "b")) == [0]


def test_null_takes_away_and_silence_leaves(api: Api) -> None:
    path = f"/logs/{call_id(0)}"
    api.send("PATCH", path, body={"feedback": 0.5, "score": 0})
    assert (result(api, 0)["feedback"], result(api, 0)["metadata"]) == (0.5, {"plan": "free"})
    api.send("PATCH", path, body={"feedback": None, "metadata": None})
    log = result(api, 0)
    assert (log["feedback"], log["score"], log["metadata"]) == (None, 0, {})


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({"feedback": 2, "score": -1}, [["body", "feedback"], ["body", "score"]]),
        ({"feedback": True}, [["body", "feedback"]]),
        ({"score": "9"}, [["body", "score"]]),
        ({"metadata": {"a": [1], "b": None}}, [["body", "metadata", "a"], ["body", "metadata", "b"]]),
        ({"metadata": {str(n): n for n in range(6)}}, [["body", "metadata"]]),
        ({"metadata": {"a": 2**64}}, [["body", "metadata", "a"]]),
        ({"metadata": {"a": "x" * 1001}, "score": 101}, [["body", "score"], ["body", "metadata", "a"]]),
        ({"metadata": "x"}, [["body", "metadata"]]),
        ({"cost": 1}, [["body", "cost"]]),
        ([], [["body"]]),
    ],
)
def test_notes_that_are_refused(api: Api, body: object, paths: list[list[str]]) -> None:
    answer = api.send("PATCH", f"/logs/{call_id(0)}", body=body)
    assert problems(answer) == [(7001, path) for path in paths]
    assert result(api, 0)["metadata"] == {"plan": "free"}


@pytest.mark.parametrize("raw", [b"", b"{", b"[" * 100_000, b"\xff", b'{"score":NaN}'])
def test_a_note_that_is_no_json(api: Api, raw: bytes) -> None:
    assert problems(api.send("PATCH", f"/logs/{call_id(0)}", raw=raw)) == [(7001, ["body"])]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(body=JSON | st.fixed_dictionaries({}, optional={"feedback": JSON, "score": JSON, "metadata": JSON}))
def test_any_json_is_a_note_or_is_refused(api: Api, body: object) -> None:
    answer = api.send("PATCH", f"/logs/{call_id(0)}", body=body)
    assert answer.status_code in (200, 400)


# -- deleting


def test_deleting_by_filter_leaves_a_line_in_the_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "penstock.management"):
        answer = api.send("DELETE", "/logs", "filters.key=model&filters.operator=contains&filters.value=gpt")
    assert answer.json() == {"success": True}
    assert "admin deleted 1 logs of acc/main (1 filters)" in caplog.text
    assert api.logs() == [5, 4, 3, 2, 1]
    assert problems(api.send("GET", f"/logs/{call_id(0)}/request"), 404) == [(7002, [])]


def test_deleting_begins_with_the_oldest(api: Api) -> None:
    api.send("DELETE", "/logs", "limit=2")
    assert api.logs() == [5, 4, 3, 2]
    api.send("DELETE", "/logs", "limit=1&order_by_direction=desc")
    assert api.logs() == [4, 3, 2]


def test_deleting_everything_stays_in_the_gateway(api: Api) -> None:
    api.send("DELETE", "/logs")
    assert api.logs() == []
    assert len(cast(list[object], api.get("/logs", gateway="other")["result"])) == 1
    assert len(cast(list[object], api.get("/logs", account="acc2")["result"])) == 1


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=0", ["query", "limit"]),
        ("limit=10001", ["query", "limit"]),
        ("order_by=id", ["query", "order_by"]),
        ("filter.key=model", ["query", "filter.key"]),
        ("provider=openai", ["query", "provider"]),
        ("filters=[{}]", ["query", "filters", "0", "key"]),
    ],
)
def test_a_deletion_that_is_not_understood_deletes_nothing(api: Api, query: str, path: list[str]) -> None:
    assert problems(api.send("DELETE", "/logs", query)) == [(7001, path)]
    assert len(api.logs()) == 6


def test_without_a_ledger_there_is_nothing_to_delete_or_show(tmp_path: Path) -> None:
    api = Api(tmp_path / "empty")
    assert api.send("DELETE", "/logs").json() == {"success": True}
    assert problems(api.send("GET", f"/logs/{call_id(0)}"), 404) == [(7002, [])]
