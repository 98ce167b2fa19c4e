"""What generateContent answers, as events: whole and streamed, as events or as an array, however cut."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.dialects.answer import Answer, folded
from penstock.wire.dialects.answer_events import (
    Alive,
    Began,
    BlockKind,
    Cited,
    Closed,
    Counted,
    Ended,
    ErrorKind,
    Event,
    Failed,
    Failure,
    Opened,
    Piece,
    Stopped,
    StopReason,
)
from penstock.wire.dialects.conversation import Conversation, Data, Family, Opaque, Tool
from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.gemini import GEMINI
from penstock.wire.dialects.json_value import Json, Object
from penstock.wire.sse import MAX_EVENT_BYTES

TARGET = Target(provider="google-ai-studio", model="gemini-3-flash-preview")
NAMES = ("look", "mcp/server tool")
CALL_ID = "0192-ab"


def asked() -> Conversation:
    tools = tuple(Tool(name=name, at="tools[0]") for name in NAMES)
    return Conversation(model="m", messages=(), tools=tools, call_id=CALL_ID)


def piece(*parts: Object, **more: Json) -> Object:
    return {"candidates": [{"content": {"role": "model", "parts": [*parts]}, **more}]}


def sse(*pieces: Object, end: bytes = b"\r\n\r\n") -> bytes:
    return b"".join(b"data: " + json.dumps(one, ensure_ascii=False).encode() + end for one in pieces)


def array(*pieces: Object) -> bytes:
    return json.dumps(pieces, indent=2, ensure_ascii=False).encode()


def streamed(body: bytes, size: int = 10**9) -> list[Event]:
    reader = GEMINI.stream_reader(asked(), TARGET)
    events = [event for at in range(0, len(body), size) for event in reader.feed(body[at : at + size])]
    return [*events, *reader.finish()]


def whole(answer: object) -> list[Event]:
    return list(GEMINI.read_answer(json.dumps(answer, ensure_ascii=False).encode(), asked(), TARGET))


def answer_of(*pieces: Object) -> Answer:
    """The same in every form and however it is cut."""
    found = streamed(sse(*pieces))
    for body in (
        sse(*pieces),
        sse(*pieces, end=b"\n\n"),
        array(*pieces),
        array(*pieces).replace(b"\n", b"\r\n"),
    ):
        for size in (1, 7, 64):
            assert streamed(body, size) == found
    return folded(found)


def texts(answer: Answer, choice: int = 0) -> list[tuple[str, str]]:
    return [(block.opened.kind.value, block.text) for block in answer.choices[choice].blocks]


def reason(answer: Answer, choice: int = 0) -> StopReason:
    stopped = answer.choices[choice].stopped
    assert stopped is not None
    return stopped.reason


STOP: Object = {"finishReason": "STOP"}


def test_a_stream_of_text() -> None:
    events = streamed(
        sse(
            {
                **piece({"text": "Hé"}),
                "modelVersion": "gemini-x",
                "responseId": "r1",
                "createTime": "2026-01-01T00:00:00.5Z",
            },
            piece({"text": "llo"}),
            {
                **piece({"text": ""}, **STOP),
                "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5},
            },
        )
    )
    assert events == [
        Began(id="r1", model="gemini-x", created=1767225600),
        Opened(kind=BlockKind.TEXT),
        Piece(text="Hé"),
        Piece(text="llo"),
        Counted(fresh=3, cache_read=0),
        Closed(),
        Stopped(reason=StopReason.END, native="STOP"),
        Counted(fresh=3, cache_read=0, output=2, reasoning=0),
        Ended(),
    ]


def test_thoughts_calls_and_signatures() -> None:
    answer = answer_of(
        piece({"text": "let me", "thought": True}),
        piece({"text": " see", "thought": True}, {"text": "I look. "}),
        piece(
            {"functionCall": {"name": "look", "args": {"at": 1.0}, "id": "g1"}, "thoughtSignature": "c2ln"}
        ),
        piece({"functionCall": {"name": "look"}}),
        piece({"text": "", "thoughtSignature": "bGFzdA=="}, **STOP),
    )
    assert texts(answer) == [
        ("thinking", "let me see"),
        ("text", "I look. "),
        ("tool_call", '{"at":1.0}'),
        ("tool_call", "{}"),
        ("text", ""),
    ]
    blocks = answer.choices[0].blocks
    assert [block.opened.call_id for block in blocks[2:4]] == ["g1", "call_0192ab_1"]
    assert blocks[2].opened.signature == Opaque(Family.GOOGLE, "c2ln")
    assert blocks[3].opened.signature is None
    assert blocks[4].signature == Opaque(Family.GOOGLE, "bGFzdA==")
    assert reason(answer) is StopReason.TOOL_CALLS


def test_a_signature_says_nothing_about_its_text() -> None:
    answer = answer_of(
        piece({"text": "a"}, {"text": "b", "thoughtSignature": "c2ln"}), piece({"text": "c"}, **STOP)
    )
    assert texts(answer) == [("text", "a"), ("text", "b"), ("text", "c")]
    assert [block.signature is None for block in answer.choices[0].blocks] == [True, False, True]


def test_parallel_calls_of_several_pieces_are_counted_on() -> None:
    calls = [piece({"functionCall": {"name": "look", "args": {"n": number}}}) for number in range(3)]
    answer = answer_of(*calls, piece(**STOP))
    ids = [block.opened.call_id for block in answer.choices[0].blocks]
    assert ids == ["call_0192ab_0", "call_0192ab_1", "call_0192ab_2"]


def test_candidates_have_a_state_each() -> None:
    answer = answer_of(
        piece({"text": "a"}, {"functionCall": {"name": "look"}}, index=0),
        piece({"text": "b"}, index=1),
        piece({"text": "c"}, index=1, finishReason="STOP"),
        piece({"functionCall": {"name": "look"}}, index=0, finishReason="STOP"),
    )
    assert texts(answer, 1) == [("text", "bc")]
    assert (reason(answer), reason(answer, 1)) == (StopReason.TOOL_CALLS, StopReason.END)
    ids = [block.opened.call_id for block in answer.choices[0].blocks[1:]]
    assert ids == ["call_0192ab_0", "call_0192ab_1"]


@pytest.mark.parametrize(
    ("written", "given"),
    [
        ("look", "look"),
        ("default_api:look", "look"),
        ("default_api:gone", "default_api:gone"),
        ("default_api.look", "default_api.look"),
        ("mcp_server_tool_a786cb9b", "mcp/server tool"),
        ("default_api:mcp_server_tool_a786cb9b", "mcp/server tool"),
        ("made up", "made up"),
    ],
)
def test_names_come_back_as_they_were_declared(written: str, given: str) -> None:
    answer = answer_of(piece({"functionCall": {"name": written, "args": {}}}, **STOP))
    assert answer.choices[0].blocks[0].opened.name == given


@pytest.mark.parametrize(
    ("word", "called", "wanted"),
    [
        ("STOP", False, StopReason.END),
        ("STOP", True, StopReason.TOOL_CALLS),
        ("MAX_TOKENS", True, StopReason.MAX_TOKENS),
        ("SAFETY", True, StopReason.REFUSED),
        ("RECITATION", False, StopReason.REFUSED),
        ("LANGUAGE", False, StopReason.REFUSED),
        ("MODEL_ARMOR", False, StopReason.REFUSED),
        ("IMAGE_RECITATION", False, StopReason.REFUSED),
        ("OTHER", False, StopReason.MALFORMED),
        ("MALFORMED_FUNCTION_CALL", False, StopReason.MALFORMED),
        ("TOO_MANY_TOOL_CALLS", True, StopReason.MALFORMED),
        ("NEW_AND_UNKNOWN", False, StopReason.END),
        ("NEW_AND_UNKNOWN", True, StopReason.TOOL_CALLS),
    ],
)
def test_verdicts_keep_what_was_said(word: str, called: bool, wanted: StopReason) -> None:
    part: Object = {"functionCall": {"name": "look", "args": {}}} if called else {"text": "a"}
    answer = answer_of(piece(part), piece(finishReason=word, finishMessage="because"))
    stopped = answer.choices[0].stopped
    assert stopped == Stopped(reason=wanted, native=word, explanation="because")
    assert len(answer.choices[0].blocks) == 1


def test_a_blocked_candidate_may_have_no_content() -> None:
    events = whole({"candidates": [{"finishReason": "SAFETY", "index": 0, "safetyRatings": []}]})
    assert events == [Began(), Stopped(reason=StopReason.REFUSED, native="SAFETY"), Ended()]


def test_a_blocked_prompt() -> None:
    feedback: Object = {"blockReason": "PROHIBITED_CONTENT", "blockReasonMessage": "no", "safetyRatings": []}
    answer: Object = {
        "promptFeedback": feedback,
        "usageMetadata": {"promptTokenCount": 4, "totalTokenCount": 4},
    }
    verdict = Stopped(reason=StopReason.REFUSED, native="PROHIBITED_CONTENT", explanation="no")
    for events in (whole(answer), streamed(sse(answer)), streamed(array(answer), 3)):
        assert events == [
            Began(),
            Counted(fresh=4, cache_read=0),
            verdict,
            Counted(fresh=4, cache_read=0, output=0, reasoning=0),
            Ended(),
        ]


@pytest.mark.parametrize("block", ["", None, "BLOCK_REASON_UNSPECIFIED"])
def test_an_empty_reason_is_no_block(block: str | None) -> None:
    answer = answer_of({**piece({"text": "a"}, **STOP), "promptFeedback": {"blockReason": block}})
    assert reason(answer) is StopReason.END
    nothing: Object = {"promptFeedback": {"blockReason": block}}
    assert isinstance(whole(nothing)[-1], Failed)


def test_the_last_counts_count_and_thoughts_are_output() -> None:
    answer = answer_of(
        {**piece({"text": "a"}), "usageMetadata": {"promptTokenCount": 9, "cachedContentTokenCount": 8}},
        {**piece({"text": "b"}), "usageMetadata": {"promptTokenCount": 9, "thoughtsTokenCount": 1}},
        {
            **piece({"text": "c"}, **STOP),
            "usageMetadata": {
                "promptTokenCount": 100,
                "cachedContentTokenCount": 40,
                "toolUsePromptTokenCount": 20,
                "thoughtsTokenCount": 384,
                "candidatesTokenCount": 5,
                "totalTokenCount": 1,
                "promptTokensDetails": [
                    {"modality": "TEXT", "tokenCount": 30},
                    {"modality": "AUDIO", "tokenCount": 70},
                ],
                "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 2}],
            },
        },
    )
    assert answer.counted == Counted(
        fresh=80, cache_read=40, output=389, reasoning=384, audio_in=70, audio_out=2, tool_prompt=20
    )


def test_nothing_visible_is_no_output_but_thoughts() -> None:
    answer = folded(
        whole({**piece(**STOP), "usageMetadata": {"promptTokenCount": 2, "thoughtsTokenCount": 7}})
    )
    assert answer.counted is not None
    assert (answer.counted.output, answer.counted.reasoning) == (7, 7)


def test_no_counts_are_none() -> None:
    assert folded(whole(piece({"text": "a"}, **STOP))).counted is None


def test_logprobs() -> None:
    result: Object = {
        "chosenCandidates": [{"token": "a", "tokenId": 1, "logProbability": -0.5}],
        "topCandidates": [
            {
                "candidates": [
                    {"token": "a", "logProbability": -0.5},
                    {"token": "b", "logProbability": -1.5},
                ]
            }
        ],
    }
    answer = answer_of(piece({"text": "a"}, logprobsResult=result, **STOP))
    (token,) = answer.choices[0].logprobs
    assert (token.token, token.logprob, token.bytes) == ("a", -0.5, None)
    assert [(one.token, one.logprob) for one in token.top] == [("a", -0.5), ("b", -1.5)]


def test_parts_that_only_google_knows_go_whole() -> None:
    result: Object = {"codeExecutionResult": {"outcome": "OUTCOME_OK"}, "thoughtSignature": "c2ln"}
    code: Object = {"executableCode": {"language": "PYTHON", "code": "1"}}
    answer = answer_of(piece({"text": "a"}), piece(code, result, **STOP))
    natives = [(block.opened.native, block.opened.family) for block in answer.choices[0].blocks[1:]]
    assert natives == [(code, Family.GOOGLE), (result, Family.GOOGLE)]


def test_a_picture_is_a_block_with_its_signature_beside_it() -> None:
    picture: Object = {"inlineData": {"mimeType": "image/png", "data": "AA=="}, "thoughtSignature": "c2ln"}
    draft: Object = {"inlineData": {"mimeType": "image/png", "data": "AB=="}, "thought": True}
    answer = answer_of(piece({"text": "a"}), piece(draft, picture, **STOP))
    _, block = answer.choices[0].blocks
    assert block.opened.media == Data("image/png", "AA==")
    assert block.signature == Opaque(Family.GOOGLE, "c2ln")


# -- what the text rests on


def support(start: int, end: int, *chunks: int, part: int | None = None, said: str = "") -> Object:
    segment: Object = {"endIndex": end}
    if start:
        segment["startIndex"] = start
    if part is not None:
        segment["partIndex"] = part
    if said:
        segment["text"] = said
    return {"segment": segment, "groundingChunkIndices": list(chunks)}


def grounding(*supports: Object, chunks: Sequence[str] = ("a", "b")) -> Object:
    return {
        "groundingChunks": [{"web": {"uri": f"https://{one}.test", "title": one}} for one in chunks],
        "groundingSupports": list(supports),
        "webSearchQueries": ["q", "q", "r"],
    }


def cited(answer: Answer) -> list[tuple[str, int, int]]:
    found = [one for block in answer.choices[0].blocks for one in block.citations]
    return [(one.url, one.start, one.end) for one in found]


def test_places_count_characters_of_the_whole_text() -> None:
    said = "Größe: 1,8 m – 🦒."
    data = said.encode()
    start, end = data.index(b"1"), data.index(" –".encode())
    metadata = grounding(support(start, end, 0, 1, said="1,8 m"))
    answer = answer_of(
        piece({"text": "hm", "thought": True}),
        piece({"text": said[:4]}),
        piece({"text": said[4:]}),
        {**piece(groundingMetadata=metadata, **STOP), "usageMetadata": {"promptTokenCount": 1}},
    )
    assert cited(answer) == [("https://a.test", 7, 12), ("https://b.test", 7, 12)]
    assert said[7:12] == "1,8 m"
    assert answer.counted is not None
    assert answer.counted.searches == 2


def test_places_count_within_their_part() -> None:
    parts: list[Object] = [{"text": "é one. "}, {"text": "ü two."}]
    metadata = grounding(support(3, 6, 0, part=1, said="two"), support(3, 6, 1, said="one"))
    answer = folded(whole(piece(*parts, groundingMetadata=metadata, **STOP)))
    assert cited(answer) == [("https://a.test", 9, 12), ("https://b.test", 2, 5)]


def test_each_is_told_once_as_soon_as_its_text_is_there() -> None:
    first = grounding(support(0, 3, 0))
    later = grounding(support(0, 3, 0), support(4, 7, 1))
    answer = answer_of(
        piece({"text": "one"}, groundingMetadata=later),
        piece({"text": " two"}, groundingMetadata=first),
        piece(groundingMetadata=later, **STOP),
    )
    assert cited(answer) == [("https://a.test", 0, 3), ("https://b.test", 4, 7)]


@pytest.mark.parametrize(
    ("metadata", "wanted"),
    [
        (grounding(support(0, 99, 0)), [("https://a.test", -1, -1)]),
        (grounding(support(2, 1, 0)), [("https://a.test", -1, -1)]),
        (grounding(support(0, 1, 7, -1)), [("https://a.test", -1, -1), ("https://b.test", -1, -1)]),
        (grounding(), [("https://a.test", -1, -1), ("https://b.test", -1, -1)]),
        (grounding(support(0, 1, 0, part=10**9)), [("https://a.test", -1, -1)]),
        (grounding(support(0, 1, 0, part=-3)), [("https://a.test", -1, -1)]),
    ],
)
def test_places_that_are_none_are_untold(metadata: Object, wanted: list[tuple[str, int, int]]) -> None:
    assert cited(answer_of(piece({"text": "one"}, groundingMetadata=metadata, **STOP))) == wanted


def test_quotes() -> None:
    sources: Object = {
        "citationSources": [{"startIndex": 3, "endIndex": 6, "uri": "https://q.test"}, {"license": "x"}]
    }
    answer = answer_of(
        piece({"text": "é one"}, citationMetadata=sources), piece(citationMetadata=sources, **STOP)
    )
    assert cited(answer) == [("https://q.test", 2, 5)]


def test_a_citation_is_of_the_text_before_a_call() -> None:
    metadata = grounding(support(0, 3, 0))
    answer = answer_of(
        piece({"text": "one"}, {"functionCall": {"name": "look"}}), piece(groundingMetadata=metadata, **STOP)
    )
    assert [len(block.citations) for block in answer.choices[0].blocks] == [1, 0, 0]  # text, call, search


def test_nothing_is_cited_for_no_text() -> None:
    events = streamed(sse(piece({"functionCall": {"name": "look"}}, groundingMetadata=grounding(), **STOP)))
    assert not [event for event in events if isinstance(event, Cited)]


# -- broken ones


def failure(events: Sequence[Event]) -> Failure:
    last = events[-1]
    assert isinstance(last, Failed)
    assert not any(isinstance(event, Failed | Ended) for event in events[:-1])
    return last.failure


ERROR: Object = {
    "error": {
        "code": 503,
        "message": "The model is overloaded.",
        "status": "UNAVAILABLE",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17.2s"}],
    }
}


@pytest.mark.parametrize(
    "error",
    [
        sse(ERROR),
        json.dumps(ERROR, indent=2).encode(),
        b"\r\n" + json.dumps(ERROR, indent=2).encode() + b"\r\n\r\n",
        b"data: " + json.dumps(ERROR, indent=2).encode() + b"\n\n",
        json.dumps([ERROR], indent=2).encode() + b"\n",
    ],
)
@pytest.mark.parametrize("before", [b"", sse(piece({"text": "a"}))])
def test_an_error_in_a_stream(before: bytes, error: bytes) -> None:
    for size in (1, 5, 10**6):
        assert failure(streamed(before + error, size)) == Failure(
            kind=ErrorKind.OVERLOADED,
            message="The model is overloaded.",
            status=503,
            type="UNAVAILABLE",
            retry_after="18",
        )


def test_an_error_in_an_array() -> None:
    events = streamed(array(piece({"text": "a"}), ERROR, piece({"text": "b"}, **STOP)), 9)
    assert failure(events).status == 503
    assert failure(whole(ERROR)).status == 503


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"[]",
        b"[",
        sse(piece({"text": "a"})),
        sse(piece({"text": "a"}, index=0, finishReason="STOP"), piece({"text": "b"}, index=1)),
        sse(piece({"text": "a"}, finishReason=None)),
        sse(piece({"text": "a"}, **STOP))[:-2],
        array(piece({"text": "a"}, **STOP))[:-9],
        sse({"usageMetadata": {"promptTokenCount": 1}}),
        b"data: {]\n\n",
        b"data: 1\n\n",
        b"[1]",
        b"[nonsense",
        b'data: {"candidates": [{"index": "x"}]}\n\n',
        sse(piece({"text": "a"}, index=10**9)),
        sse(piece({"text": "a"}, index=-1)),
        b"<html>oops</html>\n\n",
        b'{"candidates": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)
def test_what_is_cut_or_no_answer_has_failed(body: bytes) -> None:
    for size in (1, 10**6):
        assert failure(streamed(body, size)).status == 502


def test_an_event_that_never_ends_is_not_kept() -> None:
    for begin in (b'data: {"candidates": "', b'[{"candidates": "'):
        reader = GEMINI.stream_reader(asked(), TARGET)
        reader.feed(begin)
        found: list[Event] = []
        for _ in range(80):
            found += reader.feed(b"a" * 65536)
            assert reader.held <= MAX_EVENT_BYTES + 65536
        assert failure(found).status == 502
        assert reader.feed(sse(piece({"text": "a"}))) == ()
        assert reader.finish() == []


def test_a_whole_answer_without_a_reason_has_ended() -> None:
    assert reason(folded(whole(piece({"text": "a"})))) is StopReason.END


def test_comments_and_the_mark_of_others() -> None:
    events = streamed(b": waiting\n\n" + sse(piece({"text": "a"}, **STOP)) + b"data: [DONE]\n\n", 3)
    assert events[0] == Alive()
    assert events[-1] == Ended()


def test_a_whole_answer_may_come_in_an_array() -> None:
    pieces = [piece({"text": "a"}), piece({"text": "b"}, **STOP)]
    assert texts(folded(GEMINI.read_answer(array(*pieces), asked(), TARGET))) == [("text", "ab")]


def test_an_unreadable_whole_answer() -> None:
    with pytest.raises(msgspec.MsgspecError):
        whole([1])


# -- laws

PARTS = st.one_of(
    st.builds(lambda text: {"text": text}, st.text(max_size=5)),
    st.builds(lambda text: {"text": text, "thought": True}, st.text(max_size=5)),
    st.builds(lambda text: {"text": text, "thoughtSignature": "c2ln"}, st.text(max_size=2)),
    st.builds(
        lambda args: {"functionCall": {"name": "look", "args": args}},
        st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    ),
    st.just({"executableCode": {"code": '}]"\\'}}),
)


@given(pieces=st.lists(st.lists(PARTS, max_size=3), min_size=1, max_size=4), data=st.data())
def test_every_form_and_every_cut_gives_the_same(pieces: list[list[Object]], data: st.DataObject) -> None:
    written = [piece(*parts) for parts in pieces]
    written.append(piece(**STOP))
    wanted = streamed(sse(*written))
    for body in (sse(*written, end=b"\n\n"), array(*written)):
        cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=5)))
        reader = GEMINI.stream_reader(asked(), TARGET)
        found: list[Event] = []
        for begin, end in zip([0, *cuts], [*cuts, len(body)], strict=True):
            found += reader.feed(body[begin:end])
        assert [*found, *reader.finish()] == wanted


@given(parts=st.lists(PARTS, max_size=5))
def test_whole_and_streamed_give_the_same_message(parts: list[Object]) -> None:
    at_once = folded(whole(piece(*parts, **STOP)))
    one_by_one = folded(streamed(sse(*(piece(part) for part in parts), piece(**STOP))))
    assert at_once == one_by_one
