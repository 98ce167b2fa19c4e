"""Amazon's access keys, as they are stored: a JSON object in any of the spellings of AWS's own tools. Pure.

Which requests are signed with them is `aws_bedrock.py`'s affair, how, `wire/sigv4.py`'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import msgspec

from penstock.providers.base import REGION

_MOST_BYTES = 16 * 1024
_KEY_ID = re.compile(r"[A-Za-z0-9_]{1,128}")
_LINE = re.compile(r"[!-~]{1,8192}")
_NEEDED = (
    "Amazon's access keys are an object with "
    '"accessKeyId", "secretAccessKey", "region" and, for keys that end, "sessionToken"'
)
_MEMBERS = {
    "accesskeyid": "key_id",
    "secretaccesskey": "secret",
    "sessiontoken": "session",
    "region": "region",
    "regionname": "region",
    "defaultregion": "region",
}  # without underscores and the prefix of Amazon's variables


@dataclass(frozen=True, slots=True)
class AwsKeys:
    """Access keys. `session` is empty for keys that do not end, `region` where they name none."""

    key_id: str
    secret: str = field(repr=False)
    session: str = field(repr=False)
    region: str
    project: str = ""


def aws_keys(text: bytes) -> AwsKeys:
    """The keys in a JSON object. Raises `ValueError`; what is not known stands for nothing."""
    if len(text) > _MOST_BYTES:
        raise ValueError(f"access keys have at most {_MOST_BYTES} bytes")
    try:
        members = msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.MsgspecError, RecursionError):
        raise ValueError(_NEEDED) from None
    found: dict[str, str] = {}
    for name, value in members.items():
        known = _MEMBERS.get(name.lower().replace("_", "").removeprefix("aws"))
        if known is None or value is None:
            continue
        if not isinstance(value, str):
            raise ValueError(f"{name} must be text")
        if found.setdefault(known, value) != value:
            raise ValueError(f"{name} is there in two spellings, with different values")
    missing = [name for name in ("key_id", "secret") if not found.get(name)]
    if missing:
        names = {"key_id": "accessKeyId", "secret": "secretAccessKey"}
        raise ValueError(f"{' and '.join(names[name] for name in missing)} missing: {_NEEDED}")
    return checked(
        AwsKeys(found["key_id"], found["secret"], found.get("session", ""), found.get("region", ""))
    )


def checked(keys: AwsKeys) -> AwsKeys:
    """The keys, fit for header lines. Raises `ValueError` that never quotes them."""
    if _KEY_ID.fullmatch(keys.key_id) is None:
        raise ValueError("accessKeyId must be letters, digits and _")
    if _LINE.fullmatch(keys.secret) is None:
        raise ValueError("secretAccessKey must be one line of visible ASCII characters")
    if keys.session and _LINE.fullmatch(keys.session) is None:
        raise ValueError("sessionToken must be one line of visible ASCII characters")
    if keys.region and REGION.fullmatch(keys.region) is None:
        raise ValueError("region must be one such as us-east-1")
    return keys
