"""Webhooks of tasks and FindAll runs (Parallel 2.14): what is sent, how signed, when again, and where to never."""

import stat
from pathlib import Path

import pytest
from local_clock import ManualClock
from local_engine import Caller, engine
from local_hooks import OTHER, SECRET, decoded_key, logged, receiver

from parallel_local.fetch.post import HookSender
from parallel_local.runs.webhook_secret import NoSecret, check_secrets, own_secret

INSIDE = HookSender(inside=True)
FINDALL = {
    "objective": "robotics companies that raised money",
    "entity_type": "robotics company",
    "match_conditions": [{"name": "raised", "description": "raised money in May 2026"}],
    "generator": "base",
    "match_limit": 5,
}


def task(url: str, **more: object) -> dict[str, object]:
    return {
        "input": "How long is the Amber River?",
        "processor": "base",
        "webhook": {"url": url, "event_types": ["task_run.status"]},
        **more,
    }


async def create(call: Caller, body: object) -> str:
    answer = await call.post("/v1/tasks/runs", body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["run_id"])


async def test_a_task_that_completes_is_told_without_its_output(tmp_path: Path) -> None:
    async with receiver() as hooks, engine(tmp_path, sender=INSIDE) as call:
        run_id = await create(call, task(f"{hooks.url}?token=t", metadata={"a": "b"}))
        event = await hooks.next()
        run = (await call.get(f"/v1/tasks/runs/{run_id}")).json()
    assert (event.path, event.headers["content-type"]) == ("/hook?token=t", "application/json")
    assert event.id.startswith("whevent_")
    assert event.said == {"type": "task_run.status", "timestamp": run["modified_at"], "data": run}
    assert (run["status"], run["metadata"]) == ("completed", {"a": "b"})
    assert not run.get("warnings")


async def test_a_task_that_fails_is_told_with_its_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> object:
        raise ValueError("no")

    monkeypatch.setattr("parallel_local.runs.tasks.compose", broken)
    async with receiver() as hooks, engine(tmp_path, sender=INSIDE) as call:
        await create(call, task(hooks.url))
        data = (await hooks.next()).said["data"]
    assert isinstance(data, dict)
    assert (data["status"], data["is_active"]) == ("failed", False)
    assert "ValueError" in data["error"]["message"]


async def test_each_run_of_a_group_is_told(tmp_path: Path) -> None:
    async with receiver() as hooks, engine(tmp_path, sender=INSIDE) as call:
        group = (await call.post("/v1/tasks/groups", {})).json()["taskgroup_id"]
        added = await call.post(
            f"/v1/tasks/groups/{group}/runs", {"inputs": [task(hooks.url), task(hooks.url)]}
        )
        told = [(await hooks.next()).said["data"] for _ in range(2)]
    assert {data["run_id"] for data in told if isinstance(data, dict)} == set(added.json()["run_ids"])
    assert {data["taskgroup_id"] for data in told if isinstance(data, dict)} == {group}


async def test_a_findall_run_tells_of_its_candidates_and_its_end(tmp_path: Path) -> None:
    async with receiver() as hooks, engine(tmp_path, sender=INSIDE) as call:
        body = {**FINDALL, "webhook": {"url": hooks.url}}
        findall_id = (await call.post("/v1beta/findall/runs", body)).json()["findall_id"]
        listed = await call.events(f"/v1beta/findall/runs/{findall_id}/events")
        # Of what does not match, nothing is sent.
        told_of = {f"findall.candidate.{what}" for what in ("generated", "matched", "enriched")}
        expected = [str(event["type"]) for event in listed if event["type"] in told_of]
        told = [(await hooks.next()).said for _ in range(len(expected) + 1)]
    types = sorted(str(event["type"]) for event in told)
    assert types == sorted([*expected, "findall.run.completed"])
    assert "findall.candidate.generated" in types
    for event in told:
        data = event["data"]
        assert isinstance(data, dict)
        assert data["findall_id"] == findall_id
        if event["type"] == "findall.run.completed":
            assert data["status"]["termination_reason"] in ("candidates_exhausted", "match_limit_met")
        else:
            assert str(data["candidate_id"]).startswith("candidate_")


async def test_only_what_was_asked_for_is_told(tmp_path: Path) -> None:
    async with receiver() as hooks, engine(tmp_path, sender=INSIDE) as call:
        wanted = ["findall.run.completed", "findall.candidate.unmatched", "task_run.status"]
        body = {**FINDALL, "webhook": {"url": hooks.url, "event_types": wanted}}
        await call.post("/v1beta/findall/runs", body)
        assert (await hooks.next()).said["type"] == "findall.run.completed"
        assert hooks.came.empty()


@pytest.mark.parametrize(
    ("path", "body", "type_"),
    [
        ("/v1/tasks/runs", task(""), "task_run.finished"),
        ("/v1/tasks/runs", task(""), "findall.run.completed"),
        ("/v1/tasks/runs", task(""), "Task_Run.Status"),
        ("/v1beta/findall/runs", FINDALL, "findall.run.done"),
        ("/v1beta/findall/runs", FINDALL, "monitor.event.detected"),
    ],
)
async def test_what_would_never_be_told_is_refused(
    tmp_path: Path, path: str, body: dict[str, object], type_: str
) -> None:
    async with engine(tmp_path, workers=0) as call:
        webhook = {"url": "https://hook.example/x", "event_types": ["task_run.status", type_]}
        answer = await call.post(path, {**body, "webhook": webhook})
    assert answer.status_code == 422
    assert answer.json()["error"]["detail"]["errors"][0]["loc"] == ["body", "webhook", "event_types", 1]


async def test_a_cancelled_findall_run_is_told(tmp_path: Path) -> None:
    async with receiver() as hooks, engine(tmp_path, sender=INSIDE, workers=0) as call:
        body = {**FINDALL, "webhook": {"url": hooks.url}}
        findall_id = (await call.post("/v1beta/findall/runs", body)).json()["findall_id"]
        await call.post(f"/v1beta/findall/runs/{findall_id}/cancel")
        event = (await hooks.next()).said
    assert event["type"] == "findall.run.cancelled"
    data = event["data"]
    assert isinstance(data, dict)
    assert data["status"]["termination_reason"] == "user_cancelled"


# -- signatures


async def test_both_variants_of_each_secret_verify(tmp_path: Path) -> None:
    async with receiver() as hooks, engine(tmp_path, sender=INSIDE, secrets=[SECRET, OTHER]) as call:
        await create(call, task(hooks.url))
        event = await hooks.next()
    assert len(event.signatures()) == 4
    for secret in (SECRET, OTHER):
        assert event.verified(decoded_key(secret))
        assert event.verified(secret.encode())
    assert not event.verified(decoded_key(SECRET)[:-1])


async def test_the_folder_has_a_secret_of_its_own_that_stays(tmp_path: Path) -> None:
    async with receiver() as hooks:
        for _ in range(2):
            async with engine(tmp_path, sender=INSIDE) as call:
                await create(call, task(hooks.url))
                event = await hooks.next()
            assert event.verified(decoded_key(own_secret(tmp_path / "data")))
    assert stat.S_IMODE((tmp_path / "data" / "webhook-secret").stat().st_mode) == 0o600
    assert len(decoded_key(own_secret(tmp_path / "data"))) == 32


@pytest.mark.parametrize("secret", ["", "whsec_", "AAECAwQF", "whsec_%%%", "secret"])
def test_what_is_no_secret_is_refused_without_being_named(tmp_path: Path, secret: str) -> None:
    with pytest.raises(NoSecret) as refusal:
        check_secrets((SECRET, secret))
    assert SECRET not in str(refusal.value)
    (tmp_path / "webhook-secret").write_text(secret)
    with pytest.raises(NoSecret, match="holds no webhook secret"):
        own_secret(tmp_path)


# -- trying again


@pytest.mark.parametrize(
    "answer",
    [
        "HTTP/1.1 500 No\r\n",
        "HTTP/1.1 302 There\r\nlocation: http://127.0.0.1:9/\r\n",
        "HTTP/1.1 410 Gone\r\n",
        "",
    ],
    ids=["an error", "a redirect", "gone", "cut off"],
)
async def test_what_is_not_2xx_is_tried_again_after_5_10_20_seconds(tmp_path: Path, answer: str) -> None:
    clock = ManualClock()
    async with receiver() as hooks, engine(tmp_path, sender=INSIDE, clock=clock) as call:
        hooks.answers = [answer] * 3
        await create(call, task(hooks.url))
        begun = int(clock.now().timestamp())
        events = [await hooks.next()]
        for wait in (5, 10, 20):
            await clock.sleepers(1)
            clock.advance(wait - 1)
            await clock.sleepers(1)
            assert hooks.came.empty()
            clock.advance(1)
            events.append(await hooks.next())
    assert {event.id for event in events} == {events[0].id}
    assert {event.body for event in events} == {events[0].body}
    assert [int(event.headers["webhook-timestamp"]) - begun for event in events] == [0, 5, 15, 35]
    assert all(event.verified(decoded_key(own_secret(tmp_path / "data"))) for event in events)


async def test_what_was_not_delivered_is_sent_after_a_restart(tmp_path: Path) -> None:
    clock = ManualClock()
    async with receiver() as hooks:
        hooks.status = 503
        async with engine(tmp_path, sender=INSIDE, clock=clock) as call:
            run_id = await create(call, task(hooks.url))
            first = await hooks.next()
            await clock.sleepers(1)
        hooks.status = 204
        clock.advance(5)
        async with engine(tmp_path, sender=INSIDE, clock=clock, workers=0):
            second = await hooks.next()
    assert (second.id, second.body) == (first.id, first.body)
    assert run_id in second.body.decode()


# -- where to


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"])
async def test_nothing_is_sent_to_private_addresses_unless_the_engine_is_private_too(
    tmp_path: Path, host: str
) -> None:
    async with receiver() as hooks, engine(tmp_path) as call, logged("parallel_local.webhooks") as line:
        port = hooks.url.rpartition(":")[2].partition("/")[0]
        await create(call, task(f"http://{host}:{port}/secret-path"))
        said = await line()
        assert hooks.came.empty()
    assert "given up after 1 tries: only public addresses are called" in said
    assert "secret-path" not in said


async def test_nothing_is_sent_to_a_public_name_with_a_private_address(tmp_path: Path) -> None:
    async def resolver(_host: str, _port: int) -> list[str]:
        return ["93.184.216.34", "127.0.0.1"]

    sender = HookSender(resolver=resolver)
    async with (
        receiver() as hooks,
        engine(tmp_path, sender=sender) as call,
        logged("parallel_local.webhooks") as line,
    ):
        await create(call, task(hooks.url.replace("127.0.0.1", "hook.example")))
        assert "has an address that is not public" in await line()
        assert hooks.came.empty()


async def test_a_name_is_dialled_at_the_address_that_was_checked(tmp_path: Path) -> None:
    async def resolver(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    sender = HookSender(resolver=resolver, permit=lambda address: address == "127.0.0.1")
    async with receiver() as hooks, engine(tmp_path, sender=sender) as call:
        await create(call, task(hooks.url.replace("127.0.0.1", "hook.example")))
        assert (await hooks.next()).headers["host"].startswith("hook.example:")


async def test_a_name_that_does_not_resolve_now_is_tried_again(tmp_path: Path) -> None:
    clock = ManualClock()
    known: list[str] = []

    async def resolver(_host: str, _port: int) -> list[str]:
        if not known:
            raise OSError("no such name")
        return known

    sender = HookSender(inside=True, resolver=resolver)
    async with receiver() as hooks, engine(tmp_path, sender=sender, clock=clock) as call:
        await create(call, task(hooks.url))
        await clock.sleepers(1)
        known.append("127.0.0.1")
        clock.advance(5)
        await hooks.next()


async def test_of_several_addresses_one_that_can_be_reached_is_told(tmp_path: Path) -> None:
    """As `localhost` has two, and most programs listen on one."""

    async def resolver(_host: str, _port: int) -> list[str]:
        return ["::1", "127.0.0.1"]

    sender = HookSender(inside=True, resolver=resolver)
    async with receiver() as hooks, engine(tmp_path, sender=sender) as call:
        await create(call, task(hooks.url.replace("127.0.0.1", "localhost")))
        assert (await hooks.next()).headers["host"].startswith("localhost:")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook.example",
        "ftp://hook.example",
        "https://",
        "https://user:pass@hook.example/",
        "https://hook.example:0/",
        "https://hook.example:99999/",
        "https://hook.example/a b",
        "https://hook.example/\r\nx: y",
        "https://hook.example/ö",
        "https://hook.example/" + "x" * 2000,
        "http://[::1/",
    ],
)
async def test_what_is_no_address_is_refused_by_every_product(tmp_path: Path, url: str) -> None:
    async with engine(tmp_path, workers=0) as call:
        answers = [
            await call.post("/v1/tasks/runs", task(url)),
            await call.post("/v1beta/findall/runs", {**FINDALL, "webhook": {"url": url}}),
            await call.post(
                "/v1/monitors",
                {
                    "type": "event_stream",
                    "frequency": "1d",
                    "settings": {"query": "x"},
                    "webhook": {"url": url},
                },
            ),
        ]
    for answer in answers:
        assert answer.status_code == 422
        assert ["body", "webhook", "url"] in [
            problem["loc"] for problem in answer.json()["error"]["detail"]["errors"]
        ]
