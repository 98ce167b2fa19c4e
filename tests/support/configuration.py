"""Configuration files for tests, as text."""

from __future__ import annotations

import json
from collections.abc import Mapping


def providers(urls: Mapping[str, str]) -> str:
    """Tables that turn providers to other addresses."""
    return "".join(f"[providers.{slug}]\nbase_url = {json.dumps(url)}\n" for slug, url in urls.items())


def gateways(account: str = "acct", **fields: Mapping[str, object]) -> str:
    """The gateways of an account, each with its fields: `gateways(gw={"authentication": True})`."""
    text = ""
    for name, values in (fields or {"gw": {}}).items():
        lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
        text += f"[accounts.{account}.gateways.{name.replace('__', '-')}]\n{lines}"
    return text


def openai(url: str, extra: str = "") -> str:
    """One account `acct` with the gateways `gw` and `default`, and `openai` at `url`."""
    return gateways(gw={}, default={}) + providers({"openai": url}) + extra
