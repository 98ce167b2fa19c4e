"""Rows of stored provider keys and custom providers: what they must be like, and how their secrets get in.

Pure; whoever stores such a row, by command or over the network, goes by the same rules. What a secret or a header
may be is in `access/provider_secret.py`, sealing in `access/vault.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from penstock.access.provider_secret import preview
from penstock.control.stored_gateways import Seal
from penstock.providers.credential_place import storable
from penstock.providers.custom import CUSTOM_PREFIX
from penstock.providers.registry import BUILT_IN, Registry, as_shipped
from penstock.providers.signing import is_of_parts
from penstock.stores.control_store import CustomProvider, ProviderKey
from penstock_common.egress import NotPublic, check_url

_ANYWHERE: Final = "https://example.com"  # the registry wants an address; here only names count
_HTTPS: Final = "https://"


class OnlyIfAllowed(ValueError):
    """An address in the open, or inside, as only an operator may allow it."""


def provider_slug(text: str) -> str:
    """The slug of a provider's name or alias, or of one of the operator's own (`custom-…`). Raises ValueError."""
    found = Registry({text: _ANYWHERE}).find(text)
    assert found is not None
    return found.slug


def tenant_hosts(provider: str) -> tuple[str, ...]:
    """How the hosts end between which callers of this provider choose; empty where they choose none."""
    return next((known.tenant_hosts for known in BUILT_IN if known.slug == provider), ())


def check_hosts(provider: str, hosts: Sequence[str]) -> None:
    """A stored key must not go to whatever address a caller names. Raises ValueError."""
    endings = tenant_hosts(provider)
    for host in hosts:
        if not any(host.endswith(ending) for ending in endings):
            allowed = f"a host that ends with {' or '.join(endings)}" if endings else "no host at all"
            raise ValueError(f"{host}: keys for {provider} take {allowed}")


def fitting(provider: str, secret: bytes) -> bytes:
    """A secret (of `provider_secret.checked_secret`) as it is to be stored for a provider. Raises ValueError for one
    that no call there could go out with.
    """
    shipped = as_shipped(provider)
    if shipped is not None:
        return storable(shipped, secret)
    if is_of_parts(secret):
        raise ValueError(f"{provider} takes a credential of one line, not a JSON object")
    return secret


def with_secret(key: ProviderKey, secret: bytes, seal: Seal) -> ProviderKey:
    """The key with this secret, sealed, in place of what it had."""
    return msgspec.structs.replace(key, sealed=seal(secret, key.seal_context), preview=preview(secret))


def check_address(slug: str, base_url: str, *, allow_private: bool) -> None:
    """Whether a custom provider may be called so and lead there. Raises ValueError, `OnlyIfAllowed` among them."""
    Registry({f"{CUSTOM_PREFIX}{slug}": base_url})
    if allow_private:
        return
    if not base_url.lower().startswith(_HTTPS):
        raise OnlyIfAllowed(f"{base_url} is not https")
    try:
        check_url(base_url)
    except NotPublic as error:
        raise OnlyIfAllowed(str(error)) from None


def with_headers(provider: CustomProvider, headers: bytes | None, seal: Seal) -> CustomProvider:
    """The provider with these headers (of `provider_secret.headers_text`), sealed, in place of what it had."""
    sealed = None if headers is None else seal(headers, provider.seal_context)
    return msgspec.structs.replace(provider, sealed_headers=sealed)
