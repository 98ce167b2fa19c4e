"""What is secret in a gateway's fields goes in, is sealed, and comes out as a mask that may be sent back."""

from __future__ import annotations

from typing import cast

import pytest
from management_kit import ENVIRON, GATEWAYS, PLAIN, Api

from conftest import OpenGateway
from support.access import holding
from support.webhooks import SECRET_A, SECRET_B, SIGNING

TOKEN, KEY, STRIPE = "otel-token-0123456789", "otel-key-0123456789", "sk-stripe-0123456789"
HOOKS = {
    "url": "https://gateway.example",
    "secrets": [SECRET_A, SECRET_B],
    "signing_secret": SIGNING,
    "observe": False,
}
OTEL = {"url": "https://otel.example/v1/traces", "headers": {"x-key": KEY}, "authorization": TOKEN}
MASK = "********"
ONE = f"{GATEWAYS}/g"


@pytest.fixture
async def api(open_gateway: OpenGateway) -> Api:
    """A gateway with secrets of each kind."""
    api = Api(await open_gateway("", ENVIRON))
    await api.gateway_(
        "g",
        otel=[OTEL],
        parallel={"webhook": HOOKS},
        stripe={"authorization": STRIPE, "usage_events": [{"payload": "{}"}]},
    )
    return api


async def test_secrets_are_sealed_and_never_shown(api: Api) -> None:
    shown = await api.get(ONE)
    assert shown.result["otel"] == [
        {
            "url": OTEL["url"],
            "headers": {"x-key": MASK},
            "authorization": MASK,
            "content_type": "json",
        }
    ]
    assert shown.result["stripe"] == {"authorization": MASK, "usage_events": [{"payload": "{}"}]}
    said = shown.text + (await api.get(GATEWAYS)).text + (await api.get("/accounts/acct/audit_logs")).text
    said += (await api.delete(ONE)).text
    assert shown.result["parallel"]["webhook"] == {**HOOKS, "secrets": [MASK, MASK], "signing_secret": MASK}  # type: ignore[index]
    for secret in (TOKEN, KEY, STRIPE, SECRET_A, SECRET_B, SIGNING):
        assert secret not in said
    assert holding(api.data, TOKEN, KEY, STRIPE, SECRET_A, SECRET_B, SIGNING) == []


async def test_secrets_of_webhooks_are_kept_and_changed_one_by_one(api: Api) -> None:
    shown = (await api.get(ONE)).result
    new = "whsec_" + "bmV3LXNlY3JldA=="
    await api.put(
        ONE, {**shown, "parallel": {"webhook": {**HOOKS, "secrets": [MASK, new], "signing_secret": MASK}}}
    )
    listed = api.catalog().get("acct", "g")
    assert listed is not None
    assert listed.fields.parallel is not None
    webhook = listed.fields.parallel.webhook
    assert webhook is not None
    assert (webhook.account_secrets, webhook.signing_secret) == ((SECRET_A, new), SIGNING)
    masked = {"webhook": {**HOOKS, "secrets": [MASK], "signing_secret": SIGNING}}
    (await api.post(GATEWAYS, {**PLAIN, "id": "h", "parallel": masked})).problem(400, 7001)


async def test_the_mask_sent_back_keeps_the_secret(api: Api) -> None:
    shown = (await api.get(ONE)).result
    assert (await api.put(ONE, {**shown, "cache_ttl": 9})).result["otel"] == shown["otel"]
    assert _secrets(api) == [TOKEN, KEY, STRIPE]
    otel = receiver(shown)
    changed = {**otel, "authorization": "another-0123456789"}
    assert (await api.put(ONE, {**shown, "otel": [changed]})).result["otel"] == shown["otel"]
    assert _secrets(api) == ["another-0123456789", KEY, STRIPE]


async def test_a_secret_is_not_sent_elsewhere(api: Api) -> None:
    shown = (await api.get(ONE)).result
    otel = receiver(shown)
    moved = {**shown, "otel": [{**otel, "url": "https://evil.example"}]}
    lost = (await api.put(ONE, moved)).problem(400, 7001)
    assert lost["path"][:3] == ["body", "otel", "0"]  # type: ignore[index]
    assert (await api.get(ONE)).result == shown
    masked = {**PLAIN, "id": "h", "otel": [{"url": "https://x.example", "headers": {"a": MASK}}]}
    (await api.post(GATEWAYS, masked)).problem(400, 7001)


async def test_a_wrong_secret_is_not_repeated(api: Api) -> None:
    body = {**PLAIN, "otel": [{**OTEL, "url": "nowhere", "headers": {"x-key": [KEY]}}]}
    refused = await api.put(ONE, body)
    assert len(refused.problems(400)) == 2
    assert KEY not in refused.text


def receiver(shown: dict[str, object]) -> dict[str, object]:
    """The one receiver of traces."""
    (found,) = cast(list[dict[str, object]], shown["otel"])
    return found


def _secrets(api: Api) -> list[str]:
    """As the gateway would use them."""
    catalog = api.catalog()
    listed = catalog.get("acct", "g")
    assert listed is not None
    assert listed.fields.otel is not None
    assert listed.fields.stripe is not None
    (otel,) = listed.fields.otel
    return [otel.authorization or "", otel.headers["x-key"], listed.fields.stripe.authorization]
