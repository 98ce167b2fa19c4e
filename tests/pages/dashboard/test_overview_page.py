"""The overview of an account that nobody has called yet, or not for long."""

from __future__ import annotations

from settings_kit import entering

from conftest import OpenGateway
from support.configuration import gateways


async def test_an_account_without_calls_has_an_overview(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(gateways(gw={}), {"PENSTOCK_ADMIN_TOKEN": "the-admin-token"})
    async with entering() as enter:
        admin = await enter(gateway, "the-admin-token")
        assert "No calls in this time" in await admin.get("/accounts/acct/overview")
        assert (await admin.json("/accounts/acct/overview.json"))["now"]["requests"] == 0
