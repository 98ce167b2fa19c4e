"""Whether a client takes an answer in a content encoding (RFC 9110, 12.5.3). Pure."""

from __future__ import annotations


def accepts_encoding(accept: str | None, encoding: bytes) -> bool:
    """Whether `Accept-Encoding: accept` allows an answer encoded so; without the header, only a plain one."""
    wanted = encoding.decode("latin-1").strip().lower()
    if not wanted or wanted == "identity":
        return True
    if accept is None:
        return False
    offers = dict(_offer(part) for part in accept.lower().split(","))
    return all(offers.get(one.strip(), offers.get("*", False)) for one in wanted.split(","))


def _offer(part: str) -> tuple[str, bool]:
    """A coding and whether it is taken: `gzip;q=0` is not."""
    name, _, parameters = part.partition(";")
    quality = parameters.replace(" ", "").removeprefix("q=")
    return name.strip(), quality.strip("0.") != "" or not parameters
