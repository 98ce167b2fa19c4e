"""Calls that a test makes itself, as any program would, to the local engine of the demonstration."""

from __future__ import annotations

import httpx

from browser.visitor import Visitor
from support.waiting import PATIENCE, comes

PATH = "/v1/local/default/compat/chat/completions"


async def ask(visitor: Visitor, question: str, status: int = 200) -> str:
    """Asks the local engine; the id of the call, once the visitor could look at it."""
    body = {"model": "parallel/speed", "messages": [{"role": "user", "content": question}]}
    async with httpx.AsyncClient(base_url=visitor.address, trust_env=False, timeout=PATIENCE) as http:
        answer = await http.post(PATH, headers={"authorization": "Bearer any"}, json=body)
    assert answer.status_code == status, answer.text
    call = answer.headers["cf-aig-log-id"]
    assert isinstance(call, str)
    address = f"{visitor.address}/accounts/local/logs/{call}.json"

    async def is_there() -> bool | None:
        return (await visitor.page.request.get(address)).ok or None

    await comes(is_there, f"the row of {call}")
    return call
