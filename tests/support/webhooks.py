"""The vectors of webhook signatures (search-and-runs B7), and events as Parallel sends them (Parallel 2.14)."""

from __future__ import annotations

import json
from typing import Final

from penstock_common.webhook_signatures import signed

SECRET_A: Final = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
SECRET_B: Final = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
SIGNING: Final = "whsec_QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="  # bytes 40…5f
EVENT: Final = "whevent_0123456789abcdef0123456789abcdef"
TIME: Final = 1764378000
LATER: Final = TIME + 301
BODY: Final = (
    b'{"type":"task_run.status","timestamp":"2025-11-29T01:00:00.000000Z","data":{"run_id":'
    b'"trun_0123456789abcdef0123456789abcdef","status":"completed","is_active":false,"processor":"core"}}'
)
BODY_6: Final = bytes.fromhex("7b2261223a22c3a9e282ac227d0a")
SIGNATURES: Final = {
    "1": "gOSam3rh2fYXawFHs2cVFEV1chybWOMhi5FHsviX5uk=",
    "2": "xO0dqm42sPXghu7sZ9/f44N+qtDewdAOBzf23gVj10g=",
    "3": "jJlWwrT48RVwnRBrUU98pdjjEbk5SnpaqqcQ9PgBFf0=",
    "4": "8adX0LjC+kGKjg61CckLEvADNhZMS1RJuVkiKnHWUk8=",
    "6": "guLYPqHCiN/yRbOpg4FlU7tmdfGOH+9ZbeyBa410PVM=",
    "6 older": "uWr0IZFfhf0J2yOUjZm1QWCwqw9sbCV8DR83b5Npvn4=",
}

Headers = list[tuple[str, str]]


def headers(body: bytes, now_us: int, event_id: str = EVENT, secret: str = SECRET_A) -> Headers:
    """Those of an event that is signed now."""
    seconds = now_us // 1_000_000
    return [
        ("content-type", "application/json"),
        ("webhook-id", event_id),
        ("webhook-timestamp", str(seconds)),
        ("webhook-signature", signed(secret, event_id, seconds, body)),
    ]


def event(kind: str, data: object) -> bytes:
    """The body of one."""
    return json.dumps({"type": kind, "timestamp": "2026-11-30T06:10:00.000000Z", "data": data}).encode()
