"""Golden exchanges put through the translation: what tests ask of each of them."""

from __future__ import annotations

import pytest

from penstock.wire.dialects.conversation import Conversation
from penstock.wire.dialects.translation import Translated, Translation
from support.golden_exchanges import ASKED_AT, CALL_ID, DIALECTS_IN, DIALECTS_OUT, Exchange, exchanges

ALL = list(exchanges())


def translation(exchange: Exchange) -> Translation:
    return Translation(DIALECTS_IN[exchange.inbound], DIALECTS_OUT[exchange.outbound], exchange.target)


def translated(exchange: Exchange) -> Translated:
    return translation(exchange).request(exchange.sections["request"].encode(), CALL_ID, ASKED_AT)


def asked(exchange: Exchange) -> Conversation:
    return translated(exchange).asked


def having(section: str) -> list[object]:
    found = [one for one in ALL if any(name.split(" ")[0] == section for name in one.sections)]
    return [pytest.param(one, id=one.place) for one in found]
