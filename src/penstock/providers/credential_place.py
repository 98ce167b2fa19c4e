"""Where a credential is for: the region and the project that a vendor's own addresses have in them (Cloudflare 1.3.3).

For calls that name a model and no address. Pure, and never fails: what is wrong with a credential is said where a call
is signed with it.
"""

from __future__ import annotations

from penstock.providers.base import Provider
from penstock.providers.signing import CredentialPlace, is_of_parts

_NOWHERE = CredentialPlace("", "")


def place_of(provider: Provider, secret: bytes) -> CredentialPlace:
    """The place of a stored secret, or of a caller's `Authorization`; the region is the provider's default where none
    is named, and a project is there only where one is named.
    """
    signing = provider.signing
    if signing is None:
        return _NOWHERE
    text = secret if is_of_parts(secret) else b"" if signing.sent is None else signing.sent(secret)
    if text:
        try:
            key = signing.read(text)
        except ValueError:
            pass
        else:
            return CredentialPlace(key.region or signing.default_region, key.project)
    return CredentialPlace(signing.default_region, "")


def storable(provider: Provider, secret: bytes) -> bytes:
    """A credential as it is to be stored: of several parts only for who can use it, and as JSON.

    Raises `ValueError` for one that no call could go out with.
    """
    signing = provider.signing
    if signing is not None and signing.sent is not None and not is_of_parts(secret):
        secret = signing.sent(b"Bearer " + secret) or signing.sent(secret) or secret
    if is_of_parts(secret):
        if signing is None:
            raise ValueError(f"{provider.slug} takes a credential of one line, not a JSON object")
        signing.read(secret)
        return secret
    why = provider.unfit and provider.unfit(secret)
    if why:
        raise ValueError(why)
    return secret
