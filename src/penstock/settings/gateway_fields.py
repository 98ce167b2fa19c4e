"""The fields of a gateway as plain data, as they go over the wire and into the directory (Cloudflare 4.2).

Pure. Shapes and ranges are those of `gateways.py`; what is wrong is said in the words of `check.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from penstock.settings.gateways import GatewaySettings
from penstock_common.check import Finding, findings

Fields = dict[str, object]

_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder(Fields).decode


def field_findings(fields: Mapping[str, object]) -> list[Finding]:
    """All that keeps fields from being those of a gateway. `id` and what cannot be written is unknown here."""
    return list(findings(dict(fields), GatewaySettings))


def to_settings(fields: Mapping[str, object]) -> GatewaySettings:
    """Raises `msgspec.ValidationError` for fields with findings."""
    return msgspec.convert(fields, GatewaySettings)


def to_fields(settings: GatewaySettings) -> Fields:
    """All fields of a gateway as JSON has them, secrets included."""
    return _from_json(_to_json(settings))


def set_fields(settings: GatewaySettings) -> Fields:
    """The fields that differ from their defaults, secrets included. None is as good as the default."""
    defaults = to_fields(GatewaySettings())
    set_ = to_fields(settings).items()
    return {name: value for name, value in set_ if value is not None and value != defaults[name]}
